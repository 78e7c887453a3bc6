"""Which answers are accepted: what arrives is checked against its questionnaire, item by item.

Two doors, one check. JSON (the tablet, the page's script) must be exact: an answer to an item that was not asked is a
problem, for the program that sent it is wrong. A form posted without JavaScript shows every item, so a person may
answer one and then change an earlier answer: `answers_from_form` drops what is not asked, and reads full-width
digits as digits. After that both go through `check_answers`. Nothing a person sends raises an exception here.
"""

import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from survey.domain.document import UNREADABLE, shown
from survey.domain.problems import Problem
from survey.domain.questionnaire import Item, ItemType, Questionnaire
from survey.domain.routing import Condition

Answer = str | int | tuple[str, ...]
Params = tuple[tuple[str, str], ...]

_MARK = "__mark"  # an integer item's second form field: the code of a category instead of a number
_CASCADE = ("__district", "__street")  # an area item's first two selects; only the last one is the answer
_DIGITS = re.compile(r"-?[0-9]{1,10}")
_MOST_UNKNOWN = 20  # unknown fields named in one refusal


@dataclass(frozen=True, slots=True)
class Checked:
    """What was accepted, in questionnaire order, only items that were asked; and what was wrong."""

    answers: Mapping[str, Answer]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why one value is not an answer."""

    code: str
    params: Params = ()


# None: the value is an empty answer, which counts as unanswered
Checker = Callable[[object, Container[str]], Answer | _Refused | None]


@dataclass(frozen=True, slots=True)
class _Step:
    """One item, ready for checking."""

    code: str
    check: Checker
    condition: Condition | None
    depends_on: frozenset[str]
    required: bool


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A questionnaire, ready for checking."""

    steps: tuple[_Step, ...]
    codes: frozenset[str]
    screening: int


def check_answers(
    questionnaire: Questionnaire,
    raw: Mapping[str, object],
    areas: Container[str],
    *,
    finished: bool = True,
) -> Checked:
    """Check one person's answers.

    `raw`: values as JSON gives them, by item code; null counts as unanswered. `areas`: the codes an area item may
    have. `finished=False`, a break-off: required items may be unanswered.
    """
    if not isinstance(raw, Mapping):
        return Checked({}, (Problem("answers_not_mapping", "answers"),))
    compiled = _compiled(questionnaire)
    answers: dict[str, Answer] = {}
    problems: list[Problem] = []
    broken: set[str] = set()  # items with a wrong answer: what depends on them cannot be judged
    ended = False
    for position, step in enumerate(compiled.steps):
        if position == compiled.screening:
            ended = questionnaire.routing.eligible(answers) is False
        value = raw.get(step.code)
        unsure = bool(broken) and not broken.isdisjoint(step.depends_on)
        if ended or not (step.condition is None or unsure or step.condition.holds(answers)):
            if value is not None:
                problems.append(Problem("answer_not_asked", step.code))
            continue
        answer = None if value is None else step.check(value, areas)
        if answer is None:
            if step.required and finished and not unsure:
                problems.append(Problem("answer_missing", step.code))
                broken.add(step.code)
        elif isinstance(answer, _Refused):
            problems.append(Problem(answer.code, step.code, answer.params))
            broken.add(step.code)
        else:
            answers[step.code] = answer
        if unsure:
            broken.add(step.code)
    if not compiled.codes.issuperset(raw):
        problems.extend(_unknown(compiled.codes, raw))
    return Checked(answers, tuple(problems))


def answers_from_form(questionnaire: Questionnaire, getlist: Callable[[str], list[str]]) -> dict[str, object]:
    """The answers in a posted form, in the shape that `check_answers` takes; empty fields and items not asked left out.

    `getlist(name)` gives the values of a form field. An item's field has the item's code; `<code>__mark` holds the
    category chosen instead of a number; `<code>__district` and `<code>__street` are only steps to an area.
    """
    found = filled_in(questionnaire, getlist)
    asked = questionnaire.routing.asked(found)
    return {code: found[code] for code in asked if code in found}


def filled_in(questionnaire: Questionnaire, getlist: Callable[[str], list[str]]) -> dict[str, object]:
    """Everything in a posted form, also what is not asked: for showing the form again with nothing lost."""
    found: dict[str, object] = {}
    for code, item in questionnaire.items.items():
        read = _FORM_READERS.get(item.type, _one_from_form)
        value = read(code, getlist)
        if value is not None:
            found[code] = value
    return found


def form_fields(questionnaire: Questionnaire) -> frozenset[str]:
    """Every field name that a form of this questionnaire may post for its items."""
    return frozenset(name for item in questionnaire.items.values() for name in _field_names(item))


def _field_names(item: Item) -> Iterator[str]:
    yield item.code
    if item.type is ItemType.INTEGER and item.categories:
        yield item.code + _MARK
    if item.type is ItemType.AREA:
        yield from (item.code + suffix for suffix in _CASCADE)


