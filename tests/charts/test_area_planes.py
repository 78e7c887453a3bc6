"""The calibration plot shows what was said against what happened, where it happened, and on how many it rests."""

import xml.etree.ElementTree as ET
from typing import get_args

import numpy as np
import plotly.graph_objects as go
import pytest

from analysis.area_charts.calibration_plot import calibration_plot
from analysis.area_charts.plane_figure import plane_figure
from analysis.area_charts.plane_svg import plane_svg
from analysis.area_charts.words import AreaLabels
from analysis.figure_frame import as_json
from analysis.palette import ThemeName
from analysis.small_area.calibrated import Reliability, reliability
from tests.charts.samples import CHINESE, ENGLISH, SVG, assert_plain, texts, traces

SAID = np.array([0.02, 0.04, 0.04, 0.95, 0.97, 0.55])
RELIABILITY = reliability(SAID, np.array([False, False, True, True, True, True]))
NOTHING = Reliability((), 0.0, 0.0, 0, 0.95)


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize(("labels", "width"), [(CHINESE, 360), (ENGLISH, 1280)])
@pytest.mark.parametrize("found", [RELIABILITY, NOTHING])
def test_every_calibration_plot_is_valid_in_both_drawings(
    found: Reliability, labels: AreaLabels, width: int, theme: ThemeName
) -> None:
    chart = calibration_plot(found, labels)
    figure = plane_figure(chart, theme=theme, width=width)
    assert_plain(as_json(figure), as_json(plane_figure(chart, theme=theme, width=width)))
    go.Figure(figure)
    drawing = ET.fromstring(plane_svg(chart, ident="c", theme=theme))
    assert labels.as_said in texts(drawing)
    assert (labels.no_estimate in texts(drawing)) == (not found.bins)


def test_points_lie_at_what_was_said_and_what_happened_with_their_intervals() -> None:
    figure = plane_figure(calibration_plot(RELIABILITY, ENGLISH))
    (marks,) = traces(figure, "markers")
    assert marks["x"] == pytest.approx([0.1 / 3, 0.55, 0.96])
    assert marks["y"] == pytest.approx([1 / 3, 1.0, 1.0])
    diagonal, intervals = traces(figure, "lines")
    assert (diagonal["x"], diagonal["y"], diagonal["line"]["dash"]) == ([0.0, 1.0], [0.0, 1.0], "dash")
    filled = [each for each in RELIABILITY.bins if each.count]
    assert intervals["y"] == [end for each in filled for end in (each.lower, each.upper, None)]
    (counts,) = traces(figure, "text")
    assert counts["text"] == ["3", "1", "2"]


def test_a_bin_without_cases_is_not_drawn() -> None:
    assert len(calibration_plot(RELIABILITY, ENGLISH).points) == 3
    assert len(RELIABILITY.bins) == 10


def test_the_plot_is_square_so_that_the_diagonal_is_one() -> None:
    for width in (360, 1280):
        figure = plane_figure(calibration_plot(RELIABILITY, ENGLISH), width=width)
        layout = figure["layout"]
        across = (width - layout["margin"]["l"] - layout["margin"]["r"]) * layout["xaxis"]["domain"][1]
        up = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
        assert across == pytest.approx(up * (1 - layout["yaxis"]["domain"][0]), abs=1)
        assert layout["xaxis"]["range"] == layout["yaxis"]["range"]


def test_the_drawing_places_points_where_the_axes_say() -> None:
    chart = calibration_plot(RELIABILITY, ENGLISH)
    drawing = ET.fromstring(plane_svg(chart, ident="c"))
    marks = [mark for mark in drawing.iter(f"{SVG}svg") if mark.get("class") == "estimate"]
    span = chart.x.upper - chart.x.lower
    across = [(float((mark.get("x") or "").removesuffix("%")) - 14) / 84 * span + chart.x.lower for mark in marks]
    up = [(1 - (float(mark.get("y") or "") - 26) / 320) * span + chart.y.lower for mark in marks]
    assert across == pytest.approx([0.1 / 3, 0.55, 0.96], abs=1e-4)
    assert up == pytest.approx([1 / 3, 1.0, 1.0], abs=1e-4)
    assert "stated chance 3.3%: how often it was so 33.3%" in chart.described
