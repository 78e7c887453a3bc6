"""Publication standards: which limits an estimate breaks, by the published rules and by our own."""

from dataclasses import replace
from math import inf, nan

import pytest

from analysis.estimate import Estimate, share_estimate
from analysis.intervals import Evidence, Method
from analysis.publication import NCHS, STANDARDS, PublicationRule


def estimate(p: float, n: int, deff: float = 1.0, df: float = 60) -> Estimate:
    return share_estimate(Evidence(p, deff * p * (1 - p) / n, n, df), Method.KORN_GRAUBARD, 0.95, deff)


def codes(found: Estimate, rule: PublicationRule) -> list[str]:
    return [breach.code for breach in rule.breaches(found)]


@pytest.mark.parametrize(
    ("found", "broken"),
    [
        (estimate(0.5, 400), []),
        (estimate(0.5, 29), ["few_answers", "few_effective", "wide_interval"]),
        (estimate(0.5, 100, deff=4), ["few_effective", "wide_interval"]),
        (estimate(0.5, 400, df=7), ["few_df"]),
        (estimate(0.5, 40), ["wide_interval"]),  # 0.16 on either side
        (estimate(0.04, 60), ["wide_for_its_size"]),  # narrower than 0.30, but wider than the rate
        (estimate(0.02, 800), []),  # relative width 1.1
        (estimate(0.004, 1000), []),  # relative width 2.4, but narrower than 0.05
    ],
)
def test_the_nchs_standard_withholds_what_it_says(found: Estimate, broken: list[str]) -> None:
    assert codes(found, NCHS) == broken


def test_without_an_interval_its_width_is_not_looked_at() -> None:
    assert codes(replace(estimate(0.5, 400), lower=nan, upper=nan), NCHS) == ["no_interval"]


def test_a_rate_of_0_is_wide_for_its_size_unless_it_is_narrow() -> None:
    rule = PublicationRule()
    assert codes(estimate(0.0, 40), rule) == ["wide_for_its_size"]
    assert codes(estimate(0.0, 400), rule) == []


def test_a_breach_carries_its_value_and_its_limit() -> None:
    (breach,) = NCHS.breaches(estimate(0.5, 400, df=7))
    assert (breach.value, breach.limit) == (7, 8)


def test_every_limit_can_be_lifted_and_set_for_itself() -> None:
    open_to_all = PublicationRule(min_n=0, min_n_effective=0, max_width=inf, max_relative_width=inf)
    worst = estimate(0.04, 12, deff=3, df=1)
    assert codes(worst, open_to_all) == []
    for one, code in (
        ({"min_n": 13}, "few_answers"),
        ({"min_n_effective": 5}, "few_effective"),
        ({"min_df": 2}, "few_df"),
        ({"max_width": 0.1}, "wide_interval"),
        ({"max_relative_width": 1.0}, "wide_for_its_size"),
    ):
        assert codes(worst, replace(open_to_all, **one)) == [code]


def test_the_standards_are_listed_by_name() -> None:
    assert STANDARDS["nchs"] is NCHS
    assert STANDARDS["default"] == PublicationRule()
