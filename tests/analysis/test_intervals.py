"""Intervals for shares: what each is, where each gives up, and how they relate."""

from dataclasses import replace
from itertools import pairwise
from math import inf, isnan, log, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.intervals import (
    Evidence,
    Method,
    effective,
    effective_n,
    expit,
    interval,
    symmetric,
    t_quantile,
    wilson_ends,
)
from analysis.planned_effect import Planned

SHARES = st.floats(0.01, 0.99)


def test_wilson_on_a_textbook_sample() -> None:
    # 81 of 263, Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    assert wilson_ends(81 / 263, 263, 1.959964) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_clopper_pearson_on_a_textbook_sample() -> None:
    # 81 of 263, Newcombe (1998), table I, method 5; v of a simple random sample makes the effective n exactly n.
    p = 81 / 263
    evidence = Evidence(p, p * (1 - p) / 263, 263, 262)
    assert interval(Method.KORN_GRAUBARD, evidence) == pytest.approx((0.2527, 0.3676), abs=5e-5)


def test_student_quantiles_are_those_of_the_tables() -> None:
    assert [t_quantile(0.975, df) for df in (1, 4, 30)] == pytest.approx([12.7062, 2.7764, 2.0423], abs=5e-5)


@given(p=SHARES, deff=st.floats(0.3, 8), n=st.integers(5, 2000), df=st.integers(1, 200))
def test_every_interval_holds_its_share(p: float, deff: float, n: int, df: int) -> None:
    evidence = Evidence(p, deff * p * (1 - p) / n, n, df, n / (n - 1))
    for method in Method:
        lower, upper = interval(method, evidence)
        # The arcsine folds back where its reach passes the end of the scale.
        if method is not Method.ASIN:
            assert lower <= p <= upper, method


@given(p=SHARES, deff=st.floats(1, 8), n=st.integers(5, 2000))
def test_a_share_and_its_complement_have_mirrored_intervals(p: float, deff: float, n: int) -> None:
    v = deff * p * (1 - p) / n
    for method in Method:
        lower, upper = interval(method, Evidence(p, v, n, 20, 1.0))
        mirrored = interval(method, Evidence(1 - p, v, n, 20, 1.0))
        assert (1 - upper, 1 - lower) == pytest.approx(mirrored, abs=1e-7), method


@given(p=SHARES, n=st.integers(10, 500))
def test_more_variance_never_makes_the_default_interval_shorter(p: float, n: int) -> None:
    widths = []
    for deff in (0.5, 1, 2, 4):
        lower, upper = interval(Method.WILSON, Evidence(p, deff * p * (1 - p) / n, n, 20))
        widths.append(upper - lower)
    assert all(wider >= narrower - 1e-12 for narrower, wider in pairwise(widths))


def test_the_default_never_counts_more_answers_than_were_given() -> None:
    lucky = Evidence(0.5, 0.25 / 1000, 100, 30)
    capped, uncapped = interval(Method.WILSON, lucky), interval(Method.WILSON_UNCAPPED, lucky)
    assert capped[0] < uncapped[0] < uncapped[1] < capped[1]
    assert effective_n(0.5, 0.25 / 1000, 100) == 100


def test_where_all_answers_agree_only_the_methods_that_count_answers_speak() -> None:
    everyone = Evidence(1.0, 0.0, 40, 12)
    speaking = {method for method in Method if not isnan(interval(method, everyone)[0])}
    assert speaking == {Method.WILSON, Method.KORN_GRAUBARD, Method.MEAN, Method.NORMAL}
    lower, upper = interval(Method.WILSON, everyone)
    assert upper == 1.0
    t = t_quantile(0.975, 12)
    assert lower == pytest.approx(40 / (40 + t * t))


def test_where_all_answers_agree_the_plan_says_how_many_they_are_worth() -> None:
    plan = Planned(deff=1.6, worth=20, df=9, concentration=1 / 12, per_unit=10, icc=0.05)
    known = effective(Evidence(1.0, 0.0, 40, 12, planned=plan))
    assert (known.n, known.df, known.planned) == (40 / 1.6, 29, 1.0)
    assert interval(Method.WILSON, Evidence(1.0, 0.0, 40, 12, planned=plan)) == wilson_ends(
        1.0, 25.0, t_quantile(0.975, 29)
    )


