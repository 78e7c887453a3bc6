"""Interactive figures hold exactly the estimates they are given, and are valid in Plotly."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import plotly.graph_objects as go
import pytest

from analysis.charts import QuotaCount, modes_beside, neighbourhood_caterpillar, quota_heat, rates_by_district
from analysis.figure_frame import Figure, as_json, broken
from analysis.palette import MARKS, THEMES, ThemeName, contrast
from analysis.panels import mode_panels
from tests.analysis.chart_cases import (
    BEFORE,
    CELLS,
    CHINESE,
    FLAGS,
    MODES,
    NASTY,
    NOTHING,
    RATES,
    TARGETS,
    Estimate,
    Rate,
)


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


@pytest.mark.parametrize("width", [80, 200, 358])
@pytest.mark.parametrize("text", [CHINESE.title, CHINESE.subtitle, "Two districts fall short on participation, so far"])
def test_long_text_is_broken_to_fit_and_loses_nothing(text: str, width: int) -> None:
    lines = broken(text, width, 14).split("<br>")
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.startswith(("，", "。", "；", " ")) for line in lines)
    for line in lines:
        assert len(line.split()) <= 1 or 14 * sum(1.0 if sign > "\u2e7f" else 0.6 for sign in line) <= width + 14
    assert len(lines) > 1 or width == 358


def test_contrast_is_the_known_one_of_black_white_and_grey() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)  # the lightest grey of WCAG AA


@pytest.mark.parametrize("theme", get_args(ThemeName))
def test_marks_stand_out_three_to_one_and_text_four_and_a_half(theme: ThemeName) -> None:
    look = THEMES[theme]
    assert min(contrast(colour, look.paper) for colour in [*look.series, *look.flags.values()]) >= 3
    assert min(contrast(colour, look.paper) for colour in (look.ink, look.quiet)) >= 4.5
    assert set(look.flags) == set(MARKS)
