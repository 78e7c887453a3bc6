"""Which items a person is asked, given the answers so far, and whether the person belongs to the population.

A condition is a small tree over the answers to earlier items. An item is asked when its condition holds for the
answers of items that were themselves asked; what was answered and then skipped counts for nothing. The first items,
up to the last one that eligibility or the strata need, are the screening: everybody gets them. Who is not eligible is
asked nothing after them. `static/instrument/routing.mjs` decides the same in the browser; one table of cases
(tests/conformance/routing.json) holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from survey.domain.questionnaire import Questionnaire

Answers = Mapping[str, object]


class Condition(Protocol):
    """Something that holds or not for a person's answers."""

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        """Whether it holds. An unanswered item counts as `missing`; None spreads to the whole while it matters."""

    def items(self) -> frozenset[str]:
        """The items it looks at."""

    def to_json(self) -> dict[str, object]:
        """The same shape as in a questionnaire file."""


@dataclass(frozen=True, slots=True)
class Is:
    """The answer is one of `codes`; of an item with several answers, at least one of them is."""

    item: str
    codes: frozenset[str]

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        answer = answers.get(self.item)
        if answer is None:
            return missing
        if isinstance(answer, str):
            return answer in self.codes
        return isinstance(answer, tuple | list) and any(isinstance(one, str) and one in self.codes for one in answer)

    def items(self) -> frozenset[str]:
        return frozenset((self.item,))

    def to_json(self) -> dict[str, object]:
        return {"item": self.item, "in": sorted(self.codes)}


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The number given is n or more. "Don't know" is not a number, so it does not hold."""

    item: str
    n: int

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        answer = answers.get(self.item)
        return missing if answer is None else type(answer) is int and answer >= self.n

    def items(self) -> frozenset[str]:
        return frozenset((self.item,))

    def to_json(self) -> dict[str, object]:
        return {"item": self.item, "at_least": self.n}


@dataclass(frozen=True, slots=True)
class AtMost:
    """The number given is n or less."""

    item: str
    n: int

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        answer = answers.get(self.item)
        return missing if answer is None else type(answer) is int and answer <= self.n

    def items(self) -> frozenset[str]:
        return frozenset((self.item,))

    def to_json(self) -> dict[str, object]:
        return {"item": self.item, "at_most": self.n}


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        told: bool | None = True
        for part in self.parts:
            held = part.holds(answers, missing)
            if held is False:
                return False
            if held is None:
                told = None
        return told

    def items(self) -> frozenset[str]:
        return frozenset().union(*(part.items() for part in self.parts))

    def to_json(self) -> dict[str, object]:
        return {"all": [part.to_json() for part in self.parts]}


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 (typing.Any is a different thing)
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        told: bool | None = False
        for part in self.parts:
            held = part.holds(answers, missing)
            if held is True:
                return True
            if held is None:
                told = None
        return told

    def items(self) -> frozenset[str]:
        return frozenset().union(*(part.items() for part in self.parts))

    def to_json(self) -> dict[str, object]:
        return {"any": [part.to_json() for part in self.parts]}


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; so it is true of an item that was not answered."""

    part: Condition

    def holds(self, answers: Answers, missing: bool | None = False) -> bool | None:
        held = self.part.holds(answers, missing)
        return None if held is None else not held

    def items(self) -> frozenset[str]:
        return self.part.items()

    def to_json(self) -> dict[str, object]:
        return {"not": self.part.to_json()}


@dataclass(frozen=True, slots=True)
class Routing:
    """What decides the way through a questionnaire: conditions in item order, eligibility, length of the screening."""

    conditions: Mapping[str, Condition | None]
    eligibility: Condition | None
    screening: int

    def asked(self, answers: Answers) -> tuple[str, ...]:
        """The codes of the items to ask, in order, given `answers` so far (an absent key or None is unanswered)."""
        asked: list[str] = []
        known: dict[str, object] = {}
        for position, (code, condition) in enumerate(self.conditions.items()):
            if position == self.screening and self.eligible(known) is False:
                break
            if condition is None or condition.holds(known):
                asked.append(code)
                if (answer := answers.get(code)) is not None:
                    known[code] = answer
        return tuple(asked)

    def eligible(self, answers: Answers) -> bool | None:
        """Whether the person belongs to the population; None while an answer that matters is missing."""
        return True if self.eligibility is None else self.eligibility.holds(answers, missing=None)

    def to_json(self) -> dict[str, Any]:
        """The table a page embeds for routing.mjs."""
        return {
            "items": {code: condition and condition.to_json() for code, condition in self.conditions.items()},
            "eligibility": self.eligibility and self.eligibility.to_json(),
            "screening": self.screening,
        }


def evaluate(condition: Condition, answers: Answers) -> bool:
    """Whether the condition holds; an unanswered item is none of its categories and no number."""
    return bool(condition.holds(answers))


def asked_items(questionnaire: "Questionnaire", answers: Answers) -> tuple[str, ...]:
    """The codes of the items this person is asked, in order."""
    return questionnaire.routing.asked(answers)


def is_eligible(questionnaire: "Questionnaire", answers: Answers) -> bool | None:
    """Whether the person belongs to the population; None while an answer that matters is missing."""
    return questionnaire.routing.eligible(answers)
