"""The input contract of the quality checks: one row an interview, and what its items are.

Columns: `id`, `district`, `neighbourhood`, `point`, `volunteer` (missing where people answered by themselves), `mode`,
`started` (a moment), `duration` (seconds, may be missing), and a column of category codes for each item, missing where
it was not asked. All but `id` and the items may be absent: the checks that need them say so.

Every interview is judged under whoever could have made it up: its volunteer where there was one, otherwise its point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NOT_ASKED = -1
PLACES = ("district", "neighbourhood", "point", "volunteer", "mode")


class AnswersError(ValueError):
    """The frame or the items do not keep the contract; the message names the column or item and the way out."""


class Unit(StrEnum):
    """Whose interviews a finding is about."""

    VOLUNTEER = "volunteer"
    POINT = "point"
    NEIGHBOURHOOD = "neighbourhood"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `categories` without don't know and refused; those of a scale run from the best to the worst.

    The cell of a `multiple` item holds the chosen codes, parted by spaces.
    """

    code: str
    categories: tuple[str, ...]
    scale: bool = False
    dont_know: str | None = None
    refused: str | None = None
    multiple: bool = False

    def __post_init__(self) -> None:
        if not self.categories or len(set(self.every)) < len(self.every):
            raise AnswersError(f"Item {self.code} needs categories, each with a code of its own.")
        if self.scale and self.multiple:
            raise AnswersError(f"Item {self.code} is a scale with several answers. It can be one of the two.")

    @property
    def every(self) -> tuple[str, ...]:
        """All codes a single answer may have."""
        return (*self.categories, *(code for code in (self.dont_know, self.refused) if code is not None))

    @property
    def middle(self) -> int | None:
        """The middle category of a scale with one, by position."""
        n = len(self.categories)
        return n // 2 if self.scale and n % 2 and n > 1 else None


@dataclass(frozen=True, eq=False)
class Labels:
    """A column of codes as small integers: `codes` (n,) into `names`, -1 where missing."""

    codes: Codes
    names: tuple[str, ...]

    def within(self, rows: Mask) -> Codes:
        """The codes, -1 outside `rows`."""
        return np.where(rows, self.codes, -1)


@dataclass(frozen=True, eq=False)
class Answers:
    """The interviews of a wave, checked.

    `codes` (n, items): position among the categories, then don't know, refused; NOT_ASKED where missing. `minute` (n,):
    minutes since the first midnight, nan where unknown. `seconds` (n,): nan where unknown.
    """

    ids: npt.NDArray[np.object_]
    items: tuple[Item, ...]
    codes: Codes
    places: Mapping[str, Labels]
    minute: Floats
    seconds: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def place(self, name: str) -> Labels:
        """One of PLACES; all missing where the frame has no such column."""
        return self.places.get(name) or Labels(np.full(len(self), -1), ())

    @cached_property
    def volunteered(self) -> Mask:
        """Interviews that a volunteer made, (n,)."""
        return self.place("volunteer").codes >= 0

    def unit(self, kind: Unit) -> Labels:
        """Whose each interview is; points are judged by the interviews without a volunteer."""
        labels = self.place(kind)
        return Labels(labels.within(~self.volunteered), labels.names) if kind is Unit.POINT else labels

    @cached_property
    def asked(self) -> Mask:
        """(n, items)."""
        return np.asarray(self.codes != NOT_ASKED)

    @cached_property
    def dont_know(self) -> Mask:
        """(n, items): don't know was answered."""
        at = [len(item.categories) if item.dont_know is not None else -2 for item in self.items]
        return np.asarray(self.codes == np.array(at, dtype=np.int64))

    @cached_property
    def middle(self) -> Mask:
        """(n, items): the middle of a scale was answered."""
        at = [-2 if item.middle is None else item.middle for item in self.items]
        return np.asarray(self.codes == np.array(at, dtype=np.int64))

    @cached_property
    def scales(self) -> Floats:
        """(n, scale items): 0 for the best category, 1 for the worst; nan for don't know and not asked."""
        chosen = [number for number, item in enumerate(self.items) if item.scale]
        steps = np.array([len(self.items[number].categories) for number in chosen], dtype=np.int64)
        codes = self.codes[:, chosen]
        inside = (codes >= 0) & (codes < steps)
        return np.where(inside, codes / np.maximum(steps - 1, 1), np.nan)

    @cached_property
    def best_share(self) -> Floats:
        """(n,): the share of the best category among the scale items that were asked; nan where none was."""
        scale = np.array([item.scale for item in self.items], dtype=bool)
        asked, best = self.asked[:, scale].sum(axis=1), (self.codes[:, scale] == 0).sum(axis=1)
        return np.asarray(np.divide(best, asked, out=np.full(len(self), np.nan), where=asked > 0))


