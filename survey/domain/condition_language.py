"""How conditions, and the items and categories they name, are read from a document.

What is wrong is noted and None returned. An item must have been asked before; a category must belong to its item.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from survey.domain.document import Path, Reading, nearest, shown
from survey.domain.questionnaire import Item, ItemType
from survey.domain.routing import All, Any_, AtLeast, AtMost, Condition, Is, Not

LARGEST_NUMBER = 1_000_000_000
_DEEPEST_CONDITION = 8
_GROUPS: Mapping[str, type[All] | type[Any_]] = {"all": All, "any": Any_}
_TESTS = ("is", "in", "at_least", "at_most")


@dataclass(frozen=True, slots=True)
class ConditionReading:
    """Reads conditions of one document; `items` are all its items, so that a later one is told from an unknown one."""

    reading: Reading
    items: Mapping[str, Item]

    def condition(self, path: Path, value: object, known: Mapping[str, Item], depth: int = 1) -> Condition | None:
        """A condition on `known` items."""
        if depth > _DEEPEST_CONDITION:
            self.reading.wrong(path, "questionnaire_condition_too_deep", limit=_DEEPEST_CONDITION)
            return None
        if not isinstance(value, dict):
            self.reading.wrong(path, "questionnaire_condition_shape")
            return None
        for word, group in _GROUPS.items():
            if word in value:
                self.reading.mapping(path, value, (word,))
                entries = list(self.reading.entries((*path, word), value[word]))
                parts = [self.condition(part_path, part, known, depth + 1) for part_path, part in entries]
                whole = tuple(part for part in parts if part is not None)
                if not whole or len(whole) < len(parts):
                    return None
                return group(whole)
        if "not" in value:
            self.reading.mapping(path, value, ("not",))
            part = self.condition((*path, "not"), value["not"], known, depth + 1)
            return None if part is None else Not(part)
        return self._test(path, value, known)

    def _test(self, path: Path, value: Mapping[str, object], known: Mapping[str, Item]) -> Condition | None:
        tests = [test for test in _TESTS if test in value]
        if "item" not in value or not tests:
            self.reading.wrong(path, "questionnaire_condition_shape")
            return None
        self.reading.mapping(path, value, ("item", *tests), [test for test in _TESTS if test not in tests])
        item = self.item((*path, "item"), value["item"], known)
        if item is None:
            return None
        told: list[Condition | None] = []
        for test in tests:
            if test in ("is", "in"):
                told.append(self._is((*path, test), value[test], item, one=test == "is"))
            else:
                told.append(self._limit((*path, test), value[test], item, AtLeast if test == "at_least" else AtMost))
        parts = tuple(part for part in told if part is not None)
        if len(parts) < len(told):
            return None
        return parts[0] if len(parts) == 1 else All(parts)

    def item(self, path: Path, value: object, known: Mapping[str, Item]) -> Item | None:
        """The known item whose code stands here."""
        code = self.reading.text(path, value)
        if code is None:
            return None
        if code in known:
            return known[code]
        if code in self.items:
            self.reading.wrong(path, "questionnaire_later_item", code=code)
        elif guess := nearest(code, self.items):
            self.reading.wrong(path, "questionnaire_unknown_item_nearest", code=shown(code), nearest=guess)
        else:
            self.reading.wrong(path, "questionnaire_unknown_item", code=shown(code))
        return None

    def _is(self, path: Path, value: object, item: Item, *, one: bool) -> Is | None:
        if not item.categories:
            self.reading.wrong(path, "questionnaire_condition_no_categories", item=item.code, type=item.type.value)
            return None
        entries = [(path, value)] if one else list(self.reading.entries(path, value))
        codes = [self.category(entry_path, entry, item) for entry_path, entry in entries]
        found = frozenset(code for code in codes if code is not None)
        return Is(item.code, found) if codes and None not in codes else None

    def category(self, path: Path, value: object, item: Item) -> str | None:
        """The code of a category of the item."""
        code = self.reading.text(path, value)
        known = [category.code for category in item.categories]
        if code is not None and code not in known:
            self.reading.wrong(
                path, "questionnaire_unknown_category", code=shown(code), item=item.code, known=", ".join(known)
            )
            return None
        return code

    def _limit(self, path: Path, value: object, item: Item, test: type[AtLeast] | type[AtMost]) -> Condition | None:
        if item.type is not ItemType.INTEGER:
            self.reading.wrong(path, "questionnaire_condition_no_number", item=item.code, type=item.type.value)
            return None
        n = self.reading.integer(path, value, -LARGEST_NUMBER, LARGEST_NUMBER)
        return None if n is None else test(item.code, n)
