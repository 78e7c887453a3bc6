"""Row charts as Plotly figures: one mark, one interval and one name a row, in the frame of all interactive figures."""

from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

from analysis.area_charts.row_chart import Line, RowChart, Stack
from analysis.figure_frame import (
    RIGHT,
    SMALL,
    Figure,
    add_key_room,
    broken,
    empty_figure,
    note,
    room_for,
    row_names,
    still_axis,
)
from analysis.palette import MARKS, THEMES, Theme, ThemeName

_ROW = 22  # px of a row whose name takes one line
_TEXT = 15  # px of a line of a name
_HEAD = 58  # px above the rows: what the figures are, the target, the ticks
_FOOT = 50  # px below them: the ticks, what the axis measures
_LONG = 600  # px; of a longer chart the ticks stand at the top
GHOST = 6  # px from a row down to the earlier value, so that neither hides the other
FIGURE = 44  # px for the figure at a row's end


def row_figure(chart: RowChart, *, theme: ThemeName = "light", width: int = 960) -> Figure:
    """The chart in Plotly's JSON, for a place `width` px wide. The vertical axis is in px."""
    look = THEMES[theme]
    names, size, _ = row_names([line.name for line in chart.lines], 0.4 * width, _ROW)
    shown = [names[line.name] for line in chart.lines]
    stack = chart.stacked([_ROW + _TEXT * name.count("<br>") for name in shown], _ROW)
    tall = max(stack.height, _ROW)
    left = room_for(names.values(), size)
    inner = _HEAD + tall + _FOOT
    figure = empty_figure(chart.labels, look, width=width, left=left, inner=inner)
    layout = figure["layout"]
    layout["margin"]["r"] = FIGURE if chart.figured else RIGHT
    layout["xaxis"] = _across(chart, look) | {"side": "top" if stack.height > _LONG else "bottom"}
    layout["yaxis"] = still_axis(
        domain=[_FOOT / inner, 1 - _HEAD / inner],
        range=[tall, 0],
        tickvals=list(stack.middles),
        ticktext=shown,
        tickfont={"size": size},
    )
    _add_bands(chart, stack, figure, look, left)
    _add_target(chart, figure, look)
    if chart.figures:
        words = broken(chart.figures, width - 16, SMALL)
        above = {"xref": "paper", "x": 1, "xanchor": "right", "yref": "y domain", "y": 1, "yanchor": "bottom"}
        words_note = note(words, look.quiet, SMALL, escaped=True) | above
        layout["annotations"].append(words_note | {"align": "right", "xshift": FIGURE - 4, "yshift": 36})
    if chart.scale.words:
        below = {"xref": "paper", "x": 0.5, "yref": "paper", "y": 0, "yanchor": "bottom", "yshift": 4}
        layout["annotations"].append(note(chart.scale.words, look.quiet, SMALL) | below)
    if not chart.lines:
        centre = {"xref": "paper", "x": 0.5, "yref": "y domain", "y": 0.5}
        layout["annotations"].append(note(chart.labels.no_estimate, look.quiet, SMALL) | centre)
    figure["data"] = _traces(chart, stack.middles, look)
    add_key_room(figure, [key.word for key in chart.key], width)
    return figure


def _across(chart: RowChart, look: Theme) -> dict[str, Any]:
    scale = chart.scale
    return still_axis(
        range=[scale.lower, scale.upper],
        tickvals=[at for at, _ in scale.ticks],
        ticktext=[escape(words, quote=False) for _, words in scale.ticks],
        tickfont={"size": SMALL, "color": look.quiet},
        tickangle=0,
        showgrid=True,
        gridcolor=look.hairline,
    )


def _add_bands(chart: RowChart, stack: Stack, figure: Figure, look: Theme, left: int) -> None:
    """Every other band shaded, each with its words above its rows."""
    for number, (band, (top, foot)) in enumerate(zip(chart.bands, stack.bands, strict=True)):
        if number % 2 == 0:
            across = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": top, "y1": foot}
            shade = {"fillcolor": look.low, "line": {"width": 0}, "layer": "below"}
            figure["layout"]["shapes"].append(across | shade)
        place = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": 4 - left, "yref": "y", "y": top + _ROW / 2}
        figure["layout"]["annotations"].append(note(band.words, look.quiet, SMALL) | place)


