"""Will the target be met, in truth and in the evaluator's sample, and what lifts it most."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import betabinom, binom

from analysis.design import Floats
from analysis.small_area.areas import AreaError, Areas
from analysis.small_area.draws import draw
from analysis.small_area.estimate import estimate
from analysis.small_area.forecast import Evaluation, forecast, lifts
from tests.small_area.samples import areas_of, imaginary

PEOPLE = np.array([1000.0, 3000.0, 2000.0, 4000.0])


def city() -> Areas:
    """Four areas of two districts; nobody was asked in the last."""
    return areas_of([15, 10, 18, 0], [20, 20, 20, 0], ["a", "a", "b", "b"])


def known(rates: list[float]) -> Floats:
    """Draws of rates that are known."""
    return np.tile(np.array(rates), (50, 1))


@pytest.fixture(scope="module")
def drawn() -> Floats:
    return draw(estimate(city(), 0.6), 3000, np.random.default_rng(1))


def test_a_manager_reads_the_chance_of_city_and_districts(drawn: Floats) -> None:
    found = forecast(city(), drawn, PEOPLE, 0.6, Evaluation(300, 1.5))
    assert [each.name for each in found.districts] == ["a", "b"]
    assert [each.people for each in (found.city, *found.districts)] == [10_000, 4000, 6000]
    assert [each.interviews for each in (found.city, *found.districts)] == pytest.approx([300, 120, 180])
    for each in (found.city, *found.districts):
        assert each.lower < each.mean < each.upper
        assert 0 < each.passes < 1
        assert 0 < each.reaches < 1
    # The area without interviews comes in with its prediction, and with its uncertainty.
    assert found.districts[1].upper - found.districts[1].lower > found.districts[0].upper - found.districts[0].lower


def test_the_rate_of_the_city_is_the_mean_of_its_people(drawn: Floats) -> None:
    found = forecast(city(), drawn, PEOPLE, 0.6, Evaluation(300))
    rate = (drawn * PEOPLE).sum(axis=1) / PEOPLE.sum()
    assert found.city.mean == pytest.approx(rate.mean())
    assert found.city.reaches == pytest.approx((rate >= 0.6).mean())


@pytest.mark.parametrize("target", [0.6, 0.65, 0.66])
def test_with_known_rates_the_sample_is_binomial(target: float) -> None:
    found = forecast(city(), known([0.65] * 4), PEOPLE, target, Evaluation(100))
    assert found.city.passes == pytest.approx(binom.sf(np.ceil(100 * target - 1e-9) - 1, 100, 0.65))


@pytest.mark.parametrize(("rate", "target"), [(0.65, 0.6), (0.65, 0.7), (0.9, 0.92), (0.5, 0.5)])
def test_a_design_effect_is_that_of_a_beta_binomial_sample(rate: float, target: float) -> None:
    n, deff = 400, 2.0
    found = forecast(city(), known([rate] * 4), PEOPLE, target, Evaluation(n, deff)).city.passes
    rho = (deff - 1) / (n - 1)
    exact = betabinom.sf(np.ceil(n * target - 1e-9) - 1, n, rate * (1 / rho - 1), (1 - rate) * (1 / rho - 1))
    assert found == pytest.approx(exact, abs=0.01)
    # A planted fault: with the design effect ignored it would be the binomial, which is elsewhere.
    ignored = forecast(city(), known([rate] * 4), PEOPLE, target, Evaluation(n)).city.passes
    assert target == rate or abs(ignored - exact) > 0.03


def test_the_chance_is_what_happens_when_evaluators_are_drawn(drawn: Floats) -> None:
    rng = np.random.default_rng(2)
    counts = {"a": 60, "b": 20}
    found = forecast(city(), drawn, PEOPLE, 0.6, Evaluation(80, allocation=counts)).city.passes
    district = np.column_stack(
        [drawn[:, :2] @ (PEOPLE[:2] / 4000), drawn[:, 2:] @ (PEOPLE[2:] / 6000)],
    )
    shares = rng.binomial([60, 20], district).sum(axis=1) / 80
    assert found == pytest.approx((shares >= 0.6).mean(), abs=4 * np.sqrt(0.25 / len(drawn)))


def test_the_allocation_may_name_areas_and_moves_the_result() -> None:
    rates = known([0.9, 0.3, 0.9, 0.9])
    best = forecast(city(), rates, PEOPLE, 0.8, Evaluation(100, allocation={"0": 50, "2": 50}))
    worst = forecast(city(), rates, PEOPLE, 0.8, Evaluation(100, allocation={"1": 100}))
    assert best.city.passes > 0.99
    assert worst.city.passes < 0.01
    assert best.city.reaches == worst.city.reaches == 0.0
    assert np.isnan(worst.districts[1].passes)
    assert worst.districts[1].interviews == 0


def test_a_large_sample_shows_the_truth_and_a_small_one_chance(drawn: Floats) -> None:
    large = forecast(city(), drawn, PEOPLE, 0.7, Evaluation(100_000)).city
    assert large.passes == pytest.approx(large.reaches, abs=0.01)
    small, larger = (forecast(city(), known([0.75] * 4), PEOPLE, 0.7, Evaluation(n)).city for n in (20, 2000))
    assert small.reaches == larger.reaches == 1.0
    assert small.passes < 0.8 < larger.passes


def test_the_forecast_is_calibrated_over_cities() -> None:
    """Of cities of known truth whose evaluation is drawn, as many pass as the forecasts said."""
    rng, said, passed = np.random.default_rng(3), [], []
    for _ in range(40):
        areas, truth = imaginary(rng, 40, 5, asked=(5, 20))
        people = rng.integers(500, 4000, 40).astype(float)
        found = draw(estimate(areas, 0.57, points=64), 300, rng)
        said.append(forecast(areas, found, people, 0.57, Evaluation(150)).city.passes)
        passed.append(rng.binomial(150, truth @ people / people.sum()) >= 0.57 * 150)
    error = np.sqrt(np.mean([p * (1 - p) for p in said]) / len(said))
    assert abs(np.mean(passed) - np.mean(said)) < 3 * error
    right = [p if did else 1 - p for p, did in zip(said, passed, strict=True)]
    assert np.mean(right) > 0.55


def test_what_lifts_most_is_the_large_area_far_below_the_target() -> None:
    areas = areas_of([4, 4, 19, 19], [20, 20, 20, 20], ["a", "a", "b", "b"])
    found = draw(estimate(areas, 0.6), 1000, np.random.default_rng(4))
    people = np.array([1000.0, 5000.0, 2000.0, 2000.0])
    whole = np.ones(4)
    given = lifts(areas, found, people, 0.6, Evaluation(300), np.random.default_rng(5), cost=whole)
    assert [each.name for each in given.areas[:2]] == ["1", "0"]
    first = given.areas[0]
    assert first.lower <= first.gain <= first.upper
    assert first.place_lower == 1
    assert given.areas[-1].gain < 0.01
    # Per head, the two are alike: their intervals of places overlap.
    per_head = lifts(areas, found, people, 0.6, Evaluation(300), np.random.default_rng(5))
    small = next(each for each in per_head.areas if each.name == "0")
    large = next(each for each in per_head.areas if each.name == "1")
    assert small.place_lower <= large.place_upper
    assert large.place_lower <= small.place_upper


def test_a_lift_is_the_forecast_with_the_area_raised(drawn: Floats) -> None:
    evaluation = Evaluation(200, 1.3)
    given = lifts(city(), drawn, PEOPLE, 0.6, evaluation, np.random.default_rng(6), by=0.1)
    now = forecast(city(), drawn, PEOPLE, 0.6, evaluation).city.passes
    raised = drawn.copy()
    raised[:, 1] = np.minimum(raised[:, 1] + 0.1, 1)
    then = forecast(city(), raised, PEOPLE, 0.6, evaluation).city.passes
    one = next(each for each in given.areas if each.name == "1")
    assert given.passes == pytest.approx(now)
    assert one.gain == pytest.approx(then - now)
    assert one.points == pytest.approx(0.03, abs=1e-3)


def test_whole_districts_are_raised_together(drawn: Floats) -> None:
    args = (city(), drawn, PEOPLE, 0.6, Evaluation(200))
    by_area = {each.name: each for each in lifts(*args, np.random.default_rng(7)).areas}
    by_district = {each.name: each for each in lifts(*args, np.random.default_rng(7), districts=True).areas}
    assert set(by_district) == {"a", "b"}
    assert by_district["a"].points == pytest.approx(by_area["0"].points + by_area["1"].points)
    assert by_district["a"].cost == 4000


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda a, d: Evaluation(0), "n: 0 interviews"),
        (lambda a, d: Evaluation(10, 0.5), "deff: 0.5 is not 1 or more"),
        (lambda a, d: Evaluation(10, allocation={"a": 4}), "adds up to 4, and n is 10"),
        (lambda a, d: Evaluation(10, allocation={"a": 11, "b": -1}), "a number is negative"),
        (lambda a, d: forecast(a, d, PEOPLE, 60, Evaluation(10)), "target: 60"),
        (lambda a, d: forecast(a, d, PEOPLE[:3], 0.6, Evaluation(10)), "people: there are"),
        (lambda a, d: forecast(a, d, PEOPLE * 0, 0.6, Evaluation(10)), "nobody lives in any"),
        (lambda a, d: forecast(a, d, PEOPLE - 2500, 0.6, Evaluation(10)), "people: that of 0 is no number"),
        (lambda a, d: forecast(a, d[:, :2], PEOPLE, 0.6, Evaluation(10)), "a column for each of 4"),
        (lambda a, d: forecast(a, d, PEOPLE, 0.6, Evaluation(9, allocation={"z": 9})), "z is no district"),
        (
            lambda a, d: forecast(a, d, PEOPLE * [0, 0, 1, 1], 0.6, Evaluation(9, allocation={"a": 9})),
            "nobody lives in a",
        ),
        (
            lambda a, d: lifts(a, d, PEOPLE, 0.6, Evaluation(10), np.random.default_rng(1), by=5),
            "by: 5 is not between",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[Areas, Floats], object], said: str, drawn: Floats) -> None:
    with pytest.raises(AreaError, match=said):
        ask(city(), drawn)
