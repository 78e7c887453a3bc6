"""Findings are adjusted for their number as R does it."""

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.quality.answers import Unit
from analysis.quality.findings import Finding, bayesian_q, benjamini_hochberg, with_q

# The fifteen p-values of Benjamini & Hochberg (1995), section 3.2; R 4.2 stats::p.adjust(p, "BH").
P = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)
Q = (
    *(0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857143, 0.063857143, 0.0645),
    *(0.0765, 0.486, 0.581181818, 0.714875, 0.753230769, 0.813214286, 1.0),
)


def finding(unit: str, p: float, kind: Unit = Unit.POINT, check: str = "burst", rows: tuple[str, ...] = ()) -> Finding:
    return Finding(check, kind, unit, 20, "share", 0.5, 0.2, p, "log_odds_ratio", 1.0, rows, "by hand")


def test_q_is_that_of_r() -> None:
    assert benjamini_hochberg(P) == pytest.approx(Q, abs=1e-8)


def test_four_of_the_fifteen_are_discoveries_at_5_per_cent() -> None:
    assert np.count_nonzero(benjamini_hochberg(P) <= 0.05) == 4  # as the paper says


@given(st.lists(st.floats(0, 1), max_size=20))
def test_q_is_never_below_p_and_keeps_its_order(p: list[float]) -> None:
    q = benjamini_hochberg(p)
    assert (q >= np.array(p) * (1 - 1e-12)).all()
    assert (np.diff(q[np.argsort(p)]) >= 0).all()


def test_what_cannot_be_said_does_not_count() -> None:
    q = benjamini_hochberg([0.01, nan, 0.04])
    assert isnan(q[1])
    assert q[0] == 0.02


def test_posteriors_give_the_share_of_false_alarms_expected_among_those_as_sure() -> None:
    assert bayesian_q([0.8, nan, 0.99, 0.9]) == pytest.approx([(0.01 + 0.1 + 0.2) / 3, nan, 0.01, 0.055], nan_ok=True)
    sure = with_q([replace(finding("V1", 0.2), posterior=0.99), replace(finding("V2", 0.9), posterior=0.1)])
    assert [each.q_value for each in sure] == pytest.approx([0.01, 0.455])


def test_families_are_adjusted_apart() -> None:
    adjusted = with_q([finding("P1", 0.01), finding("P2", 0.5), finding("N1", 0.01, Unit.NEIGHBOURHOOD)])
    assert [each.q_value for each in adjusted] == [0.02, 0.5, 0.01]
