"""Row charts as inline SVG: no script, legible at any width, in print and to those who listen.

Drawn as `chart_svg` draws: positions across are percentages, so the drawing stretches while type and marks keep their
size, and without a theme every colour is the page's. Names stand at the left, broken into lines rather than cut, and
figures at the right. Classes for a stylesheet: `interval-chart area-rows` on the whole, `row` with the flag's name on
each row, `track`, `target`, `interval`, `estimate`, `previous`, `name`, `figures`, `band`, `key`.
"""

from dataclasses import dataclass
from html import escape, unescape
from math import isfinite

from analysis.area_charts.row_chart import Key, Line, RowChart, Stack
from analysis.area_charts.svg_parts import PREVIOUS, SMALL, KeyRows, mark, opening, placed
from analysis.figure_frame import broken
from analysis.palette import THEMES, Theme, ThemeName

_ROW = 24  # px of a slot whose name takes one line
_TEXT = 16  # px of a line of text
_LONG = 600  # px; of a longer chart the ticks stand at the top
_GHOST = 6  # px from a row down to the earlier value
_NAMES, _INSET = 38.0, 2.5  # per cent across: the names' column, and what is left free on both sides of the track
_FIGURES = 13.0  # per cent across of the figures' column, where there is one
_NARROW = 360  # px for which names are broken, where no width is given


