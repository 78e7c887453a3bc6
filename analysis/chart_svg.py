"""Dot-and-interval charts as small inline SVG: no script, legible at any width, in print and to those who listen.

Positions across are percentages, so the drawing stretches with the page while type and dots keep their size. Without a
theme everything is drawn in the page's own text colour, and these classes are there to be coloured by its stylesheet:
`interval-chart` on the whole, `row` with the flag's name on each row, `track`, `target`, `interval`, `estimate`,
`previous`, `name`, `figures`, `key`. With a theme the colours are written in, for files that stand alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from analysis.palette import FONT, THEMES, Theme, ThemeName
from analysis.panels import (
    Axis,
    Labels,
    Panel,
    Row,
    axis_of,
    figures,
    has_estimate,
    has_interval,
    mark_rank,
    mark_word,
    sentence,
    tick_text,
)

_ROW = 46  # px from one row to the next: a line of text, then the track
_TRACK = 30  # px from a row's top to the middle of its track
_GHOST = 7  # px from a track down to the previous wave's dot
_KEY = 22  # px of a line of the key
_INSET = 4.0  # per cent left free on both sides, so that no dot or tick label is cut off

_XMLNS = 'xmlns="http://www.w3.org/2000/svg"'

# The marks around (0, 0); areas look alike
_SHAPES: Mapping[str, str] = {
    "at_risk": '<path d="M0,-5.5 L5.5,4.5 L-5.5,4.5 Z" fill="currentColor"/>',
    "uncertain": '<path d="M0,-5.5 L5.5,0 L0,5.5 L-5.5,0 Z" fill="currentColor"/>',
    "safe": '<circle r="4" fill="currentColor"/>',
    "too_few": '<circle r="3.5" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2 1.5"/>',
}
_PREVIOUS = '<circle r="3.5" fill="none" stroke="currentColor" stroke-width="1.5"/>'


@dataclass(frozen=True, slots=True)
class _KeyEntry:
    flag: str | None  # None: drawn in the text's colour
    mark: str
    word: str


def dot_interval_svg(
    panel: Panel,
    labels: Labels,
    *,
    ident: str,
    theme: ThemeName | None = None,
    axis: Axis | None = None,
    width: int | None = None,
) -> str:
    """A whole panel: name and figures of each row above its track, the axis below, then a key of the marks used.

    `ident` names the drawing uniquely on its page. `axis` sets several drawings on the same axis. `width` in px fixes
    the width, for files; otherwise it takes the width of its place.
    """
    pen = _Pen(axis or axis_of([panel]), panel.target, THEMES[theme] if theme else None)
    top = 22 if panel.target is not None else 4
    bottom = top + _ROW * len(panel.rows)
    key = _key(panel, labels)
    height = bottom + 28 + _KEY * ((len(key) + 1) // 2)
    names = f"{escape(ident)}-t {escape(ident)}-d"
    opening = f'<svg {_XMLNS} class="interval-chart" role="img" aria-labelledby="{names}" width="{width or "100%"}"'
    parts = [
        f'{opening} height="{height}" font-size="14"{pen.standing_alone}>',
        f'<title id="{escape(ident)}-t">{escape(panel.title)}</title>',
        f'<desc id="{escape(ident)}-d">{escape(_described(panel, labels))}</desc>',
        pen.target_label(labels),
        *(pen.row(row, top + _ROW * number, labels) for number, row in enumerate(panel.rows)),
        *pen.ticks(bottom + 14),
        *(pen.key_entry(entry, number, bottom + 22) for number, entry in enumerate(key)),
        "</svg>",
    ]
    return "".join(parts)


def interval_cell_svg(row: Row, axis: Axis, target: float | None = None, theme: ThemeName | None = None) -> str:
    """One row's track alone, for a table cell whose figures stand beside it; so it is hidden from those who listen."""
    pen = _Pen(axis, target, THEMES[theme] if theme else None)
    opening = f'<svg {_XMLNS} class="interval-chart cell" aria-hidden="true" width="100%" height="24"'
    return f"{opening}{pen.standing_alone}>{pen.track(row, 12)}</svg>"


def _described(panel: Panel, labels: Labels) -> str:
    rows = [sentence(row, labels) for row in panel.rows]
    return "; ".join(rows if panel.target is None else [f"{labels.target} {tick_text(panel.target)}", *rows])


def _key(panel: Panel, labels: Labels) -> list[_KeyEntry]:
    """The marks that occur, each with its word."""
    drawn = sorted((row for row in panel.rows if has_estimate(row.estimate)), key=lambda row: mark_rank(row.flag))
    entries = list(dict.fromkeys(_KeyEntry(row.flag, _key_mark(row), mark_word(row, labels)) for row in drawn))
    if any(row.previous is not None and has_estimate(row.previous) for row in panel.rows):
        entries.append(_KeyEntry(None, _PREVIOUS, labels.previous))
    return entries


