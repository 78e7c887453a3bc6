"""Every area's place with its interval, the last first. A place without its interval is nowhere in this library.

The dot is the expected place over joint posterior draws, the line its interval, the figure at the row's end the chance
of being among the last k (`small_area.ranks`).
"""

from analysis.area_charts.caterpillar import bands
from analysis.area_charts.row_chart import Line, RowChart, Scale, key_of
from analysis.area_charts.words import AreaLabels, chance
from analysis.small_area.ranks import AreaRank, Ranks

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def rank_intervals(ranks: Ranks, labels: AreaLabels, *, most: int | None = None) -> RowChart:
    """Places in their tie bands; `most`: only the last so many."""
    last = labels.last.format(k=ranks.k)
    lines = tuple(_line(area, labels, last) for area in ranks.areas[::-1][:most])
    return RowChart(
        lines=lines,
        scale=_places(len(ranks.areas), labels.place),
        labels=labels,
        key=key_of(lines, labels, labels.interval),
        bands=bands(ranks, labels, len(lines)),
        figures=last,
    )


def _places(size: int, words: str) -> Scale:
    """From the first place to the last, with round ticks between."""
    step = next((step for step in _STEPS if size / step <= 4), _STEPS[-1])
    inner = [place for place in range(step, size, step) if place > 1 and size - place >= step / 2]
    ticks = sorted({1, *inner, max(size, 1)})
    pad = max(0.5, size / 40)
    return Scale(1 - pad, max(size, 1) + pad, tuple((float(place), str(place)) for place in ticks), words)


def _line(area: AreaRank, labels: AreaLabels, last: str) -> Line:
    tied = labels.alone if area.tied[0] == area.tied[1] else labels.tied
    said = [
        f"{labels.name(area.name)}: {labels.place} {area.expected:.1f} ({area.lower}{labels.to}{area.upper})",
        f"{last} {chance(area.last)}",
        tied.format(first=area.tied[0], last=area.tied[1]),
    ]
    return Line(
        name=labels.name(area.name),
        value=area.expected,
        lower=float(area.lower),
        upper=float(area.upper),
        figure=chance(area.last),
        words=labels.comma.join(said),
    )
