"""Plane charts as inline SVG: no script, legible at any width, in print and to those who listen.

Classes for a stylesheet: `interval-chart area-plane` on the whole, `row` with the flag's name on each point, `track`,
`curve`, `interval`, `estimate`, `figures`, `key`.
"""

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import isfinite

from analysis.area_charts.plane_chart import Curve, PlaneChart, Point
from analysis.area_charts.row_chart import Key
from analysis.area_charts.svg_parts import SMALL, KeyRows, mark, opening, placed
from analysis.palette import THEMES, Theme, ThemeName

_LEFT, _RIGHT = 14.0, 98.0  # per cent across: the plane
_TOP, _TALL = 26, 320  # px: the words of the vertical axis, and the plane
_DASHES = {
    "dash": ' stroke-dasharray="6 4"',
    "dot": ' stroke-dasharray="2 3"',
    "dashdot": ' stroke-dasharray="8 3 2 3"',
}


def plane_svg(
    chart: PlaneChart, *, ident: str, title: str = "", theme: ThemeName | None = None, width: int | None = None
) -> str:
    """The chart; `ident` names it uniquely on its page. `width` in px fixes the width, for files."""
    pen = _Pen(chart, THEMES[theme] if theme else None)
    key = KeyRows(
        [(pen.key_curve(curve), curve.words) for curve in chart.curves if curve.keyed]
        + [(pen.key_point(each), each.word) for each in chart.key]
    )
    foot = _TOP + _TALL + 44
    names = (title or chart.labels.title, chart.described)
    parts = [
        opening("interval-chart area-plane", ident, *names, foot + key.height + 4, pen.look, width),
        *pen.axes(),
        *(pen.curve(curve) for curve in chart.curves),
        *(pen.point(point) for point in chart.points),
        "" if chart.points else pen.text("50%", _TOP + _TALL // 2, "middle", chart.labels.no_estimate),
        key.drawn(foot, pen.look),
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Pen:
    chart: PlaneChart
    look: Theme | None

    @property
    def quiet(self) -> str:
        return self.look.quiet if self.look else "currentColor"

    def x(self, value: float) -> str:
        return f"{_LEFT + (_RIGHT - _LEFT) * self.chart.x.at(value):.3f}%"

    def y(self, value: float) -> str:
        return f"{_TOP + _TALL * (1 - self.chart.y.at(value)):.2f}"

    def text(self, x: str, y: float | str, anchor: str, words: str, css: str = "tick") -> str:
        small = f'font-size="{SMALL}" fill="{self.quiet}"'
        return f'<text class="{css}" x="{x}" y="{y}" text-anchor="{anchor}" {small}>{escape(words)}</text>'

    def axes(self) -> list[str]:
        soft = f'stroke="{self.look.hairline}"' if self.look else 'stroke="currentColor" stroke-opacity="0.25"'
        foot = _TOP + _TALL
        parts = [self.text("0", 14, "start", self.chart.y.words)]
        for at, words in self.chart.x.ticks:
            x = self.x(at)
            parts.append(f'<line class="track" x1="{x}" x2="{x}" y1="{_TOP}" y2="{foot}" {soft}/>')
            parts.append(self.text(x, foot + 16, "middle", words))
        for at, words in self.chart.y.ticks:
            y = self.y(at)
            parts.append(f'<line class="track" x1="{_LEFT}%" x2="{_RIGHT}%" y1="{y}" y2="{y}" {soft}/>')
            parts.append(self.text(f"{_LEFT - 1.5}%", float(y) + 4, "end", words))
        parts.append(self.text(f"{_RIGHT}%", foot + 34, "end", self.chart.x.words))
        return parts

    def curve(self, curve: Curve) -> str:
        # A polyline knows no percentages, so it is drawn piece by piece; pieces outside the plane are left out
        ends = zip(curve.xs, curve.ys, strict=True)
        drawn = "".join(
            f'<line x1="{self.x(a)}" y1="{self.y(b)}" x2="{self.x(c)}" y2="{self.y(d)}"/>'
            for (a, b), (c, d) in pairwise(ends)
            if all(0 <= self.chart.y.at(end) <= 1 for end in (b, d))
        )
        return f'<g class="curve" {self._stroke(curve)}>{drawn}</g>'

    def point(self, point: Point) -> str:
        x = self.x(point.x)
        marks = []
        if isfinite(point.lower) and isfinite(point.upper):
            ends = f'x1="{x}" x2="{x}" y1="{self.y(point.lower)}" y2="{self.y(point.upper)}"'
            marks.append(f'<line class="interval" {ends} stroke="currentColor" stroke-width="2"/>')
        marks.append(placed(mark(point.flag), x, self.y(point.y), "estimate"))
        figure = self.text(x, _TOP + _TALL - 3, "middle", point.figure, "figures") if point.figure else ""
        title = f"<title>{escape(point.words)}</title>"
        return f"<g {self._coloured(point.flag)}>{title}{''.join(marks)}{figure}</g>"

    def key_curve(self, curve: Curve) -> str:
        return f'<line x1="-8" x2="10" {self._stroke(curve)}/>'

    def key_point(self, key: Key) -> str:
        line = '<line x1="-8" x2="8" stroke="currentColor" stroke-width="2"/>' if self._has_intervals else ""
        return f"<g {self._coloured(key.flag)}>{line}{mark(key.flag)}</g>"

    @property
    def _has_intervals(self) -> bool:
        return any(isfinite(point.lower) for point in self.chart.points)

    def _stroke(self, curve: Curve) -> str:
        return f'stroke="{self.quiet}" stroke-width="1.2"{_DASHES.get(curve.style, "")}'

    def _coloured(self, flag: str) -> str:
        colour = f' color="{self.look.flags.get(flag, self.look.series[0])}"' if self.look else ""
        return f'class="{escape(f"row {flag}".strip())}"{colour}'
