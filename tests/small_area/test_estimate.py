"""The recommended method, as its user meets it, and on cities whose truth is known."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from scipy.special import expit

from analysis.small_area import logistic_normal
from analysis.small_area.areas import AreaError, Areas, Source
from analysis.small_area.draws import draw
from analysis.small_area.estimate import SmallAreaEstimates, estimate
from analysis.small_area.nested import Rule
from analysis.small_area.priors import Priors, Shape, Spread
from tests.small_area.samples import areas_of, imaginary


def test_every_area_has_a_rate_an_interval_and_a_chance() -> None:
    areas = areas_of([4, 18, 0, 3.3], [12, 20, 0, 9.9], ["a", "a", "b", "b"], [0.1, 2.0, -1.0, 0.0])
    found = estimate(areas, 0.6)
    assert found.method == "logistic_normal_nested_bayes"
    assert found.names == ("0", "1", "2", "3")
    assert found.sources == (Source.INTERVIEWS, Source.INTERVIEWS, Source.PREDICTION, Source.INTERVIEWS)
    assert [each.name for each in found.parameters] == ["(Intercept)", "x", "sigma_district", "sigma_area"]
    for low, high in ((found.lower, found.mean), (found.mean, found.upper)):
        assert (low < high).all()
    assert found.below[0] > found.below[1]
    with pytest.raises(FrozenInstanceError):
        found.target = 0.5  # type: ignore[misc]  # that is the point


def test_the_same_answers_give_the_same_numbers() -> None:
    areas, _ = imaginary(np.random.default_rng(4), 30, 4)
    first, second = estimate(areas, 0.5), estimate(areas, 0.5)
    assert first.mean.tolist() == second.mean.tolist()
    assert first.below.tolist() == second.below.tolist()


def test_the_order_of_the_areas_does_not_matter() -> None:
    areas, _ = imaginary(np.random.default_rng(5), 20, 4)
    turn = np.arange(20)[::-1]
    turned = replace(
        areas, names=areas.names[::-1], district=areas.district[turn], yes=areas.yes[turn], n=areas.n[turn],
        covariates=areas.covariates[turn],
    )  # fmt: skip
    straight, back = estimate(areas, 0.5), estimate(turned, 0.5)
    assert back.mean[turn] == pytest.approx(straight.mean, abs=1e-9)
    assert draw(straight, 400, np.random.default_rng(1)).mean(axis=0) == pytest.approx(straight.mean, abs=0.03)


def test_few_nodes_and_points_are_enough() -> None:
    areas, _ = imaginary(np.random.default_rng(6), 30, 4, slope=0.4)
    quick, slow = estimate(areas, 0.5), estimate(areas, 0.5, points=2048, rule=Rule(11, 11))
    assert quick.mean == pytest.approx(slow.mean, abs=3e-3)
    assert quick.sd == pytest.approx(slow.sd, rel=0.03)
    assert quick.below == pytest.approx(slow.below, abs=0.01)
    assert quick.diagnostics.effective > 100
    assert slow.diagnostics.effective > 1000


def test_with_many_areas_the_full_posterior_is_the_empirical_one_but_wider() -> None:
    areas, _ = imaginary(np.random.default_rng(7), 150, 10)
    plugged = logistic_normal.empirical_bayes(areas, logistic_normal.fit(areas, nested=True, rule=Rule(9, 9)), 0.5)
    full = estimate(areas, 0.5)
    assert full.mean == pytest.approx(plugged.mean, abs=0.015)
    assert full.sd.mean() > plugged.sd.mean()


def test_an_area_without_interviews_is_less_certain_than_its_neighbours() -> None:
    areas, _ = imaginary(np.random.default_rng(8), 80, 6)
    n, yes = areas.n.copy(), areas.yes.copy()
    n[:8], yes[:8] = 0, 0
    found = estimate(replace(areas, n=n, yes=yes), 0.5)
    assert found.sd[:8].min() > found.sd[8:].max()


def test_a_design_effect_widens_the_interval() -> None:
    areas, _ = imaginary(np.random.default_rng(9), 60, 5)
    halved = replace(areas, n=areas.n / 2, yes=areas.yes / 2)
    width = estimate(areas, 0.5).sd.mean()
    assert estimate(halved, 0.5).sd.mean() > 1.08 * width


def held(found: SmallAreaEstimates, truth: np.ndarray) -> np.ndarray:
    return (found.lower <= truth) & (truth <= found.upper)


def cities() -> list[tuple[Areas, np.ndarray]]:
    """Cities of several spreads, with and without a covariate and with few interviews."""
    rng = np.random.default_rng(10)
    settings = [(0.4, 0.6, 0.0, 40), (0.2, 0.3, 0.0, 40), (0.4, 0.5, 0.5, 40), (0.5, 1.0, 0.0, 15), (0.0, 0.6, 0.5, 15)]
    return [
        imaginary(rng, 200, 10, asked=(5, most), sigma_district=u, sigma_area=v, slope=slope)
        for u, v, slope, most in settings
    ]


def test_the_intervals_hold_the_truth_and_the_chances_are_chances() -> None:
    found = [(estimate(areas, 0.5), truth) for areas, truth in cities()]
    covered = np.concatenate([held(each, truth) for each, truth in found])
    # 1,000 areas; those of a city share its parameters, so the bound is wider than the binomial's 1.4 points.
    assert 0.93 <= covered.mean() <= 0.97
    chance = np.concatenate([each.below for each, _ in found])
    is_below = np.concatenate([truth < 0.5 for _, truth in found])
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (chance >= low) & (chance < high)
        error = np.sqrt((chance[inside] * (1 - chance[inside])).sum()) / inside.sum()
        assert abs(is_below[inside].mean() - chance[inside].mean()) < 3 * error + 0.01


def test_parameters_taken_for_the_true_ones_do_no_better() -> None:
    for (areas, truth), (u, v) in zip(cities()[:2], [(0.4, 0.6), (0.2, 0.3)], strict=True):
        fitted = logistic_normal.fit(areas, nested=True, rule=Rule(9, 9))
        known = replace(fitted, beta=np.array([0.3]), sigma_district=u, sigma_area=v)
        oracle = logistic_normal.empirical_bayes(areas, known, 0.5, Rule(9, 9)).mean
        ours = estimate(areas, 0.5).mean
        error, best, raw = (np.sqrt(((each - truth) ** 2).mean()) for each in (ours, oracle, areas.shares))
        assert error < 1.03 * best
        assert error < 0.8 * raw


def test_draws_have_the_moments_and_the_chances_of_the_estimates() -> None:
    areas, _ = imaginary(np.random.default_rng(11), 40, 4, slope=0.4)
    found = estimate(areas, 0.5)
    drawn = draw(found, 8000, np.random.default_rng(12))
    assert drawn.shape == (8000, 40)
    assert drawn.mean(axis=0) == pytest.approx(found.mean, abs=4 * 0.13 / np.sqrt(8000))
    assert drawn.std(axis=0) == pytest.approx(found.sd, rel=0.05)
    assert (drawn < 0.5).mean(axis=0) == pytest.approx(found.below, abs=0.022)
    assert (drawn < found.lower).mean() == pytest.approx(0.025, abs=0.004)


def test_draws_of_areas_without_interviews_move_with_their_district() -> None:
    yes, n, district = [18, 6, 12, 9, 0, 0, 0], [20, 20, 20, 20, 0, 0, 0], ["a", "b", "c", "d", "a", "a", "b"]
    sure = Priors(area=Spread(Shape.HALF_NORMAL, 0.05))  # so that what an area has of its own is next to nothing
    drawn = draw(estimate(areas_of(yes, n, district), 0.5, priors=sure), 2000, np.random.default_rng(13))
    together = np.asarray(np.corrcoef(drawn.T))
    assert together[4, 5] > 0.9
    assert abs(together[4, 6]) < 0.3


@pytest.mark.parametrize("shape", list(Shape))
def test_the_prior_of_a_spread_has_the_slope_that_it_says(shape: Shape) -> None:
    spread, at = Spread(shape, 0.7), np.array([0.1, 0.8, 2.0])
    higher, lower = (spread.log_density(at + h)[0] for h in (1e-6, -1e-6))
    assert spread.log_density(at)[1] == pytest.approx((higher - lower) / 2e-6, rel=1e-6)


def test_the_prior_alone_speaks_where_nobody_was_asked() -> None:
    found = estimate(areas_of([0, 0, 0], [0, 0, 0], ["a", "b", "b"]), 0.5)
    assert found.notes == ("nobody_asked",)
    assert found.mean == pytest.approx(np.full(3, 0.5), abs=0.01)
    assert (found.upper - found.lower > 0.9).all()


def test_where_all_answers_agree_the_rate_is_high_but_not_certain() -> None:
    found = estimate(areas_of([5, 7, 9], [5, 7, 9], ["a", "b", "b"]), 0.8)
    assert found.notes == ("all_answers_agree",)
    assert (found.mean > 0.9).all()
    assert (found.upper < 1).all()
    assert (found.lower < 0.85).all()


def test_a_covariate_in_other_units_changes_nothing() -> None:
    areas, _ = imaginary(np.random.default_rng(14), 30, 4, slope=0.5)
    scaled = replace(areas, covariates=1000 * areas.covariates + 7)
    assert estimate(scaled, 0.5).mean == pytest.approx(estimate(areas, 0.5).mean, abs=1e-6)


@pytest.mark.parametrize("name", ["target", "level"])
def test_per_cent_in_place_of_a_share_is_refused(name: str) -> None:
    areas = areas_of([1], [2])
    with pytest.raises(AreaError, match=f"{name}: 60 is not between 0 and 1"):
        estimate(areas, 60 if name == "target" else 0.5, level=60 if name == "level" else 0.95)


def test_a_rate_of_one_half_is_a_logit_of_nothing() -> None:
    found = estimate(areas_of([500_000], [1_000_000]), 0.5)
    assert found.mean[0] == pytest.approx(expit(0.0), abs=1e-4)
    assert found.below[0] == pytest.approx(0.5, abs=0.02)
