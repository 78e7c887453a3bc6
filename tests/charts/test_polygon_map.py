"""The risk map on given outlines says what the tiles say, keeps holes open and needs nothing from outside."""

from itertools import pairwise
from typing import Any, get_args

import plotly.graph_objects as go
import pytest

from analysis.area_charts.polygon_map import polygon_figure, read_outlines
from analysis.area_charts.tile_map import risk_map
from analysis.figure_frame import as_json
from analysis.palette import THEMES, ThemeName, risk_colours
from analysis.small_area.areas import AreaError
from tests.charts.samples import CHINESE, DISTRICTS, FLAGS, assert_plain, flagged, traces

SQUARE = [[113.0, 23.0], [113.1, 23.0], [113.1, 23.1], [113.0, 23.1], [113.0, 23.0]]
HOLE = [[113.04, 23.04], [113.06, 23.04], [113.06, 23.06], [113.04, 23.06], [113.04, 23.04]]  # anticlockwise: wrong


def _feature(code: str, shift: float, kind: str = "Polygon") -> dict[str, Any]:
    rings = [[[x + shift, y] for x, y in ring] for ring in (SQUARE, HOLE)]
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": kind, "coordinates": rings if kind == "Polygon" else [rings]},
    }


def _city(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


OUTLINES = read_outlines(
    _city(*(_feature(code, 0.2 * at, "MultiPolygon" if at else "Polygon") for at, code in enumerate("abcd")))
)
CHART = risk_map(FLAGS, CHINESE, DISTRICTS)


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize("width", [360, 1280])
def test_every_map_of_outlines_is_valid_and_calls_for_nothing(width: int, theme: ThemeName) -> None:
    for chart, outlines in ((CHART, OUTLINES), (risk_map(flagged(), CHINESE, {}), ())):
        figure = polygon_figure(chart, outlines, theme=theme, width=width)
        assert_plain(as_json(figure), as_json(polygon_figure(chart, outlines, theme=theme, width=width)))
        assert {trace["type"] for trace in figure["data"]} <= {"scatter"}  # every map type of Plotly fetches
        go.Figure(figure)


def test_each_outline_has_its_areas_shade_words_and_figure() -> None:
    figure = polygon_figure(CHART, OUTLINES)
    colours = risk_colours(THEMES["light"], 5)
    drawn = {trace["meta"]: trace for trace in traces(figure, "lines") if "meta" in trace}
    assert {code: trace["fillcolor"] for code, trace in drawn.items()} == {
        tile.code: colours[tile.shade] for tile in CHART.tiles
    }
    assert all(drawn[tile.code]["line"]["dash"] == ("dot" if tile.hollow else "solid") for tile in CHART.tiles)
    assert CHINESE.predicted in [trace["name"] for trace in traces(figure, "lines") if trace["showlegend"]]
    (figures,) = traces(figure, "text")
    assert figures["text"] == ["55", "&lt;1", "▲&gt;99", "(40)"]


def test_a_hole_runs_the_other_way_round_than_its_outline() -> None:
    def turn(ring: tuple[tuple[float, float], ...]) -> float:
        return sum(a * d - c * b for (a, b), (c, d) in pairwise(ring))

    for outline in OUTLINES:
        assert [turn(ring) > 0 for ring in outline.rings] == [True, False]


def test_the_figure_stands_at_the_middle_of_the_largest_part() -> None:
    assert OUTLINES[0].middle == pytest.approx((113.05, 23.05))


def test_what_is_no_outline_is_named() -> None:
    with pytest.raises(AreaError, match="FeatureCollection"):
        read_outlines({"type": "Feature"})
    with pytest.raises(AreaError, match="Feature 1 has no property code"):
        read_outlines(_city({"type": "Feature", "properties": {}, "geometry": None}))
    with pytest.raises(AreaError, match="a: Point is no outline"):
        read_outlines(_city({"properties": {"code": "a"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}))
    with pytest.raises(AreaError, match="d: there is no outline"):
        polygon_figure(CHART, OUTLINES[:3])
