"""A plan's promise is kept by its n and not by one interview fewer; R, textbooks and the library's intervals agree."""

from collections.abc import Callable
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

import analysis.planning.sample_size
from analysis.intervals import Evidence, Method, interval
from analysis.planning.design_effects import Kish, shared_points_correlation, weights_effect
from analysis.planning.inputs import PlanError
from analysis.planning.sample_size import (
    Conditions,
    Demand,
    Interval,
    Level,
    by_level,
    change,
    detect_change,
    precision,
    sample_size,
    threshold,
)

SHARES = st.floats(0.02, 0.98)
WIDTHS = st.floats(0.01, 0.2)
POWERS = st.floats(0.1, 0.99)
AWAY = st.floats(0.02, 0.4)  # from the rate, towards the middle


def other(rate: float, away: float) -> float:
    return rate + away if rate < 0.5 else rate - away


def told_apart(rate: float, away: float, power: float, two_sided: bool) -> Demand:
    return threshold(rate, other(rate, away), power=power, two_sided=two_sided)


def seen(rate: float, away: float, power: float, two_sided: bool, correlation: float) -> Demand:
    return detect_change(rate, other(rate, away), power=power, two_sided=two_sided, correlation=correlation)


DEMANDS = st.one_of(
    st.builds(precision, SHARES, WIDTHS, interval=st.sampled_from(Interval), relative=st.booleans()),
    st.builds(change, SHARES, SHARES, WIDTHS, correlation=st.floats(0, 0.9)),
    st.builds(told_apart, SHARES, AWAY, POWERS, st.booleans()),
    st.builds(seen, SHARES, AWAY, POWERS, st.booleans(), st.floats(0, 0.9)),
)
CONDITIONS = st.builds(
    Conditions,
    deff=st.one_of(st.floats(0.5, 4), st.builds(Kish, st.floats(1, 2), st.floats(0, 0.3), st.integers(1, 30))),
    population=st.one_of(st.none(), st.integers(20, 1_000_000)),
    eligible=st.floats(0.1, 1),
    response=st.floats(0.05, 1),
    level=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    df=st.sampled_from([3.0, 20.0, inf]),
)


@settings(max_examples=150, deadline=None)
@given(demand=DEMANDS, under=CONDITIONS)
def test_n_satisfies_the_demand_and_n_less_one_does_not(demand: Demand, under: Conditions) -> None:
    size = sample_size(demand, under)
    assert demand.met(size.n, under)
    assert size.n == 1 or not demand.met(size.n - 1, under)
    assert size.attained >= size.wanted if demand.rising else size.attained <= size.wanted
    assert under.population is None or size.n <= under.population
    people = size.approaches * under.eligible * under.response
    assert people > size.n - 1e-6
    assert people - under.eligible * under.response < size.n + 1e-6


@settings(max_examples=60, deadline=None)
@given(demand=DEMANDS, under=CONDITIONS, n=st.integers(1, 5000))
def test_more_interviews_never_satisfy_less(demand: Demand, under: Conditions, n: int) -> None:
    if under.population is not None:
        n = min(n, under.population - 1)
    before, after = (demand.value(under.effective(each), under) for each in (n, n + 1))
    assert after >= before - 1e-12 if demand.rising else after <= before + 1e-12


def agreement_with_the_intervals() -> list[str]:
    """Where n does not keep the promise in the intervals that the library prints."""
    found = []
    for p, d, deff, population in [
        (0.5, 0.05, 1, None),
        (0.9, 0.03, 1.7, None),
        (0.97, 0.02, 1.3, 900),
        (0, 0.03, 2, None),
    ]:
        size = sample_size(precision(p, d), Conditions(deff=deff, population=population))
        for n, wide in ((size.n, False), (size.n - 1, True)):
            left = 1 - n / population if population else 1.0
            evidence = Evidence(p, p * (1 - p) * deff * left / n, n if p else n / deff, inf)
            lower, upper = interval(Method.WILSON if population is None else Method.WILSON_UNCAPPED, evidence)
            if ((upper - lower) / 2 > d) != wide:
                found.append(f"p = {p}, n = {n}: {(upper - lower) / 2}")
    return found


