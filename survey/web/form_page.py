"""What the pages of a form show, a resident's and a tablet's: templates/components/items.html renders both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from survey.domain.fieldwork import Point
from survey.domain.problems import Problem
from survey.domain.questionnaire import Item, Questionnaire, Text, text_in
from survey.domain.wave import Mode, Notice
from survey.web.office import office
from survey.web.resident.area_choice import AreaChoice
from survey.web.resident.routing_words import condition_in_words

_MISSING = "answer_missing"


@dataclass(frozen=True, slots=True)
class Part:
    """Items under one heading, or under none."""

    title: Text | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class FormPage:
    """What a template shows of a form. `problems` are in page order; `answers` are as given; a tablet has no token.

    entry: how many items belong to the first screen, which decides whether the person is still wanted. stage: "entry"
    shows that alone, "whole" everything. room: "open", "full" or "ineligible" once it is
    known, else "".
    """

    questionnaire: Questionnaire
    language: str
    point: Point
    area: AreaChoice | None
    frame_id: int
    token: str = ""  # the hidden field that carries it
    answers: Mapping[str, object] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    guardian: bool = False
    entry: int = 0
    stage: str = "whole"
    room: str = ""
    work: int = 0  # bits that the page's script is to find a number for

    @property
    def parts(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """The sections of the first screen, and those of the rest. One that lies in both has its heading once."""
        entry, rest, position = [], [], 0
        for section in self.questionnaire.sections:
            cut = min(max(self.entry - position, 0), len(section.items))
            if section.items[:cut]:
                entry.append(Part(section.title, section.items[:cut]))
            if section.items[cut:]:
                rest.append(Part(None if cut else section.title, section.items[cut:]))
            position += len(section.items)
        return tuple(entry), tuple(rest)

    def on_entry(self, item: str) -> bool:
        """Whether an item belongs to the first screen."""
        return self.number(item) <= self.entry

    @property
    def missing(self) -> tuple[str, ...]:
        """The items that were not answered."""
        return tuple(problem.field for problem in self.problems if problem.code == _MISSING)

    @property
    def wrong(self) -> tuple[Problem, ...]:
        """Everything else that is wrong."""
        return tuple(problem for problem in self.problems if problem.code != _MISSING)

    @property
    def notice(self) -> Notice:
        """Whom to ask and how long answers are kept, where the wave's plan says so."""
        return office().catalogue.ground(self.point.wave_id).plan.notice

    def problem_of(self, item: str) -> Problem | None:
        """The first problem of an item."""
        return next((problem for problem in self.problems if problem.field == item), None)

    def number(self, item: str) -> int:
        """The item's place in the questionnaire, from 1."""
        return list(self.questionnaire.items).index(item) + 1

    def typed(self, item: str) -> str:
        """What was typed into an item's field; a chosen category is not typed."""
        answer = self.answers.get(item)
        if not isinstance(answer, str | int):
            return ""
        codes = {category.code for category in self.questionnaire.items[item].categories}
        return "" if answer in codes else str(answer)

    def chosen(self, item: str, category: str) -> bool:
        """Whether a category of an item was chosen."""
        answer = self.answers.get(item)
        return answer == category or (isinstance(answer, list | tuple) and category in answer)

    def text(self, text: Mapping[str, str]) -> str:
        """A text of the questionnaire in the page's language."""
        return text_in(text, self.language)

    def condition(self, item: str) -> str:
        """When the item is to be answered, in words, for a page without JavaScript."""
        return condition_in_words(self.questionnaire, item, self.language)

    @property
    def routing_json(self) -> str:
        """The table the page's script routes by, without the items that everybody is asked: the page has them all."""
        table = self.questionnaire.routing.to_json()
        conditions = {item: condition for item, condition in table["items"].items() if condition}
        return json.dumps(table | {"items": conditions}, separators=(",", ":"))


def areas_around(questionnaire: Questionnaire, point: Point) -> AreaChoice | None:
    """The lists of the area item as they begin: around the point. None where no item asks for an area.

    Where somebody was met says nothing of where they live; where their letter went does.
    """
    if questionnaire.area_item is None:
        return None
    ground = office().catalogue.ground(point.wave_id)
    return AreaChoice.of_area(ground, point.area_code, is_home=point.mode == Mode.SAMPLED)


def entry_length(questionnaire: Questionnaire, point: Point) -> int:
    """How many items it takes to know the quota cell of a person at this point; 0 where nobody asks for one, and where
    nothing comes behind them."""
    counted = any(key.mode == point.mode for key in office().catalogue.ground(point.wave_id).cells)
    return questionnaire.entry if counted and questionnaire.entry < len(questionnaire.items) else 0


def frame_id(point: Point) -> int:
    """The frame whose areas the form offers."""
    return office().catalogue.ground(point.wave_id).frame_id
