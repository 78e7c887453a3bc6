"""Drawn charts: well-formed, true to their estimates, and told in words to those who listen."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import get_args

import pytest

from analysis.chart_svg import dot_interval_svg, interval_cell_svg
from analysis.palette import MARKS, THEMES, ThemeName
from analysis.panels import Axis, Panel, Row, axis_of, indicator_panels, mode_panels, sentence
from tests.analysis.chart_cases import BEFORE, CHINESE, FLAGS, MODES, NASTY, NOTHING, RATES, TARGETS, Estimate

SVG = "{http://www.w3.org/2000/svg}"


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
