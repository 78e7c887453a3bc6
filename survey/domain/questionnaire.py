"""What a questionnaire is: its types, its canonical JSON and its digest.

A document is parsed once into these types (questionnaire_language.py); nothing after that looks at raw data. The
canonical JSON has the shape of the file, so one parser reads both; its SHA-256 is the digest that a published version
is pinned to.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from survey.domain.document import Document
from survey.domain.problems import Invalid, Problem
from survey.domain.routing import Condition, Routing

Text = Mapping[str, str]

FORMAT = 1


class Mark(StrEnum):
    """What a category that is not a substantive answer says."""

    DONT_KNOW = "dont_know"
    REFUSED = "refused"


class ItemType(StrEnum):
    """How an item is answered."""

    ONE = "one"
    SEVERAL = "several"
    SCALE = "scale"
    INTEGER = "integer"
    OPEN_TEXT = "text"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class ResponseCategory:
    """One answer to choose. An `exclusive` one cannot be chosen together with others."""

    code: str
    text: Text
    mark: Mark | None = None
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question. A scale's unmarked categories are in order; limits belong to the types that have them."""

    code: str
    type: ItemType
    text: Text
    hint: Text | None = None
    categories: tuple[ResponseCategory, ...] = ()
    required: bool = True
    show_if: Condition | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None

    @property
    def holds_several(self) -> bool:
        """Whether an answer is a tuple of category codes."""
        return self.type is ItemType.SEVERAL

    @property
    def substantive(self) -> tuple[ResponseCategory, ...]:
        """The categories that are not marked, in order."""
        return tuple(category for category in self.categories if category.mark is None)


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading."""

    code: str
    title: Text
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class BaseRule:
    """Whether marked answers are in the base of a rate (as not positive). Items not asked never are."""

    dont_know: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Indicator:
    """A rate: the share of `counted` categories among the answers in the base. `target` is a share, 0 to 1."""

    code: str
    title: Text
    items: tuple[str, ...]
    counted: frozenset[str]
    base: BaseRule
    target: float


@dataclass(frozen=True, slots=True)
class StratumQuestion:
    """An item whose unmarked categories are the cells of a quota dimension."""

    dimension: str
    item: str


class Consent(StrEnum):
    """What lets an instrument ask a child under 14: nothing, or a guardian who agrees."""

    REFUSE = "refuse"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class Minors:
    """Which answers say that a child is under 14, and what follows. `statement` is what a guardian agrees to."""

    item: str
    categories: frozenset[str]
    consent: Consent
    statement: Text | None = None


@dataclass(frozen=True, slots=True)
class LegalHeader:
    """What the Statistics Law asks a form to carry: 表号, 制定机关, 批准文号, 有效期至 (the last day, inclusive)."""

    form_number: str
    issued_by: str
    approval_number: str
    valid_until: date


@dataclass(frozen=True, eq=False)  # no slots: what is derived below is kept in the instance
class Questionnaire:
    """One version of a questionnaire. Two are equal when their canonical JSON is."""

    code: str
    version: int
    languages: tuple[str, ...]
    title: Text
    introduction: Text
    legal: LegalHeader
    sections: tuple[Section, ...]
    eligibility: Condition | None = None
    strata: tuple[StratumQuestion, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    minors: Minors | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Questionnaire) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """All items by code, in the order they are asked."""
        return MappingProxyType({item.code: item for section in self.sections for item in section.items})

    @cached_property
    def area_item(self) -> Item | None:
        """The item that asks where the person lives, if there is one."""
        return next((item for item in self.items.values() if item.type is ItemType.AREA), None)

    @cached_property
    def entry(self) -> int:
        """How many items the first screen has: all up to the last one that decides who is eligible and which quota
        cell a person belongs to. 0 where nothing does."""
        return max((place for place, code in enumerate(self.items, start=1) if code in self.entry_items), default=0)

    @cached_property
    def entry_items(self) -> frozenset[str]:
        """The items that eligibility, strata and district depend on, and those that their conditions look at."""
        needed = {stratum.item for stratum in self.strata}
        needed |= self.eligibility.items() if self.eligibility else set()
        needed |= {self.area_item.code} if self.area_item else set()
        for item in reversed(tuple(self.items.values())):  # a condition looks at earlier items only
            if item.code in needed and item.show_if:
                needed |= item.show_if.items()
        return frozenset(needed)

    @cached_property
    def entry_codes(self) -> tuple[str, ...]:
        """The items of the first screen, in order."""
        return tuple(self.items)[: self.entry]

    @cached_property
    def routing(self) -> Routing:
        """What decides which items are asked."""
        conditions = {code: item.show_if for code, item in self.items.items()}
        return Routing(MappingProxyType(conditions), self.eligibility, _screening(self))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode("utf-8")).hexdigest()

    def to_json(self) -> str:
        """The canonical JSON: keys sorted, no spaces, what is absent or a default left out."""
        return json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def text_in(text: Text, language: str) -> str:
    """The text in this language, or in the questionnaire's first language where it does not have it."""
    return text.get(language) or next(iter(text.values()))


