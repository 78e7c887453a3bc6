"""Charts show exactly the estimates they are given, in words and marks that everyone can read."""

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, get_args

import plotly.graph_objects as go
import pytest

from analysis.chart_svg import dot_interval_svg, interval_cell_svg
from analysis.charts import (
    Figure,
    QuotaCount,
    as_json,
    modes_beside,
    neighbourhood_caterpillar,
    quota_heat,
    rates_by_district,
)
from analysis.palette import MARKS, THEMES, ThemeName, contrast
from analysis.panels import (
    Axis,
    Labels,
    Panel,
    Row,
    axis_of,
    figures,
    indicator_panels,
    lowest_first,
    mode_panels,
    sentence,
)

SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert('甲')</script> & \"乙\""


@dataclass(frozen=True)
class Estimate:
    value: float
    lower: float
    upper: float
    n: int = 120


@dataclass(frozen=True)
class Rate:
    indicator: str
    mode: str
    domain: str
    estimate: Estimate


NOTHING = Estimate(math.nan, math.nan, math.nan, 2)

CHINESE = Labels(
    title="两个区的参与率低于目标，其余各区尚不能下结论",
    subtitle="18岁及以上常住人口，街头拦访，第2轮，样本量1,196",
    target="目标",
    previous="上一轮",
    no_estimate="无法估计",
    interval="估计值与95%置信区间",
    modelled="估计值与95%模型区间",
    sample="样本量",
    names={"a": "霁桥区", "b": "栖川区", "c": NASTY, "awareness": "知晓率", "participation": "参与率"},
    flags={"at_risk": "需关注", "uncertain": "不确定", "safe": "达标", "too_few": "样本过少"},
    to="～",
)

RATES = [
    Rate("awareness", "intercept", "a", Estimate(0.91, 0.87, 0.94)),
    Rate("awareness", "intercept", "b", Estimate(0.78, 0.70, 0.84)),
    Rate("awareness", "intercept", "c", NOTHING),
    Rate("participation", "intercept", "a", Estimate(0.55, 0.48, 0.62)),
    Rate("participation", "intercept", "b", Estimate(0.0, 0.0, 0.03)),
    Rate("participation", "intercept", "c", Estimate(0.5, math.nan, math.nan)),
]
FLAGS = {("awareness", "a"): "safe", ("awareness", "b"): "at_risk", ("participation", "a"): "uncertain"}
TARGETS = {"awareness": 0.85, "participation": 0.5}
BEFORE = [Rate("awareness", "intercept", "a", Estimate(0.88, 0.84, 0.92))]
MODES = [
    Rate("awareness", "open_qr", "city", Estimate(0.93, 0.91, 0.95)),
    Rate("awareness", "intercept", "city", Estimate(0.86, 0.83, 0.89)),
]
CELLS = [
    QuotaCount("a", "F", "18-34", 12, 20),
    QuotaCount("a", "F", "35-59", 0, 0),
    QuotaCount("b", "F", "18-34", 20, 20),
    QuotaCount("b", "F", "35-59", 0, 15),
]


def _every_figure(theme: ThemeName, width: int) -> Iterator[Figure]:
    yield rates_by_district(RATES, CHINESE, targets=TARGETS, flags=FLAGS, previous=BEFORE, theme=theme, width=width)
    yield quota_heat(CELLS, CHINESE, theme=theme, width=width)
    yield neighbourhood_caterpillar(
        RATES[:3], CHINESE, target=0.85, flags={"a": "safe", "b": "at_risk"}, theme=theme, width=width
    )
    yield modes_beside(MODES, CHINESE, targets=TARGETS, theme=theme, width=width)


def _marks(figure: Figure) -> list[dict[str, Any]]:
    """The traces of estimates: marks with the interval behind them."""
    return [trace for trace in figure["data"] if "customdata" in trace]


def _shown(figure: Figure) -> list[tuple[float, float | None, float | None, int]]:
    """Every estimate that a figure draws, from the figure alone."""
    return sorted(
        (x, *rest) for trace in _marks(figure) for x, rest in zip(trace["x"], trace["customdata"], strict=True)
    )


# Interactive figures


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_figure_is_valid_in_plotly_and_plain_json(theme: ThemeName, width: int) -> None:
    for figure in _every_figure(theme, width):
        go.Figure(figure)  # raises on any name or value that Plotly does not know
        assert json.loads(as_json(figure)) == json.loads(json.dumps(figure))
        assert "NaN" not in as_json(figure)


def test_plotly_would_refuse_a_misspelt_figure() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS)
    figure["layout"]["xaxis"]["rangee"] = [0, 1]
    with pytest.raises(ValueError, match="rangee"):
        go.Figure(figure)


