"""Charts with a row for each area, as plain values: what is drawn, before it is known with which pen.

A row has a mark with its interval, perhaps an earlier or raw value, and a figure written at its end. Rows may stand in
bands, each under a line of words. `row_figure` and `row_svg` draw the same value, so the two cannot say different
things. Which chart it is, `caterpillar`, `rank_intervals`, `shrinkage` and `allocation` decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan

from analysis.area_charts.words import AreaLabels
from analysis.panels import mark_rank

SPOKEN = 24  # rows that are told one by one to those who listen; of more rows, how many have which mark


@dataclass(frozen=True, slots=True)
class Line:
    """A row. nan in `value`: no mark, in `lower`, `upper`: no interval, in `before`: no second mark.

    hollow: the value rests on other areas alone. words: all of the row in words. joined: an arrow runs from `before`.
    """

    name: str
    value: float
    lower: float = nan
    upper: float = nan
    before: float = nan
    flag: str = ""
    hollow: bool = False
    joined: bool = False
    figure: str = ""
    words: str = ""

    @property
    def mark(self) -> tuple[str, bool]:
        """What its mark looks like."""
        return self.flag, self.hollow

    @property
    def toward(self) -> int:
        """Where its arrow points: 1 right, -1 left, 0 where there is none."""
        if not self.joined or not isfinite(self.value - self.before) or self.value == self.before:
            return 0
        return 1 if self.value > self.before else -1


@dataclass(frozen=True, slots=True)
class Band:
    """Rows first to last (counted from 0) under words of their own."""

    first: int
    last: int
    words: str


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis: its ends, its ticks with what is written at them, and what it measures."""

    lower: float
    upper: float
    ticks: tuple[tuple[float, str], ...]
    words: str = ""

    def at(self, value: float) -> float:
        """Where a value lies: 0 at the first end, 1 at the other."""
        return (value - self.lower) / (self.upper - self.lower)


@dataclass(frozen=True, slots=True)
class Key:
    """The word for a mark; `before` is that of the second mark."""

    word: str
    flag: str = ""
    hollow: bool = False
    before: bool = False

    @property
    def mark(self) -> tuple[str, bool]:
        """What the mark looks like."""
        return self.flag, self.hollow


@dataclass(frozen=True, slots=True)
class Stack:
    """Px from the top: the middle of each row, top and foot of each band with its words, and the foot of all."""

    middles: tuple[float, ...]
    bands: tuple[tuple[int, int], ...]
    height: int


@dataclass(frozen=True, slots=True)
class RowChart:
    """Rows on one scale. target: a line across all of them, and its words; figures: what stands at the rows' ends."""

    lines: tuple[Line, ...]
    scale: Scale
    labels: AreaLabels
    key: tuple[Key, ...]
    target: tuple[float, str] | None = None
    bands: tuple[Band, ...] = ()
    figures: str = ""

    @property
    def figured(self) -> bool:
        """Whether anything stands at the rows' ends."""
        return bool(self.figures) or any(line.figure for line in self.lines)

    def stacked(self, rows: Sequence[int], head: int) -> "Stack":
        """Where rows lie that are so many px high, each band under a line of words `head` px high."""
        heads = {band.first for band in self.bands}
        tops, top = [], 0
        for number, row in enumerate(rows):
            top += head if number in heads else 0
            tops.append(top)
            top += row
        bands = tuple((tops[band.first] - head, tops[band.last] + rows[band.last]) for band in self.bands)
        return Stack(tuple(top + row / 2 for top, row in zip(tops, rows, strict=True)), bands, top)

    @property
    def described(self) -> str:
        """The chart in words, for those who do not see it; the page's table has every row."""
        if not self.lines:
            return self.labels.no_estimate
        if len(self.lines) <= SPOKEN:
            rows = [line.words for line in self.lines]
        else:
            counts = {key.word: sum(line.mark == key.mark for line in self.lines) for key in self.key if not key.before}
            rows = [f"{word} {count}" for word, count in counts.items()]
        head = [part for part in (self.labels.subtitle, self.target[1] if self.target else "") if part]
        return "; ".join([*head, *rows])


def key_of(lines: Sequence[Line], labels: AreaLabels, word: str, before: str = "") -> tuple[Key, ...]:
    """The marks that occur, the gravest flag first; `word` is that of a mark without flag, `before` of the second."""
    found = {line.mark for line in lines if isfinite(line.value)}
    marks = sorted(found, key=lambda mark: (mark[1], mark_rank(mark[0]), mark[0]))
    key = []
    for flag, hollow in marks:
        said = labels.flags.get(flag, flag) if flag else word
        key.append(Key(f"{said}{labels.comma}{labels.predicted}" if hollow else said, flag, hollow))
    if before and any(isfinite(line.before) for line in lines):
        key.append(Key(before, before=True))
    return tuple(key)
