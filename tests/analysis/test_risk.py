"""Flags: the interval decides, thin data decide nothing, and the reason is in numbers."""

from dataclasses import replace
from math import nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.estimate import Estimate, share_estimate
from analysis.intervals import Evidence, Method, wilson_ends
from analysis.risk import FlagKind, PublicationRule, flag


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
    assert (found.kind, found.reason.code) == (FlagKind.TOO_FEW, "few_answers")
    assert found.needed_n is not None
    assert found.needed_n >= 1


def test_nobody_asked_needs_as_many_as_the_half_width_asks_for() -> None:
    nothing = share_estimate(Evidence(nan, nan, 0, 0), Method.WILSON, 0.95, nan)
    found = flag(nothing, 0.75)
    assert found.kind is FlagKind.TOO_FEW
    assert found.needed_n == 93  # Wilson half-width of 10 points at one half


def test_without_an_interval_nothing_is_decided() -> None:
    found = flag(replace(estimate(0.5, 50), lower=nan, upper=nan), 0.75)
    assert (found.kind, found.reason.code) == (FlagKind.TOO_FEW, "no_interval")


def test_a_very_wide_interval_astride_is_too_few() -> None:
    found = flag(estimate(0.7, 12, deff=2), 0.75)
    assert (found.kind, found.reason.code) == (FlagKind.TOO_FEW, "wide_interval")


def test_a_tiny_effective_sample_decides_nothing() -> None:
    found = flag(estimate(0.05, 40, deff=12), 0.75)
    assert found.reason.code == "few_effective"


def test_the_rule_is_data() -> None:
    assert flag(estimate(0.5, 25), 0.9, PublicationRule(min_n=30)).kind is FlagKind.TOO_FEW
    assert flag(estimate(0.5, 25), 0.9, PublicationRule(min_n=20)).kind is FlagKind.AT_RISK
    assert not PublicationRule().publishable(estimate(0.5, 9))
    assert PublicationRule().publishable(estimate(0.5, 10))
    assert not PublicationRule().publishable(replace(estimate(0.5, 50), lower=nan))


@given(p=st.floats(0.05, 0.95), n=st.integers(1, 9), deff=st.floats(1, 4), half=st.floats(0.05, 0.2))
def test_the_interviews_asked_for_bring_the_half_width(p: float, n: int, deff: float, half: float) -> None:
    rule = PublicationRule(half_width=half, most_needed=10**6)
    # The target lies where a decision would take more than the width does.
    found = flag(estimate(p, n, deff), p, rule)
    assert found.needed_n is not None
    effective = (n + found.needed_n) / max(1.0, deff)
    lower, upper = wilson_ends(p, effective, 1.959963984540054)
    assert (upper - lower) / 2 <= half + 1e-9
    assume(found.needed_n > rule.min_n)
    lower, upper = wilson_ends(p, effective - 1.01, 1.959963984540054)
    assert (upper - lower) / 2 > half


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_targets_at_the_ends_are_judged(target: float) -> None:
    assert flag(estimate(0.5, 100), target).kind in {FlagKind.SAFE, FlagKind.AT_RISK}