def test_a_figure_holds_exactly_the_estimates_and_their_ends() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS, flags=FLAGS)
    given = [rate.estimate for rate in RATES if rate.estimate is not NOTHING]
    ends = [(one.value, *(None if math.isnan(end) else end for end in (one.lower, one.upper)), one.n) for one in given]
    assert _shown(figure) == sorted(ends)
    lines = {
        tuple(trace["x"][at : at + 2])
        for trace in figure["data"]
        if trace["mode"] == "lines"
        for at in range(0, len(trace["x"]), 3)
    }
    assert lines == {(one.lower, one.upper) for one in given if not math.isnan(one.lower)}


def test_an_estimate_that_is_missing_is_words_and_never_a_dot() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS)
    words = [trace for trace in figure["data"] if trace["mode"] == "text"]
    assert [trace["text"] for trace in words] == [["无法估计"]]
    assert words[0]["y"] == [2]  # the third row of the first panel
    dots = [
        (x, y) for trace in _marks(figure) if trace["xaxis"] == "x" for x, y in zip(trace["x"], trace["y"], strict=True)
    ]
    assert dots == [(0.91, 0), (0.78, 1)]


def test_a_rate_of_zero_is_a_dot_at_zero() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS)
    assert 0.0 in [x for trace in _marks(figure) for x in trace["x"]]


def test_the_target_is_a_dashed_line_with_its_value() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS)
    assert [(line["x0"], line["x1"], line["line"]["dash"]) for line in figure["layout"]["shapes"]] == [
        (0.85, 0.85, "dash"),
        (0.5, 0.5, "dash"),
    ]
    texts = [note["text"] for note in figure["layout"]["annotations"]]
    assert "目标 85%" in texts
    assert "目标 50%" in texts


def test_flags_have_a_word_a_shape_and_a_colour_of_their_own() -> None:
    flags = {("awareness", domain): flag for domain, flag in zip("abcd", MARKS, strict=True)}
    rates = [Rate("awareness", "intercept", domain, Estimate(0.8, 0.7, 0.9)) for domain in "abcd"]
    figure = rates_by_district(rates, CHINESE, targets={}, flags=flags)
    marks = _marks(figure)
    assert {trace["name"] for trace in marks} == set(CHINESE.flags.values())
    assert len({trace["marker"]["symbol"] for trace in marks}) == 4
    assert len({trace["marker"]["color"] for trace in marks}) == 4


def test_the_previous_wave_is_a_hollow_dot_just_below_its_row() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS, previous=BEFORE)
    ghost = next(trace for trace in figure["data"] if trace.get("name") == "上一轮")
    assert ghost["x"] == [0.88]
    assert 0 < ghost["y"][0] < 0.5
    assert ghost["marker"]["symbol"] == "circle-open"


def test_the_legend_names_each_mark_once() -> None:
    figure = rates_by_district(RATES, CHINESE, targets=TARGETS)
    named = [trace for trace in figure["data"] if trace.get("showlegend", False)]
    assert [trace["name"] for trace in named] == ["估计值与95%置信区间"]


def test_names_are_escaped_wherever_plotly_reads_tags() -> None:
    labels = replace(CHINESE, title=NASTY, subtitle=NASTY, target=NASTY, previous=NASTY, no_estimate=NASTY)
    labels = replace(labels, names=dict.fromkeys(["a", "b", "c", "awareness", "participation", "F", "18-34"], NASTY))
    for theme in get_args(ThemeName):
        for figure in (
            rates_by_district(RATES, labels, targets=TARGETS, previous=BEFORE, theme=theme),
            quota_heat(CELLS, labels, theme=theme),
            modes_beside(MODES, labels, targets=TARGETS, theme=theme),
        ):
            assert "<script" not in json.dumps(figure, ensure_ascii=False)
            assert "&lt;script&gt;" in json.dumps(figure, ensure_ascii=False)


def test_json_in_a_page_cannot_end_its_script_element() -> None:
    text = as_json({"data": ["</script><!--", "a & b"], "layout": {}})
    assert not set("<>&") & set(text)
    assert json.loads(text)["data"] == ["</script><!--", "a & b"]


def test_modes_that_are_mixed_are_refused() -> None:
    mixed = [RATES[0], Rate("awareness", "open_qr", "b", Estimate(0.9, 0.8, 0.95))]
    with pytest.raises(ValueError, match="intercept, open_qr"):
        rates_by_district(mixed, CHINESE, targets=TARGETS)
    with pytest.raises(ValueError, match="intercept, open_qr"):
        rates_by_district(RATES[:1], CHINESE, targets=TARGETS, previous=mixed[1:])


def test_the_same_domain_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        rates_by_district([RATES[0], RATES[0]], CHINESE, targets=TARGETS)


