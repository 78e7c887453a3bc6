"""The colours and marks of every chart, on light and on dark paper.

Colours are told apart by colour-blind readers and in grey, and stand at least 3:1 off the paper (text 4.5:1). A flag is
never told by colour alone: each has a shape of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]

FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #RRGGBB. `low` and `high` end the sequential scale of heat tables; `risk` grows from paper to ink."""

    paper: str
    ink: str
    quiet: str
    hairline: str
    series: tuple[str, ...]
    flags: Mapping[str, str]
    low: str
    high: str
    risk: tuple[str, ...]


THEMES: Mapping[ThemeName, Theme] = {
    "light": Theme(
        paper="#FFFFFF",
        ink="#1B2430",
        quiet="#4A5665",
        hairline="#D5DBE1",
        series=("#0B5FA5", "#C2571A", "#1F6B4F", "#7A4FA3", "#8A5A00", "#4A5665"),
        flags={"at_risk": "#A3341F", "uncertain": "#8A5A00", "safe": "#1F6B4F", "too_few": "#4A5665"},
        low="#EAF1F8",
        high="#0B5FA5",
        risk=("#FBF7F4", "#ECC2AD", "#D48A6B", "#AC5033", "#741B0C"),
    ),
    "dark": Theme(
        paper="#12171D",
        ink="#E8ECF1",
        quiet="#A9B4C0",
        hairline="#313B46",
        series=("#7DBBF0", "#F0A06A", "#7FCBAA", "#C3A2E6", "#E5B45A", "#A9B4C0"),
        flags={"at_risk": "#F09A86", "uncertain": "#E5B45A", "safe": "#7FCBAA", "too_few": "#A9B4C0"},
        low="#1F2A36",
        high="#7DBBF0",
        risk=("#1E1918", "#55352A", "#8F503B", "#CC7F63", "#FACFBF"),
    ),
}

# Flag -> Plotly's name of its mark; the same marks are drawn by hand in chart_svg
MARKS: Mapping[str, str] = {
    "at_risk": "triangle-up",
    "uncertain": "diamond",
    "safe": "circle",
    "too_few": "circle-open",
}


def risk_colours(look: Theme, classes: int) -> tuple[str, ...]:
    """So many colours of a theme's scale of risk, evenly from its first to its last; at most as many as it has."""
    steps = max(1, classes - 1)
    return tuple(look.risk[round(number * (len(look.risk) - 1) / steps)] for number in range(classes))


def legible_on(paper: str) -> str:
    """Black or white, whichever stands out more: at least 4.58:1 on any colour."""
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, paper))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
