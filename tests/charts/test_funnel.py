"""The funnel's limits hold the stated share of areas that have the rate, whatever their number of interviews."""

import xml.etree.ElementTree as ET
from typing import get_args

import numpy as np
import plotly.graph_objects as go
import pytest
from scipy.stats import binom

from analysis.area_charts.funnel import funnel, limits
from analysis.area_charts.plane_figure import plane_figure
from analysis.area_charts.plane_svg import plane_svg
from analysis.area_charts.words import AreaLabels
from analysis.figure_frame import as_json
from analysis.palette import ThemeName
from analysis.small_area.areas import AreaError
from tests.charts.samples import CHINESE, ENGLISH, FLAGS, SVG, assert_plain, flagged, many, texts, traces


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize(("labels", "width"), [(CHINESE, 360), (ENGLISH, 1280)])
@pytest.mark.parametrize("size", [0, 1, 240])
def test_every_funnel_is_valid_in_both_drawings(labels: AreaLabels, width: int, theme: ThemeName, size: int) -> None:
    chart = funnel(many(size)[0] if size else flagged(), labels)
    figure = plane_figure(chart, theme=theme, width=width)
    assert_plain(as_json(figure), as_json(plane_figure(chart, theme=theme, width=width)))
    go.Figure(figure)
    drawing = ET.fromstring(plane_svg(chart, ident="f", theme=theme))
    ends = [float(line.get(end) or "") for line in drawing.iter(f"{SVG}line") for end in ("y1", "y2") if line.get("y1")]
    assert all(-10 <= end <= 350 for end in ends)  # no limit runs out of the plane
    assert any(words.startswith(labels.target) for words in texts(drawing))


@pytest.mark.parametrize("rate", [0.5, 0.75, 0.9])
def test_limits_are_binomial_quantiles_interpolated_between_counts(rate: float) -> None:
    n = np.array([1.0, 5.0, 20.0, 400.0])
    lower, upper = limits(rate, n, 0.95)
    for size, low, high in zip(n, lower * n, upper * n, strict=True):
        for end, chance in ((low, 0.025), (high, 0.975)):
            # the distribution function, interpolated between whole counts, reaches the chance there
            below = np.floor(end)
            part = end - below
            reached = (1 - part) * binom.cdf(below, size, rate) + part * binom.cdf(below + 1, size, rate)
            assert reached == pytest.approx(chance, abs=1e-9) or end == pytest.approx(0) or end == pytest.approx(size)


def test_limits_of_many_interviews_are_those_of_the_normal_distribution() -> None:
    lower, upper = limits(0.75, np.array([100000.0]), 0.95)
    half = 1.959964 * np.sqrt(0.75 * 0.25 / 100000)
    assert [lower[0], upper[0]] == pytest.approx([0.75 - half, 0.75 + half], abs=1e-5)


def test_points_lie_at_their_share_and_interviews_and_areas_without_any_are_left_out() -> None:
    figure = plane_figure(funnel(FLAGS, ENGLISH))
    points = {(x, y) for trace in traces(figure, "markers") for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert points == {(each.n, each.share) for each in FLAGS.areas if each.n}
    keyed = [trace["name"] for trace in traces(figure, "lines") if trace["showlegend"]]
    assert keyed[:2] == ["Target 75%", "95% limits around the Target"]
    assert keyed[2].startswith("city mean 71.7%")
    target = traces(figure, "lines")[0]
    assert set(target["y"]) == {0.75}


def test_a_level_in_per_cent_is_refused() -> None:
    with pytest.raises(AreaError, match="Give a share"):
        funnel(FLAGS, ENGLISH, level=95)
