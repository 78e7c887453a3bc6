"""When it says 80 %, is it 80 %? Stated chances against how often it was so, with an interval for each bin.

Bins, means and Wilson intervals are those of `small_area.calibrated` (Murphy & Winkler 1977, Applied Statistics 26:41).
On the diagonal a chance is what it says. The number of cases stands at the foot of each bin: most of the trust in a
point is how many it rests on.
"""

from analysis.area_charts.plane_chart import Curve, PlaneChart, Point
from analysis.area_charts.row_chart import Key, Scale
from analysis.area_charts.words import AreaLabels
from analysis.panels import percent, tick_text
from analysis.small_area.calibrated import Bin, Reliability

_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_PAD = 0.04


def calibration_plot(found: Reliability, labels: AreaLabels) -> PlaneChart:
    """The bins that hold anything."""
    points = tuple(_point(each, labels) for each in found.bins if each.count)
    ticks = tuple((tick, tick_text(tick)) for tick in _TICKS)
    return PlaneChart(
        points=points,
        curves=(Curve((0.0, 1.0), (0.0, 1.0), labels.as_said, "dash"),),
        x=Scale(-_PAD, 1 + _PAD, ticks, labels.said),
        y=Scale(-_PAD, 1 + _PAD, ticks, labels.happened),
        labels=labels,
        key=(Key(labels.interval),) if points else (),
        figures=labels.sample,
        square=True,
    )


def _point(each: Bin, labels: AreaLabels) -> Point:
    interval = f"({100 * each.lower:.1f}{labels.to}{100 * each.upper:.1f})"
    said = [
        f"{labels.said} {percent(each.said)}: {labels.happened} {percent(each.happened)} {interval}",
        f"{labels.sample} {each.count:,}",
    ]
    return Point(
        x=each.said,
        y=each.happened,
        lower=each.lower,
        upper=each.upper,
        words=labels.comma.join(said),
        figure=f"{each.count:,}",
    )