def _add_target(chart: RowChart, figure: Figure, look: Theme) -> None:
    if chart.target is None:
        return
    at, words = chart.target
    line = {"type": "line", "x0": at, "x1": at, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
    figure["layout"]["shapes"].append(line | {"line": {"color": look.quiet, "width": 1, "dash": "dash"}})
    share = chart.scale.at(at)
    side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
    above = {"xref": "x", "x": at, "xanchor": side, "yref": "y domain", "y": 1, "yanchor": "bottom", "yshift": 18}
    figure["layout"]["annotations"].append(note(words, look.quiet, SMALL) | above)


def _traces(chart: RowChart, middles: Sequence[float], look: Theme) -> list[dict[str, Any]]:
    rows = list(zip(middles, chart.lines, strict=True))
    traces = []
    earlier = next((key for key in chart.key if key.before), None)
    if earlier is not None:
        own = [(y, line) for y, line in rows if isfinite(line.before)]
        traces += [*_arrows(own, look), _earlier(own, earlier.word, look)]
    for key in chart.key:
        if key.before:
            continue
        own = [(y, line) for y, line in rows if line.mark == key.mark and isfinite(line.value)]
        colour = look.flags.get(key.flag, look.series[0])
        traces += [_intervals(own, colour), _marks(own, key.word, colour)]
    blank = [y for y, line in rows if not isfinite(line.value)]
    if blank:
        traces.append(_words(blank, chart.scale.lower, [chart.labels.no_estimate] * len(blank), look))
    if chart.figured:
        traces.append(_words(middles, chart.scale.upper, [line.figure for line in chart.lines], look))
    return traces


def _intervals(rows: Sequence[tuple[float, Line]], colour: str) -> dict[str, Any]:
    """Of hollow marks dashed, being modelled; of joined ones fine, so that the arrow stands out."""
    ended = [(y, line) for y, line in rows if isfinite(line.lower) and isfinite(line.upper)]
    hollow = any(line.hollow for _, line in rows)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [end for _, line in ended for end in (line.lower, line.upper, None)],
        "y": [end for y, _ in ended for end in (y, y, None)],
        "line": {
            "width": 1 if any(line.joined for _, line in rows) else 2,
            "color": colour,
            "dash": "dot" if hollow else "solid",
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _marks(rows: Sequence[tuple[float, Line]], word: str, colour: str) -> dict[str, Any]:
    symbols = [_symbol(line) for _, line in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [line.value for _, line in rows],
        "y": [y for y, _ in rows],
        "customdata": [[_number(line.lower), _number(line.upper)] for _, line in rows],
        "text": [escape(line.words, quote=False) for _, line in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "name": escape(word, quote=False),
        "marker": {
            "symbol": symbols[0] if len(set(symbols)) == 1 else symbols,
            "size": 8 if symbols[0].startswith("circle") else 10,
            "color": colour,
            "line": {"width": 1.5 if rows[0][1].hollow else 0, "color": colour},
        },
        "cliponaxis": False,
        "showlegend": True,
    }


def _symbol(line: Line) -> str:
    arrow = {1: "triangle-right", -1: "triangle-left"}.get(line.toward)
    symbol = arrow or MARKS.get(line.flag, "circle")
    return f"{symbol}-open" if line.hollow and not symbol.endswith("open") else symbol


def _earlier(rows: Sequence[tuple[float, Line]], word: str, look: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [line.before for _, line in rows],
        "y": [y + (0 if line.joined else GHOST) for y, line in rows],
        "name": escape(word, quote=False),
        "legendrank": 2000,
        "hoverinfo": "skip",
        "marker": {"symbol": "circle-open", "size": 7, "color": look.quiet, "line": {"width": 1.5}},
        "cliponaxis": False,
        "showlegend": True,
    }


def _arrows(rows: Sequence[tuple[float, Line]], look: Theme) -> list[dict[str, Any]]:
    joined = [(y, line) for y, line in rows if line.toward]
    if not joined:
        return []
    shaft: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": [end for _, line in joined for end in (line.before, line.value, None)],
        "y": [end for y, _ in joined for end in (y, y, None)],
        "line": {"width": 2, "color": look.quiet},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [shaft]


def _words(places: Sequence[float], at: float, words: Sequence[str], look: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [at] * len(places),
        "y": list(places),
        "text": [escape(word, quote=False) for word in words],
        "textposition": "middle right",
        "textfont": {"size": SMALL, "color": look.quiet},
        "hoverinfo": "skip",
        "cliponaxis": False,
        "showlegend": False,
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
