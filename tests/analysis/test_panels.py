"""Where things lie on a chart, and the words that go with them."""

import math
from itertools import pairwise

import pytest

from analysis.panels import Panel, Row, axis_of, figures, lowest_first, sentence
from tests.analysis.chart_cases import CHINESE, NOTHING, Estimate


@pytest.mark.parametrize(
    ("lower", "upper"), [(0.0, 1.0), (0.61, 0.97), (0.955, 0.957), (0.0, 0.01), (0.99, 1.0), (0.5, 0.5)]
)
def test_an_axis_holds_the_data_with_room_to_spare_and_round_ticks(lower: float, upper: float) -> None:
    axis = axis_of([Panel("", (Row("", Estimate((lower + upper) / 2, lower, upper)),))])
    assert 0 < axis.at(lower) <= axis.at(upper) < 1
    assert 2 <= len(axis.ticks) <= 6
    assert all(0 <= tick <= 1 and axis.lower <= tick <= axis.upper for tick in axis.ticks)
    assert len({round(after - before, 6) for before, after in pairwise(axis.ticks)}) == 1


def test_an_axis_holds_the_target_and_the_previous_wave_too() -> None:
    row = Row("", Estimate(0.5, 0.45, 0.55), previous=Estimate(0.2, 0.1, 0.3))
    axis = axis_of([Panel("", (row,), target=0.9)])
    assert 0 < axis.at(0.2) < axis.at(0.9) < 1


def test_without_any_estimate_the_axis_is_the_whole_range() -> None:
    axis = axis_of([Panel("", (Row("", NOTHING),))])
    assert (axis.ticks[0], axis.ticks[-1]) == (0, 1)


def test_figures_come_with_their_interval_or_say_why_not() -> None:
    assert figures(Estimate(0.7834, 0.7214, 0.8341), CHINESE) == "78.3% (72.1～83.4)"
    assert figures(NOTHING, CHINESE) == "无法估计"
    assert figures(Estimate(0.5, math.nan, math.nan), CHINESE) == "50.0%"


def test_the_sentence_of_a_row_says_all_that_it_shows() -> None:
    row = Row("霁桥区", Estimate(0.91, 0.87, 0.94, 1200), "safe", Estimate(0.88, 0.8, 0.9))
    assert sentence(row, CHINESE) == "霁桥区: 91.0% (87.0～94.0), 达标, 样本量 1,200, 上一轮 88.0%"


def test_a_caterpillar_runs_from_the_lowest_up_with_those_without_estimate_last() -> None:
    rows = tuple(
        Row(name, Estimate(value, 0, 1)) for name, value in (("x", 0.5), ("y", math.nan), ("z", 0.2), ("w", 0.9))
    )
    assert [row.name for row in lowest_first(Panel("", rows)).rows] == ["z", "x", "w", "y"]
    assert [row.name for row in lowest_first(Panel("", rows), most=2).rows] == ["z", "x"]
