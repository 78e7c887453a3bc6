"""Outcome rates agree with published numbers, keep the identities between them, and refuse counts that cannot be."""

from dataclasses import replace
from fractions import Fraction
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.outcome_rates import (
    DEFINITIONS,
    Definition,
    Dispositions,
    ImpossibleCount,
    Unknown,
    outcome_rate,
    outcome_rates,
    participation_rate,
    proportional_allocation,
)

# R package outcomerate 1.0.1 (Pilliard Hellwig 2018), README: twelve people, e by its eligibility_rate().
TWELVE = Dispositions(I=4, P=2, R=1, NC=1, O=1, UH=1, UO=1, NE=1)
TWELVE_RATES = {
    "RR1": 0.364,
    "RR2": 0.545,
    "RR3": 0.370,
    "RR4": 0.556,
    "RR5": 0.444,
    "RR6": 0.667,
    "COOP1": 0.500,
    "COOP2": 0.750,
    "COOP3": 0.571,
    "COOP4": 0.857,
    "REF1": 0.091,
    "REF2": 0.093,
    "REF3": 0.111,
    "CON1": 0.727,
    "CON2": 0.741,
    "CON3": 0.889,
}
# The same package, tests/testthat/test-rate.R: sixteen people, e = 1/2, worked by hand as fractions.
SIXTEEN = Dispositions(I=5, P=3, R=2, NC=1, O=2, UH=1, UO=1, NE=1)
SIXTEEN_RATES = {
    "RR1": Fraction(1, 3),
    "RR2": Fraction(8, 15),
    "RR3": Fraction(5, 14),
    "RR4": Fraction(4, 7),
    "RR5": Fraction(5, 13),
    "RR6": Fraction(8, 13),
    "COOP1": Fraction(5, 12),
    "COOP2": Fraction(2, 3),
    "COOP3": Fraction(1, 2),
    "COOP4": Fraction(4, 5),
    "REF1": Fraction(2, 15),
    "REF2": Fraction(1, 7),
    "REF3": Fraction(2, 13),
    "CON1": Fraction(4, 5),
    "CON2": Fraction(6, 7),
    "CON3": Fraction(12, 13),
}
# The same package, vignette "Intro to outcomerate" (2018-10-17): the 1,691 cases of its data set `middleearth`, none of
# unknown household, e by its eligibility_rate(). https://docs.ropensci.org/outcomerate/articles/intro-to-outcomerate.html
MIDDLE_EARTH = Dispositions(I=760, P=339, R=59, NC=288, O=1, UO=173, NE=71)
MIDDLE_EARTH_RATES = {
    "RR1": 0.46913580,
    "RR2": 0.67839506,
    "RR3": 0.47149080,
    "RR4": 0.68180052,
    "RR5": 0.52522460,
    "RR6": 0.75950242,
    "COOP1": 0.65573770,
    "COOP2": 0.94823123,
    "COOP3": 0.65630397,
    "COOP4": 0.94905009,
    "REF1": 0.03641975,
    "REF2": 0.03660258,
    "REF3": 0.04077402,
    "CON1": 0.71543210,
    "CON2": 0.71902347,
    "CON3": 0.80096752,
}
# Another hand: R responserates 0.1.4 (Leeper 2016), README: rates(list(i = 100, nc = 20)). As in our fieldwork
# nobody's eligibility is unknown. https://github.com/leeper/responserates
NONE_UNKNOWN = Dispositions(I=100, NC=20)
NONE_UNKNOWN_RATES = {"RR": 0.833, "COOP": 1.000, "REF": 0.000, "CON": 0.833}


def test_the_published_example_of_twelve_people() -> None:
    rates = outcome_rates(TWELVE)
    assert rates.e.value == pytest.approx(0.9)
    assert {rate.code: round(rate.value, 3) for rate in rates} == TWELVE_RATES


def test_the_published_fractions_of_sixteen_people() -> None:
    rates = outcome_rates(SIXTEEN, e=0.5)
    assert {rate.code for rate in rates} == set(SIXTEEN_RATES)
    for rate in rates:
        assert rate.value == pytest.approx(float(SIXTEEN_RATES[rate.code]), rel=1e-14), rate.code


def test_the_published_rates_of_1691_cases() -> None:
    rates = outcome_rates(MIDDLE_EARTH)
    assert {rate.code: round(rate.value, 8) for rate in rates} == MIDDLE_EARTH_RATES


def test_the_published_rates_where_nobody_s_eligibility_is_unknown() -> None:
    for rate in outcome_rates(NONE_UNKNOWN):
        assert round(rate.value, 3) == NONE_UNKNOWN_RATES[rate.code.rstrip("123456")], rate.code


@pytest.mark.parametrize("chosen", DEFINITIONS, ids=lambda definition: definition.code)
def test_a_disposition_that_is_left_out_of_a_formula_is_found_by_the_fractions(chosen: Definition) -> None:
    published = float(SIXTEEN_RATES[chosen.code])
    faults = [replace(chosen, top=without(chosen.top, name)) for name in chosen.top]
    faults += [replace(chosen, bottom=without(chosen.bottom, name)) for name in chosen.bottom]
    faults += [replace(chosen, unknown=unknown) for unknown in Unknown if unknown is not chosen.unknown]
    for faulty in faults:
        assert outcome_rate(faulty, SIXTEEN, 0.5).value != pytest.approx(published), faulty


