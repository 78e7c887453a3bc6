"""What the drawn charts of small areas have in common: their opening, their marks and their key."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analysis.figure_frame import text_width
from analysis.palette import FONT, Theme

KEY = 22  # px of a line of the key
SMALL = 13  # px of small type
_HALF = 150  # px for a word of the key where two stand beside each other

_XMLNS = 'xmlns="http://www.w3.org/2000/svg"'

# Outlines around (0, 0); areas look alike
_OUTLINES = {
    "at_risk": 'path d="M0,-5.5 L5.5,4.5 L-5.5,4.5 Z"',
    "uncertain": 'path d="M0,-5.5 L5.5,0 L0,5.5 L-5.5,0 Z"',
    "safe": 'circle r="4"',
}
_RIGHT, _LEFT = 'path d="M5.5,0 L-4,-5 L-4,5 Z"', 'path d="M-5.5,0 L4,-5 L4,5 Z"'
PREVIOUS = '<circle r="3" fill="none" stroke="currentColor" stroke-width="1.5"/>'


def opening(
    css: str, ident: str, title: str, described: str, height: int, look: Theme | None, width: int | None
) -> str:
    """The start of a drawing, with its name and its description. With a theme it can stand alone."""
    names = f"{escape(ident)}-t {escape(ident)}-d"
    alone = f' color="{look.ink}" font-family="{escape(FONT)}"' if look else ""
    return (
        f'<svg {_XMLNS} class="{css}" role="img" aria-labelledby="{names}" width="{width or "100%"}" '
        f'height="{height}" font-size="14"{alone}>'
        f'<title id="{escape(ident)}-t">{escape(title)}</title>'
        f'<desc id="{escape(ident)}-d">{escape(described)}</desc>'
    )


def mark(flag: str, *, hollow: bool = False, toward: int = 0) -> str:
    """The mark of a flag, an arrow's head where it points somewhere; hollow marks show what lies behind them."""
    outline = {1: _RIGHT, -1: _LEFT}.get(toward, _OUTLINES.get(flag, _OUTLINES["safe"]))
    fill = 'fill="none" stroke="currentColor" stroke-width="1.5"' if hollow else 'fill="currentColor"'
    return f"<{outline} {fill}/>"


def placed(drawn: str, x: str, y: int | str, css: str) -> str:
    """Something around (0, 0), put at a place in per cent: paths know none, so it stands in a drawing of its own."""
    return f'<svg class="{css}" x="{x}" y="{y}" width="1" height="1" overflow="visible">{drawn}</svg>'


@dataclass(frozen=True, slots=True)
class KeyRows:
    """The key of a drawing: marks (around (0, 0)) with their words, two to a line where both have room on a phone."""

    entries: Sequence[tuple[str, str]]

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """The half (0 or 1) and the line of each entry."""
        found: list[tuple[int, int]] = []
        half, line = 0, 0
        for _, word in self.entries:
            wide = text_width(word, SMALL) > _HALF
            if wide and half:
                half, line = 0, line + 1
            found.append((half, line))
            half, line = (0, line + 1) if wide or half else (1, line)
        return tuple(found)

    @property
    def height(self) -> int:
        """Px of the whole key."""
        return KEY * (self.places[-1][1] + 1) if self.entries else 0

    def drawn(self, top: int, look: Theme | None) -> str:
        """The key, from `top` px down."""
        colour = look.quiet if look else "currentColor"
        return "".join(
            f'<svg class="key" x="{50 * half}%" y="{top + KEY * line}" width="{100 - 50 * half}%" height="{KEY}">'
            f'<g transform="translate(9 11)">{drawn}</g>'
            f'<text x="24" y="16" font-size="{SMALL}" fill="{colour}">{escape(word)}</text></svg>'
            for (drawn, word), (half, line) in zip(self.entries, self.places, strict=True)
        )
