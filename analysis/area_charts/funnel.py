"""Shares against how much they rest on: most of what looks extreme has few interviews (a funnel plot).

Control limits hold a share of the areas whose rate is the target, or the city's mean, whatever their number of
interviews; a point within the limits is no news. Limits are the binomial quantiles interpolated between whole counts
(Spiegelhalter 2005, Statistics in Medicine 24:1185, appendix A.1.1), on effective interviews.
"""

from math import ceil, isfinite

import numpy as np
import scipy

from analysis.area_charts.allocation import count_scale
from analysis.area_charts.caterpillar import share_scale
from analysis.area_charts.plane_chart import Curve, PlaneChart, Point
from analysis.area_charts.row_chart import Key
from analysis.area_charts.words import AreaLabels
from analysis.design import Floats
from analysis.panels import axis_around, mark_rank, percent, tick_text
from analysis.small_area.areas import AreaError
from analysis.small_area.flags import AreaFlag, Flags

_CURVE = 60  # places at which a curve is drawn, at most


def funnel(flags: Flags, labels: AreaLabels, *, level: float = 0.95) -> PlaneChart:
    """Areas with interviews, with limits around the target and the city's mean. Raises AreaError for the level."""
    if not 0 < level < 1:
        raise AreaError(f"level: {level} is not between 0 and 1. Give a share, not per cent.")
    asked = [area for area in flags.areas if area.n > 0 and isfinite(area.share)]
    most = ceil(max((area.n for area in asked), default=1.0))
    n = np.unique(np.rint(np.geomspace(1, max(most, 2), _CURVE)))
    curves = list(
        _curves(flags.target, f"{labels.target} {tick_text(flags.target)}", labels.target, "dash", n, level, labels)
    )
    if asked:
        mean = sum(area.n * area.share for area in asked) / sum(area.n for area in asked)
        curves += _curves(mean, f"{labels.city} {percent(mean)}", labels.city, "dot", n, level, labels)
    kinds = sorted({area.kind.value for area in asked}, key=mark_rank)
    shown = [area.share for area in asked] + [end for curve in curves for end in curve.ys[len(curve.ys) // 3 :]]
    across = count_scale(most, labels.effective)
    return PlaneChart(
        points=tuple(_point(area, labels) for area in asked),
        curves=tuple(curves),
        x=across,
        y=share_scale(axis_around(shown), labels.raw),
        labels=labels,
        key=tuple(Key(labels.flags.get(kind, kind), kind) for kind in kinds),
    )


def limits(rate: float, n: Floats, level: float) -> tuple[Floats, Floats]:
    """(n,) shares between which `level` of those with this rate lie; n are whole numbers."""
    return _quantile(rate, n, (1 - level) / 2), _quantile(rate, n, (1 + level) / 2)


def _quantile(rate: float, n: Floats, chance: float) -> Floats:
    count = scipy.stats.binom.ppf(chance, n, rate)
    over = scipy.stats.binom.cdf(count, n, rate) - chance
    part = over / np.maximum(scipy.stats.binom.pmf(count, n, rate), 1e-300)
    share: Floats = np.clip((count - part) / n, 0.0, 1.0)
    return share


def _curves(
    rate: float, words: str, around: str, style: str, n: Floats, level: float, labels: AreaLabels
) -> tuple[Curve, Curve, Curve]:
    """The rate itself and both limits around it."""
    xs = tuple(n.tolist())
    lower, upper = limits(rate, n, level)
    said = labels.limits.format(level=tick_text(level), around=around)
    return (
        Curve((0.0, xs[-1]), (rate, rate), words, "solid" if style == "dash" else "dashdot"),
        Curve(xs, tuple(lower.tolist()), said, style),
        Curve(xs, tuple(upper.tolist()), said, style, keyed=False),
    )


def _point(area: AreaFlag, labels: AreaLabels) -> Point:
    kind = area.kind.value
    said = [
        f"{labels.name(area.name)}: {labels.raw} {percent(area.share)}",
        f"{labels.effective} {area.n:.0f}",
        labels.flags.get(kind, kind),
    ]
    return Point(x=area.n, y=area.share, flag=kind, words=labels.comma.join(said))
