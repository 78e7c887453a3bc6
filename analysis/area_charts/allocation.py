"""Where the next interviews go: how many an area or a district has, and how many it will have.

An arrow a row from the interviews so far to those with the next ones, the axis from 0, since these are counts. The most
additional ones first: it is a list of places to go to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from analysis.area_charts.row_chart import Line, RowChart, Scale, key_of
from analysis.area_charts.words import AreaLabels

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


@dataclass(frozen=True, slots=True)
class Asked:
    """An area or a district: its code, the interviews it has, and the next ones."""

    name: str
    now: int
    more: int


def allocation(asked: Sequence[Asked], labels: AreaLabels, *, most: int | None = None) -> RowChart:
    """Interviews now and next; `most`: only so many rows."""
    rows = sorted(asked, key=lambda each: (-each.more, each.name))[:most]
    lines = tuple(_line(each, labels) for each in rows)
    return RowChart(
        lines=lines,
        scale=count_scale(max((each.now + each.more for each in rows), default=0), labels.sample),
        labels=labels,
        key=key_of(lines, labels, labels.after, labels.now),
    )


def count_scale(highest: float, words: str = "") -> Scale:
    """From 0 to a little above the highest count, with at most five ticks."""
    step = next((step for step in _STEPS if highest / step <= 4), _STEPS[-1])
    top = max(1, ceil(highest / step)) * step
    ticks = tuple((float(tick), f"{tick:,}") for tick in range(0, top + 1, step))
    return Scale(-0.03 * top, 1.03 * top, ticks, words)


def _line(each: Asked, labels: AreaLabels) -> Line:
    total = each.now + each.more
    words = f"{labels.name(each.name)}: {labels.now} {each.now:,}{labels.comma}{labels.after} {total:,}"
    return Line(
        name=labels.name(each.name),
        value=float(total),
        before=float(each.now),
        joined=True,
        figure=f"+{each.more:,}",
        words=words,
    )