def test_the_intervals_of_the_library_keep_what_the_plan_promised() -> None:
    assert agreement_with_the_intervals() == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda self, n: float(n),
        lambda self, n: n / self.design_effect,
        lambda self, n: n / self.design_effect / (1.0001 - n / (self.population or inf)) ** 0.5,
    ],
    ids=["no design effect", "no finite population", "the root of the finite population correction"],
)
def test_a_wrong_effective_number_is_caught(
    wrong: Callable[[Conditions, int], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conditions, "effective", wrong)
    assert agreement_with_the_intervals() != []


# R 4.2.2, stats: power.prop.test(p1, p2, power, sig.level, alternative, strict = TRUE, tol = 1e-12)$n
R_CHANGES = [
    (0.5, 0.75, 0.9, 0.95, True, 76.7069301141),
    (0.7, 0.75, 0.8, 0.95, True, 1250.71376535),
    (0.9, 0.88, 0.9, 0.95, True, 5141.30441594),
    (0.6, 0.65, 0.8, 0.95, False, 1158.18268392),
    (0.5, 0.52, 0.5, 0.90, True, 3375.40175193),
]


@pytest.mark.parametrize(("first", "second", "power", "level", "two_sided", "expected"), R_CHANGES)
def test_a_change_takes_as_many_interviews_as_in_r(
    first: float, second: float, power: float, level: float, two_sided: bool, expected: float
) -> None:
    demand = detect_change(first, second, power=power, two_sided=two_sided)
    assert sample_size(demand, Conditions(level=level)).n == int(np.ceil(expected))


def test_a_test_whose_error_is_not_that_of_no_change_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.planning.sample_size._power
    # The error of the change that is expected in place of that of none.
    monkeypatch.setattr(
        analysis.planning.sample_size,
        "_power",
        lambda difference, _null, error, z, two_sided: right(difference, error, error, z, two_sided),
    )
    assert sample_size(detect_change(0.5, 0.75, power=0.9)).n != 77


# R 4.2.2, stats: the n at which prop.test(p·n, n, correct = FALSE) has the half-width, by uniroot, rounded up
@pytest.mark.parametrize(
    ("rate", "half", "expected"), [(0.5, 0.05, 381), (0.9, 0.03, 388), (0.97, 0.02, 303), (0.75, 0.04, 448)]
)
def test_wilson_takes_as_many_interviews_as_in_r(rate: float, half: float, expected: int) -> None:
    assert sample_size(precision(rate, half)).n == expected


def test_wald_gives_the_numbers_of_every_textbook() -> None:
    assert sample_size(precision(0.5, 0.05, interval="wald")).n == 385
    assert sample_size(precision(0.5, 0.03, interval="wald")).n == 1068
    # Cochran 1977, section 4.4: n0 / (1 + n0/N), with the exact finite population correction.
    small = sample_size(precision(0.5, 0.05, interval="wald"), Conditions(population=4000))
    assert small.n == int(np.ceil(384.1459 / (1 + 384.1459 / 4000)))


def test_a_relative_width_is_that_part_of_the_rate() -> None:
    assert sample_size(precision(0.2, 0.1, relative=True)).n == sample_size(precision(0.2, 0.02)).n


@pytest.mark.parametrize(
    ("rate", "target", "power"), [(0.8, 0.75, 0.8), (0.7, 0.75, 0.9), (0.4, 0.5, 0.5), (0.95, 0.9, 0.8)]
)
def test_the_score_test_has_the_power_that_was_asked_for(rate: float, target: float, power: float) -> None:
    n = sample_size(threshold(rate, target, power=power)).n
    z = norm.ppf(0.975)
    yes = np.arange(n + 1)
    rejected = np.abs(yes / n - target) > z * sqrt(target * (1 - target) / n)
    assert binom.pmf(yes, n, rate)[rejected].sum() == pytest.approx(power, abs=0.03)
    assert binom.pmf(yes, n, target)[rejected].sum() == pytest.approx(0.05, abs=0.01)


def test_at_even_odds_the_interval_of_the_expected_rate_just_leaves_the_target_out() -> None:
    n = sample_size(threshold(0.8, 0.75, power=0.5, two_sided=False), Conditions(level=0.975)).n
    assert interval(Method.WILSON, Evidence(0.8, 0.16 / n, n, inf))[0] > 0.75
    assert interval(Method.WILSON, Evidence(0.8, 0.16 / (n - 1), n - 1, inf))[0] < 0.75


def test_waves_that_share_points_need_fewer_interviews() -> None:
    alone, shared = (sample_size(change(0.7, 0.75, 0.03, correlation=r)).n for r in (0.0, 0.4))
    # The variance of a difference of equal rates falls by the factor 1 - r.
    assert shared < alone
    equal = [sample_size(change(0.7, 0.7, 0.001, correlation=r)).n for r in (0.0, 0.4)]
    assert equal[1] / equal[0] == pytest.approx(0.6, rel=1e-5)


def test_the_correlation_of_waves_is_that_of_simulated_points() -> None:
    rng = np.random.default_rng(3)
    points, b, rho, shared, stability, repeats = 40, 8, 0.2, 0.5, 0.8, 4000
    common = int(points * shared)
    one = rng.normal(size=(repeats, points))
    kept = stability * one[:, :common] + sqrt(1 - stability**2) * rng.normal(size=(repeats, common))
    two = np.hstack([kept, rng.normal(size=(repeats, points - common))])
    means = [
        sqrt(rho) * each.mean(axis=1) + sqrt((1 - rho) / (points * b)) * rng.normal(size=repeats) for each in (one, two)
    ]
    expected = shared_points_correlation(Kish(rho=rho, per_point=b), shared, stability)
    assert np.corrcoef(means)[0, 1] == pytest.approx(expected, abs=4 / sqrt(repeats))


def test_kish_multiplies_weights_and_points() -> None:
    assert Kish(1.25, 0.05, 11).value == pytest.approx(1.25 * 1.5)
    weights = [0.5, 1.0, 1.0, 2.5]
    cv2 = np.var(weights) / np.mean(weights) ** 2
    assert weights_effect(weights) == pytest.approx(1 + cv2)
    same = sample_size(precision(0.6, 0.03), Conditions(deff=Kish(1.25, 0.05, 11)))
    assert same.n == sample_size(precision(0.6, 0.03), Conditions(deff=1.875)).n
    assert dict(same.assumed)["per_point"] == 11


def test_each_level_has_its_own_size() -> None:
    levels = [
        Level("city", 1, Conditions(deff=1.8)),
        Level("district", 11, Conditions(deff=1.5)),
        Level("neighbourhood", 240, Conditions(population=1500, response=0.5)),
    ]
    found = by_level(precision(0.75, 0.05), levels)
    assert [each.level for each in found] == ["city", "district", "neighbourhood"]
    assert found[1].n == 11 * sample_size(precision(0.75, 0.05), Conditions(deff=1.5)).n
    assert found[2].approaches == 240 * found[2].each.approaches == 240 * 2 * found[2].each.n


def test_a_census_meets_any_precision() -> None:
    assert sample_size(precision(0.5, 1e-9), Conditions(population=500)).n == 500


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: precision(1.5, 0.03), "expected rate is 1.5"),
        (lambda: precision(0.5, 0.0), "half-width is 0"),
        (lambda: precision(0.0, 0.1, relative=True), "expected rate is 0"),
        (lambda: threshold(0.7, 0.7), "no number of interviews"),
        (lambda: detect_change(0.7, 0.7), "no change to see"),
        (lambda: change(0.5, 0.5, 0.1, correlation=1.0), "correlation of the waves is 1"),
        (lambda: Conditions(response=0.0), "response rate is 0"),
        (lambda: Conditions(deff=float("nan")), "design effect is nan"),
        (lambda: Conditions(df=0.0), "plan more points"),
        (lambda: Kish(rho=1.5), "rho is 1.5"),
        (lambda: weights_effect([0.0, 0.0]), "weights must be"),
        (lambda: sample_size(precision(0.5, 1e-7)), "not enough"),
        (lambda: by_level(precision(0.5, 1e-7), [Level("street", 3, Conditions())]), "street: Even"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
