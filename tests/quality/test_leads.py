"""The list puts the checks of a unit together, names its reasons, and is as rarely wrong as it says."""

from math import isnan, nan

import numpy as np
import pytest
from scipy.stats import combine_pvalues, norm

from analysis.quality.answers import Unit
from analysis.quality.findings import with_q
from analysis.quality.leads import brown, covariance_of_logs, leads, over_checks, simes
from tests.quality.test_findings import finding


def test_simes_hears_one_strong_or_several_weak_signs() -> None:
    assert simes([0.001, 1.0, 1.0, 1.0]) == 0.004
    assert simes([0.03, 0.03, 0.03, 1.0]) == pytest.approx(0.04)


def test_independent_checks_are_put_together_as_fisher_did() -> None:
    p = np.array([0.02, 0.3, 0.04, nan])
    assert brown(p, 4 * np.eye(4)) == pytest.approx(combine_pvalues(p[:3], method="fisher").pvalue)
    assert isnan(brown(np.array([nan]), np.eye(1)))
    assert isnan(simes([nan]))


def test_a_check_said_twice_is_one_check() -> None:
    assert brown(np.array([0.01, 0.01]), np.full((2, 2), 4.0)) == pytest.approx(0.01)


def test_dependent_checks_are_uniform_together() -> None:
    rng = np.random.default_rng(1)
    shared = rng.normal(size=(4000, 1))
    p = norm.sf(np.sqrt(0.6) * shared + np.sqrt(0.4) * rng.normal(size=(4000, 5)))
    covariance = covariance_of_logs(p[:60])  # from as many units as there are points
    together = np.array([brown(each, covariance) for each in p])
    fisher = np.array([brown(each, 4 * np.eye(5)) for each in p])  # the planted fault: as if independent
    assert np.mean(together <= 0.01) < 0.02
    assert np.mean(fisher <= 0.01) > 0.05


def test_a_unit_without_any_p_is_not_listed() -> None:
    silent = {(Unit.POINT, "P1"): [finding("P1", nan)]}
    assert isnan(over_checks(silent)[Unit.POINT, "P1"])
    assert leads([finding("P1", nan)], {}) == ()


def test_the_list_names_reasons_and_the_interviews_of_most_reasons_first() -> None:
    found = with_q([finding("P1", 1e-5, rows=("a", "b")), finding("P2", 0.4), finding("P3", 0.6)])
    found += with_q([finding("P1", 1e-3, check="fast_interviews", rows=("b", "c")), finding("P2", 0.9, check="fast")])
    first = leads(found, {})[0]
    assert (first.unit, [each.check for each in first.reasons]) == ("P1", ["burst", "fast_interviews"])
    assert first.rows[0] == "b"


def test_a_district_stands_out_by_one_of_its_units_or_by_many_together() -> None:
    one = with_q([finding("P1", 0.00001), *(finding(f"P{at}", 0.9) for at in range(2, 9))])
    many = with_q([finding(f"Q{at}", 0.02) for at in range(1, 9)])
    nothing = with_q([finding(f"S{at}", 0.5) for at in range(1, 9)])
    where = {(Unit.POINT, f"{row}{at}"): row for row in "PQS" for at in range(1, 9)}
    listed = {lead.unit: lead for lead in leads([*one, *many, *nothing], where) if lead.kind is Unit.DISTRICT}
    assert listed["P"].p_value < 0.001
    assert listed["Q"].p_value < 0.005 < simes([0.02] * 8)  # each alone would pass
    assert listed["S"].p_value == 1
    assert listed["Q"].n == 160
