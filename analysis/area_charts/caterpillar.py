"""Every area's rate with its interval against the target, the lowest first (a caterpillar plot).

Where places are given, areas stand in the order of their expected places and in tie bands, so that no one reads an
order into areas that cannot be told apart (Goldstein & Spiegelhalter 1996, JRSS A 159:385). The chance of missing the
target stands at each row's end; an area without interviews is drawn hollow.
"""

from collections.abc import Iterable, Mapping
from math import isfinite, nan

from analysis.area_charts.row_chart import Band, Line, RowChart, Scale, key_of
from analysis.area_charts.words import AreaLabels, chance
from analysis.panels import Axis, axis_around, percent, tick_text
from analysis.small_area.areas import AreaError, Source
from analysis.small_area.flags import AreaFlag, Flags
from analysis.small_area.ranks import Ranks

_TICKS = 4  # have room beside names and figures on a phone


def caterpillar(
    flags: Flags,
    labels: AreaLabels,
    *,
    ranks: Ranks | None = None,
    previous: Mapping[str, float] | None = None,
    most: int | None = None,
    axis: Axis | None = None,
) -> RowChart:
    """Rates of the flagged areas. `previous`: rates of the wave before by area; `most`: only the lowest so many.

    `axis` sets several charts on one axis. Raises AreaError where the places are not those of the same areas.
    """
    by_name = {area.name: area for area in flags.areas}
    lowest = sorted(by_name, key=lambda name: (by_name[name].mean, name))
    order = lowest if ranks is None else _in_places(ranks, by_name)
    before = previous or {}
    lines = tuple(_line(by_name[name], labels, before.get(name, nan)) for name in order[:most])
    around = axis or axis_around(
        [flags.target, *(end for line in lines for end in (line.value, line.lower, line.upper, line.before))]
    )
    return RowChart(
        lines=lines,
        scale=share_scale(around, labels.rate),
        labels=labels,
        key=key_of(lines, labels, labels.interval, labels.previous),
        target=(flags.target, f"{labels.target} {tick_text(flags.target)}"),
        bands=bands(ranks, labels, len(lines)) if ranks is not None else (),
        figures=labels.below,
    )


def share_scale(axis: Axis, words: str = "") -> Scale:
    """An axis of shares, as a scale."""
    ticks = axis.ticks if len(axis.ticks) <= _TICKS else axis.ticks[::2]
    return Scale(axis.lower, axis.upper, tuple((tick, tick_text(tick)) for tick in ticks), words)


def bands(ranks: Ranks, labels: AreaLabels, shown: int) -> tuple[Band, ...]:
    """The tie bands of rows that begin with the last place, as far as they are shown."""
    size = len(ranks.areas)
    found = []
    for band in reversed(ranks.bands):
        first, last = size - band.last, size - band.first
        if first < shown:
            words = labels.alone if band.first == band.last else labels.tied
            found.append(Band(first, min(last, shown - 1), words.format(first=band.first, last=band.last)))
    return tuple(found)


def _in_places(ranks: Ranks, known: Iterable[str]) -> list[str]:
    order = [area.name for area in reversed(ranks.areas)]
    strange = sorted(set(order) ^ set(known))
    if strange:
        raise AreaError(f"{strange[0]} has a flag or a place, not both. Make both from the same estimates.")
    return order


def _line(area: AreaFlag, labels: AreaLabels, before: float) -> Line:
    hollow = area.source is Source.PREDICTION
    said = [
        f"{labels.name(area.name)}: {percent(area.mean)} ({100 * area.lower:.1f}{labels.to}{100 * area.upper:.1f})",
        labels.flags.get(area.kind.value, area.kind.value),
        f"{labels.below} {chance(area.below)}",
        *([labels.predicted] if hollow else []),
        *([f"{labels.previous} {percent(before)}"] if isfinite(before) else []),
    ]
    return Line(
        name=labels.name(area.name),
        value=area.mean,
        lower=area.lower,
        upper=area.upper,
        before=before,
        flag=area.kind.value,
        hollow=hollow,
        figure=chance(area.below),
        words=labels.comma.join(said),
    )