def items_of_json(document: object) -> tuple[Item, ...]:
    """Items from a list of objects with the fields of `Item`. Raises AnswersError."""
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise AnswersError("The items are not a list of objects with code and categories.")
    known = {"code", "categories", "scale", "dont_know", "refused", "multiple"}
    items = []
    for number, each in enumerate(document, start=1):
        odd = sorted(set(each) - known)
        if odd:
            raise AnswersError(f"Item {number} has a field {odd[0]}. There are {', '.join(sorted(known))}.")
        if not isinstance(each.get("code"), str) or not isinstance(each.get("categories"), list):
            raise AnswersError(f"Item {number} needs a text `code` and a list `categories`.")
        _check_types(each)
        items.append(Item(**{**each, "categories": tuple(map(str, each["categories"]))}))
    twice = {item.code for item in items if [each.code for each in items].count(item.code) > 1}
    if twice:
        raise AnswersError(f"Item {min(twice)} is there twice. Leave one of the two out.")
    return tuple(items)


def _check_types(item: Mapping[str, object]) -> None:
    code, categories = item["code"], item["categories"]
    # A code that looks like a number is the text of it, since the cells of a CSV are text.
    if not isinstance(categories, list) or not all(type(each) in (str, int) for each in categories):
        raise AnswersError(f"Item {code}: every one of `categories` is a text or a whole number.")
    for name in ("scale", "multiple"):
        if not isinstance(item.get(name, False), bool):
            raise AnswersError(f"Item {code}: `{name}` is true or false, not {item[name]!r}.")
    for name in ("dont_know", "refused"):
        if not isinstance(item.get(name), str | None):
            raise AnswersError(f"Item {code}: `{name}` is the text of its code, or null, not {item[name]!r}.")


def checked_answers(frame: pd.DataFrame, items: Sequence[Item]) -> Answers:
    """The frame as the checks take it. Raises AnswersError."""
    if "id" not in frame.columns:
        raise AnswersError("There is no column id. Without it nobody can find the interviews again.")
    if frame["id"].isna().any() or frame["id"].duplicated().any():
        raise AnswersError("Column id has a missing or repeated value. Give every interview an id of its own.")
    absent = [item.code for item in items if item.code not in frame.columns]
    if absent:
        raise AnswersError(f"There is no column {', '.join(absent)}. Leave the item out, or add its answers.")
    if not items:
        raise AnswersError("No item is described. Describe at least one column of answers.")
    places = {name: _labels(frame[name]) for name in PLACES if name in frame.columns}
    columns = [_item_codes(frame[item.code], item) for item in items]
    ids = np.array([str(each) for each in frame["id"]], dtype=object)
    return Answers(ids, tuple(items), np.column_stack(columns), places, _minutes(frame), _seconds(frame))


def _labels(column: pd.Series) -> Labels:
    codes, names = pd.factorize(column.astype(object))
    order = np.argsort([str(name) for name in names], kind="stable")
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return Labels(np.append(place, -1)[codes], tuple(str(names[at]) for at in order))


def _item_codes(column: pd.Series, item: Item) -> Codes:
    codes, values = pd.factorize(column.astype(object))
    texts = [" ".join(sorted(str(value).split())) if item.multiple else str(value) for value in values]
    odd = sorted({code for text in texts for code in (text.split() if item.multiple else [text])} - set(item.every))
    if odd:
        raise AnswersError(f"Column {item.code} holds {odd[0]}, which is none of its categories.")
    # A set of answers is an answer of its own; sets of several come after the single ones.
    known = {code: number for number, code in enumerate(item.every)}
    places = [known.setdefault(text, len(known)) for text in texts]
    return np.append(np.array(places, dtype=np.int64), NOT_ASKED)[codes]


def _minutes(frame: pd.DataFrame) -> Floats:
    if "started" not in frame.columns:
        return np.full(len(frame), np.nan)
    try:
        moments = pd.to_datetime(frame["started"], format="ISO8601")
    except (ValueError, TypeError) as problem:
        raise AnswersError("Column started holds something that is no moment such as 2026-03-01 09:30.") from problem
    if moments.isna().all():
        return np.full(len(frame), np.nan)
    since = moments - moments.min().normalize()
    return np.asarray(since.dt.total_seconds() / 60, dtype=np.float64)


def _seconds(frame: pd.DataFrame) -> Floats:
    if "duration" not in frame.columns:
        return np.full(len(frame), np.nan)
    try:
        seconds = np.array(pd.to_numeric(frame["duration"]), dtype=np.float64)
    except (ValueError, TypeError) as problem:
        raise AnswersError("Column duration holds something that is no number of seconds.") from problem
    if (seconds < 0).any() or np.isinf(seconds).any():
        raise AnswersError("Column duration holds a negative or infinite number of seconds. Leave the cell empty.")
    return seconds
