"""The risk map on the areas' own outlines, given as GeoJSON: filled lines in a plane, nothing fetched from anywhere.

Plotly's own maps load shapes and fonts from outside; here the outlines are the caller's. Longitudes are shortened by
the cosine of the middle latitude (plate carrée), which over one city bends nothing that an eye could see. Shades,
figures and words are those of `tile_map`, so both maps say the same; the figure stands at the middle of the largest
part. An area without an outline is named, not dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import cos, radians
from typing import Any

from analysis.area_charts.tile_map import AT_RISK, Tile, TileMap
from analysis.figure_frame import RIGHT, SMALL, Figure, add_key_room, empty_figure, note, still_axis
from analysis.palette import THEMES, Theme, ThemeName, legible_on, risk_colours
from analysis.small_area.areas import AreaError

Ring = tuple[tuple[float, float], ...]

_MARGIN = 16  # px at the left
_TALLEST = 720  # px of the plane
_KEY_TITLE = 20  # px above the key for its title


@dataclass(frozen=True, slots=True)
class Outline:
    """An area's rings in degrees: outer ones anticlockwise, holes clockwise (RFC 7946), so that holes stay open."""

    code: str
    rings: tuple[Ring, ...]

    @property
    def middle(self) -> tuple[float, float]:
        """The centroid of the largest ring."""
        ring = max(self.rings, key=lambda ring: abs(_area(ring)))
        whole = _area(ring)
        if whole == 0:
            return ring[0]
        x = y = 0.0
        for (a, b), (c, d) in zip(ring, (*ring[1:], ring[0]), strict=True):
            cross = a * d - c * b
            x, y = x + (a + c) * cross, y + (b + d) * cross
        return x / (6 * whole), y / (6 * whole)


def read_outlines(geojson: Mapping[str, Any], code: str = "code") -> tuple[Outline, ...]:
    """Outlines of a FeatureCollection; `code`: the property with the area's code. Raises AreaError naming a feature."""
    if geojson.get("type") != "FeatureCollection":
        raise AreaError("The outlines are no GeoJSON FeatureCollection.")
    found = []
    for number, feature in enumerate(geojson.get("features", ()), 1):
        name = (feature.get("properties") or {}).get(code)
        if name is None:
            raise AreaError(f"Feature {number} has no property {code}. Give the area's code there.")
        geometry = feature.get("geometry") or {}
        kind = str(geometry.get("type"))
        if kind not in {"Polygon", "MultiPolygon"}:
            raise AreaError(f"{name}: {kind} is no outline. Give a Polygon or a MultiPolygon.")
        parts = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
        rings = [_turned(ring, outer=place == 0) for part in parts for place, ring in enumerate(part)]
        found.append(Outline(str(name), tuple(rings)))
    return tuple(found)


def polygon_figure(
    chart: TileMap, outlines: Sequence[Outline], *, theme: ThemeName = "light", width: int = 960
) -> Figure:
    """The map in Plotly's JSON. Raises AreaError naming an area without an outline."""
    look = THEMES[theme]
    by_code = {outline.code: outline for outline in outlines}
    missing = [tile.code for tile in chart.tiles if tile.code not in by_code]
    if missing:
        raise AreaError(f"{missing[0]}: there is no outline for it. Give one, or draw the tiles.")
    shown = [by_code[tile.code] for tile in chart.tiles]
    points = [point for outline in shown for ring in outline.rings for point in ring] or [(0.0, 0.0), (1.0, 1.0)]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    short = cos(radians((south + north) / 2))
    room = width - _MARGIN - RIGHT
    shape = (north - south) / max((east - west) * short, 1e-12)
    figure = empty_figure(
        chart.labels, look, width=width, left=_MARGIN, inner=round(min(_TALLEST, max(120, room * shape)))
    )
    layout = figure["layout"]
    layout["xaxis"] = still_axis(range=[west * short, east * short], showticklabels=False)
    layout["yaxis"] = still_axis(range=[south, north], showticklabels=False, scaleanchor="x")
    if not chart.tiles:
        centre = {"xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5}
        layout["annotations"].append(note(chart.labels.no_estimate, look.quiet, SMALL) | centre)
        return figure
    colours = risk_colours(look, len(chart.classes))
    figure["data"] = [
        *(_key(words, colour, look) for words, colour in zip(chart.classes, colours, strict=True)),
        *(
            _area_trace(tile, outline, colours[tile.shade], look, short)
            for tile, outline in zip(chart.tiles, shown, strict=True)
        ),
        _figures(chart.tiles, shown, colours, short),
    ]
    predicted = [chart.labels.predicted] if any(tile.hollow for tile in chart.tiles) else []
    figure["data"] += [_dotted(words, look) for words in predicted]
    add_key_room(figure, [*chart.classes, *predicted], width)
    layout["margin"]["b"] += _KEY_TITLE
    layout["height"] += _KEY_TITLE
    layout["legend"]["title"] = {"text": escape(chart.labels.below, quote=False), "side": "top"}
    return figure


def _area_trace(tile: Tile, outline: Outline, colour: str, look: Theme, short: float) -> dict[str, Any]:
    """Of an area without interviews the outline is dotted."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for ring in outline.rings for x in [*(point[0] * short for point in ring), None]],
        "y": [y for ring in outline.rings for y in [*(point[1] for point in ring), None]],
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 1, "color": look.quiet, "dash": "dot" if tile.hollow else "solid"},
        "hoveron": "fills",
        "text": escape(tile.words, quote=False),
        "hoverinfo": "text",
        "meta": tile.code,
        "showlegend": False,
    }


def _figures(
    tiles: Sequence[Tile], outlines: Sequence[Outline], colours: Sequence[str], short: float
) -> dict[str, Any]:
    middles = [outline.middle for outline in outlines]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x * short for x, _ in middles],
        "y": [y for _, y in middles],
        "text": [escape(f"{AT_RISK}{tile.figure}" if tile.at_risk else tile.figure, quote=False) for tile in tiles],
        "textfont": {"size": SMALL, "color": [legible_on(colours[tile.shade]) for tile in tiles]},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _key(words: str, colour: str, look: Theme) -> dict[str, Any]:
    marker = {"symbol": "square", "size": 14, "color": colour, "line": {"width": 1, "color": look.quiet}}
    place = {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "marker": marker, "hoverinfo": "skip"}
    return place | {"name": escape(words, quote=False), "showlegend": True}


def _dotted(words: str, look: Theme) -> dict[str, Any]:
    line = {"width": 1, "color": look.quiet, "dash": "dot"}
    place = {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "line": line, "hoverinfo": "skip"}
    return place | {"name": escape(words, quote=False), "showlegend": True}


def _turned(ring: Sequence[Sequence[float]], *, outer: bool) -> Ring:
    points = tuple((float(point[0]), float(point[1])) for point in ring)
    return points if (_area(points) >= 0) == outer else points[::-1]


def _area(ring: Ring) -> float:
    """Signed, positive where the ring runs anticlockwise."""
    return sum(a * d - c * b for (a, b), (c, d) in zip(ring, (*ring[1:], ring[0]), strict=True)) / 2
