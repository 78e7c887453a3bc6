"""Flags: the interval decides, thin data decide nothing, and the reason is in numbers."""

from collections import Counter
from dataclasses import replace
from math import nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.estimate import Estimate, share_estimate
from analysis.intervals import Evidence, Method, t_quantile, wilson_ends
from analysis.publication import PublicationRule
from analysis.risk import Flag, FlagKind, Reason, flag


def estimate(p: float, n: int, deff: float = 1.0, df: float = 1e6) -> Estimate:
    return share_estimate(Evidence(p, deff * p * (1 - p) / n, n, df), Method.WILSON, 0.95, deff)


def test_an_interval_below_the_target_is_at_risk() -> None:
    found = flag(estimate(0.5, 200), 0.75)
    assert (found.kind, found.reason.code, found.needed_n) == (FlagKind.AT_RISK, "upper_below_target", None)
    assert dict(found.reason.params)["target"] == 0.75


def test_an_interval_at_or_above_the_target_is_safe() -> None:
    assert flag(estimate(0.9, 200), 0.75).kind is FlagKind.SAFE
    exact = replace(estimate(0.9, 200), lower=0.75)
    assert flag(exact, 0.75).kind is FlagKind.SAFE


def test_an_interval_astride_is_uncertain_and_says_what_would_decide() -> None:
    found = flag(estimate(0.7, 100), 0.75)
    assert (found.kind, found.reason.code) == (FlagKind.UNCERTAIN, "astride")
    assert found.needed_n is not None
    more = flag(estimate(0.7, 100 + found.needed_n), 0.75)
    assert more.kind is FlagKind.AT_RISK


def test_a_rate_on_its_target_cannot_be_decided_by_more_interviews() -> None:
    assert flag(estimate(0.75, 100), 0.75).needed_n is None


def test_few_answers_decide_nothing_even_if_they_agree() -> None:
    found = flag(share_estimate(Evidence(0.0, 0.0, 9, 5), Method.WILSON, 0.95, nan), 0.75)
    assert (found.kind, found.reason) == (FlagKind.TOO_FEW, Reason("few_answers", (("min_n", 10),)))


def candidates(rule: PublicationRule) -> Counter[Flag]:
    """The flags of every outcome that fewer than ten answers can have, as a reader with the formula would list them."""
    outcomes = [(yes, n) for n in range(1, 10) for yes in range(n + 1)]
    return Counter(flag(estimate(yes / n, n, df=3), 0.75, rule) for yes, n in outcomes)


def test_the_flag_of_a_withheld_rate_fits_every_outcome_alike() -> None:
    assert len(candidates(PublicationRule())) == 1
    nothing = share_estimate(Evidence(nan, nan, 0, 0), Method.WILSON, 0.95, nan)
    assert flag(nothing, 0.75) in candidates(PublicationRule())


def test_an_outcome_follows_from_a_flag_that_says_how_many_more_are_needed() -> None:
    told = candidates(PublicationRule(min_n=1))
    assert any(found.needed_n is not None and count == 1 for found, count in told.items())


def test_more_points_and_not_more_interviews_where_the_interval_is_wide_for_lack_of_them() -> None:
    few = estimate(0.68, 250, df=2)
    assert flag(estimate(0.68, 250), 0.75).kind is FlagKind.AT_RISK
    found = flag(few, 0.75)
    assert (found.kind, found.reason.code, found.needed_n) == (FlagKind.UNCERTAIN, "few_points", None)
    assert dict(found.reason.params) == {"df": 2, "lower": few.lower, "upper": few.upper, "target": 0.75}


@given(
    p=st.floats(0.02, 0.98),
    n=st.integers(10, 400),
    deff=st.floats(1, 3),
    df=st.integers(1, 30),
    target=st.floats(0.05, 0.95),
)
def test_the_interviews_asked_for_settle_it_at_the_same_number_of_points(
    p: float, n: int, deff: float, df: int, target: float
) -> None:
    found = flag(estimate(p, n, deff, df), target)
    if found.needed_n is None:
        assert (
            found.kind in {FlagKind.AT_RISK, FlagKind.SAFE}
            or found.reason.code == "few_points"
            or hopeless(estimate(p, n, deff, df), target)
        )
        return
    more = estimate(p, n + found.needed_n, deff, df)
    assert not more.lower < target <= more.upper or (found.kind is FlagKind.TOO_FEW and narrow(more))
    assert more.n_effective >= PublicationRule().min_n_effective
    less = estimate(p, n + found.needed_n - 2, deff, df)
    if found.needed_n > 2:
        assert flag(less, target).kind in {FlagKind.UNCERTAIN, FlagKind.TOO_FEW}


def narrow(found: Estimate) -> bool:
    return found.upper - found.lower <= 2 * PublicationRule().half_width + 1e-9


def hopeless(found: Estimate, target: float) -> bool:
    """Not even thousands more interviews would decide."""
    more = estimate(found.value, found.n + 4990, found.n / found.n_effective, found.df)
    return more.lower < target <= more.upper


def test_without_an_interval_nothing_is_decided() -> None:
    found = flag(replace(estimate(0.5, 50), lower=nan, upper=nan), 0.75)
    assert (found.kind, found.reason.code) == (FlagKind.TOO_FEW, "no_interval")


def test_a_very_wide_interval_astride_is_too_few() -> None:
    found = flag(estimate(0.7, 12, deff=2), 0.75)
    assert (found.kind, found.reason.code) == (FlagKind.TOO_FEW, "wide_interval")


def test_an_interval_wide_for_the_size_of_its_rate_decides_nothing() -> None:
    found = flag(estimate(0.03, 60), 0.04)
    assert (found.kind, found.reason.code) == (FlagKind.TOO_FEW, "wide_for_its_size")
    assert dict(found.reason.params)["relative_width"] > 1.3


def test_a_tiny_effective_sample_decides_nothing() -> None:
    found = flag(estimate(0.05, 40, deff=12), 0.75)
    assert found.reason.code == "few_effective"


def test_the_rule_is_data() -> None:
    assert flag(estimate(0.5, 25), 0.9, PublicationRule(min_n=30)).kind is FlagKind.TOO_FEW
    assert flag(estimate(0.5, 25), 0.9, PublicationRule(min_n=20)).kind is FlagKind.AT_RISK
    assert not PublicationRule().publishable(estimate(0.5, 9))
    assert PublicationRule().publishable(estimate(0.5, 10))
    assert not PublicationRule().publishable(replace(estimate(0.5, 50), lower=nan))


@given(
    p=st.floats(0.2, 0.8),
    n=st.integers(10, 14),
    deff=st.floats(1.5, 4),
    half=st.floats(0.05, 0.2),
    df=st.integers(3, 50),
)
def test_the_interviews_asked_for_bring_the_half_width(p: float, n: int, deff: float, half: float, df: int) -> None:
    rule = PublicationRule(half_width=half, most_needed=10**6, min_n_effective=0)
    # The target lies where a decision would take more than the width does.
    found = flag(estimate(p, n, deff, df), p, rule)
    assume(found.kind is FlagKind.TOO_FEW)
    assert found.needed_n is not None
    effective, t = (n + found.needed_n) / max(1.0, deff), t_quantile(0.975, df)
    lower, upper = wilson_ends(p, effective, t)
    assert (upper - lower) / 2 <= half + 1e-9
    lower, upper = wilson_ends(p, effective - 1.01, t)
    assert (upper - lower) / 2 > half


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_targets_at_the_ends_are_judged(target: float) -> None:
    assert flag(estimate(0.5, 100), target).kind in {FlagKind.SAFE, FlagKind.AT_RISK}
