"""The risk map as a Plotly figure: squares of fixed size in a plane without axes."""

from html import escape
from typing import Any

from analysis.area_charts.tile_map import AT_RISK, Tile, TileMap, laid_out
from analysis.figure_frame import RIGHT, TEXT, Figure, add_key_room, broken, empty_figure, note, still_axis
from analysis.palette import THEMES, Theme, ThemeName, legible_on, risk_colours

TILE = 38  # px from one tile to the next: two lines of small type
_ACROSS = 8  # tiles of a block, at the least: what fits on a phone
_GAP = 24  # px between blocks abreast
_MARGIN = 16  # px at the left
_FIGURE = 12  # px of type in a tile
_KEY_TITLE = 20  # px above the key for its title


def tile_figure(chart: TileMap, *, theme: ThemeName = "light", width: int = 960) -> Figure:
    """The map in Plotly's JSON, for a place `width` px wide."""
    look = THEMES[theme]
    room = width - _MARGIN - RIGHT
    abreast = max(1, min(len(chart.blocks), (room + _GAP) // (_ACROSS * TILE + _GAP)))
    across = max(1, ((room + _GAP) // abreast - _GAP) // TILE)
    laid, lines = laid_out(chart, across, abreast)
    inner = TILE * max(lines, 1) + 8
    figure = empty_figure(chart.labels, look, width=width, left=_MARGIN, inner=inner)
    layout = figure["layout"]
    layout["xaxis"] = still_axis(range=[0, room], showticklabels=False)
    layout["yaxis"] = still_axis(range=[inner, 0], showticklabels=False)
    spots: list[tuple[float, float, Tile]] = []
    for each in laid:
        x, y = each.abreast * (across * TILE + _GAP), each.line * TILE
        words = note(f"<b>{broken(each.block.words, across * TILE, TEXT)}</b>", look.ink, TEXT, escaped=True)
        place = {"xref": "x", "x": x, "xanchor": "left", "align": "left", "yref": "y", "y": y + TILE - 4}
        layout["annotations"].append(words | place | {"yanchor": "bottom"})
        for number, tile in enumerate(each.block.tiles):
            line, column = divmod(number, across)
            spots.append((x + TILE * (column + 0.5), y + TILE * (line + 1.5), tile))
    if not spots:
        centre = {"xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5}
        layout["annotations"].append(note(chart.labels.no_estimate, look.quiet, TEXT) | centre)
        return figure
    figure["data"] = _traces(chart, spots, look)
    predicted = [chart.labels.predicted] if any(tile.hollow for tile in chart.tiles) else []
    add_key_room(figure, [*chart.classes, *predicted], width)
    layout["margin"]["b"] += _KEY_TITLE
    layout["height"] += _KEY_TITLE
    layout["legend"]["title"] = {"text": escape(chart.labels.below, quote=False), "side": "top"}
    return figure


def _traces(chart: TileMap, spots: list[tuple[float, float, Tile]], look: Theme) -> list[dict[str, Any]]:
    """A trace for each class, the key among them, and one that only explains the round tiles."""
    colours = risk_colours(look, len(chart.classes))
    traces = [
        _tiles(words, colour, [spot for spot in spots if spot[2].shade == number], look)
        for number, (words, colour) in enumerate(zip(chart.classes, colours, strict=True))
    ]
    if any(tile.hollow for tile in chart.tiles):
        marker = {"symbol": "circle", "color": look.paper, "size": TILE - 4, "line": {"width": 1, "color": look.quiet}}
        word = {"name": escape(chart.labels.predicted, quote=False), "hoverinfo": "skip", "showlegend": True}
        traces.append({"type": "scatter", "mode": "markers", "x": [None], "y": [None], "marker": marker} | word)
    return traces


def _tiles(words: str, colour: str, spots: list[tuple[float, float, Tile]], look: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x for x, _, _ in spots] or [None],
        "y": [y for _, y, _ in spots] or [None],
        "text": [_written(tile) for _, _, tile in spots],
        "textfont": {"size": _FIGURE, "color": legible_on(colour)},
        "textposition": "middle center",
        "hovertext": [escape(tile.words, quote=False) for _, _, tile in spots],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "customdata": [tile.code for _, _, tile in spots],
        "name": escape(words, quote=False),
        "marker": {
            "symbol": ["circle" if tile.hollow else "square" for _, _, tile in spots] or "square",
            "size": TILE - 3,
            "color": colour,
            "opacity": 1,
            "line": {"width": 1, "color": look.quiet},
        },
        "cliponaxis": False,
        "showlegend": True,
    }


def _written(tile: Tile) -> str:
    figure = escape(tile.figure, quote=False)
    return f"{AT_RISK}<br>{figure}" if tile.at_risk else figure
