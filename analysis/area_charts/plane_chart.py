"""Charts of points in a plane, as plain values: the calibration plot and the funnel.

`plane_figure` and `plane_svg` draw the same value. A point has a vertical interval or none; curves are what points are
held against, dashed where they are limits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, nan

from analysis.area_charts.row_chart import SPOKEN, Key, Scale
from analysis.area_charts.words import AreaLabels


@dataclass(frozen=True, slots=True)
class Point:
    """A mark at (x, y), its vertical interval if it has one, and all of it in words."""

    x: float
    y: float
    lower: float = nan
    upper: float = nan
    flag: str = ""
    words: str = ""
    figure: str = ""  # written at the foot of the plane, below the point


@dataclass(frozen=True, slots=True)
class Curve:
    """What points are held against: a line through (x, y), with its word in the key."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    words: str
    style: str = "solid"  # or dash, dot, as Plotly names them
    keyed: bool = True  # a second branch of the same curve is not named again


@dataclass(frozen=True, slots=True)
class PlaneChart:
    """Points and curves on two scales; square where both measure the same."""

    points: tuple[Point, ...]
    curves: tuple[Curve, ...]
    x: Scale
    y: Scale
    labels: AreaLabels
    key: tuple[Key, ...]
    figures: str = ""  # what the figures at the foot are
    square: bool = False

    @property
    def described(self) -> str:
        """The chart in words, for those who do not see it; the page's table has every point."""
        if not self.points:
            return self.labels.no_estimate
        if len(self.points) <= SPOKEN:
            rows = [point.words for point in self.points]
        else:
            rows = [f"{key.word} {sum(point.flag == key.flag for point in self.points)}" for key in self.key]
        return "; ".join([*([self.labels.subtitle] if self.labels.subtitle else []), *rows])


def finite(values: Iterable[float]) -> list[float]:
    """Those that are numbers."""
    return [value for value in values if isfinite(value)]
