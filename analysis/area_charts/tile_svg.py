"""The risk map as inline SVG: no script, legible at any width, in print and to those who listen.

Tiles stretch with the page. Without a theme they are shaded in the page's text colour, at strengths on which that
colour stays legible. Classes for a stylesheet: `risk-map` on the whole, `tile` with `r0`, `r1`, … by class and
`predicted` on each tile, `district`, `key`.
"""

from dataclasses import dataclass
from html import escape

from analysis.area_charts.svg_parts import SMALL, KeyRows, opening
from analysis.area_charts.tile_map import AT_RISK, Tile, TileMap, laid_out
from analysis.palette import THEMES, Theme, ThemeName, legible_on, risk_colours

ACROSS = 10  # tiles of a block
_LINE = 36  # px from one line of tiles to the next
_GAP = 2.0  # per cent across between blocks abreast
_STRONGEST = 0.38  # share of the text's colour in the darkest tile: the colour itself still stands 4.5:1 on it


def tile_svg(
    chart: TileMap,
    *,
    ident: str,
    title: str = "",
    abreast: int = 1,
    theme: ThemeName | None = None,
    width: int | None = None,
) -> str:
    """The map, with so many districts abreast; `ident` names it uniquely on its page. `width` in px is for files."""
    look = THEMES[theme] if theme else None
    pen = _Pen(look, len(chart.classes), abreast)
    laid, lines = laid_out(chart, ACROSS, abreast)
    key = KeyRows(pen.key(chart))
    foot = _LINE * max(lines, 1) + 8
    small = f'font-size="{SMALL}" fill="{look.quiet if look else "currentColor"}"'
    height = foot + 22 + key.height + 4
    parts = [opening("risk-map", ident, title or chart.labels.title, chart.described, height, look, width)]
    for each in laid:
        left, top = each.abreast * (100 + _GAP) / abreast, each.line * _LINE
        words = f'<text class="district" x="{left:.3f}%" y="{top + 26}" font-weight="600" fill="currentColor">'
        parts.append(f"{words}{escape(each.block.words)}</text>")
        parts += [pen.tile(tile, number, left, top + _LINE) for number, tile in enumerate(each.block.tiles)]
    if chart.blocks:
        parts.append(f'<text x="0" y="{foot + 14}" {small}>{escape(chart.labels.below)}</text>')
        parts.append(key.drawn(foot + 22, look))
    else:
        parts.append(f'<text x="0" y="20" {small}>{escape(chart.labels.no_estimate)}</text>')
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Pen:
    look: Theme | None
    classes: int
    abreast: int

    def fill(self, shade: int) -> str:
        if self.look:
            return f'fill="{risk_colours(self.look, self.classes)[shade]}" stroke="{self.look.quiet}"'
        strength = _STRONGEST * shade / max(1, self.classes - 1)
        return f'fill="currentColor" fill-opacity="{strength:.3f}" stroke="currentColor" stroke-opacity="0.5"'

    def ink(self, shade: int) -> str:
        return legible_on(risk_colours(self.look, self.classes)[shade]) if self.look else "currentColor"

    def tile(self, tile: Tile, number: int, left: float, top: int) -> str:
        line, column = divmod(number, ACROSS)
        share = (100 - _GAP * (self.abreast - 1)) / self.abreast / ACROSS
        x, y = left + share * column, top + _LINE * line
        round_ = ' rx="16"' if tile.hollow else ""
        css = f"tile r{tile.shade}" + (" predicted" if tile.hollow else "")
        place = f'x="50%" text-anchor="middle" font-size="{SMALL}" fill="{self.ink(tile.shade)}"'
        if tile.at_risk:
            text = f'<text y="15" {place}>{AT_RISK}</text><text y="29" {place}>{escape(tile.figure)}</text>'
        else:
            text = f'<text y="22" {place}>{escape(tile.figure)}</text>'
        return (
            f'<svg class="{css}" x="{x:.3f}%" y="{y}" width="{share:.3f}%" height="{_LINE}">'
            f'<title>{escape(tile.words)}</title><rect x="2%" y="1" width="96%" height="{_LINE - 2}"{round_} '
            f"{self.fill(tile.shade)}/>{text}</svg>"
        )

    def key(self, chart: TileMap) -> list[tuple[str, str]]:
        entries = [
            (f'<rect x="-8" y="-8" width="16" height="16" class="r{shade}" {self.fill(shade)}/>', words)
            for shade, words in enumerate(chart.classes)
        ]
        if any(tile.hollow for tile in chart.tiles):
            hollow = '<circle r="8" fill="none" stroke="currentColor"/>'
            entries.append((hollow, chart.labels.predicted))
        return entries
