"""Caterpillars and rank intervals hold exactly the numbers they are given, in both of their drawings."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import get_args

import plotly.graph_objects as go
import pytest

from analysis.area_charts.caterpillar import caterpillar
from analysis.area_charts.rank_intervals import rank_intervals
from analysis.area_charts.row_chart import RowChart
from analysis.area_charts.row_figure import row_figure
from analysis.area_charts.row_svg import row_svg
from analysis.area_charts.words import AreaLabels, chance
from analysis.figure_frame import as_json, text_width
from analysis.palette import ThemeName
from analysis.small_area.areas import AreaError
from tests.charts.samples import (
    BEFORE,
    CHINESE,
    ENGLISH,
    FLAGS,
    LONG,
    NASTY,
    RANKS,
    SVG,
    assert_plain,
    flagged,
    many,
    marked,
    texts,
    traces,
)


def _charts(labels: AreaLabels) -> list[RowChart]:
    flags, ranks, _ = many(240)
    one_flag, one_rank, _ = many(1)
    return [
        caterpillar(FLAGS, labels, ranks=RANKS, previous=BEFORE),
        caterpillar(FLAGS, labels),
        caterpillar(flags, labels, ranks=ranks),
        caterpillar(one_flag, labels, ranks=one_rank),
        caterpillar(flagged(), labels),
        rank_intervals(RANKS, labels),
        rank_intervals(ranks, labels),
        rank_intervals(one_rank, labels),
        rank_intervals(replace(RANKS, areas=(), bands=()), labels),
    ]


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize(("labels", "width"), [(CHINESE, 360), (ENGLISH, 1280)])
def test_every_chart_of_rows_is_valid_in_both_drawings(labels: AreaLabels, width: int, theme: ThemeName) -> None:
    for number, chart in enumerate(_charts(labels)):
        figure = row_figure(chart, theme=theme, width=width)
        assert_plain(as_json(figure), as_json(row_figure(chart, theme=theme, width=width)))
        go.Figure(figure)  # raises on any name or value that Plotly does not know
        drawing = ET.fromstring(row_svg(chart, ident=f"d{number}", theme=theme))
        names = (drawing.get("aria-labelledby") or "").split()
        by_id = {element.get("id"): element.text for element in drawing.iter() if element.get("id")}
        assert by_id[names[0]] == labels.title
        assert by_id[names[1]] == chart.described


def test_marks_and_ends_lie_at_the_rates_the_lowest_first() -> None:
    chart = caterpillar(FLAGS, CHINESE)
    found = marked(row_figure(chart))
    by_height = sorted(found, key=lambda place: place[1])
    assert [x for x, _ in by_height] == [0.60, 0.74, 0.78, 0.93]
    for each in FLAGS.areas:
        (ends,) = [ends for (x, _), ends in found.items() if x == each.mean]
        assert ends == (each.lower, each.upper)
    lines = [
        trace["x"][at : at + 2] for trace in traces(row_figure(chart), "lines") for at in range(0, len(trace["x"]), 3)
    ]
    assert sorted(lines) == sorted([each.lower, each.upper] for each in FLAGS.areas)


def test_the_drawing_has_marks_and_ends_where_the_figure_has_them() -> None:
    chart = caterpillar(FLAGS, CHINESE, previous=BEFORE)
    drawing = ET.fromstring(row_svg(chart, ident="d"))
    start, end = 38 + 2.5, 87 - 2.5

    def value(place: str | None) -> float:
        scale = chart.scale
        across = (float((place or "").removesuffix("%")) - start) / (end - start)
        return scale.lower + across * (scale.upper - scale.lower)

    marks = [value(mark.get("x")) for mark in drawing.iter(f"{SVG}svg") if mark.get("class") == "estimate"]
    assert marks == pytest.approx([0.60, 0.74, 0.78, 0.93], abs=2e-5)
    ghosts = [value(mark.get("x")) for mark in drawing.iter(f"{SVG}svg") if mark.get("class") == "previous"]
    assert ghosts == pytest.approx([0.5, 0.97], abs=2e-5)
    intervals = [line for line in drawing.iter(f"{SVG}line") if line.get("class") == "interval"]
    ends = [value(line.get(side)) for line in intervals for side in ("x1", "x2")]
    assert ends == pytest.approx([end for each in FLAGS.areas for end in (each.lower, each.upper)], abs=2e-5)
    (target,) = [value(line.get("x1")) for line in drawing.iter(f"{SVG}line") if line.get("class") == "target"]
    assert target == pytest.approx(0.75, abs=2e-5)


def test_the_target_is_a_line_with_its_value_and_each_row_ends_with_its_chance() -> None:
    figure = row_figure(caterpillar(FLAGS, CHINESE))
    (line,) = [shape for shape in figure["layout"]["shapes"] if shape["type"] == "line"]
    assert (line["x0"], line["x1"], line["line"]["dash"]) == (0.75, 0.75, "dash")
    assert "目标 75%" in [note["text"] for note in figure["layout"]["annotations"]]
    assert "未达标的可能性" in [note["text"] for note in figure["layout"]["annotations"]]
    (figures,) = traces(figure, "text")
    assert figures["text"] == ["&gt;99%", "55%", "40%", "&lt;1%"]


@pytest.mark.parametrize(
    ("probability", "said"), [(0.0, "<1%"), (1.0, ">99%"), (0.004, "<1%"), (0.006, "1%"), (0.5, "50%")]
)
def test_no_chance_reads_as_certain(probability: float, said: str) -> None:
    assert chance(probability) == said


def test_an_area_without_interviews_is_hollow_and_the_previous_wave_lies_below_its_row() -> None:
    figure = row_figure(caterpillar(FLAGS, CHINESE, previous=BEFORE))
    hollow = [trace for trace in traces(figure, "markers") if trace["name"] == "不确定，未访问，由其他社区预测"]
    assert [(trace["x"], trace["marker"]["symbol"]) for trace in hollow] == [([0.78], "diamond-open")]
    (ghost,) = [trace for trace in traces(figure, "markers") if trace["name"] == "上一轮"]
    rows = {y for _, y in marked(figure)}
    assert ghost["x"] == [0.5, 0.97]
    assert all(y not in rows and min(abs(y - row) for row in rows) < 11 for y in ghost["y"])
    drawn = row_svg(caterpillar(FLAGS, CHINESE), ident="d")
    assert drawn.count('stroke-dasharray="2 2"') == 2  # its interval, and the one in the key


def test_areas_that_cannot_be_told_apart_stand_in_one_band_under_its_words() -> None:
    chart = caterpillar(FLAGS, CHINESE, ranks=RANKS)
    assert [line.value for line in chart.lines] == [0.60, 0.74, 0.78, 0.93]  # the last place first
    assert [(band.first, band.last, band.words) for band in chart.bands] == [
        (0, 0, "第4名"),
        (1, 2, "第2～3名：不分高下"),
        (3, 3, "第1名"),
    ]
    figure = row_figure(chart)
    shades = [(shape["y0"], shape["y1"]) for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]
    heights = sorted(y for _, y in marked(figure))
    inside = [[low < y < high for y in heights] for low, high in shades]
    assert inside == [[True, False, False, False], [False, False, False, True]]  # every other band


def test_a_shortened_chart_keeps_the_lowest_and_cuts_its_last_band() -> None:
    chart = caterpillar(FLAGS, CHINESE, ranks=RANKS, most=2)
    assert [line.value for line in chart.lines] == [0.60, 0.74]
    assert [(band.first, band.last) for band in chart.bands] == [(0, 0), (1, 1)]


def test_places_are_drawn_with_their_intervals_and_never_alone() -> None:
    chart = rank_intervals(RANKS, ENGLISH)
    found = {x: ends for (x, _), ends in marked(row_figure(chart)).items()}
    assert found == {each.expected: (each.lower, each.upper) for each in RANKS.areas}
    assert "chance of being among the last 1" in chart.figures
    assert chart.lines[0].figure == "65%"
    assert [tick for tick, _ in chart.scale.ticks] == [1, 2, 3, 4]


def test_places_of_other_areas_are_refused() -> None:
    with pytest.raises(AreaError, match="d has a flag or a place"):
        caterpillar(flagged(*FLAGS.areas[:3]), CHINESE, ranks=RANKS)


@pytest.mark.parametrize("width", [360, 400])
def test_long_chinese_names_are_broken_and_never_cut(width: int) -> None:
    chart = caterpillar(FLAGS, CHINESE)
    figure = row_figure(chart, width=width)
    (shown,) = [name for name in figure["layout"]["yaxis"]["ticktext"] if name.startswith("栖川")]
    assert shown.replace("<br>", "") == LONG
    assert all(text_width(part, 12) <= figure["layout"]["margin"]["l"] for part in shown.split("<br>"))
    drawing = ET.fromstring(row_svg(chart, ident="d", width=width))
    names = [text for text in drawing.iter(f"{SVG}text") if text.get("class") == "name"]
    parts = [name.text or "" for name in names]
    assert LONG in "".join(parts)
    assert all(text_width(part, 13) <= 0.38 * width for part in parts if part in LONG)


def test_names_are_escaped_wherever_they_stand() -> None:
    chart = caterpillar(FLAGS, replace(CHINESE, title=NASTY, tied=NASTY, below=NASTY, predicted=NASTY), ranks=RANKS)
    assert "<script" not in json.dumps(row_figure(chart))
    drawing = ET.fromstring(row_svg(chart, ident='"><script>'))
    assert not list(drawing.iter(f"{SVG}script"))
    assert "<script>alert('甲')</script>" in "".join(texts(drawing))


def test_without_a_theme_every_colour_is_the_pages() -> None:
    drawn = row_svg(caterpillar(FLAGS, CHINESE, ranks=RANKS, previous=BEFORE), ident="d")
    assert "#" not in drawn.replace("&#x27;", "")
    assert "style=" not in drawn  # a strict page forbids inline styles


def test_those_who_listen_hear_every_row_of_a_short_chart_and_the_counts_of_a_long_one() -> None:
    assert "霁桥社区: 60.0% (50.0～70.0)，需关注，未达标的可能性 >99%" in caterpillar(FLAGS, CHINESE).described
    flags, _, _ = many(240)
    assert (
        caterpillar(flags, ENGLISH).described
        == "Awareness, wave 3, n 2,104; Target 75%; At risk 48; Uncertain 168; Safe 24"
    )


def test_a_chart_without_areas_says_so() -> None:
    chart = caterpillar(flagged(), CHINESE)
    assert "无法估计" in texts(ET.fromstring(row_svg(chart, ident="d")))
    assert "无法估计" in [note["text"] for note in row_figure(chart)["layout"]["annotations"]]
