"""The reference is right where it is known: textbook tails, uniform p under honesty, spread that alarms nobody."""

import numpy as np
import pytest
from scipy.stats import betabinom, binom, norm, t

from analysis.quality import reference
from analysis.quality.answers import Codes, Floats
from analysis.quality.reference import (
    between_variance,
    heavier,
    honest_differences,
    means_apart,
    scatter,
    shares_apart,
    skewed_tail,
)


def test_the_tail_of_a_share_is_the_beta_binomial() -> None:
    n, p, alike = 30, 0.4, 0.05
    variance = n * p * (1 - p) * (1 + (n - 1) * alike)
    a, b = p * (1 / alike - 1), (1 - p) * (1 / alike - 1)
    low = reference._beta_binomial(5, n, p, variance, low=True)
    assert low == pytest.approx(betabinom.cdf(5, n, a, b))
    high = reference._beta_binomial(20, n, p, variance, low=False)
    assert high == pytest.approx(betabinom.sf(19, n, a, b))
    assert reference._beta_binomial(5, n, p, n * p * (1 - p), low=True) == pytest.approx(binom.cdf(5, n, p))


def test_winsorised_normal_deviations_have_mean_square_1() -> None:
    assert scatter(norm.ppf((np.arange(100_000) + 0.5) / 100_000)) == pytest.approx(1, abs=1e-3)


def test_a_sixth_of_dishonest_units_hardly_widens_the_spread() -> None:
    z = np.random.default_rng(1).normal(size=600)
    z[:100] += 8
    assert np.var(z) > 8
    assert scatter(z) < 2


def test_the_spread_between_units_is_found() -> None:
    rng = np.random.default_rng(2)
    suspicion = rng.normal(0, np.sqrt(1 + 0.05 * 100), 4000)
    assert between_variance(suspicion, np.ones(4000), np.full(4000, 100.0)) == pytest.approx(0.05, abs=0.006)


def test_few_units_are_given_the_ordinary_spread() -> None:
    nothing = np.zeros(0)
    assert between_variance(nothing, nothing, nothing) == reference.ORDINARY


def test_the_tail_of_draws_is_smooth_beyond_what_they_could_count() -> None:
    rng = np.random.default_rng(3)
    draws = rng.gamma(4, 1, (200_000, 1))
    at = np.array([13.06])  # the 0.999 quantile of Gamma(4) is 13.062
    assert skewed_tail(at, draws)[0] == pytest.approx(0.001, rel=0.1)


def test_draws_that_do_not_vary_say_nothing() -> None:
    assert skewed_tail(np.array([5.0]), np.ones((10, 1))) == [1.0]


def test_tails_are_heavier_the_fewer_the_units() -> None:
    p = np.array([1e-4, 0.5, np.nan])
    assert heavier(p, 20)[0] == pytest.approx(t.sf(norm.isf(1e-4), 20))
    assert heavier(p, 10)[0] > heavier(p, 60)[0] > 1e-4
    assert heavier(p, 10)[1] == pytest.approx(0.5)
    assert np.isnan(heavier(p, 10)[2])


def test_tests_that_know_chance_alone_are_given_the_units_own_spread() -> None:
    z = np.random.default_rng(4).normal(0.3, 1.7, 2000)
    raw = norm.sf(z)
    assert np.mean(raw <= 0.01) > 0.08
    assert np.mean(honest_differences(raw) <= 0.01) == pytest.approx(0.01, abs=0.01)
    honest = norm.sf(np.random.default_rng(5).normal(size=50))
    remarkable = honest < 0.5
    assert (honest_differences(honest) >= honest)[remarkable].all()


def _units(rng: np.random.Generator, spread: float) -> tuple[Codes, Codes, Floats]:
    """200 units in 10 sites with 30 interviews each: unit, site, and each unit's own deviation by interview."""
    unit = np.repeat(np.arange(200, dtype=np.int64), 30)
    site = rng.integers(0, 10, len(unit), dtype=np.int64)
    return unit, site, rng.normal(0, spread, 200)[unit]


@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("low", [True, False])
def test_p_of_honest_shares_is_uniform_whatever_places_and_units_are_like(*, spread: float, low: bool) -> None:
    rng = np.random.default_rng(6)
    unit, site, own = _units(rng, spread)
    hit = rng.random(len(unit)) < 1 / (1 + np.exp(-(np.linspace(-2, 1, 10)[site] + own)))
    p = shares_apart(hit, unit, site, 200, low=low).p_value
    # 200 p-values: 0.05 ± 3 × 0.0154; a discrete p is a little larger than uniform
    assert np.mean(p <= 0.05) < 0.097
    assert 0.3 < np.mean(p <= 0.5) < 0.6
    assert p.min() > 1e-5


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_p_of_honest_means_is_uniform_whatever_places_and_units_are_like(spread: float) -> None:
    rng = np.random.default_rng(7)
    unit, site, own = _units(rng, spread)
    values = rng.normal(np.linspace(-3, 3, 10)[site] + own, 1)
    p = means_apart(values, unit, site, 200, low=False).p_value
    assert np.mean(p <= 0.05) < 0.097
    assert 0.39 < np.mean(p <= 0.5) < 0.61


def test_without_the_units_own_spread_honest_ones_would_be_accused() -> None:
    rng = np.random.default_rng(8)
    unit, site, own = _units(rng, 0.5)
    values = rng.normal(own, 1)
    z = np.bincount(unit, values) / np.sqrt(30)  # chance alone: the planted fault
    assert np.mean(norm.sf(z) <= 0.001) > 0.05
    assert np.mean(means_apart(values, unit, site, 200, low=False).p_value <= 0.001) < 0.01


def test_comparing_across_sites_would_charge_units_with_their_places() -> None:
    """The planted fault: three of forty units work where there are few hits, which is none of their doing."""
    rng = np.random.default_rng(9)
    unit = np.repeat(np.arange(40, dtype=np.int64), 30)
    site = np.where(unit < 37, 0, 1)
    hit = rng.random(len(unit)) < np.where(site == 0, 0.6, 0.1)
    within = shares_apart(hit, unit, site, 40, low=True).p_value
    across = shares_apart(hit, unit, np.zeros_like(unit), 40, low=True).p_value
    assert within.min() > 0.001
    assert np.mean(across[37:] <= 0.001) == 1


def test_a_unit_that_nobody_can_be_compared_with_has_no_p() -> None:
    unit = np.repeat([0, 1], 20)
    apart = shares_apart(np.ones(40, bool), unit, unit, 2, low=True)
    assert np.isnan(apart.p_value).all()
    assert apart.total.tolist() == [20, 20]


def test_everybody_the_same_is_no_evidence() -> None:
    unit, site = np.repeat(np.arange(10), 20), np.tile(np.arange(4), 50)
    for hit in (np.ones(200, bool), np.zeros(200, bool)):
        assert (shares_apart(hit, unit, site, 10, low=True).p_value > 0.4).all()
    assert (means_apart(np.ones(200), unit, site, 10, low=True).p_value == 0.5).all()