def without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)


def test_a_rate_carries_its_formula_and_both_sides_of_it() -> None:
    rates = outcome_rates(SIXTEEN, e=0.5)
    assert rates["RR3"].formula == "I / (I + P + R + NC + O + e·(UH + UO))"
    assert rates["RR2"].formula == "(I + P) / (I + P + R + NC + O + UH + UO)"
    assert rates["COOP4"].formula == "(I + P) / (I + P + R)"
    assert rates["CON3"].formula == "(I + P + R + O) / (I + P + R + NC + O)"
    assert (rates["RR3"].numerator, rates["RR3"].denominator) == (5, 14)
    assert (rates.e.method, outcome_rates(SIXTEEN).e.method) == ("given", "proportional_allocation")
    for rate in rates:
        # The formula as printed, worked out, is the value.
        names = {"e": 0.5, **{name: getattr(SIXTEEN, name) for name in ("I", "P", "R", "NC", "O", "UH", "UO")}}
        assert eval(rate.formula.replace("·", "*"), names) == pytest.approx(rate.value), rate.code
    with pytest.raises(KeyError):
        rates["RR7"]


COUNTS = st.builds(Dispositions, **dict.fromkeys(Dispositions.__slots__, st.integers(0, 400)))


@given(COUNTS, st.floats(0, 1))
def test_the_identities_between_the_rates(counts: Dispositions, e: float) -> None:
    value = {rate.code: rate.value for rate in outcome_rates(replace(counts, I=counts.I + 1), e)}
    # Who responds was contacted and cooperated.
    for response, cooperation, contact in (
        ("RR1", "COOP1", "CON1"),
        ("RR2", "COOP2", "CON1"),
        ("RR3", "COOP1", "CON2"),
        ("RR4", "COOP2", "CON2"),
        ("RR5", "COOP1", "CON3"),
        ("RR6", "COOP2", "CON3"),
    ):
        assert value[response] == pytest.approx(value[cooperation] * value[contact])
    # The fewer unknown cases are taken for eligible, the higher the rate; partial interviews raise it too.
    for low, middle, high in (("RR1", "RR3", "RR5"), ("RR2", "RR4", "RR6"), ("REF1", "REF2", "REF3")):
        assert value[low] <= value[middle] + 1e-12
        assert value[middle] <= value[high] + 1e-12
    assert all(value[f"RR{k}"] <= value[f"RR{k + 1}"] for k in (1, 3, 5))
    assert all(0 <= each <= 1 for each in value.values())


@given(COUNTS)
def test_at_its_ends_e_gives_the_rates_that_do_without_it(counts: Dispositions) -> None:
    counts = replace(counts, I=counts.I + 1)
    all_eligible, none_eligible = outcome_rates(counts, 1.0), outcome_rates(counts, 0.0)
    for family in (("RR1", "RR3", "RR5"), ("RR2", "RR4", "RR6"), ("REF1", "REF2", "REF3"), ("CON1", "CON2", "CON3")):
        low, middle, high = family
        assert all_eligible[middle].value == all_eligible[low].value
        assert none_eligible[middle].value == none_eligible[high].value


def test_e_is_the_eligible_share_of_the_resolved_cases() -> None:
    assert proportional_allocation(Dispositions(I=60, R=15, NE=25, UO=1000)).value == 0.75
    assert proportional_allocation(Dispositions(I=60, UO=40)).value == 1.0
    assert isnan(proportional_allocation(Dispositions(UO=40)).value)


def test_nothing_is_said_where_the_denominator_is_nothing() -> None:
    rates = outcome_rates(Dispositions(UO=7))
    assert {rate.code for rate in rates if not isnan(rate.value)} == {"RR1", "RR2", "REF1", "CON1"}
    assert rates["RR1"].value == 0
    assert all(isnan(rate.value) for rate in outcome_rates(Dispositions(NE=3)))


def test_without_unknown_cases_e_does_not_matter() -> None:
    rates = outcome_rates(Dispositions(I=3, R=1))
    assert rates["RR1"].value == rates["RR3"].value == rates["RR5"].value == 0.75


@pytest.mark.parametrize("name", Dispositions.__slots__)
@pytest.mark.parametrize("count", [-1, 2.5, float("nan"), float("inf"), True, "3", None])
def test_an_impossible_count_is_refused_by_name(name: str, count: int) -> None:
    with pytest.raises(ImpossibleCount, match=rf"^{name}: ") as refused:
        Dispositions(**{name: count})
    assert refused.value.name == name


@pytest.mark.parametrize("e", [-0.1, 1.1, float("nan"), float("inf")])
def test_an_e_that_is_no_share_is_refused(e: float) -> None:
    with pytest.raises(ImpossibleCount, match=r"^e: "):
        outcome_rates(TWELVE, e)


def test_the_participation_rate_needs_people_who_were_invited() -> None:
    rate = participation_rate(120, 800)
    assert (rate.code, rate.value, rate.numerator, rate.denominator) == ("participation", 0.15, 120, 800)
    assert isnan(participation_rate(120, 0).value)
    with pytest.raises(ImpossibleCount, match=r"^usable: 900 responses from 800"):
        participation_rate(900, 800)
    with pytest.raises(ImpossibleCount, match=r"^invited: "):
        participation_rate(0, -1)
