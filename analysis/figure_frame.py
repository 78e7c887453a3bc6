"""The frame of every interactive figure: its title, its room and its type, as plain values in Plotly's own JSON.

Plotly neither breaks lines nor makes room for names, so both are reckoned here from about how wide a text is. All text
is escaped, since Plotly reads tags in labels.
"""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape, unescape
from typing import Any

from analysis.palette import FONT, Theme
from analysis.panels import Labels

Figure = dict[str, Any]

RIGHT = 20  # px right of the panels
TITLE, SUBTITLE, TEXT, SMALL = 18, 14, 14, 12  # px
_KEY, _KEY_LINE = 13, 20  # px of the key's type, and of a line of it


def empty_figure(labels: Labels, look: Theme, *, width: int, left: int, inner: int) -> Figure:
    """A figure with title and room for `inner` px of content; its paper is the page's."""
    title = broken(labels.title, width - 32, TITLE)
    subtitle = broken(labels.subtitle, width - 32, SUBTITLE)
    title_height = round(1.3 * TITLE * (title.count("<br>") + 1))
    top = 20 + title_height + round(1.4 * SUBTITLE * (subtitle.count("<br>") + 1))
    bottom = 44 if width >= 600 else 64
    head = note(f"<b>{title}</b>", look.ink, TITLE, escaped=True)
    under = note(subtitle, look.quiet, SUBTITLE, escaped=True)
    corner = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "align": "left", "xshift": 4 - left}
    layout = {
        "annotations": [
            head | corner | {"yanchor": "top", "yshift": top - 8},
            under | corner | {"yanchor": "top", "yshift": top - 10 - title_height},
        ],
        "shapes": [],
        "height": top + inner + bottom,
        "margin": {"l": left, "r": RIGHT, "t": top, "b": bottom},
        "autosize": True,
        "font": {"family": FONT, "size": TEXT, "color": look.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"bgcolor": look.paper, "bordercolor": look.hairline, "font": {"color": look.ink, "size": 13}},
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "font": {"size": _KEY, "color": look.quiet},
            "itemclick": False,
            "itemdoubleclick": False,
        },
    }
    return {"data": [], "layout": layout}


def add_key_room(figure: Figure, words: Sequence[str], width: int) -> None:
    """Show the key, and make room at the foot for the lines it takes: Plotly gives each entry the widest one's room."""
    layout = figure["layout"]
    layout["showlegend"] = bool(words)
    if words:
        each = 48 + max(text_width(word, _KEY) for word in words)
        lines = -(-len(words) // max(1, int((width - 24) // each)))
        bottom = 24 + _KEY_LINE * lines
        layout["height"] += bottom - layout["margin"]["b"]
        layout["margin"]["b"] = bottom


def still_axis(**more: Any) -> dict[str, Any]:
    """An axis that neither zooms nor draws more than it is told."""
    return {"fixedrange": True, "showgrid": False, "zeroline": False, "ticks": "", **more}


def note(text: str, colour: str, size: int, *, escaped: bool = False) -> dict[str, Any]:
    """Text without an arrow, to be given its place."""
    shown = text if escaped else escape(text, quote=False)
    return {"text": shown, "showarrow": False, "font": {"size": size, "color": colour}}


def row_names(names: Sequence[str], width: float, row: int) -> tuple[dict[str, str], int, int]:
    """The names as shown, their size, and px a row: smaller and then broken into lines where there is little room."""
    size = TEXT if all(text_width(name, TEXT) <= width for name in names) else SMALL
    shown = {name: broken(name, width, size) for name in names}
    lines = max((name.count("<br>") + 1 for name in shown.values()), default=1)
    return shown, size, max(row, 4 + 16 * lines)


def room_for(names: Iterable[str], size: int) -> int:
    """Px for a column of names, some broken into lines."""
    return 16 + round(
        max((text_width(unescape(line), size) for name in names for line in name.split("<br>")), default=0)
    )


def broken(text: str, width: float, size: float) -> str:
    """Escaped text in lines that fit: broken at spaces, or after any Han character but before no closing mark."""
    lines, line = [], ""
    for piece in re.findall(r"[\u2E80-\uFFFF][，。；：、）」！？]*|[^\s\u2E80-\uFFFF]+\s*|\s+", text):
        if line and text_width((line + piece).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return "<br>".join(escape(one, quote=False) for one in [*lines, line.rstrip()])


def text_width(text: str, size: float) -> float:
    """Px: about how wide a text is: Han characters are as wide as the type is high, others about six tenths."""
    return size * sum(1.0 if ord(sign) > 0x2E7F else 0.6 for sign in text)


def as_json(figure: Figure) -> str:
    """The figure as JSON that may stand inside a script element of a page."""
    text = json.dumps(figure, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
