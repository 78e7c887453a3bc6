"""The risk map says each area's chance in its tile, in an order that stays, and never by colour alone."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import get_args

import plotly.graph_objects as go
import pytest

from analysis.area_charts.tile_figure import TILE, tile_figure
from analysis.area_charts.tile_map import bounds_of, laid_out, risk_map, shade
from analysis.area_charts.tile_svg import tile_svg
from analysis.area_charts.words import AreaLabels
from analysis.figure_frame import Figure, as_json
from analysis.palette import THEMES, ThemeName, contrast, risk_colours
from analysis.small_area.areas import AreaError
from analysis.small_area.flags import FlagRules
from tests.charts.samples import (
    CHINESE,
    DISTRICTS,
    ENGLISH,
    FLAGS,
    NASTY,
    RULES,
    SVG,
    area,
    assert_plain,
    flagged,
    many,
    texts,
    traces,
)


def _tiles(figure: Figure) -> dict[str, tuple[float, float, str, str, str]]:
    """Place, text, symbol and colour of every tile, by the area's code."""
    return {
        code: (x, y, text, symbol, trace["marker"]["color"])
        for trace in traces(figure, "markers+text")
        for code, x, y, text, symbol in zip(
            trace["customdata"], trace["x"], trace["y"], trace["text"], trace["marker"]["symbol"], strict=False
        )
    }


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize(("labels", "width"), [(CHINESE, 360), (ENGLISH, 1280)])
@pytest.mark.parametrize("size", [0, 1, 2, 240])
def test_every_map_is_valid_in_both_drawings(labels: AreaLabels, width: int, theme: ThemeName, size: int) -> None:
    flags, _, districts = many(size)
    chart = risk_map(flags, labels, districts)
    figure = tile_figure(chart, theme=theme, width=width)
    assert_plain(as_json(figure), as_json(tile_figure(chart, theme=theme, width=width)))
    tiles = _tiles(figure)
    assert len(tiles) == size
    reach = figure["layout"]["xaxis"]["range"][1]
    assert all(TILE / 2 <= x <= reach - TILE / 2 for x, *_ in tiles.values())
    assert len({(x, y) for x, y, *_ in tiles.values()}) == size  # none hides another
    go.Figure(figure)
    drawing = ET.fromstring(tile_svg(chart, ident="m", theme=theme, abreast=2))
    drawn = [tile for tile in drawing.iter(f"{SVG}svg") if (tile.get("class") or "").startswith("tile")]
    assert len({(tile.get("x"), tile.get("y")) for tile in drawn}) == size
    assert all(float((tile.get("x") or "").removesuffix("%")) < 100 for tile in drawn)


def test_each_tile_says_its_chance_marks_risk_and_tells_a_prediction() -> None:
    tiles = _tiles(tile_figure(risk_map(FLAGS, CHINESE, DISTRICTS)))
    assert {code: (text, symbol) for code, (_, _, text, symbol, _) in tiles.items()} == {
        "a": ("▲<br>&gt;99", "square"),
        "b": ("55", "square"),
        "c": ("(40)", "circle"),
        "d": ("&lt;1", "square"),
    }
    drawing = ET.fromstring(tile_svg(risk_map(FLAGS, CHINESE, DISTRICTS), ident="m"))
    assert {"▲", ">99", "55", "(40)", "<1"} <= set(texts(drawing))
    titles = [title.text or "" for title in drawing.iter(f"{SVG}title")]
    assert "霁桥社区: 未达标的可能性 >99%，估计的知晓率 60.0% (50.0～70.0)，需关注" in titles


def test_tiles_keep_their_place_whatever_their_chance_and_the_order_they_come_in() -> None:
    again = flagged(*(area(each.name, 0.5, 0.1, 0.9) for each in FLAGS.areas[::-1]))
    first, second = (_tiles(tile_figure(risk_map(each, CHINESE, DISTRICTS))) for each in (FLAGS, again))
    assert {code: tile[:2] for code, tile in first.items()} == {code: tile[:2] for code, tile in second.items()}