def row_svg(
    chart: RowChart, *, ident: str, title: str = "", theme: ThemeName | None = None, width: int | None = None
) -> str:
    """The chart; `ident` names it uniquely on its page. `width` in px fixes the width, for files.

    `title` is its name to those who listen, that of the labels by default.
    """
    look = THEMES[theme] if theme else None
    names = [broken(line.name, _NAMES / 100 * (width or _NARROW) - 4, SMALL).split("<br>") for line in chart.lines]
    stack = chart.stacked([_ROW + _TEXT * (len(name) - 1) for name in names], _ROW)
    pen = _Pen(chart, stack, look)
    foot = pen.top + max(stack.height, _ROW)
    key_top = foot + (40 if chart.scale.words else 22)
    key = KeyRows([(pen.key_mark(key), key.word) for key in chart.key])
    height = key_top + key.height + 4
    parts = [
        opening("interval-chart area-rows", ident, title or chart.labels.title, chart.described, height, look, width),
        *pen.bands(),
        *pen.ticks(foot),
        pen.target(foot),
        pen.head(),
        *(pen.line(line, round(y), name) for line, y, name in zip(chart.lines, stack.middles, names, strict=True)),
        key.drawn(key_top, look),
        "" if chart.lines else f'<text x="0" y="{pen.top + 16}" {pen.small}>{escape(chart.labels.no_estimate)}</text>',
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Pen:
    chart: RowChart
    stack: Stack
    look: Theme | None

    @property
    def top(self) -> int:
        """Px above the rows: the figures' words, the target's, the ticks of a long chart."""
        return 6 + 18 * (bool(self.chart.figures) + (self.chart.target is not None) + self.long)

    @property
    def long(self) -> bool:
        return self.stack.height > _LONG

    @property
    def small(self) -> str:
        return f'font-size="{SMALL}" fill="{self.look.quiet if self.look else "currentColor"}"'

    @property
    def quiet(self) -> str:
        return self.look.quiet if self.look else "currentColor"

    @property
    def soft(self) -> str:
        return f'stroke="{self.look.hairline}"' if self.look else 'stroke="currentColor" stroke-opacity="0.25"'

    @property
    def ends(self) -> tuple[float, float]:
        """Where the track begins and ends, per cent across."""
        return _NAMES, 100 - (_FIGURES if self.chart.figured else 0.0)

    def x(self, value: float) -> str:
        start, end = self.ends
        return f"{start + _INSET + (end - start - 2 * _INSET) * self.chart.scale.at(value):.3f}%"

    def head(self) -> str:
        """What the figures are, above them."""
        if not self.chart.figures:
            return ""
        return f'<text x="100%" y="14" text-anchor="end" {self.small}>{escape(self.chart.figures)}</text>'

    def target(self, foot: int) -> str:
        if self.chart.target is None:
            return ""
        at, words = self.chart.target
        share = self.chart.scale.at(at)
        anchor = "start" if share < 0.2 else "end" if share > 0.8 else "middle"
        x, y = self.x(at), 14 + 18 * bool(self.chart.figures)
        stroke = f'stroke="{self.quiet}" stroke-dasharray="3 2"'
        return (
            f'<text class="target" x="{x}" y="{y}" text-anchor="{anchor}" {self.small}>{escape(words)}</text>'
            f'<line class="target" x1="{x}" x2="{x}" y1="{self.top}" y2="{foot}" {stroke}/>'
        )

    def ticks(self, foot: int) -> list[str]:
        y = self.top - 4 if self.long else foot + 15
        parts = []
        for at, words in self.chart.scale.ticks:
            x = self.x(at)
            parts.append(f'<line class="track" x1="{x}" x2="{x}" y1="{self.top}" y2="{foot}" {self.soft}/>')
            parts.append(f'<text class="tick" x="{x}" y="{y}" text-anchor="middle" {self.small}>{escape(words)}</text>')
        if self.chart.scale.words:
            middle = f"{sum(self.ends) / 2:.3f}%"
            words = escape(self.chart.scale.words)
            parts.append(f'<text x="{middle}" y="{foot + 32}" text-anchor="middle" {self.small}>{words}</text>')
        return parts

    def bands(self) -> list[str]:
        """Every other band shaded, each with its words above its rows."""
        wash = f'fill="{self.look.low}"' if self.look else 'fill="currentColor" fill-opacity="0.06"'
        parts = []
        for number, (band, (top, foot)) in enumerate(zip(self.chart.bands, self.stack.bands, strict=True)):
            if number % 2 == 0:
                ends = f'y="{self.top + top}" height="{foot - top}"'
                parts.append(f'<rect class="band" x="0" width="100%" {ends} {wash}/>')
            y = self.top + top + _ROW // 2 + 5
            parts.append(f'<text class="band" x="4" y="{y}" {self.small}>{escape(band.words)}</text>')
        return parts

    def line(self, line: Line, middle: int, name: list[str]) -> str:
        y = self.top + middle
        first = y + 5 - _TEXT * (len(name) - 1) // 2
        small = f'font-size="{SMALL}" fill="currentColor"'
        text = "".join(
            f'<text class="name" x="4" y="{first + _TEXT * number}" {small}>{escape(unescape(part))}</text>'
            for number, part in enumerate(name)
        )
        words = line.figure if isfinite(line.value) else self.chart.labels.no_estimate
        figure = f'<text class="figures" x="100%" y="{y + 5}" text-anchor="end" {small}>{escape(words)}</text>'
        return f"<g><title>{escape(line.words)}</title>{text}{figure}{self._drawn(line, y)}</g>"

    def _drawn(self, line: Line, y: int) -> str:
        parts = []
        if isfinite(line.before):
            below = 0 if line.joined else _GHOST
            parts.append(placed(f'<g color="{self.quiet}">{PREVIOUS}</g>', self.x(line.before), y + below, "previous"))
        if line.toward:
            stroke = f'stroke="{self.quiet}" stroke-width="2"'
            parts.append(f'<line class="arrow" {self._stretch(line.before, line.value, y)} {stroke}/>')
        marks = []
        if isfinite(line.lower) and isfinite(line.upper):
            marks.append(f'<line class="interval" {self._stretch(line.lower, line.upper, y)} {_stroke(line)}/>')
        if isfinite(line.value):
            marks.append(
                placed(mark(line.flag, hollow=line.hollow, toward=line.toward), self.x(line.value), y, "estimate")
            )
        return f"{''.join(parts)}<g {self._coloured(line.flag)}>{''.join(marks)}</g>"

    def _stretch(self, start: float, end: float, y: int) -> str:
        return f'x1="{self.x(start)}" x2="{self.x(end)}" y1="{y}" y2="{y}"'

    def key_mark(self, key: Key) -> str:
        if key.before:
            return f'<g color="{self.quiet}">{PREVIOUS}</g>'
        toward = next((line.toward for line in self.chart.lines if line.mark == key.mark and line.toward), 0)
        example = Line("", 0.0, hollow=key.hollow, joined=bool(toward))
        line = f'<line x1="-8" x2="8" {_stroke(example)}/>'
        return f"<g {self._coloured(key.flag)}>{line}{mark(key.flag, hollow=key.hollow, toward=toward)}</g>"

    def _coloured(self, flag: str) -> str:
        colour = f' color="{self.look.flags.get(flag, self.look.series[0])}"' if self.look else ""
        return f'class="{escape(f"row {flag}".strip())}"{colour}'


def _stroke(line: Line) -> str:
    dashes = ' stroke-dasharray="2 2"' if line.hollow else ""
    return f'stroke="currentColor" stroke-width="{1 if line.joined else 2}"{dashes}'
