"""Bethel's allocation keeps every precision and nothing cheaper does; with one indicator it is Neyman's."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import NonlinearConstraint, minimize

import analysis.planning.bethel
from analysis.design import Floats
from analysis.planning.allocation import Allocation, Stratum, Z, limits, unit_variances, variances
from analysis.planning.bethel import best_precision, cheapest
from analysis.planning.inputs import PlanError
from analysis.planning.whole_numbers import whole_numbers

DISTRICTS = [
    Stratum("north", 410_000, (0.55, 0.92, 0.80), cost=1.0, least=20),
    Stratum("south", 250_000, (0.70, 0.40, 0.75), cost=1.5, least=20),
    Stratum("east", 90_000, (0.90, 0.85, 0.30), cost=1.0, deff=1.4, least=20),
    Stratum("west", 20_000, (0.35, 0.60, 0.50), cost=4.0, least=20),
    Stratum("hills", 6_000, (0.50, 0.95, 0.65), cost=6.0, least=20, most=200),
]
MARGINS = (0.03, 0.03, 0.025)
SMALL = [(60, (0.5, 0.9), 1.0), (30, (0.8, 0.5), 2.0), (15, (0.6, 0.3), 1.0)]


def numbers(found: Allocation) -> Floats:
    return np.array([part.n for part in found.parts], dtype=float)


def margins(strata: list[Stratum], n: Floats) -> Floats:
    people = np.array([each.population for each in strata], dtype=float)
    variance: Floats = ((people / people.sum())[:, None] ** 2 * variances(strata, n)).sum(axis=0)
    return Z * np.sqrt(variance)


def test_every_precision_is_kept_and_no_cheaper_plan_is_left_to_find() -> None:
    found = cheapest(DISTRICTS, MARGINS)
    assert (np.array(found.margins) <= np.array(MARGINS) * (1 + 1e-9)).all()
    # Lagrange's bound: nothing costs less than that, and whole interviews cost hardly more.
    assert found.bound <= found.cost <= found.bound + max(each.cost for each in DISTRICTS)
    assert all(20 <= part.n <= each.ceiling for part, each in zip(found.parts, DISTRICTS, strict=True))


def test_a_general_optimiser_finds_the_same_cost() -> None:
    cost = np.array([each.cost for each in DISTRICTS])

    def spent(x: Floats) -> float:
        return float(cost @ np.exp(x))

    def kept(x: Floats) -> Floats:
        spare: Floats = 1 - margins(DISTRICTS, np.exp(x)) / np.array(MARGINS)
        return spare

    bounds = [(np.log(20), np.log(each.ceiling)) for each in DISTRICTS]
    start = np.log(np.full(5, 150.0))
    keeps = NonlinearConstraint(kept, 0, np.inf)
    best = minimize(spent, start, method="SLSQP", bounds=bounds, constraints=keeps, options={"ftol": 1e-13})
    assert cheapest(DISTRICTS, MARGINS).bound == pytest.approx(best.fun, rel=1e-5)


def not_the_cheapest() -> list[str]:
    """Where trying every plan of a small city finds a cheaper one, or shows the plan to miss a precision."""
    found = []
    for wanted in [(0.12, 0.1), (0.1, 0.14), (0.15, 0.15), (0.2, 0.09), (0.3, 0.3)]:
        strata = [Stratum(str(i), people, rates, cost) for i, (people, rates, cost) in enumerate(SMALL)]
        plan = cheapest(strata, wanted)
        every = np.array(list(product(range(1, 61), range(1, 31), range(1, 16))), dtype=float)
        people = np.array([each[0] for each in SMALL], dtype=float)
        rates = np.array([each[1] for each in SMALL])
        load = (people / people.sum())[:, None] ** 2 * rates * (1 - rates)
        variance = (1 / every) @ load - (load / people[:, None]).sum(axis=0)
        keeps = (Z * np.sqrt(np.maximum(variance, 0)) <= np.array(wanted) * (1 + 1e-9)).all(axis=1)
        least = (every[keeps] @ np.array([each[2] for each in SMALL])).min()
        if plan.cost != least or (np.array(plan.margins) > np.array(wanted) * (1 + 1e-9)).any():
            found.append(f"{wanted}: {plan.cost} where {least} would do, {plan.margins}")
    return found


def test_trying_every_plan_of_a_small_city_finds_none_that_is_cheaper() -> None:
    assert not_the_cheapest() == []


def test_a_plan_only_rounded_up_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis.planning.bethel, "MOVES", ())
    assert not_the_cheapest() != []


def test_a_forgotten_indicator_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        analysis.planning.bethel, "unit_variances", lambda strata: unit_variances(strata) * np.array([1.0, 0.0])
    )
    assert not_the_cheapest() != []


@st.composite
def cities(draw: st.DrawFn, rate: st.SearchStrategy[float], indicators: int) -> list[Stratum]:
    """One to eight strata."""
    one = st.tuples(st.integers(50, 10**6), st.tuples(*[rate] * indicators), st.sampled_from([0.5, 1.0, 3.0]))
    return [Stratum(str(i), *each) for i, each in enumerate(draw(st.lists(one, min_size=1, max_size=8)))]


@settings(max_examples=40, deadline=None)
@given(strata=cities(st.floats(0.05, 0.95), 1))
def test_with_one_indicator_it_costs_what_neyman_s_formula_says(strata: list[Stratum]) -> None:
    """Cochran 1977, section 5.5: the least cost is (Σ W S √c)² / (V + Σ W² S² / N), with n in proportion to W S / √c.

    The numbers themselves may differ: near the optimum many plans of whole interviews cost the same.
    """
    large = [Stratum(each.name, 1000 * each.population, each.rates, each.cost) for each in strata]
    people = np.array([each.population for each in large], dtype=float)
    cost = np.array([each.cost for each in large])
    weighted = people / people.sum() * np.sqrt(unit_variances(large)[:, 0])
    room = (0.02 / Z) ** 2 + (weighted**2 / people).sum()
    best = weighted / np.sqrt(cost) * (weighted @ np.sqrt(cost)) / room
    assume((best >= 1).all())  # nobody is left out, so that is a limit
    found = cheapest(large, [0.02])
    assert found.bound == pytest.approx(float(cost @ best), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    case=st.integers(1, 4).flatmap(
        lambda k: st.tuples(cities(st.floats(0, 1), k), st.lists(st.floats(0.01, 0.2), min_size=k, max_size=k))
    )
)
def test_any_city_gets_a_plan_near_its_bound(case: tuple[list[Stratum], list[float]]) -> None:
    strata, wanted = case
    found = cheapest(strata, wanted)
    assert (np.array(found.margins) <= np.array(wanted) * (1 + 1e-8)).all()
    assert found.bound * (1 - 1e-9) <= found.cost <= found.bound + 3 * len(strata)


def test_the_best_precision_of_n_interviews_has_them_all_and_cannot_be_bettered() -> None:
    found = best_precision(DISTRICTS, MARGINS, 900)
    assert found.n == 900
    worst = (np.array(found.margins) / MARGINS).max()
    rng = np.random.default_rng(2)
    for _ in range(300):
        other = whole_numbers(numbers(found) * rng.uniform(0.7, 1.4, 5), 900, *limits(DISTRICTS))
        assert (margins(DISTRICTS, other.astype(float)) / MARGINS).max() > worst * (1 - 1e-4)


def test_the_two_questions_answer_each_other() -> None:
    plan = best_precision(DISTRICTS, MARGINS, 900)
    factor = (np.array(plan.margins) / MARGINS).max()
    alike = [Stratum(x.name, x.population, x.rates, 1.0, x.deff, x.least, x.most) for x in DISTRICTS]
    assert cheapest(alike, [factor * each for each in MARGINS]).n == pytest.approx(900, abs=1)


def test_with_everybody_asked_any_precision_is_kept() -> None:
    strata = [Stratum("a", 40, (0.5, 0.3)), Stratum("b", 25, (0.9, 0.6))]
    assert cheapest(strata, (1e-6, 1e-6)).n == 65
    assert best_precision(strata, (0.05, 0.05), 65).margins == (0.0, 0.0)


def test_a_precision_that_all_but_asks_everybody_is_kept() -> None:
    # The dual has a bend just beside its maximum.
    strata = [Stratum("a", 67, (0.599267996416202, 0.8982510367518749), cost=9.931, deff=2.238)]
    assert cheapest(strata, (0.11665125743521973, 0.0011686190146925422)).n == 67


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: cheapest(DISTRICTS, (0.03,)), "3 indicators and 1 margins"),
        (lambda: cheapest(DISTRICTS, (0.03, 0.03, 0.0)), "A margin is 0"),
        (lambda: cheapest([Stratum("a", 900, (0.5,), most=100)], (0.01,)), "margin of indicator 1. Widen it"),
        (lambda: cheapest([Stratum("a", 900, (0.5,), most=0)], (0.1,)), "a may have no interview"),
        (lambda: best_precision(DISTRICTS, MARGINS, 50), "n = 50 is not between 100"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
