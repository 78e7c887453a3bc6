"""From the raw share to the estimate: how far each area is moved, and towards what.

An arrow a row, the posterior interval fine behind it, the effective interviews at its end: the fewer, the longer the
arrow (Efron & Morris 1975, JASA 70:311). It is the answer to "why is our 100 % shown as 87 %?". An area without
interviews has no raw share and no arrow; its prediction is hollow.
"""

from math import isfinite

from analysis.area_charts.caterpillar import share_scale
from analysis.area_charts.row_chart import Line, RowChart, key_of
from analysis.area_charts.words import AreaLabels
from analysis.panels import axis_around, percent, tick_text
from analysis.small_area.areas import Source
from analysis.small_area.flags import AreaFlag, Flags


def shrinkage(flags: Flags, labels: AreaLabels, *, most: int | None = None) -> RowChart:
    """Raw shares and estimates, the lowest estimate first; `most`: only the lowest so many."""
    areas = sorted(flags.areas, key=lambda area: (area.mean, area.name))
    lines = tuple(_line(area, labels) for area in areas[:most])
    shown = [end for line in lines for end in (line.value, line.lower, line.upper, line.before)]
    return RowChart(
        lines=lines,
        scale=share_scale(axis_around([flags.target, *shown]), labels.rate),
        labels=labels,
        key=key_of(lines, labels, labels.shrunk, labels.raw),
        target=(flags.target, f"{labels.target} {tick_text(flags.target)}"),
        figures=labels.effective,
    )


def _line(area: AreaFlag, labels: AreaLabels) -> Line:
    hollow = area.source is Source.PREDICTION
    said = [
        f"{labels.name(area.name)}: {labels.shrunk} {percent(area.mean)}",
        f"{labels.raw} {percent(area.share)}" if isfinite(area.share) else labels.predicted,
        f"{labels.effective} {area.n:.0f}",
    ]
    return Line(
        name=labels.name(area.name),
        value=area.mean,
        lower=area.lower,
        upper=area.upper,
        before=area.share,
        hollow=hollow,
        joined=isfinite(area.share),
        figure=f"{area.n:.0f}",
        words=labels.comma.join(said),
    )
