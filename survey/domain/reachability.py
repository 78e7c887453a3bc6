"""Whether a condition can hold for anybody at all: every way of answering the items it depends on is tried.

Categories that no condition mentions behave alike, so one of them stands for all; of numbers only the first one of
each span between limits matters. What is left is small for any real questionnaire. Above `MOST_WAYS` the question is
left open.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from survey.domain.routing import All, Any_, AtLeast, AtMost, Condition, Is, Not, evaluate

if TYPE_CHECKING:
    from survey.domain.questionnaire import Item

MOST_WAYS = 20_000


def can_hold(condition: Condition, items: Mapping[str, "Item"]) -> bool | None:
    """Whether some person's answers make the condition hold; None where there are too many ways to try them all.

    `items` are all items in questionnaire order; items that are not asked have no answer.
    """
    needed = _needed(condition, items)
    conditions = [condition, *(item.show_if for item in needed if item.show_if)]
    atoms = [atom for one in conditions for atom in _atoms(one)]
    domains = []
    ways = 1
    for item in needed:
        domain = _answers(item, [atom for atom in atoms if atom.item == item.code])
        if domain is None or (ways := ways * (len(domain) + 1)) > MOST_WAYS:
            return None
        domains.append((item, domain))
    return any(evaluate(condition, answers) for answers in _people(domains, 0, {}))


def unreachable(
    items: Mapping[str, "Item"], eligibility: Condition | None, screening: Collection[str]
) -> Iterator[str]:
    """The items that nobody can be asked. Behind the last item of the screening, only the eligible are asked."""
    waiting = set(screening)
    for code, item in items.items():
        asked = item.show_if
        if asked is not None and eligibility is not None and not waiting:
            asked = All((eligibility, asked))
        waiting.discard(code)
        if asked is not None and can_hold(asked, items) is False:
            yield code


def behind(code: str, items: Mapping[str, "Item"]) -> list["Item"]:
    """The items that decide, directly or through others, whether this one is asked."""
    show_if = items[code].show_if
    return _needed(show_if, items) if show_if else []


def _needed(condition: Condition, items: Mapping[str, "Item"]) -> list["Item"]:
    """The items that the condition depends on, also through the conditions of those items; in order."""
    needed: set[str] = set()
    waiting = list(condition.items())
    while waiting:
        code = waiting.pop()
        if code not in needed:
            needed.add(code)
            show_if = items[code].show_if
            waiting.extend(show_if.items() if show_if else ())
    return [item for code, item in items.items() if code in needed]


def _atoms(condition: Condition) -> Iterator[Is | AtLeast | AtMost]:
    match condition:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from _atoms(part)
        case Not(part):
            yield from _atoms(part)
        case Is() | AtLeast() | AtMost():
            yield condition


def _answers(item: "Item", atoms: Iterable[Is | AtLeast | AtMost]) -> list[object] | None:
    """Answers that stand for all answers to the item, as far as these atoms can tell them apart."""
    mentioned: set[str] = set()
    numbers: set[int] = set()
    for atom in atoms:
        match atom:
            case Is(_, codes):
                mentioned |= codes
            case AtLeast(_, n):
                numbers.add(n)
            case AtMost(_, n):
                numbers.add(n + 1)
    telling = [category for category in item.categories if category.code in mentioned]
    silent = [category for category in item.categories if category.code not in mentioned][:1]
    if item.minimum is not None and item.maximum is not None:
        low, high = item.minimum, item.maximum
        inside = sorted(n for n in numbers | {low} if low <= n <= high)
        return [*inside, *(category.code for category in (*telling, *silent))]
    if not item.holds_several:
        return [category.code for category in (*telling, *silent)]
    together = [category.code for category in (*telling, *silent) if not category.exclusive]
    if 2 ** len(together) > MOST_WAYS:
        return None
    alone: list[object] = [(category.code,) for category in (*telling, *silent) if category.exclusive]
    return alone + [chosen for size in range(1, len(together) + 1) for chosen in combinations(together, size)]


def _people(
    domains: list[tuple["Item", list[object]]], position: int, answers: dict[str, object]
) -> Iterator[dict[str, object]]:
    """Every way of answering: an item that is not asked has no answer, one that need not be answered may have none."""
    if position == len(domains):
        yield answers
        return
    item, domain = domains[position]
    if item.show_if and not evaluate(item.show_if, answers):
        yield from _people(domains, position + 1, answers)
        return
    for answer in domain:
        yield from _people(domains, position + 1, {**answers, item.code: answer})
    if not item.required:
        yield from _people(domains, position + 1, answers)
