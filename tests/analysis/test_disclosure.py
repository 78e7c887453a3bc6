"""What is withheld cannot be computed from what is shown: by one subtraction, by all of them together, or by a sum."""

from collections.abc import Mapping
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure import COMPLEMENTARY, TOO_FEW, Domain, families, place, withheld
from analysis.estimate import share_estimate
from analysis.intervals import Evidence, Method
from analysis.publication import PublicationRule
from analysis.rates import Rate, wave_rates
from analysis.report import wave_report
from analysis.risk import WITHHELD
from tests.analysis.samples import margins, wave
from tests.analysis.test_report import INDICATORS, UNTIL
from tests.analysis.test_risk import estimate

RULE = PublicationRule()
Sizes = Mapping[Domain, int]
City = tuple[Sizes, Mapping[str, str]]


def city(counts: list[list[list[int]]], women: int = 0) -> City:
    """Answers by district, street and neighbourhood, with their sums, and which area lies in which."""
    sizes: dict[Domain, int] = {}
    parents: dict[str, str] = {}
    for d, streets in enumerate(counts):
        district = f"{d}"
        parents[district] = "whole"
        for s, homes in enumerate(streets):
            street = f"{d}{s}"
            parents[street] = district
            for h, n in enumerate(homes):
                home = f"{d}{s}{h}"
                parents[home] = street
                for domain in (
                    ("neighbourhood", home),
                    ("street", street),
                    ("district", district),
                    ("city", "city"),
                ):
                    sizes[domain] = sizes.get(domain, 0) + n
    everyone = sizes["city", "city"]
    women = min(women, everyone)
    return sizes | {("sex", "F"): women, ("sex", "M"): everyone - women}, parents


NOTHING = share_estimate(Evidence(nan, nan, 0, 0), Method.WILSON, 0.95, nan)


def rates_of(sizes: Sizes) -> list[Rate]:
    found = {domain: estimate(0.6, n) if n else NOTHING for domain, n in sizes.items()}
    return [Rate("aware", "intercept", *domain, known) for domain, known in found.items()]


def hidden_of(sizes: Sizes, parents: Mapping[str, str]) -> dict[Domain, str]:
    return {(kind, code): why for (_, _, kind, code), why in withheld(rates_of(sizes), parents, RULE).items()}


def computed(sizes: Sizes, parents: Mapping[str, str], hidden: set[Domain]) -> set[Domain]:
    """The withheld domains whose answers follow from those shown and from all the sums of the table together."""
    unknown = sorted(domain for domain in hidden if sizes[domain] > 0)
    if not unknown:
        return set()
    rows = []
    for parent, members in families(sizes, parents):
        row = [float((domain in members) - (domain == parent)) for domain in unknown]
        rows.append(row)
    known = np.array(rows)
    rank = np.linalg.matrix_rank(known)
    one = np.eye(len(unknown))
    return {d for d, row in zip(unknown, one, strict=True) if np.linalg.matrix_rank(np.vstack([known, row])) == rank}


