"""Plane charts as Plotly figures."""

from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

from analysis.area_charts.plane_chart import Curve, PlaneChart, Point
from analysis.area_charts.row_chart import Key, Scale
from analysis.figure_frame import RIGHT, SMALL, Figure, add_key_room, broken, empty_figure, note, still_axis
from analysis.palette import MARKS, THEMES, Theme, ThemeName

_LEFT = 64  # px for the vertical axis and its words
_FOOT = 50  # px for the figures, the ticks and the words below
_TALLEST = 460  # px of the plane


def plane_figure(chart: PlaneChart, *, theme: ThemeName = "light", width: int = 960) -> Figure:
    """The chart in Plotly's JSON, for a place `width` px wide. A square one stays square where there is more room."""
    look = THEMES[theme]
    room = width - _LEFT - RIGHT
    tall = min(_TALLEST, room if chart.square else round(0.7 * room))
    inner = tall + _FOOT
    figure = empty_figure(chart.labels, look, width=width, left=_LEFT, inner=inner)
    layout = figure["layout"]
    layout["xaxis"] = _axis(chart.x, look) | {"domain": [0, min(1.0, tall / room)] if chart.square else [0, 1]}
    layout["yaxis"] = _axis(chart.y, look) | {"domain": [_FOOT / inner, 1]}
    layout["yaxis"]["title"]["standoff"] = 6
    layout["xaxis"]["title"]["standoff"] = 4
    figure["data"] = [_curve(curve, look) for curve in chart.curves]
    for key in chart.key:
        own = [point for point in chart.points if point.flag == key.flag]
        figure["data"] += _points(own, key, look)
    if any(point.figure for point in chart.points):
        figure["data"].append(_figures(chart, look))
    if not chart.points:
        centre = {"xref": "x domain", "x": 0.5, "yref": "y domain", "y": 0.5}
        layout["annotations"].append(note(chart.labels.no_estimate, look.quiet, SMALL) | centre)
    curves = [curve.words for curve in chart.curves if curve.keyed]
    add_key_room(figure, [*curves, *(key.word for key in chart.key)], width)
    return figure


def _axis(scale: Scale, look: Theme) -> dict[str, Any]:
    return still_axis(
        range=[scale.lower, scale.upper],
        tickvals=[at for at, _ in scale.ticks],
        ticktext=[escape(words, quote=False) for _, words in scale.ticks],
        tickfont={"size": SMALL, "color": look.quiet},
        tickangle=0,
        showgrid=True,
        gridcolor=look.hairline,
        title={"text": broken(scale.words, 280, SMALL), "font": {"size": SMALL, "color": look.quiet}},
    )


def _curve(curve: Curve, look: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(curve.xs),
        "y": list(curve.ys),
        "line": {"color": look.quiet, "width": 1.5 if curve.style == "solid" else 1, "dash": curve.style},
        "name": escape(curve.words, quote=False),
        "legendgroup": escape(curve.words, quote=False),
        "hoverinfo": "skip",
        "showlegend": curve.keyed,
    }


def _points(points: Sequence[Point], key: Key, look: Theme) -> list[dict[str, Any]]:
    colour = look.flags.get(key.flag, look.series[0])
    ended = [point for point in points if isfinite(point.lower) and isfinite(point.upper)]
    symbol = MARKS.get(key.flag, "circle")
    marks = {
        "type": "scatter",
        "mode": "markers",
        "x": [point.x for point in points],
        "y": [point.y for point in points],
        "text": [escape(point.words, quote=False) for point in points],
        "hovertemplate": "%{text}<extra></extra>",
        "name": escape(key.word, quote=False),
        "marker": {"symbol": symbol, "size": 8 if symbol.startswith("circle") else 10, "color": colour},
        "cliponaxis": False,
        "showlegend": True,
    }
    if not ended:
        return [marks]
    intervals = {
        "type": "scatter",
        "mode": "lines",
        "x": [end for point in ended for end in (point.x, point.x, None)],
        "y": [end for point in ended for end in (point.lower, point.upper, None)],
        "line": {"width": 2, "color": colour},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [intervals, marks]


def _figures(chart: PlaneChart, look: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [point.x for point in chart.points],
        "y": [chart.y.lower] * len(chart.points),
        "text": [escape(point.figure, quote=False) for point in chart.points],
        "textposition": "top center",
        "textfont": {"size": SMALL - 1, "color": look.quiet},
        "hoverinfo": "skip",
        "cliponaxis": False,
        "showlegend": False,
    }