def test_modes_stand_apart_and_only_the_self_selected_interval_is_dashed() -> None:
    (panel,) = mode_panels(MODES, CHINESE, targets=TARGETS)
    assert [row.modelled for row in panel.rows] == [False, True]
    figure = modes_beside(MODES, CHINESE, targets=TARGETS)
    dashes = {tuple(trace["x"][:2]): trace["line"]["dash"] for trace in figure["data"] if trace["mode"] == "lines"}
    assert dashes == {(0.83, 0.89): "solid", (0.91, 0.95): "dash"}
    assert {trace["name"] for trace in _marks(figure)} == {"估计值与95%置信区间", "估计值与95%模型区间"}


def test_modes_of_two_domains_are_refused() -> None:
    with pytest.raises(ValueError, match="a, city"):
        modes_beside([*MODES, RATES[0]], CHINESE, targets=TARGETS)


def test_a_caterpillar_runs_from_the_lowest_up_with_those_without_estimate_last() -> None:
    rows = tuple(
        Row(name, Estimate(value, 0, 1)) for name, value in (("x", 0.5), ("y", math.nan), ("z", 0.2), ("w", 0.9))
    )
    assert [row.name for row in lowest_first(Panel("", rows)).rows] == ["z", "x", "w", "y"]
    assert [row.name for row in lowest_first(Panel("", rows), most=2).rows] == ["z", "x"]


def test_the_heat_table_says_completed_of_target_in_every_cell() -> None:
    figure = quota_heat(CELLS, CHINESE)
    (heat,) = figure["data"]
    assert heat["z"] == [[0.6, None], [1.0, 0.0]]
    texts = {(note["y"], note["x"]): note["text"] for note in figure["layout"]["annotations"] if "yref" not in note}
    assert texts == {(0, 0): "12/20", (0, 1): "–", (1, 0): "20/20", (1, 1): "0/15"}


@pytest.mark.parametrize("theme", get_args(ThemeName))
def test_text_in_the_heat_table_is_legible_on_every_shade(theme: ThemeName) -> None:
    cells = [QuotaCount("a", "F", str(done), done, 100) for done in range(101)]
    figure = quota_heat(cells, CHINESE, theme=theme)
    low, high = (colour for _, colour in figure["data"][0]["colorscale"])
    for note in (note for note in figure["layout"]["annotations"] if "yref" not in note):
        share = int(note["text"].split("/")[0]) / 100
        parts = [
            round(int(low[at : at + 2], 16) + (int(high[at : at + 2], 16) - int(low[at : at + 2], 16)) * share)
            for at in (1, 3, 5)
        ]
        assert contrast(note["font"]["color"], "#" + "".join(f"{part:02X}" for part in parts)) >= 4.5


# Colours


def test_contrast_is_the_known_one_of_black_white_and_grey() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)  # the lightest grey of WCAG AA


@pytest.mark.parametrize("theme", get_args(ThemeName))
def test_marks_stand_out_three_to_one_and_text_four_and_a_half(theme: ThemeName) -> None:
    look = THEMES[theme]
    assert min(contrast(colour, look.paper) for colour in [*look.series, *look.flags.values()]) >= 3
    assert min(contrast(colour, look.paper) for colour in (look.ink, look.quiet)) >= 4.5
    assert set(look.flags) == set(MARKS)


# The axis


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


# Words


def test_figures_come_with_their_interval_or_say_why_not() -> None:
    assert figures(Estimate(0.7834, 0.7214, 0.8341), CHINESE) == "78.3% (72.1～83.4)"
    assert figures(NOTHING, CHINESE) == "无法估计"
    assert figures(Estimate(0.5, math.nan, math.nan), CHINESE) == "50.0%"


def test_the_sentence_of_a_row_says_all_that_it_shows() -> None:
    row = Row("霁桥区", Estimate(0.91, 0.87, 0.94, 1200), "safe", Estimate(0.88, 0.8, 0.9))
    assert sentence(row, CHINESE) == "霁桥区: 91.0% (87.0～94.0), 达标, 样本量 1,200, 上一轮 88.0%"


# Drawn charts


def _panel() -> Panel:
    return indicator_panels(RATES, CHINESE, targets=TARGETS, flags=FLAGS, previous=BEFORE)[0]


def _across(place: str, axis: Axis) -> float:
    """The share at a percentage across a drawing: 4 % are left free on both sides."""
    return axis.lower + (float(place.removesuffix("%")) - 4) / 92 * (axis.upper - axis.lower)