cities = st.builds(
    city,
    st.lists(
        st.lists(st.lists(st.sampled_from([0, 2, 5, 9, 10, 12, 30]), min_size=1, max_size=4), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 200),
)


@given(cities)
def test_no_withheld_rate_follows_from_those_that_are_shown(found: City) -> None:
    assert computed(*found, set(hidden_of(*found))) == set()


@given(cities)
def test_no_parent_has_exactly_one_withheld_child_unless_it_is_the_only_one_and_withheld_as_well(found: City) -> None:
    sizes, parents = found
    hidden = hidden_of(sizes, parents)
    for parent, members in families(sizes, parents):
        answered = [domain for domain in members if sizes[domain] > 0]
        gone = [domain for domain in answered if domain in hidden]
        if len(answered) > 1:
            assert len(gone) != 1
        elif gone:
            assert parent in hidden


@given(cities)
def test_those_withheld_of_a_parent_hold_together_as_many_answers_as_a_rate_needs(found: City) -> None:
    sizes, parents = found
    hidden = hidden_of(sizes, parents)
    for _, members in families(sizes, parents):
        gone = [domain for domain in members if domain in hidden and sizes[domain] > 0]
        left = [domain for domain in members if domain not in hidden]
        if gone and left:
            assert sum(sizes[domain] for domain in gone) >= RULE.min_n


@given(cities)
def test_every_rate_of_too_few_answers_is_withheld_for_that_reason(found: City) -> None:
    sizes, parents = found
    hidden = hidden_of(sizes, parents)
    assert {domain for domain, why in hidden.items() if why == TOO_FEW} == {d for d, n in sizes.items() if n < 10}


def test_withholding_only_what_is_too_small_would_be_seen() -> None:
    sizes, parents = city([[[30, 30, 4]], [[40, 40]]], women=70)
    small = {domain for domain, n in sizes.items() if n < 10}
    assert computed(sizes, parents, small) == {("neighbourhood", "002")}
    assert hidden_of(sizes, parents) == {("neighbourhood", "002"): TOO_FEW, ("neighbourhood", "000"): COMPLEMENTARY}


def test_a_withheld_street_is_not_the_sum_of_neighbourhoods_that_are_shown() -> None:
    # The first street is small; the second is withheld for its sake, and so must be some of its neighbourhoods.
    sizes, parents = city([[[4], [12, 20, 30], [50, 50]]], women=80)
    hidden = hidden_of(sizes, parents)
    assert {("street", "00"), ("street", "01"), ("neighbourhood", "010"), ("neighbourhood", "011")} <= set(hidden)
    assert ("neighbourhood", "012") not in hidden


def test_a_sex_with_few_answers_takes_the_other_with_it() -> None:
    sizes, parents = city([[[50], [60]]], women=6)
    assert hidden_of(sizes, parents) == {("sex", "F"): TOO_FEW, ("sex", "M"): COMPLEMENTARY}


def test_areas_in_which_nobody_answered_protect_nobody() -> None:
    sizes, parents = city([[[5, 0, 30, 40]]], women=30)
    assert hidden_of(sizes, parents)["neighbourhood", "002"] == COMPLEMENTARY
    quiet, parents = city([[[0, 30, 40]]], women=30)
    assert hidden_of(quiet, parents) == {("neighbourhood", "000"): TOO_FEW}


def test_a_neighbourhood_without_a_street_is_a_child_of_its_district() -> None:
    domains: list[Domain] = [("city", "city"), ("district", "1"), ("street", "11"), ("neighbourhood", "12")]
    parents = {"12": "1x", "1x": "1", "11": "1", "1": "whole"}
    assert dict(families(domains, parents)) == {
        ("city", "city"): [("district", "1")],
        ("district", "1"): [("neighbourhood", "12"), ("street", "11")],
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_report_shows_nothing_of_what_is_withheld_to_protect_another(seed: int) -> None:
    rows = wave(seed, n=400)
    parents = dict(zip(rows["neighbourhood"], rows["street"], strict=True))
    parents |= dict(zip(rows["street"], rows["district"], strict=True))
    rates = wave_rates(rows, margins(), INDICATORS)
    report = wave_report(
        rates,
        INDICATORS,
        wave="b",
        data_until=UNTIL,
        code_version="1",
        responses={},
        previous=wave_rates(wave(seed + 10, n=400), margins(), INDICATORS),
        previous_wave="a",
        parents=parents,
    )
    hidden = [judged for judged in report.rates if judged.withheld == COMPLEMENTARY]
    assert hidden
    for judged in hidden:
        assert not judged.published
        assert (judged.flag, judged.change) == (WITHHELD, None)
    assert {place(judged.rate) for judged in report.rates if not judged.published} == set(
        withheld(rates, parents, RULE)
    )


def test_the_change_to_a_wave_in_which_the_rate_was_withheld_for_another_is_hidden_too() -> None:
    rows = wave(n=900)
    rows = rows[rows["mode"] == "intercept"]
    before = rows[(rows["sex"] == "F") | (np.arange(len(rows)) % 60 == 0)]
    report = wave_report(
        wave_rates(rows, margins(), INDICATORS),
        INDICATORS,
        wave="b",
        data_until=UNTIL,
        code_version="1",
        responses={},
        previous=wave_rates(before, margins(), INDICATORS),
        previous_wave="a",
    )
    by_place = {(judged.rate.domain_kind, judged.rate.domain): judged for judged in report.rates}
    assert by_place["sex", "F"].published
    assert by_place["sex", "F"].change is None
    assert by_place["city", "city"].change is not None
