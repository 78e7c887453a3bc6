"""How age ranges are read and put together from published bands."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.age import ALL_AGES, AgeRange, cover, parse_age, share_within, tile

CENSUS = [AgeRange(0, 0), AgeRange(1, 4), *(AgeRange(low, low + 4) for low in range(5, 85, 5)), AgeRange(85, None)]


def bands(*texts: str) -> list[AgeRange]:
    return [age for text in texts if (age := parse_age(text))]


@pytest.mark.parametrize("text", ["0", "1-4", "15-19", "85+", "0+", "130"])
def test_an_age_range_is_read_and_written_alike(text: str) -> None:
    assert str(parse_age(text)) == text


@pytest.mark.parametrize(
    "text", ["", "-4", "4-", "19-15", "15–19", "18-34岁", "under_18", "1e1", "１５-１９", "131", " 5"]
)
def test_what_is_no_age_range_is_none(text: str) -> None:
    assert parse_age(text) is None


def test_the_published_bands_tile_all_ages() -> None:
    assert tile(ALL_AGES, CENSUS) == tuple(CENSUS)


def test_a_range_takes_the_bands_that_fit_exactly_before_wider_ones() -> None:
    mixed = [*CENSUS, *bands("15-59", "60+", "65+")]
    assert [str(band) for band in cover(AgeRange(60, None), mixed) or ()] == [
        "60-64",
        "65-69",
        "70-74",
        "75-79",
        "80-84",
        "85+",
    ]
    assert cover(AgeRange(18, 34), mixed) == tuple(bands("15-19", "20-24", "25-29", "30-34"))
    assert cover(AgeRange(18, 19), [*mixed, AgeRange(18, 19)]) == (AgeRange(18, 19),)


def test_a_gap_or_an_endless_band_that_would_have_to_be_split_gives_nothing() -> None:
    assert cover(AgeRange(18, 34), bands("0-17", "18-24", "26-34")) is None
    assert cover(AgeRange(70, 89), CENSUS) is None
    assert cover(AgeRange(85, None), CENSUS) == (AgeRange(85, None),)


def test_a_band_is_split_by_its_years_of_age() -> None:
    assert share_within(AgeRange(15, 19), AgeRange(18, 34)) == Fraction(2, 5)
    assert share_within(AgeRange(15, 19), AgeRange(18, None)) == Fraction(2, 5)
    assert share_within(AgeRange(20, 24), AgeRange(18, 34)) == 1
    assert share_within(AgeRange(85, None), AgeRange(55, None)) == 1
    assert share_within(AgeRange(20, 24), AgeRange(55, None)) == 0


@given(st.integers(0, 80), st.integers(0, 40))
def test_shares_of_the_covering_bands_hold_each_year_of_the_range_once(low: int, years: int) -> None:
    wanted = AgeRange(low, min(low + years, 84))
    parts = cover(wanted, CENSUS)
    assert parts is not None
    counted = sum(share_within(part, wanted) * ((part.high or 0) - part.low + 1) for part in parts)
    assert wanted.high is not None
    assert counted == wanted.high - wanted.low + 1