@pytest.mark.parametrize("theme", [None, *get_args(ThemeName)])
def test_the_drawing_is_well_formed_and_tells_its_title_and_contents(theme: ThemeName | None) -> None:
    drawing = ET.fromstring(dot_interval_svg(_panel(), CHINESE, ident="d1", theme=theme))
    assert drawing.get("role") == "img"
    names = (drawing.get("aria-labelledby") or "").split()
    by_id = {element.get("id"): element.text for element in drawing.iter() if element.get("id")}
    assert by_id[names[0]] == "知晓率"
    described = by_id[names[1]]
    assert described is not None
    for row in _panel().rows:
        assert sentence(row, CHINESE) in described
    assert "目标 85%" in described


def test_the_drawing_places_estimates_and_ends_where_the_axis_says() -> None:
    panel = _panel()
    axis = axis_of([panel])
    drawing = ET.fromstring(dot_interval_svg(panel, CHINESE, ident="d1"))
    dots = [_across(mark.get("x") or "", axis) for mark in drawing.iter(f"{SVG}svg") if mark.get("class") == "estimate"]
    assert dots == pytest.approx([0.91, 0.78], abs=1e-5)
    lines = [mark for mark in drawing.iter(f"{SVG}line") if mark.get("class") == "interval"]
    ends = [_across(line.get(side) or "", axis) for line in lines for side in ("x1", "x2")]
    assert ends == pytest.approx([0.87, 0.94, 0.70, 0.84], abs=1e-5)
    ghosts = [
        _across(mark.get("x") or "", axis) for mark in drawing.iter(f"{SVG}svg") if mark.get("class") == "previous"
    ]
    assert ghosts == pytest.approx([0.88], abs=1e-5)


def test_the_drawing_writes_what_has_no_estimate_and_draws_no_dot_for_it() -> None:
    panel = Panel("", (Row("甲", NOTHING),))
    text = dot_interval_svg(panel, CHINESE, ident="d")
    drawing = ET.fromstring(text)
    assert "无法估计" in [element.text for element in drawing.iter(f"{SVG}text")]
    assert 'class="estimate"' not in text
    assert 'class="interval"' not in text


@pytest.mark.parametrize("theme", [None, "light"])
def test_the_drawing_escapes_names(theme: ThemeName | None) -> None:
    panel = Panel(NASTY, (Row(NASTY, Estimate(0.8, 0.7, 0.9), flag=NASTY),), target=0.9)
    labels = replace(CHINESE, target=NASTY, interval=NASTY, flags={NASTY: NASTY})
    text = dot_interval_svg(panel, labels, ident='"><script>', theme=theme)
    drawing = ET.fromstring(text)
    assert "<script" not in text
    assert not list(drawing.iter(f"{SVG}script"))
    assert NASTY in [element.text for element in drawing.iter(f"{SVG}text")]


def test_only_a_modelled_interval_is_drawn_dashed() -> None:
    (panel,) = mode_panels(MODES, CHINESE)
    drawing = ET.fromstring(dot_interval_svg(panel, CHINESE, ident="d"))
    lines = [line for line in drawing.iter(f"{SVG}line") if line.get("class") == "interval"]
    assert [line.get("stroke-dasharray") for line in lines] == [None, "5 3"]


def test_without_a_theme_the_drawing_leaves_every_colour_to_the_page() -> None:
    assert "#" not in dot_interval_svg(_panel(), CHINESE, ident="d").replace("&#x27;", "")
    assert "style=" not in dot_interval_svg(_panel(), CHINESE, ident="d")  # a strict page forbids inline styles
    assert THEMES["dark"].flags["at_risk"] in dot_interval_svg(_panel(), CHINESE, ident="d", theme="dark")


def test_a_drawing_in_a_table_cell_is_hidden_from_those_who_listen() -> None:
    row = _panel().rows[0]
    cell = ET.fromstring(interval_cell_svg(row, axis_of([_panel()]), target=0.85))
    assert cell.get("aria-hidden") == "true"
    assert not list(cell.iter(f"{SVG}text"))
    classes = [element.get("class") for element in cell.iter()]
    assert {"track", "target", "interval", "estimate", "previous"} <= set(classes)


def test_each_flag_is_drawn_with_its_own_shape_and_named_in_the_key() -> None:
    rows = tuple(Row(flag, Estimate(0.8, 0.7, 0.9), flag) for flag in MARKS)
    drawing = ET.fromstring(dot_interval_svg(Panel("", rows), CHINESE, ident="d"))
    marks = [mark for mark in drawing.iter(f"{SVG}svg") if mark.get("class") == "estimate"]
    assert len({ET.tostring(mark[0]) for mark in marks}) == 4
    key = [element for element in drawing.iter(f"{SVG}svg") if element.get("class") == "key"]
    assert [next(entry.iter(f"{SVG}text")).text for entry in key] == list(CHINESE.flags.values())
