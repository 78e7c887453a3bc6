"""Questions that a frame answers."""

import pytest

from survey.domain.frame import street_kind
from tests.frames import excerpt

FRAME = excerpt.frame()


def test_population_is_told_for_sexes_and_bands_that_are_published() -> None:
    assert FRAME.population_of("511621") == 742747
    men, women = FRAME.population_of("511621", "M"), FRAME.population_of("511621", "F")
    assert men is not None
    assert women is not None
    assert men + women == 742747
    assert FRAME.population_of("511621", "M", ["80-84", "85+"]) == sum(
        count.population
        for count in FRAME.population
        if count.area_code == "511621" and count.sex == "M" and count.age_band in ("80-84", "85+")
    )


def test_a_figure_for_both_sexes_is_the_sum_of_the_two_where_only_those_are_published() -> None:
    both = FRAME.population_of("511621", None, ["0"])
    parts = [FRAME.population_of("511621", sex, ["0"]) for sex in ("M", "F")]
    assert both == sum(part for part in parts if part is not None) > 0


@pytest.mark.parametrize(
    ("code", "bands"), [("511600", None), ("511681001", None), ("511621001", ["0"]), ("511621", ["0", "18-34"])]
)
def test_what_is_not_published_is_unknown_and_not_zero(code: str, bands: list[str] | None) -> None:
    assert FRAME.population_of(code, None, bands) is None


def test_an_area_knows_its_district_and_street() -> None:
    community = FRAME.children("511621001")[0].code
    assert [getattr(FRAME.district_of(code), "code", None) for code in (community, "511621", "511600")] == [
        "511621",
        "511621",
        None,
    ]
    assert [getattr(FRAME.street_of(code), "code", None) for code in (community, "511621001", "511621")] == [
        "511621001",
        "511621001",
        None,
    ]


def test_an_unknown_code_is_an_error_and_has_no_children() -> None:
    assert FRAME.children("999999") == ()
    with pytest.raises(KeyError):
        FRAME.district_of("999999")


def test_children_come_in_the_order_of_their_codes() -> None:
    codes = [area.code for area in FRAME.children("511621")]
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("430102001", "street"),
        ("430102099", "street"),
        ("430102100", "town"),
        ("430102199", "town"),
        ("430102200", "township"),
        ("430102399", "township"),
        ("430102400", "other"),
        ("430102000", "other"),
    ],
)
def test_the_code_tells_streets_towns_and_townships_apart(code: str, kind: str) -> None:
    assert street_kind(code) == kind