def _key_mark(row: Row) -> str:
    return f'<line x1="-8" x2="8" {_stroke(row)}/>{_mark(row.flag)}'


def _stroke(row: Row) -> str:
    return 'stroke="currentColor" stroke-width="2"' + (' stroke-dasharray="5 3"' if row.modelled else "")


def _mark(flag: str) -> str:
    return _SHAPES.get(flag, _SHAPES["safe"])


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws parts of a chart on one axis, in a theme's colours or in the page's."""

    axis: Axis
    target: float | None
    look: Theme | None

    @property
    def standing_alone(self) -> str:
        return f' color="{self.look.ink}" font-family="{escape(FONT)}"' if self.look else ""

    def x(self, share: float) -> str:
        return f"{_INSET + (100 - 2 * _INSET) * self.axis.at(share):.3f}%"

    def row(self, row: Row, top: int, labels: Labels) -> str:
        text = f'y="{top + 15}" fill="currentColor"'
        return (
            f'<text class="name" x="0" {text}>{escape(row.name)}</text>'
            f'<text class="figures" x="100%" text-anchor="end" {text}>{escape(figures(row.estimate, labels))}</text>'
            f"{self.track(row, top + _TRACK)}"
        )

    def track(self, row: Row, y: int) -> str:
        soft = f'stroke="{self.look.hairline}"' if self.look else 'stroke="currentColor" stroke-opacity="0.25"'
        parts = [f'<line class="track" x1="0" x2="100%" y1="{y}" y2="{y}" {soft}/>']
        if self.target is not None:
            x = self.x(self.target)
            stroke = f'stroke="{self._quiet}" stroke-dasharray="3 2"'
            parts.append(f'<line class="target" x1="{x}" x2="{x}" y1="{y - 10}" y2="{y + 10}" {stroke}/>')
        if row.previous is not None and has_estimate(row.previous):
            parts.append(self._placed(_PREVIOUS, row.previous.value, y + _GHOST, "previous"))
        marks = []
        estimate = row.estimate
        if has_estimate(estimate) and has_interval(estimate):
            ends = f'x1="{self.x(estimate.lower)}" x2="{self.x(estimate.upper)}" y1="{y}" y2="{y}"'
            marks.append(f'<line class="interval" {ends} {_stroke(row)}/>')
        if has_estimate(estimate):
            marks.append(self._placed(_mark(row.flag), estimate.value, y, "estimate"))
        return f"{''.join(parts)}<g {self._coloured(row.flag)}>{''.join(marks)}</g>"

    def target_label(self, labels: Labels) -> str:
        if self.target is None:
            return ""
        at = self.axis.at(self.target)
        anchor = "start" if at < 0.2 else "end" if at > 0.8 else "middle"
        words = f"{escape(labels.target)} {tick_text(self.target)}"
        return (
            f'<text class="target" x="{self.x(self.target)}" y="14" text-anchor="{anchor}" {self._small}>{words}</text>'
        )

    def ticks(self, y: int) -> list[str]:
        return [
            f'<text class="tick" x="{self.x(tick)}" y="{y}" text-anchor="middle" {self._small}>{tick_text(tick)}</text>'
            for tick in self.axis.ticks
        ]

    def key_entry(self, entry: _KeyEntry, number: int, top: int) -> str:
        """One of two on a line."""
        x, y = 50 * (number % 2), top + _KEY * (number // 2)
        colour = "" if entry.flag is None else f" {self._coloured(entry.flag)}"
        return (
            f'<svg class="key" x="{x}%" y="{y}" width="50%" height="{_KEY}">'
            f'<g transform="translate(9 11)"><g{colour}>{entry.mark}</g></g>'
            f'<text x="24" y="16" {self._small}>{escape(entry.word)}</text></svg>'
        )

    def _placed(self, mark: str, share: float, y: int, css: str) -> str:
        # Paths know no percentages, so each mark stands in a nested drawing that does
        return f'<svg class="{css}" x="{self.x(share)}" y="{y}" width="1" height="1" overflow="visible">{mark}</svg>'

    def _coloured(self, flag: str) -> str:
        colour = f' color="{self.look.flags.get(flag, self.look.series[0])}"' if self.look else ""
        return f'class="{escape(f"row {flag}".strip())}"{colour}'

    @property
    def _quiet(self) -> str:
        return self.look.quiet if self.look else "currentColor"

    @property
    def _small(self) -> str:
        return f'font-size="13" fill="{self._quiet}"'
