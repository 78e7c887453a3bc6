"""What must hold between the models, and of each integral, whatever the answers are."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import nquad, quad
from scipy.special import expit as share
from scipy.special import ndtr

from analysis.small_area import beta_binomial, fay_herriot, logistic_normal
from analysis.small_area.areas import AreaError, Areas, Source, read_areas
from analysis.small_area.logistic_normal import LogisticNormalFit
from analysis.small_area.mixed import Effect, Rows, fit
from analysis.small_area.nested import Data, Rule, integrate
from analysis.small_area.quadrature import Tails, below, log_binomial, modes
from tests.small_area.samples import areas_of, imaginary

UNEVEN = areas_of([1, 9, 0, 4, 12, 0, 3.5], [5, 12, 4, 4, 30, 0, 9.25], ["a", "a", "b", "b", "b", "b", "c"])


def given(areas: Areas, sigma_area: float, level: float = 0.2, sigma_district: float = 0.0) -> LogisticNormalFit:
    """Parameters as if they had been fitted."""
    beta = np.array([level])
    return LogisticNormalFit("given_ml", ("(Intercept)",), beta, beta, sigma_district, sigma_area, 0.0, ())


def test_the_nested_likelihood_is_the_integral_that_it_stands_for() -> None:
    areas = areas_of([1, 6, 3], [4, 7, 3], ["a", "a", "b"])
    data = Data.of(areas, areas.design_matrix)
    level, su, sv = 0.3, 0.8, 0.6
    found = integrate(data, np.array([[level]]), np.array([su]), np.array([sv]), Rule(25, 25))

    def normal(x: float) -> float:
        return float(np.exp(-x * x / 2) / np.sqrt(2 * np.pi))

    def of_area(u: float, i: int, power: int) -> float:
        def inner(a: float) -> float:
            x = level + u + sv * a
            return float(share(x) ** power * np.exp(log_binomial(np.asarray(x), areas.yes[i], areas.n[i])) * normal(a))

        return float(quad(inner, -9, 9, epsabs=1e-13, epsrel=1e-11)[0])

    def of_district(members: list[int], power: int) -> float:
        def outer(t: float) -> float:
            parts = [of_area(su * t, i, power if i == members[0] else 0) for i in members]
            return float(np.prod(parts)) * normal(t)

        return float(quad(outer, -8, 8, epsabs=1e-12, epsrel=1e-9)[0])

    a, b = of_district([0, 1], 0), of_district([2], 0)
    assert found.log_likelihood[0] == pytest.approx(np.log(a * b), abs=1e-8)
    assert found.mean[0, 0] == pytest.approx(of_district([0, 1], 1) / a, abs=1e-8)
    assert found.square[0, 2] == pytest.approx(of_district([2], 2) / b, abs=1e-8)


def test_the_gradient_of_the_nested_likelihood_is_its_slope() -> None:
    areas = areas_of([1, 9, 0, 4, 12], [5, 12, 4, 4, 30], ["a", "a", "b", "b", "c"], [0.1, -1, 2, 0.5, 0])
    data = Data.of(areas, areas.design_matrix)
    at, step = np.array([0.2, -0.4, 0.7, 0.5]), 1e-5

    def value(x: np.ndarray) -> float:
        return float(integrate(data, x[None, :2], x[2:3], x[3:], Rule(25, 25)).log_likelihood[0])

    slopes = [(value(at + h) - value(at - h)) / (2 * step) for h in step * np.eye(4)]
    assert integrate(data, at[None, :2], at[2:3], at[3:], Rule(25, 25)).gradient[0] == pytest.approx(slopes, abs=1e-7)


def test_laplace_for_crossed_effects_is_the_integral_by_its_normal_approximation() -> None:
    # One level of each of two effects: the integral has two dimensions, and answers enough to be nearly normal.
    one = np.zeros(1, dtype=np.intp)
    rows = Rows(
        np.array([400.0]), np.array([1000.0]), np.ones((1, 1)), [Effect("a", one, ("",)), Effect("b", one, ("",))]
    )
    at = np.array([-0.2, 0.5, 0.8])
    top = float(log_binomial(np.array([np.log(400 / 600)]), rows.yes, rows.n)[0])

    def density(s: float, t: float) -> float:
        x = np.array([at[0] + at[1] * s + at[2] * t])
        return float(np.exp(log_binomial(x, rows.yes, rows.n)[0] - top - (s * s + t * t) / 2) / (2 * np.pi))

    exact = nquad(density, [[-6, 6], [-6, 6]], opts={"epsabs": 1e-10, "limit": 400})[0]
    value, gradient = rows.objective(at)
    assert value == pytest.approx(np.log(exact) + top, abs=1e-3)
    step = 1e-5
    slopes = [(rows.objective(at + h)[0] - rows.objective(at - h)[0]) / (2 * step) for h in step * np.eye(3)]
    assert gradient == pytest.approx(slopes, rel=1e-6)


def test_the_chance_from_the_signed_root_is_the_integral() -> None:
    yes, n = np.array([0, 1, 2, 5, 30, 700_000.0]), np.array([2, 2, 2, 12, 40, 1_000_000.0])
    eta, sigma = np.full(6, 0.3), np.full(6, 0.8)
    tails = Tails.of(yes, n, eta, sigma)
    for cut in (-2.0, -0.5, 0.3, 0.847, 2.0):
        x = np.full(6, cut)
        exact = below(yes, n, eta, sigma, x)
        assert ndtr(tails.root(x)[0]) == pytest.approx(exact, abs=2e-3)
    assert ndtr(tails.root(tails.quantile(np.full(6, -1.5)))[0]) == pytest.approx(np.full(6, ndtr(-1.5)), abs=1e-6)


def test_without_answers_the_chance_is_the_normal_one() -> None:
    none, one, sigma = np.zeros(1), np.array([0.4]), np.array([0.7])
    x = np.array([-0.2])
    assert below(none, none, one, sigma, x) == pytest.approx(ndtr((x - one) / sigma), abs=1e-10)
    assert ndtr(Tails.of(none, none, one, sigma).root(x)[0]) == pytest.approx(ndtr((x - one) / sigma), abs=1e-12)


def test_modes_are_found_from_wherever_the_search_starts() -> None:
    yes, n = np.array([0.0, 1e6, 3.0]), np.array([1e6, 1e6, 5.0])
    for eta in (-30.0, 0.0, 30.0):
        a, _ = modes(yes, n, np.full(3, eta), np.full(3, 3.0))
        assert 3 * (yes - n * share(eta + 3 * a)) == pytest.approx(a, rel=1e-6, abs=1e-6)


def test_without_a_spread_every_area_has_the_pooled_rate() -> None:
    found = logistic_normal.empirical_bayes(UNEVEN, given(UNEVEN, 0.0), 0.5)
    assert found.mean == pytest.approx(np.full(7, share(0.2)))
    assert found.sd == pytest.approx(np.zeros(7), abs=1e-7)
    assert found.below.tolist() == [0.0] * 7


def test_with_a_boundless_spread_areas_keep_their_shares() -> None:
    areas = areas_of([10, 90, 400], [40, 120, 500])
    found = logistic_normal.empirical_bayes(areas, given(areas, 30.0), 0.5)
    assert found.mean == pytest.approx(areas.shares, abs=5e-3)


@pytest.mark.parametrize("sigma", [0.2, 0.6, 1.2])
def test_the_estimate_lies_between_the_share_and_the_pooled_rate(sigma: float) -> None:
    areas = areas_of([1, 9, 8, 20, 12], [10, 12, 20, 45, 30])
    logits = given(areas, sigma)
    at_mode = logistic_normal.area_modes(areas, logits).share
    pooled = share(0.2)
    low, high = np.minimum(areas.shares, pooled), np.maximum(areas.shares, pooled)
    assert ((low <= at_mode) & (at_mode <= high)).all()


def test_in_one_district_the_nested_model_is_the_model_with_one_effect() -> None:
    areas = areas_of([1, 9, 0, 4, 12], [5, 12, 4, 14, 30])
    nested, single = (logistic_normal.fit(areas, nested=value) for value in (True, False))
    assert nested.method == single.method
    assert nested.log_likelihood == single.log_likelihood
    assert nested.sigma_district == 0.0


def test_a_district_lends_to_its_areas_without_interviews() -> None:
    areas = areas_of([18, 17, 2, 3, 0, 0], [20, 20, 20, 20, 0, 0], ["a", "a", "b", "b", "a", "b"])
    found = logistic_normal.empirical_bayes(areas, given(areas, 0.3, 0.0, 1.0), 0.5)
    assert found.mean[4] > 0.7
    assert found.mean[5] < 0.3
    assert found.sources[3:] == (Source.INTERVIEWS, Source.PREDICTION, Source.PREDICTION)


def test_areas_that_differ_by_chance_alone_have_no_spread_in_any_model() -> None:
    areas = areas_of([10] * 12, [20] * 12, ["a", "b", "c"] * 4)
    normal = logistic_normal.fit(areas, nested=True)
    mixed = fit(areas.yes, areas.n, np.ones((12, 1)), [Effect("district", areas.district, areas.districts)])
    assert (normal.sigma_district, normal.sigma_area, mixed.sigma.tolist()) == (0.0, 0.0, [0.0])
    assert normal.beta == pytest.approx([0.0], abs=1e-9)
    assert beta_binomial.fit(areas, 0.4).mean.tolist() == [0.5] * 12
    assert fay_herriot.arcsine(areas).variance == 0.0
    for found in (normal, mixed, beta_binomial.fit(areas, 0.4), fay_herriot.logit(areas)):
        assert "no_spread" in found.notes


def test_the_beta_binomial_shrinks_by_k() -> None:
    areas, _ = imaginary(np.random.default_rng(2), 40, sigma_district=0)
    found = beta_binomial.fit(areas, 0.5)
    weight = areas.n / (areas.n + found.k)
    assert found.mean == pytest.approx(weight * areas.shares + (1 - weight) * found.mu)
    assert found.rho == pytest.approx(1 / (found.k + 1))


def test_fay_herriot_weighs_share_and_regression_by_their_variances() -> None:
    areas, _ = imaginary(np.random.default_rng(3), 60, slope=0.5)
    for found in (fay_herriot.arcsine(areas), fay_herriot.logit(areas)):
        synthetic = areas.design_matrix @ found.beta
        weight = found.variance / (found.variance + found.d)
        assert found.predictor == pytest.approx(weight * found.z + (1 - weight) * synthetic)
        assert (found.lower < found.share).all()
        assert (found.share < found.upper).all()
        assert (found.mse < found.d * 1.02).all()


def test_fay_herriot_predicts_where_nobody_was_asked() -> None:
    areas = areas_of([3, 9, 8, 20, 0], [10, 12, 20, 45, 0], x=[0.0, 1, 0.4, 0.2, 0.5])
    found = fay_herriot.arcsine(areas)
    assert found.predictor[4] == pytest.approx(found.beta @ [1, 0.5])
    assert found.mse[4] > found.variance


@pytest.mark.parametrize("all_say", [0, 1])
def test_where_all_answers_agree_maximum_likelihood_has_nothing_to_say(all_say: int) -> None:
    areas = areas_of([5 * all_say, 7 * all_say], [5, 7])
    assert logistic_normal.fit(areas, nested=True).notes == ("all_answers_agree",)
    assert np.isnan(logistic_normal.empirical_bayes(areas, logistic_normal.fit(areas, nested=True), 0.5).mean).all()
    assert beta_binomial.fit(areas, 0.5).notes == ("all_answers_agree",)


def test_effective_interviews_carry_the_design() -> None:
    frame = pd.DataFrame({"area": ["a", "b"], "district": "D", "n": [40, 40], "share": [0.25, 1.0]})
    assert read_areas(frame.assign(variance=[0.25 * 0.75 / 20, 0.0])).n.tolist() == [20.0, 40.0]
    assert read_areas(frame.assign(n_effective=[15.5, 0.0])).yes.tolist() == [0.25 * 15.5, 0.0]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("area", "b", "b is listed twice"),
        ("district", None, "district: a has none"),
        ("n", -1.0, "n: that of a is negative"),
        ("yes", 6.0, "yes: that of a is not between 0 and n"),
        ("x", float("nan"), "x: that of a is missing"),
    ],
)
def test_a_row_that_cannot_be_is_named(column: str, value: object, message: str) -> None:
    frame = pd.DataFrame({"area": ["a", "b"], "district": ["D", "D"], "n": [5.0, 6], "yes": [1.0, 2], "x": [0.0, 1]})
    frame[column] = [value, frame[column].iloc[1]]
    with pytest.raises(AreaError, match=message):
        read_areas(frame, ["x"])


def test_covariates_that_cannot_be_told_apart_are_named() -> None:
    areas = areas_of([1, 2, 3, 4], [6, 6, 6, 6], x=[2.0, 2, 2, 2])
    with pytest.raises(AreaError, match="x: in the areas with interviews it does not vary"):
        logistic_normal.fit(areas, nested=False)
