"""Colours that mean something are told apart by all eyes and in grey print; where they are not, shapes do it."""

from itertools import combinations, pairwise
from typing import get_args

import pytest

from analysis.palette import MARKS, THEMES, ThemeName, contrast, risk_colours
from tests.charts.colour_vision import DEUTERANOPIA, GREY, NORMAL, PROTANOPIA, Lab, Matrix, difference, seen

EYES = {"normal": NORMAL, "protanopia": PROTANOPIA, "deuteranopia": DEUTERANOPIA, "grey": GREY}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # Sharma, Wu & Dalal 2005, table 1, pairs 1, 7, 10, 17, 20, 25, 34
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0010), 7.1792),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_is_that_of_the_published_pairs(one: Lab, other: Lab, expected: float) -> None:
    assert difference(one, other) == pytest.approx(expected, abs=1e-4)


def test_red_and_green_of_one_lightness_are_far_apart_only_to_those_who_see_both() -> None:
    red, green = "#B8503C", "#7A7A1E"
    assert difference(seen(red), seen(green)) > 25
    assert difference(seen(red, DEUTERANOPIA), seen(green, DEUTERANOPIA)) < 12


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_neighbouring_shades_of_risk_are_told_apart_and_in_the_order_of_lightness(
    theme: ThemeName, eyes: Matrix
) -> None:
    scale = [seen(colour, eyes) for colour in THEMES[theme].risk]
    assert min(difference(one, other) for one, other in pairwise(scale)) >= 9
    lightness = [each[0] for each in scale]
    assert lightness == sorted(lightness, reverse=theme == "light")


@pytest.mark.parametrize("theme", get_args(ThemeName))
@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_flags_whose_colours_some_eyes_confuse_have_shapes_of_their_own(theme: ThemeName, eyes: Matrix) -> None:
    flags = THEMES[theme].flags
    for one, other in combinations(flags, 2):
        apart = difference(seen(flags[one], eyes), seen(flags[other], eyes))
        assert apart >= 9 or MARKS[one] != MARKS[other]


@pytest.mark.parametrize("theme", get_args(ThemeName))
def test_the_outline_of_a_tile_stands_out_from_the_paper(theme: ThemeName) -> None:
    assert contrast(THEMES[theme].quiet, THEMES[theme].paper) >= 3


def test_fewer_classes_reach_from_the_first_shade_to_the_last() -> None:
    risk = THEMES["light"].risk
    assert [risk_colours(THEMES["light"], classes) for classes in (1, 2, 3, 5)] == [
        (risk[0],),
        (risk[0], risk[4]),
        (risk[0], risk[2], risk[4]),
        risk,
    ]