@given(p=SHARES, deff=st.floats(0.3, 8), n=st.integers(20, 2000))
def test_the_plan_moves_the_default_and_no_other_interval(p: float, deff: float, n: int) -> None:
    plan = Planned(deff=3.0, worth=5, df=15, concentration=1 / 18, per_unit=30, icc=0.05)
    alone = Evidence(p, deff * p * (1 - p) / n, n, 16, 1.0)
    with_plan = replace(alone, planned=plan)
    for method in set(Method) - {Method.WILSON}:
        assert interval(method, alone) == interval(method, with_plan), method
    assert effective(alone).planned == 0 < effective(with_plan).planned < 1
    assert effective(with_plan).n <= n


@given(p=SHARES, n=st.integers(20, 2000))
def test_with_a_plan_too_the_interval_is_mirrored_holds_its_share_and_grows_with_the_variance(p: float, n: int) -> None:
    plan = Planned(deff=3.0, worth=5, df=15, concentration=1 / 18, per_unit=30, icc=0.05)
    ends = []
    for deff in (0.0, 0.5, 1, 2, 4, 40):
        v = deff * p * (1 - p) / n
        lower, upper = interval(Method.WILSON, Evidence(p, v, n, 16, planned=plan))
        mirrored = interval(Method.WILSON, Evidence(1 - p, v, n, 16, planned=plan))
        assert (1 - upper, 1 - lower) == pytest.approx(mirrored, abs=1e-9)
        assert lower <= p <= upper
        ends.append((lower, upper))
    assert all(b[0] <= a[0] + 1e-12 and a[1] <= b[1] + 1e-12 for a, b in pairwise(ends))


def test_no_degrees_of_freedom_are_made_up_from_a_plan() -> None:
    plan = Planned(deff=1.6, worth=20, df=0, concentration=1, per_unit=10, icc=0.05)
    for known in (Evidence(0.8, 0.001, 10, 0, planned=plan), Evidence(1.0, 0.0, 10, 0, planned=plan)):
        assert all(isnan(end) for end in interval(Method.WILSON, known))


def test_the_nchs_form_at_zero_is_clopper_pearson_on_the_shrunken_count() -> None:
    t39, t12 = t_quantile(0.975, 39), t_quantile(0.975, 12)
    m = 40 * (t39 / t12) ** 2
    lower, upper = interval(Method.KORN_GRAUBARD, Evidence(0.0, 0.0, 40, 12))
    assert lower == 0.0
    assert upper == pytest.approx(1 - 0.025 ** (1 / m))


@pytest.mark.parametrize("evidence", [Evidence(0.5, 0.01, 20, 0), Evidence(nan, nan, 0, 5), Evidence(0.5, nan, 9, 3)])
def test_without_degrees_of_freedom_or_a_variance_nothing_is_said(evidence: Evidence) -> None:
    for method in set(Method) - {Method.NORMAL}:
        assert all(isnan(end) for end in interval(method, evidence)), method


def test_the_likelihood_interval_cuts_where_the_scaled_deviance_is_the_squared_quantile() -> None:
    p, v, n, df = 0.3, 0.004, 80, 15
    for end in interval(Method.LIKELIHOOD, Evidence(p, v, n, df, 1.0)):
        deviance = 2 * (p * log(p / end) + (1 - p) * log((1 - p) / (1 - end))) * p * (1 - p) / v
        assert sqrt(deviance) == pytest.approx(t_quantile(0.975, df), rel=1e-9)


def test_a_higher_level_is_wider() -> None:
    evidence = Evidence(0.6, 0.002, 150, 20, 1.0)
    for method in Method:
        at_90, at_99 = interval(method, evidence, 0.90), interval(method, evidence, 0.99)
        assert at_99[0] < at_90[0] < at_90[1] < at_99[1], method


def test_the_symmetric_interval_needs_a_variance() -> None:
    assert all(isnan(end) for end in symmetric(1.0, nan, 5))
    assert symmetric(1.0, 4.0, inf)[1] == pytest.approx(1 + 2 * 1.959963984540054)


def test_the_inverse_logit_does_not_overflow() -> None:
    assert (expit(-1000.0), expit(0.0), expit(1000.0)) == (0.0, 0.5, 1.0)
