"""Arrows from the raw share to the estimate, and from the interviews so far to those with the next ones."""

import xml.etree.ElementTree as ET
from typing import get_args

import plotly.graph_objects as go
import pytest

from analysis.area_charts.allocation import Asked, allocation
from analysis.area_charts.row_chart import RowChart
from analysis.area_charts.row_figure import row_figure
from analysis.area_charts.row_svg import row_svg
from analysis.area_charts.shrinkage import shrinkage
from analysis.area_charts.words import AreaLabels
from analysis.figure_frame import Figure, as_json
from analysis.palette import THEMES, ThemeName
from tests.charts.samples import CHINESE, ENGLISH, FLAGS, SVG, assert_plain, flagged, many, traces

ASKED = [Asked("a", 20, 8), Asked("b", 35, 0), Asked("c", 0, 12)]


def _shafts(figure: Figure) -> set[tuple[float, float]]:
    """(from, to) of every arrow."""
    (shaft,) = [trace for trace in traces(figure, "lines") if trace["line"]["color"] == THEMES["light"].quiet]
    return {tuple(shaft["x"][at : at + 2]) for at in range(0, len(shaft["x"]), 3)}


def _charts(labels: AreaLabels) -> list[RowChart]:
    flags, _, districts = many(240)
    return [
        shrinkage(FLAGS, labels),
        shrinkage(flags, labels),
        shrinkage(flagged(), labels),
        allocation(ASKED, labels),
        allocation([Asked(name, number, number % 7) for number, name in enumerate(districts)], labels),
        allocation([], labels),
    ]


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize(("labels", "width"), [(CHINESE, 360), (ENGLISH, 1280)])
def test_every_chart_of_arrows_is_valid_in_both_drawings(labels: AreaLabels, width: int, theme: ThemeName) -> None:
    for chart in _charts(labels):
        figure = row_figure(chart, theme=theme, width=width)
        assert_plain(as_json(figure), as_json(row_figure(chart, theme=theme, width=width)))
        go.Figure(figure)
        ET.fromstring(row_svg(chart, ident="d", theme=theme))


def test_an_arrow_runs_from_the_raw_share_to_the_estimate_and_none_where_nobody_was_asked() -> None:
    chart = shrinkage(FLAGS, ENGLISH)
    asked = [each for each in FLAGS.areas if each.n]
    assert len(asked) == len(FLAGS.areas) - 1
    assert _shafts(row_figure(chart)) == {(each.share, each.mean) for each in asked}
    assert [line.toward for line in chart.lines] == [1, 1, 0, 1]
    assert [line.figure for line in chart.lines] == ["20", "20", "0", "20"]
    drawing = ET.fromstring(row_svg(chart, ident="d"))
    assert sum(line.get("class") == "arrow" for line in drawing.iter(f"{SVG}line")) == 3
    assert "predicted, nobody was asked" in chart.lines[2].words


def test_the_head_points_the_way_the_estimate_moved() -> None:
    figure = row_figure(shrinkage(FLAGS, ENGLISH))
    heads = [trace["marker"]["symbol"] for trace in traces(figure, "markers") if trace["name"] == "estimate"]
    assert heads == ["triangle-right"]


def test_next_interviews_are_counted_from_nothing_the_most_first() -> None:
    chart = allocation(ASKED, ENGLISH)
    assert [(line.before, line.value, line.figure) for line in chart.lines] == [
        (0, 12, "+12"),
        (20, 28, "+8"),
        (35, 35, "+0"),
    ]
    assert _shafts(row_figure(chart)) == {(0, 12), (20, 28)}
    (figures,) = traces(row_figure(chart), "text")
    assert figures["text"] == ["+12", "+8", "+0"]
    assert chart.scale.ticks[0] == (0.0, "0")
    assert chart.scale.lower < 0 < chart.scale.upper  # so that a dot at 0 is whole