def parse_questionnaire(document: Document) -> Questionnaire:
    """The questionnaire that a document describes. Raises `Invalid` with every problem found."""
    from survey.domain.questionnaire_language import parse  # noqa: PLC0415 (the parser builds the types above)

    return parse(document)


def questionnaire_from_json(text: str) -> Questionnaire:
    """The questionnaire that `to_json` wrote. Raises `Invalid` for anything else."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid([Problem("questionnaire_not_json", "questionnaire")]) from None
    return parse_questionnaire(Document("questionnaire", tree, {}))


def _screening(questionnaire: Questionnaire) -> int:
    """How many items everybody is asked before it is known who is not eligible."""
    if questionnaire.eligibility is None:
        return len(questionnaire.items)
    needed = questionnaire.eligibility.items() | {stratum.item for stratum in questionnaire.strata}
    return max(position for position, code in enumerate(questionnaire.items, start=1) if code in needed)


# --- the canonical form -----------------------------------------------------------------------------------------


def _plain(questionnaire: Questionnaire) -> dict[str, object]:
    legal = questionnaire.legal
    return _present(
        format=FORMAT,
        code=questionnaire.code,
        version=questionnaire.version,
        languages=list(questionnaire.languages),
        title=dict(questionnaire.title),
        introduction=dict(questionnaire.introduction),
        legal={
            "form_number": legal.form_number,
            "issued_by": legal.issued_by,
            "approval_number": legal.approval_number,
            "valid_until": legal.valid_until.isoformat(),
        },
        sections=[
            {"code": section.code, "title": dict(section.title), "items": [_plain_item(item) for item in section.items]}
            for section in questionnaire.sections
        ],
        eligibility=questionnaire.eligibility and questionnaire.eligibility.to_json(),
        strata=[{"dimension": stratum.dimension, "item": stratum.item} for stratum in questionnaire.strata] or None,
        indicators=[
            {
                "code": indicator.code,
                "title": dict(indicator.title),
                "items": list(indicator.items),
                "counted": sorted(indicator.counted),
                "base": {"dont_know": indicator.base.dont_know, "refused": indicator.base.refused},
                "target": indicator.target,
            }
            for indicator in questionnaire.indicators
        ]
        or None,
        minors=questionnaire.minors and _plain_minors(questionnaire.minors),
    )


def _plain_minors(minors: Minors) -> dict[str, object]:
    return _present(
        item=minors.item,
        categories=sorted(minors.categories),
        consent=minors.consent.value,
        statement=minors.statement and dict(minors.statement),
    )


def _plain_item(item: Item) -> dict[str, object]:
    return _present(
        code=item.code,
        type=item.type.value,
        text=dict(item.text),
        hint=item.hint and dict(item.hint),
        categories=[
            _present(
                code=category.code,
                text=dict(category.text),
                mark=category.mark and category.mark.value,
                # a marked category of an item with several answers is always exclusive
                exclusive=True if category.exclusive and not category.mark else None,
            )
            for category in item.categories
        ]
        or None,
        required=None if item.required else False,
        show_if=item.show_if and item.show_if.to_json(),
        minimum=item.minimum,
        maximum=item.maximum,
        max_length=item.max_length,
    )


def _present(**parts: object) -> dict[str, object]:
    return {key: value for key, value in parts.items() if value is not None}