def test_districts_are_blocks_in_the_order_of_their_codes_and_say_how_many_are_at_risk() -> None:
    chart = risk_map(FLAGS, CHINESE, DISTRICTS)
    assert [block.words for block in chart.blocks] == ["霁桥区 · 需关注 0/2", "栖川区 · 需关注 1/2"]
    assert [[tile.code for tile in block.tiles] for block in chart.blocks] == [["b", "d"], ["a", "c"]]
    assert chart.described == "知晓率，第3轮，样本量2,104; 霁桥区 · 需关注 0/2; 栖川区 · 需关注 1/2"


def test_blocks_abreast_never_overlap_the_lines_below_them() -> None:
    flags, _, districts = many(75)  # districts of 30, 30 and 15
    laid, lines = laid_out(risk_map(flags, ENGLISH, districts), across=10, abreast=2)
    assert [(each.abreast, each.line) for each in laid] == [(0, 0), (1, 0), (0, 4)]
    assert lines == 4 + 1 + 2


@pytest.mark.parametrize(
    ("below", "expected"), [(0.0, 0), (0.1, 0), (0.11, 1), (0.3, 2), (0.49, 2), (0.5, 3), (0.79, 3), (0.8, 4), (1.0, 4)]
)
def test_a_shade_begins_where_the_flag_does(below: float, expected: int) -> None:
    assert bounds_of(RULES) == (0.1, 0.3, 0.5, 0.8)
    assert shade(below, bounds_of(RULES), RULES) == expected
    assert (shade(below, bounds_of(RULES), RULES) == 4) == (RULES.kind(below).value == "at_risk")
    assert (shade(below, bounds_of(RULES), RULES) == 0) == (RULES.kind(below).value == "safe")


def test_other_rules_have_other_classes() -> None:
    chart = risk_map(replace(FLAGS, rules=FlagRules(at_risk=0.5, safe=0.25)), ENGLISH, DISTRICTS)
    assert chart.classes == ("0–25%", "25–30%", "30–50%", "50–100%")
    assert [tile.shade for tile in chart.tiles] == [3, 0, 3, 2]


@pytest.mark.parametrize("theme", get_args(ThemeName))
def test_every_figure_in_a_tile_is_legible_on_its_shade(theme: ThemeName) -> None:
    flags, _, districts = many(240)
    for trace in traces(tile_figure(risk_map(flags, CHINESE, districts), theme=theme), "markers+text"):
        assert contrast(trace["textfont"]["color"], trace["marker"]["color"]) >= 4.5
        assert trace["marker"]["color"] in risk_colours(THEMES[theme], 5)


@pytest.mark.parametrize("theme", get_args(ThemeName))
def test_without_a_theme_the_pages_ink_is_legible_on_its_own_darkest_tile(theme: ThemeName) -> None:
    look = THEMES[theme]
    drawing = ET.fromstring(tile_svg(risk_map(FLAGS, CHINESE, DISTRICTS), ident="m"))
    strengths = [float(tile.get("fill-opacity") or 0) for tile in drawing.iter(f"{SVG}rect")]
    ink, paper = ([int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (look.ink, look.paper))
    mixed = [round(one * max(strengths) + other * (1 - max(strengths))) for one, other in zip(ink, paper, strict=True)]
    assert contrast(look.ink, "#" + "".join(f"{part:02X}" for part in mixed)) >= 4.5


def test_names_are_escaped_and_nothing_is_styled_inline() -> None:
    chart = risk_map(FLAGS, replace(CHINESE, below=NASTY, predicted=NASTY, names={"1": NASTY, "a": NASTY}), DISTRICTS)
    assert "<script" not in json.dumps(tile_figure(chart))
    drawn = tile_svg(chart, ident='"><script>')
    assert not list(ET.fromstring(drawn).iter(f"{SVG}script"))
    assert "style=" not in drawn


def test_an_area_without_a_district_is_named() -> None:
    with pytest.raises(AreaError, match="d: its district is not known"):
        risk_map(FLAGS, CHINESE, {"a": "1", "b": "1", "c": "1"})
