"""What further interviews may show: the predictive distribution agrees with its closed forms and with drawing."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import beta, betabinom, norm

from analysis.design import Floats
from analysis.planning import foresight
from analysis.planning.foresight import Posteriors, draws, logit_normal, outcomes
from analysis.planning.inputs import PlanError


def beta_posterior(a: float, b: float, target: float) -> Posteriors:
    """A beta distribution as fine quadrature, nodes on each side of the target."""
    at, weight = np.polynomial.legendre.leggauss(80)
    low, high = target / 2 * (1 + at), target + (1 - target) / 2 * (1 + at)
    rates = np.concatenate([low, high])
    weights = beta.pdf(rates, a, b) * np.concatenate([weight * target / 2, weight * (1 - target) / 2])
    return Posteriors(rates[None, :], (weights / weights.sum())[None, :], target)


def along(m: int, table: Floats) -> Floats:
    """The outcomes 0 … m "yes" of m answers of the first area."""
    yes = np.arange(m + 1)
    values: Floats = table[0, yes, m - yes]
    return values


def test_the_answers_to_come_are_beta_binomial_where_the_posterior_is_a_beta() -> None:
    ahead = outcomes(beta_posterior(7, 5, 0.5), 30)
    for m in (1, 4, 17, 30):
        assert along(m, ahead.risk + ahead.safe) == pytest.approx(betabinom.pmf(np.arange(m + 1), m, 7, 5), abs=1e-12)


def test_each_outcome_has_the_posterior_that_bayes_gives() -> None:
    known = beta_posterior(7, 5, 0.5)
    ahead = outcomes(known, 20)
    yes = np.arange(21)
    chance = along(20, ahead.risk) / along(20, ahead.risk + ahead.safe)
    assert chance == pytest.approx(beta.cdf(0.5, 7 + yes, 5 + 20 - yes), abs=1e-10)
    for y in (0, 9, 20):
        after = known.updated(np.array([float(y)]), np.array([20.0 - y]))
        assert after.at_risk[0] == pytest.approx(chance[y], abs=1e-12)
        assert after.means[0] == pytest.approx((7 + y) / 32, abs=1e-10)


@settings(max_examples=60, deadline=None)
@given(mean=st.floats(-4, 4), sd=st.floats(0.05, 2.5), target=st.floats(0.05, 0.95))
def test_a_logit_normal_is_known_exactly(mean: float, sd: float, target: float) -> None:
    known = logit_normal([mean], [sd], target)
    # The tails beyond six standard deviations are cut off.
    assert known.at_risk[0] == pytest.approx(norm.cdf((logit(target) - mean) / sd), abs=1e-8)
    expected = quad(lambda z: expit(mean + sd * z) * norm.pdf(z), -6, 6, epsabs=1e-12)[0]
    assert known.means[0] == pytest.approx(expected, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(mean=st.floats(-4, 4), sd=st.floats(0.05, 2.5), target=st.floats(0.05, 0.95), m=st.integers(0, 60))
def test_on_average_further_interviews_change_no_belief(mean: float, sd: float, target: float, m: int) -> None:
    known = logit_normal([mean], [sd], target)
    ahead = outcomes(known, 60)
    assert ahead.by_size(ahead.risk)[0, m] == pytest.approx(known.at_risk[0], abs=1e-10)
    assert ahead.by_size(ahead.risk + ahead.safe)[0, m] == pytest.approx(1, abs=1e-10)
    yes = np.arange(m + 1)
    expected = (along(m, ahead.risk + ahead.safe) * yes).sum()
    assert expected == pytest.approx(m * known.means[0], abs=1e-8)


def test_drawn_answers_come_as_often_as_foreseen() -> None:
    rng = np.random.default_rng(8)
    known = logit_normal([0.4], [0.5], 0.55)
    rates = expit(0.4 + 0.5 * rng.normal(size=40_000))
    yes = rng.binomial(12, rates)
    ahead = outcomes(known, 12)
    error = 4 * np.sqrt(0.25 / 40_000)
    for table, side in ((ahead.risk, rates < 0.55), (ahead.safe, rates >= 0.55)):
        drawn = np.bincount(yes[side], minlength=13) / 40_000
        assert np.abs(drawn - along(12, table)).max() < error


def test_answers_whose_orders_are_not_counted_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "_ways", lambda most: np.ones((most + 1, most + 1)))
    ahead = outcomes(beta_posterior(7, 5, 0.5), 4)
    assert along(4, ahead.risk + ahead.safe) != pytest.approx(betabinom.pmf(np.arange(5), 4, 7, 5), abs=1e-3)


def test_draws_of_a_model_serve_as_well_as_quadrature() -> None:
    rng = np.random.default_rng(9)
    exact = logit_normal([0.1, 0.9], [0.4, 0.3], 0.6)
    sampled = draws(expit(np.array([[0.1], [0.9]]) + np.array([[0.4], [0.3]]) * rng.normal(size=(2, 20_000))), 0.6)
    assert sampled.at_risk == pytest.approx(exact.at_risk, abs=0.015)
    found, expected = (outcomes(each, 8) for each in (sampled, exact))
    assert found.risk[:, 3, 5] == pytest.approx(expected.risk[:, 3, 5], abs=0.005)


def test_a_rate_on_the_target_is_no_risk() -> None:
    assert draws(np.array([[0.6, 0.6, 0.5]]), 0.6).at_risk[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: logit_normal([0.0], [0.0], 0.5), "standard deviation above 0"),
        (lambda: logit_normal([0.0, 1.0], [1.0], 0.5), "for each neighbourhood"),
        (lambda: logit_normal([0.0], [1.0], 1.0), "The target is 1"),
        (lambda: draws(np.array([[0.5, 1.2]]), 0.5), "no share"),
        (lambda: draws(np.array([[0.5, np.nan]]), 0.5), "no share"),
        (lambda: draws(np.zeros((2, 0)), 0.5), "a column for each draw"),
        (lambda: Posteriors(np.array([[0.5]]), np.array([[0.7]]), 0.5), "sum to 1"),
        (lambda: outcomes(logit_normal([0.0], [1.0], 0.5), 1001), "plan 0 to 1000"),
        (lambda: draws(np.array([[0.0]]), 0.5).updated(np.array([1.0]), np.array([0.0])), "impossible"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
