"""The planned design effect: what it is for simple designs, what it is worth, how it gives way to the sample's own."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from analysis.design import declare
from analysis.design_effect import kish_deff
from analysis.estimate import evidence, proportion
from analysis.intervals import t_quantile, wilson_ends
from analysis.measure import measure
from analysis.planned_effect import PLANNING, Planned, Planning, _kurtosis, planned
from tests.analysis.samples import clustered


def equal_points(strata: int, units: int, people: int, planning: Planning = PLANNING) -> Planned:
    """The plan of a sample with `people` of weight 1 at each of `units` points in each of `strata` strata."""
    pairs = strata * units
    size = np.full(pairs, float(people))
    group = np.repeat(np.arange(strata), units)
    n = np.array([float(pairs * people)])
    return planned(n, size, size, group, np.zeros(strata, dtype=np.intp), planning)[0]


def test_equal_points_without_weights_have_the_textbook_design_effect() -> None:
    # Kish 1965, section 8.2: 1 + (b - 1) · roh.
    plan = equal_points(4, 5, 20)
    assert plan.deff == pytest.approx(1 + 19 * PLANNING.icc)
    assert plan.per_unit == pytest.approx(20)
    assert plan.df == pytest.approx(4 * 5 - 4)
    assert plan.concentration == pytest.approx(1 / 20)


def test_without_points_the_plan_is_kishs_design_effect_of_the_weights() -> None:
    sample = clustered()
    design = declare(sample, weights="w")
    variable = measure(design, sample["aware"])
    plan = evidence(design, variable).planned
    assert plan is not None
    assert plan.deff == pytest.approx(kish_deff(variable))
    assert plan.per_unit == 1


def test_a_simple_random_sample_has_the_plain_interval_of_wilson_on_all_its_answers() -> None:
    y = np.repeat([1.0, 0.0], [47, 13])
    found = proportion(declare(pd.DataFrame({"y": y})), y)
    assert found.n_effective == pytest.approx(60)
    assert found.interval_df == pytest.approx(59 + 2 / PLANNING.weights_error**2)
    assert (found.lower, found.upper) == pytest.approx(
        wilson_ends(47 / 60, 60, t_quantile(0.975, found.interval_df)), rel=1e-12
    )


@pytest.mark.parametrize(("p", "b", "icc"), [(0.9, 12, 0.04), (0.5, 3, 0.2), (0.99, 100, 0.05), (0.02, 40, 0.1)])
def test_the_kurtosis_is_that_of_the_beta_binomial(p: float, b: int, icc: float) -> None:
    s = 1 / icc - 1
    assert _kurtosis(p, b, icc) == pytest.approx(float(betabinom(b, p * s, (1 - p) * s).stats("k")))


@given(p=st.floats(0.001, 0.999), icc=st.floats(0.01, 0.5))
def test_the_kurtosis_of_one_person_is_that_of_a_coin(p: float, icc: float) -> None:
    assert _kurtosis(p, 1.0, icc) == pytest.approx((1 - 6 * p * (1 - p)) / (p * (1 - p)), rel=1e-6, abs=1e-6)


def test_the_degrees_of_freedom_are_two_over_the_squared_relative_error_of_the_variance() -> None:
    """Normal totals of unlike variances in strata of 2, 3 and 7 points: how much their estimated variance varies."""
    rng = np.random.default_rng(3)
    units = np.array([2, 3, 7])
    group = np.repeat(np.arange(3), units)
    weight = np.array([3.0, 1.0, 2.0, 2.0, 6.0, 1.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0])
    plan = planned(np.array([40.0]), weight, weight**2, group, np.zeros(3, dtype=np.intp))[0]
    totals = rng.normal(size=(40_000, 12)) * weight  # sum w² = W², so that t = W²
    v = sum(m / (m - 1) * totals[:, group == h].var(axis=1) * m for h, m in enumerate(units))
    expected = 2 / (np.var(v) / np.mean(v) ** 2)
    # The relative error of the variance of 40,000 draws, with the kurtosis of a chi-square on 4 degrees (3), is 1.1 %.
    assert plan.df == pytest.approx(expected, rel=0.05)
    # Points less strata, as if all were alike, would be 9.
    assert plan.df < 5


def test_a_stratum_with_one_point_adds_to_the_planned_variance_and_not_to_the_degrees_of_freedom() -> None:
    n, ones = np.array([30.0]), np.full(3, 10.0)
    both = planned(n, ones, ones, np.array([0, 0, 1]), np.zeros(2, dtype=np.intp))[0]
    single = planned(n, ones, ones, np.array([0, 1, 2]), np.zeros(3, dtype=np.intp))[0]
    assert both.deff == single.deff == pytest.approx(1 + 9 * PLANNING.icc)
    assert (single.df, single.worth_of_shown(0.5)) == (0, 0)
    assert 0 < both.df <= 1


@given(shown=st.floats(0, 20), p=st.floats(0.01, 0.99))
def test_the_design_effect_lies_between_the_planned_and_the_shown_one(shown: float, p: float) -> None:
    plan = equal_points(4, 5, 20)
    deff, part = plan.moderated(p, shown)
    assert min(shown, plan.deff) - 1e-9 <= deff <= max(shown, plan.deff) + 1e-9
    assert 0 < part < 1


def test_the_nearer_the_share_to_one_the_more_the_plan_counts_until_it_is_all_there_is() -> None:
    plan = equal_points(4, 5, 20)
    parts = [plan.moderated(p, 2.0)[1] for p in (0.5, 0.9, 0.99, 0.999, 0.999999, 1.0)]
    assert parts == sorted(parts)
    assert parts[0] < 0.35
    assert parts[-2] > 0.999
    assert parts[-1] == 1
    assert parts[:5] == pytest.approx([plan.moderated(1 - p, 2.0)[1] for p in (0.5, 0.9, 0.99, 0.999, 0.999999)])


def test_many_points_outweigh_the_plan() -> None:
    assert equal_points(20, 100, 5).moderated(0.6, 4.0)[0] == pytest.approx(4.0, rel=0.02)


def test_the_larger_the_points_the_less_the_plan_is_worth_as_little_is_known_of_how_alike_answers_are() -> None:
    worth = [equal_points(2, 5, people).worth for people in (1, 2, 10, 100, 1000)]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] == pytest.approx(2 / PLANNING.weights_error**2)
    # With very many to a point only the relative error of the correlation is left, and that of the weights.
    relative = PLANNING.icc_error / PLANNING.icc
    assert worth[-1] == pytest.approx(2 / (relative**2 + PLANNING.weights_error**2), rel=0.1)


def test_a_certain_plan_is_all_that_counts() -> None:
    certain = equal_points(4, 5, 20, Planning(icc=0.1, icc_error=1e-6, weights_error=1e-6))
    assert certain.moderated(0.5, 9.0)[0] == pytest.approx(1 + 19 * 0.1, rel=1e-6)
    assert t_quantile(0.975, certain.df + certain.worth) == pytest.approx(t_quantile(0.975, inf), rel=1e-6)