def _unknown(known: frozenset[str], raw: Mapping[str, object]) -> Iterator[Problem]:
    unknown = [name for name in raw if name not in known]
    for name in unknown[:_MOST_UNKNOWN]:
        yield Problem("unknown_field", shown(name))


# --- forms ------------------------------------------------------------------------------------------------------


def _one_from_form(code: str, getlist: Callable[[str], list[str]]) -> object:
    values = [value for value in getlist(code) if value]
    return values[0] if len(values) == 1 else values or None


def _several_from_form(code: str, getlist: Callable[[str], list[str]]) -> object:
    return list(dict.fromkeys(value for value in getlist(code) if value)) or None


def _integer_from_form(code: str, getlist: Callable[[str], list[str]]) -> object:
    told: list[object] = [mark for mark in getlist(code + _MARK) if mark]
    for value in getlist(code):
        # a number typed with a Chinese keyboard may have full-width digits
        digits = unicodedata.normalize("NFKC", value[:40]).strip()
        if digits:
            told.append(int(digits) if _DIGITS.fullmatch(digits) else digits)
    return told[0] if len(told) == 1 else told or None


_FORM_READERS: Mapping[ItemType, Callable[[str, Callable[[str], list[str]]], object]] = {
    ItemType.SEVERAL: _several_from_form,
    ItemType.INTEGER: _integer_from_form,
}


# --- one item ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _compiled(questionnaire: Questionnaire) -> _Compiled:
    nothing: frozenset[str] = frozenset()
    steps = tuple(
        _Step(
            item.code,
            _CHECKERS[item.type](item),
            item.show_if,
            item.show_if.items() if item.show_if else nothing,
            item.required,
        )
        for item in questionnaire.items.values()
    )
    return _Compiled(steps, frozenset(questionnaire.items), questionnaire.routing.screening)


def _checks_one(item: Item) -> Checker:
    return partial(_check_one, frozenset(category.code for category in item.categories))


def _check_one(codes: frozenset[str], value: object, _: Container[str]) -> Answer | _Refused | None:
    if type(value) is str:
        return value if value in codes else _Refused("answer_unknown_category")
    return _Refused("answer_one_only" if isinstance(value, list) else "answer_unknown_category")


def _checks_several(item: Item) -> Checker:
    order = {category.code: position for position, category in enumerate(item.categories)}
    exclusive = frozenset(category.code for category in item.categories if category.exclusive)
    return partial(_check_several, order, exclusive)


def _check_several(
    order: Mapping[str, int], exclusive: frozenset[str], value: object, _: Container[str]
) -> Answer | _Refused | None:
    if not isinstance(value, list | tuple):
        return _Refused("answer_not_list")
    if len(value) > len(order):
        return _Refused("answer_repeated")
    if not all(type(one) is str and one in order for one in value):
        return _Refused("answer_unknown_category")
    chosen = set(value)
    if len(chosen) < len(value):
        return _Refused("answer_repeated")
    if len(chosen) > 1 and not exclusive.isdisjoint(chosen):
        return _Refused("answer_exclusive")
    return tuple(sorted(chosen, key=order.__getitem__)) or None


def _checks_integer(item: Item) -> Checker:
    assert item.minimum is not None
    assert item.maximum is not None
    outside = _Refused("answer_number_range", (("low", str(item.minimum)), ("high", str(item.maximum))))
    marks = frozenset(category.code for category in item.categories)
    return partial(_check_integer, item.minimum, item.maximum, outside, marks)


def _check_integer(
    low: int, high: int, outside: _Refused, marks: frozenset[str], value: object, _: Container[str]
) -> Answer | _Refused | None:
    if type(value) is int:
        return value if low <= value <= high else outside
    if type(value) is str and value in marks:
        return value
    return _Refused("answer_number_and_mark" if isinstance(value, list) and marks else "answer_not_number")


def _checks_text(item: Item) -> Checker:
    assert item.max_length is not None
    return partial(_check_text, item.max_length, _Refused("answer_too_long", (("limit", str(item.max_length)),)))


def _check_text(longest: int, too_long: _Refused, value: object, _: Container[str]) -> Answer | _Refused | None:
    if type(value) is not str:
        return _Refused("not_text")
    told = value.replace("\r\n", "\n").strip()  # browsers post line ends as CR LF
    if len(told) > longest:
        return too_long
    return _Refused("unreadable_text") if UNREADABLE.search(told) else told or None


def _checks_area(_: Item) -> Checker:
    return _check_area


def _check_area(value: object, areas: Container[str]) -> Answer | _Refused | None:
    return value if type(value) is str and value in areas else _Refused("answer_area_unknown")


_CHECKERS: Mapping[ItemType, Callable[[Item], Checker]] = {
    ItemType.ONE: _checks_one,
    ItemType.SCALE: _checks_one,
    ItemType.SEVERAL: _checks_several,
    ItemType.INTEGER: _checks_integer,
    ItemType.OPEN_TEXT: _checks_text,
    ItemType.AREA: _checks_area,
}
