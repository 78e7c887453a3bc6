"""Which documents are questionnaires (questionnaire language, format 1; docs/questionnaire-language.md).

One pass reads a document into the types of questionnaire.py and notes every problem, each with its line and the way
out. What stands in a file and in the canonical JSON has the same shape, so both are read here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from survey.domain.condition_language import LARGEST_NUMBER, ConditionReading
from survey.domain.document import Document, Path, Reading, shown
from survey.domain.minors import read_minors
from survey.domain.problems import Invalid
from survey.domain.questionnaire import (
    FORMAT,
    BaseRule,
    Indicator,
    Item,
    ItemType,
    LegalHeader,
    Mark,
    Questionnaire,
    ResponseCategory,
    Section,
    StratumQuestion,
    Text,
)
from survey.domain.reachability import behind, can_hold, unreachable
from survey.domain.routing import All, Condition, Not

_ITEM_CODE = re.compile(r"[a-z]([a-z0-9]|_(?!_)){0,39}")
_ITEM_RULE = "a lower-case letter first, then lower-case letters, digits and single underscores, at most 40"
_CATEGORY_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,39}")
_CATEGORY_RULE = "letters, digits, _ + and -, beginning with a letter or digit, at most 40"
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LANGUAGE_RULE = "a language tag such as zh-Hans or en"
_LONGEST_TEXT = 2_000
_MOST_ITEMS = 300
_TAKEN = frozenset({"district", "mode", "n", "neighbourhood", "point", "population", "street"})
_TAKEN |= {"stratum", "unit", "w", "wave", "weight"}

# keys that an item of each type must have and may have, beyond those of every item
_TYPE_KEYS: Mapping[ItemType, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ItemType.ONE: (("categories",), ()),
    ItemType.SEVERAL: (("categories",), ()),
    ItemType.SCALE: (("categories",), ()),
    ItemType.INTEGER: (("minimum", "maximum"), ("categories",)),
    ItemType.OPEN_TEXT: (("max_length",), ()),
    ItemType.AREA: ((), ()),
}
_FEWEST_SUBSTANTIVE: Mapping[ItemType | None, int] = {ItemType.ONE: 2, ItemType.SEVERAL: 2, ItemType.SCALE: 2}
_ITEM_TYPES = {kind.value: kind for kind in ItemType}
_MARKS = {mark.value: mark for mark in Mark}
_CHOOSING = (ItemType.ONE, ItemType.SCALE)


def parse(document: Document) -> Questionnaire:
    """The questionnaire that a document describes. Raises `Invalid` with every problem found."""
    parser = _Parser(Reading(document))
    questionnaire = parser.questionnaire()
    if parser.reading.problems or questionnaire is None:
        raise Invalid(sorted(parser.reading.problems, key=lambda problem: problem.line or 0))
    return questionnaire


class _Parser:
    """One pass over one document. Parts that are wrong are noted and stood in for, so that the pass goes on."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.languages: tuple[str, ...] = ()
        self.items: dict[str, Item] = {}
        self.conditions = ConditionReading(reading, self.items)
        self.paths: dict[str, Path] = {}
        self.show_ifs: dict[str, object] = {}  # conditions as they stand in the document
        self.unsure: set[str] = set()  # items that are wrong in themselves: nothing is concluded from them

    def questionnaire(self) -> Questionnaire | None:
        reading = self.reading
        tree = reading.mapping(
            (),
            reading.document.tree,
            ("format", "code", "version", "languages", "title", "introduction", "legal", "sections"),
            ("eligibility", "strata", "indicators", "minors"),
        )
        if tree is None:
            return None
        told = tree.get("format")
        if told is not None and (type(told) is not int or told != FORMAT):
            reading.wrong(("format",), "questionnaire_format", format=FORMAT)
        self.languages = self._languages(tree.get("languages"))
        title = self._text(("title",), tree.get("title"))
        introduction = self._text(("introduction",), tree.get("introduction"))
        legal = self._legal(tree.get("legal"))
        code = self._item_code(("code",), tree.get("code"))
        version = self._integer(("version",), tree.get("version"), 1)
        sections = self._sections(tree.get("sections"))
        if len(self.items) > _MOST_ITEMS:
            reading.wrong(("sections",), "questionnaire_too_many_items", limit=_MOST_ITEMS)
            return None
        sections = self._with_conditions(sections)
        eligibility = self._eligibility(tree.get("eligibility"))
        strata = self._strata(tree.get("strata"), eligibility)
        indicators = self._indicators(tree.get("indicators"), strata)
        minors = read_minors(self.conditions, tree.get("minors"), self.items, eligibility, self._text)
        self._reachable(eligibility, strata)
        if reading.problems:
            return None
        assert code is not None
        assert version is not None
        assert legal is not None
        parts = (legal, sections, eligibility, strata, indicators, minors)
        return Questionnaire(code, version, self.languages, title, introduction, *parts)

    # texts, codes, numbers; an absent required key has been noted by `mapping`

    def _languages(self, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        found: list[str] = []
        for path, entry in self.reading.entries(("languages",), value):
            language = self.reading.code(path, entry, _LANGUAGE_CODE, _LANGUAGE_RULE)
            if language in found:
                self.reading.wrong(path, "questionnaire_repeated", what="language", code=language)
            elif language is not None:
                found.append(language)
        return tuple(found)

    def _text(self, path: Path, value: object) -> Text:
        if value is None:
            return MappingProxyType({})
        if not isinstance(value, dict):
            self.reading.wrong(path, "questionnaire_text_languages", languages=", ".join(self.languages))
            return MappingProxyType({})
        for language in value:
            if self.languages and language not in self.languages:
                self.reading.wrong((*path, language), "questionnaire_undeclared_language", language=shown(language))
        told = {}
        for language in self.languages:
            if value.get(language) is None:
                self.reading.wrong(path, "questionnaire_missing_language", language=language)
                continue
            text = self.reading.text((*path, language), value[language])
            if text is not None and len(text) > _LONGEST_TEXT:
                self.reading.wrong((*path, language), "questionnaire_text_too_long", limit=_LONGEST_TEXT)
            told[language] = text or ""
        return MappingProxyType(told)

    def _item_code(self, path: Path, value: object) -> str | None:
        return None if value is None else self.reading.code(path, value, _ITEM_CODE, _ITEM_RULE)

    def _integer(self, path: Path, value: object, low: int, high: int = LARGEST_NUMBER) -> int | None:
        return None if value is None else self.reading.integer(path, value, low, high)

    def _legal(self, value: object) -> LegalHeader | None:
        if value is None:
            return None
        keys = ("form_number", "issued_by", "approval_number")
        legal = self.reading.mapping(("legal",), value, (*keys, "valid_until"))
        if legal is None:
            return None
        told = [None if legal.get(key) is None else self.reading.text(("legal", key), legal[key]) for key in keys]
        day = legal.get("valid_until")
        until = None if day is None else self.reading.day(("legal", "valid_until"), day)
        if until is None or None in told:
            return None
        form_number, issued_by, approval_number = (text or "" for text in told)
        return LegalHeader(form_number, issued_by, approval_number, until)

    # sections and items

    def _sections(self, value: object) -> tuple[Section, ...]:
        if value is None:
            return ()
        sections: dict[str, Section] = {}
        for path, entry in self.reading.entries(("sections",), value):
            section = self.reading.mapping(path, entry, ("code", "title", "items"))
            if section is None:
                continue
            code = self._item_code((*path, "code"), section.get("code"))
            title = self._text((*path, "title"), section.get("title"))
            items: list[Item] = []
            if section.get("items") is not None:
                for item_path, item_entry in self.reading.entries((*path, "items"), section["items"]):
                    item = self._item(item_path, item_entry)
                    if item is not None:
                        items.append(item)
            if code in sections:
                self.reading.wrong((*path, "code"), "questionnaire_repeated", what="section", code=code)
            sections[code or f"?{len(sections)}"] = Section(code or "", title, tuple(items))
        return tuple(sections.values())

    def _item(self, path: Path, value: object) -> Item | None:
        kind = None
        before = len(self.reading.problems)
        if isinstance(value, dict) and value.get("type") is not None:
            kind = self.reading.choice((*path, "type"), value["type"], _ITEM_TYPES)
        must, may = _TYPE_KEYS[kind] if kind else ((), ("categories", "minimum", "maximum", "max_length"))
        entry = self.reading.mapping(
            path, value, ("code", "type", "text", *must), ("hint", "required", "show_if", *may)
        )
        if entry is None:
            return None
        code = self._item_code((*path, "code"), entry.get("code"))
        hint = entry.get("hint")
        item = Item(
            code=code or "",
            type=kind or ItemType.ONE,
            text=self._text((*path, "text"), entry.get("text")),
            hint=None if hint is None else self._text((*path, "hint"), hint),
            required=self._flag((*path, "required"), entry.get("required"), default=True),
            minimum=self._integer((*path, "minimum"), entry.get("minimum"), -LARGEST_NUMBER),
            maximum=self._integer((*path, "maximum"), entry.get("maximum"), -LARGEST_NUMBER),
            max_length=self._integer((*path, "max_length"), entry.get("max_length"), 1, _LONGEST_TEXT),
        )
        if item.minimum is not None and item.maximum is not None and item.minimum > item.maximum:
            self.reading.wrong((*path, "minimum"), "questionnaire_limits_crossed")
        if entry.get("categories") is not None and "categories" in (*must, *may):
            item = replace(item, categories=self._categories((*path, "categories"), entry["categories"], kind))
        if code is None or kind is None:
            return None
        if code in _TAKEN:
            self.reading.wrong((*path, "code"), "questionnaire_taken_name", name=code)
        if kind is ItemType.AREA and any(other.type is ItemType.AREA for other in self.items.values()):
            self.reading.wrong((*path, "type"), "questionnaire_second_area")
        if code in self.items:
            first = self.reading.document.line((*self.paths[code], "code"))
            self.reading.wrong((*path, "code"), "questionnaire_repeated_item", code=code, first=first or "?")
            return None
        if len(self.reading.problems) > before:
            self.unsure.add(code)
        self.items[code] = item
        self.paths[code], self.show_ifs[code] = path, entry.get("show_if")
        return item

    def _flag(self, path: Path, value: object, *, default: bool) -> bool:
        told = None if value is None else self.reading.boolean(path, value)
        return default if told is None else told

    def _categories(self, path: Path, value: object, kind: ItemType | None) -> tuple[ResponseCategory, ...]:
        found: dict[str, ResponseCategory] = {}
        wrong = False
        for entry_path, entry in self.reading.entries(path, value):
            category = self._category(entry_path, entry, kind)
            if category is None:
                wrong = True
            elif category.code in found:
                self.reading.wrong((*entry_path, "code"), "questionnaire_repeated", what="category", code=category.code)
            else:
                found[category.code] = category
        substantive = sum(1 for category in found.values() if category.mark is None)
        if kind is ItemType.INTEGER and substantive:
            self.reading.wrong(path, "questionnaire_number_categories")
        elif not wrong and isinstance(value, list) and substantive < _FEWEST_SUBSTANTIVE.get(kind, 0):
            self.reading.wrong(path, "questionnaire_too_few_categories", least=_FEWEST_SUBSTANTIVE[kind])
        return tuple(found.values())

    def _category(self, path: Path, value: object, kind: ItemType | None) -> ResponseCategory | None:
        several = kind in (ItemType.SEVERAL, None)  # where the type is wrong, anything that may be right is let pass
        entry = self.reading.mapping(path, value, ("code", "text"), ("mark", "exclusive") if several else ("mark",))
        if entry is None:
            return None
        mark = None if entry.get("mark") is None else self.reading.choice((*path, "mark"), entry["mark"], _MARKS)
        exclusive = several and self._flag((*path, "exclusive"), entry.get("exclusive"), default=False)
        text = self._text((*path, "text"), entry.get("text"))
        if entry.get("code") is None:
            return None
        code = self.reading.code((*path, "code"), entry["code"], _CATEGORY_CODE, _CATEGORY_RULE)
        return None if code is None else ResponseCategory(code, text, mark, exclusive or (several and mark is not None))

    # conditions

    def _with_conditions(self, sections: tuple[Section, ...]) -> tuple[Section, ...]:
        """The sections with `show_if` read: only now are all items known that a condition may name."""
        earlier: dict[str, Item] = {}
        for code, item in list(self.items.items()):
            show_if = self.show_ifs[code]
            path = (*self.paths[code], "show_if")
            condition = None if show_if is None else self.conditions.condition(path, show_if, earlier)
            if show_if is not None and condition is None:
                self.unsure.add(code)
            self.items[code] = earlier[code] = replace(item, show_if=condition)
        return tuple(
            replace(section, items=tuple(self.items[item.code] for item in section.items)) for section in sections
        )

    # eligibility, strata, indicators

    def _eligibility(self, value: object) -> Condition | None:
        if value is None:
            return None
        condition = self.conditions.condition(("eligibility",), value, self.items)
        for code in sorted(condition.items() if condition else ()):
            if self.items[code].show_if or not self.items[code].required:
                self.reading.wrong(("eligibility",), "questionnaire_eligibility_item", item=code)
        return condition

    def _strata(self, value: object, eligibility: Condition | None) -> tuple[StratumQuestion, ...]:
        if value is None:
            return ()
        strata: dict[str, StratumQuestion] = {}
        for path, entry in self.reading.entries(("strata",), value):
            stratum = self.reading.mapping(path, entry, ("dimension", "item"))
            if stratum is None:
                continue
            dimension = self._item_code((*path, "dimension"), stratum.get("dimension"))
            item = None
            if stratum.get("item") is not None:
                item = self.conditions.item((*path, "item"), stratum["item"], self.items)
            if dimension in _TAKEN or (dimension in self.items and self.items[dimension] is not item):
                self.reading.wrong((*path, "dimension"), "questionnaire_taken_name", name=dimension)
            elif dimension in strata:
                self.reading.wrong((*path, "dimension"), "questionnaire_repeated", what="dimension", code=dimension)
            if item is not None:
                if item.type is not ItemType.ONE or not item.required:
                    self.reading.wrong((*path, "item"), "questionnaire_stratum_item", item=item.code)
                if item.code in {other.item for other in strata.values()}:
                    self.reading.wrong((*path, "item"), "questionnaire_repeated", what="stratum item", code=item.code)
                self._always_asked((*path, "item"), item, eligibility)
            if dimension is not None and item is not None:
                strata[dimension] = StratumQuestion(dimension, item.code)
        return tuple(strata.values())

    def _always_asked(self, path: Path, item: Item, eligibility: Condition | None) -> None:
        """A quota needs the answer of every eligible person."""
        if item.show_if is None:
            return
        missed = All((eligibility, Not(item.show_if))) if eligibility else Not(item.show_if)
        if can_hold(missed, self.items) is not False:
            self.reading.wrong(path, "questionnaire_stratum_not_always", item=item.code)

    def _indicators(self, value: object, strata: Iterable[StratumQuestion]) -> tuple[Indicator, ...]:
        if value is None:
            return ()
        taken = {*_TAKEN, *self.items, *(stratum.dimension for stratum in strata)}
        found: dict[str, Indicator] = {}
        for path, entry in self.reading.entries(("indicators",), value):
            told = self.reading.mapping(path, entry, ("code", "title", "items", "counted", "base", "target"))
            if told is None:
                continue
            code = self._item_code((*path, "code"), told.get("code"))
            if code in taken:
                self.reading.wrong((*path, "code"), "questionnaire_taken_name", name=code)
            if code in found:
                self.reading.wrong((*path, "code"), "questionnaire_repeated", what="indicator", code=code)
            title = self._text((*path, "title"), told.get("title"))
            item = self._indicator_item((*path, "items"), told.get("items"))
            counted = self._counted((*path, "counted"), told.get("counted"), item)
            base = self._base((*path, "base"), told.get("base"))
            target = None if told.get("target") is None else self.reading.share((*path, "target"), told["target"])
            if code is not None and item is not None and base is not None and target is not None:
                found[code] = Indicator(code, title, (item.code,), counted, base, target)
        return tuple(found.values())

    def _indicator_item(self, path: Path, value: object) -> Item | None:
        if value is None:
            return None
        entries = list(self.reading.entries(path, value))
        if len(entries) > 1:
            self.reading.wrong(path, "questionnaire_indicator_one_item")
        items = [self.conditions.item(entry_path, entry, self.items) for entry_path, entry in entries]
        for (entry_path, _), item in zip(entries, items, strict=True):
            if item is not None and item.type not in _CHOOSING:
                self.reading.wrong(entry_path, "questionnaire_indicator_type", item=item.code, type=item.type.value)
                return None
        return items[0] if items else None

    def _counted(self, path: Path, value: object, item: Item | None) -> frozenset[str]:
        if value is None or item is None:
            return frozenset()
        found = set()
        for entry_path, entry in self.reading.entries(path, value):
            code = self.conditions.category(entry_path, entry, item)
            if code is not None and code not in {category.code for category in item.substantive}:
                self.reading.wrong(entry_path, "questionnaire_indicator_marked", code=code)
            elif code is not None:
                found.add(code)
        return frozenset(found)

    def _base(self, path: Path, value: object) -> BaseRule | None:
        if value is None:
            return None
        base = self.reading.mapping(path, value, ("dont_know", "refused"))
        if base is None:
            return None
        told = [None if base.get(mark) is None else self.reading.boolean((*path, mark), base[mark]) for mark in _MARKS]
        dont_know, refused = told
        return None if dont_know is None or refused is None else BaseRule(dont_know, refused)

    def _reachable(self, eligibility: Condition | None, strata: Iterable[StratumQuestion]) -> None:
        if eligibility is not None and can_hold(eligibility, self.items) is False:
            self.reading.wrong(("eligibility",), "questionnaire_nobody_eligible")
            eligibility = None
        screening = (eligibility.items() if eligibility else frozenset()) | {stratum.item for stratum in strata}
        for code in unreachable(self.items, eligibility, screening):
            if not self.unsure & {code, *(one.code for one in behind(code, self.items))}:
                self.reading.wrong((*self.paths[code], "show_if"), "questionnaire_unreachable", item=code)
