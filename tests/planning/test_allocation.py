"""Allocations add up, keep their limits, and are what each rule promises; the application's rules are the same."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis.planning.allocation
from analysis.design import Floats
from analysis.planning.allocation import Allocation, Rule, Stratum, allocate, variances
from analysis.planning.inputs import PlanError
from analysis.planning.whole_numbers import bounded_shares, whole_numbers
from survey.domain.allocation import Allocation as Application
from survey.domain.allocation import allocate as application_allocate

CITY = [
    Stratum("north", 400_000, (0.5,), cost=1.0),
    Stratum("south", 250_000, (0.8,), cost=2.0),
    Stratum("east", 90_000, (0.95,), cost=1.0),
    Stratum("west", 20_000, (0.3,), cost=4.0),
]


def sizes(found: Allocation) -> list[int]:
    return [part.n for part in found.parts]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whole_numbers_add_up_within_their_limits(data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, 12))
    shares = np.array(
        data.draw(st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e6)), min_size=parts, max_size=parts))
    )
    least = np.array(data.draw(st.lists(st.integers(0, 20), min_size=parts, max_size=parts)))
    most = least + np.array(data.draw(st.lists(st.integers(0, 50), min_size=parts, max_size=parts)))
    room = int(np.where(shares > 0, most, least).sum())
    n = data.draw(st.integers(int(least.sum()), room))
    found = whole_numbers(shares, n, least, most)
    assert found.sum() == n
    assert ((found >= least) & (found <= most)).all()
    exact = bounded_shares(shares, n, least.astype(float), most.astype(float))
    assert (np.abs(found - exact) < 1 + 1e-6).all()
    # Between two parts that no limit holds back, the exact parts are in the proportion of their shares.
    free = np.flatnonzero((exact > least + 1e-6) & (exact < most - 1e-6))
    assert exact[free] / shares[free] == pytest.approx(
        np.full(len(free), (exact[free] / shares[free])[:1].sum()), rel=1e-6
    )


@settings(max_examples=100, deadline=None)
@given(
    people=st.lists(st.integers(1, 2_000_000), min_size=1, max_size=15),
    n=st.integers(1, 5000),
    rule=st.sampled_from([Rule.EQUAL, Rule.PROPORTIONAL, Rule.POWER]),
)
def test_the_rules_of_the_application_give_the_same_parts(people: list[int], n: int, rule: Rule) -> None:
    expected = application_allocate(n, dict(enumerate(people)), Application(rule.value), power=Fraction(1, 4))
    weights = {Rule.EQUAL: np.ones(len(people)), Rule.PROPORTIONAL: np.array(people, float)}
    shares = weights.get(rule, np.array(people, float) ** 0.25)
    found = whole_numbers(shares, n).tolist()
    # Equal remainders: the application gives them to the larger district, also under the equal rule.
    order = sorted(range(len(people)), key=lambda i: (-people[i], i)) if rule is Rule.EQUAL else range(len(people))
    assert sorted(found) == sorted(expected.values())
    assert [found[i] for i in range(len(people))] == [expected[i] for i in order]


def test_neyman_with_equal_deviations_is_proportional() -> None:
    alike = [Stratum(each.name, each.population, (0.7,)) for each in CITY]
    assert sizes(allocate(1200, alike, "neyman")) == sizes(allocate(1200, alike, "proportional"))


def test_the_optimum_with_equal_costs_is_neyman() -> None:
    alike = [Stratum(each.name, each.population, each.rates, cost=3.0) for each in CITY]
    assert sizes(allocate(1200, alike, "optimum")) == sizes(allocate(1200, alike, "neyman"))


def test_the_power_rule_lies_between_equal_precision_and_size_times_cv() -> None:
    cv = np.array([sqrt((1 - each.rates[0]) / each.rates[0]) for each in CITY])
    people = np.array([each.population for each in CITY], dtype=float)
    assert sizes(allocate(1000, CITY, "power", power=1.0)) == whole_numbers(people * cv, 1000).tolist()
    assert sizes(allocate(1000, CITY, "power", power=0.0)) == whole_numbers(cv, 1000).tolist()
    alike = [Stratum(each.name, each.population, (0.7,)) for each in CITY]
    assert sizes(allocate(1000, alike, "power", power=0.0)) == sizes(allocate(1000, alike, "equal"))


def test_the_power_rule_makes_the_sum_of_squared_relative_errors_least() -> None:
    large = [Stratum(each.name, 10**9, each.rates) for each in CITY]
    rate = np.array([each.rates[0] for each in CITY])

    def loss(plan: Floats) -> float:
        return float((variances(large, plan)[:, 0] / rate**2).sum())

    best = np.array(sizes(allocate(100_000, large, "power", power=0.0)), float)
    rng = np.random.default_rng(5)
    for _ in range(100):
        other = best * rng.uniform(0.5, 2, 4)
        assert loss(other * best.sum() / other.sum()) > loss(best) * (1 - 1e-6)


def optimality() -> list[str]:
    """Where another plan of as many interviews has a smaller variance than Neyman's, by every plan there is."""
    small = [Stratum(each.name, each.population, each.rates, least=1) for each in CITY[:3]]
    people = np.array([each.population for each in small], dtype=float)
    found = []
    for n in (6, 11, 20):
        plan = np.array(sizes(allocate(n, small, "neyman")))
        every = np.array([(a, b, n - a - b) for a in range(1, n) for b in range(1, n - a)])
        loss = [(people**2 * variances(small, each.astype(float))[:, 0]).sum() for each in (plan, *every)]
        if loss[0] > min(loss) * 1.02:
            found.append(f"n = {n}: {plan} loses {loss[0] / min(loss)}")
    return found


def test_no_plan_is_better_than_neymans_but_for_rounding() -> None:
    assert optimality() == []


def test_neyman_without_the_square_root_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.planning.allocation.unit_variances
    monkeypatch.setattr(analysis.planning.allocation, "_single", lambda columns, _rule: right(CITY[:3])[:, 0] ** 4)
    assert optimality() != []


def test_the_optimum_has_the_smallest_variance_for_the_money() -> None:
    rich = [Stratum(each.name, 10**9, each.rates, each.cost) for each in CITY]
    best = allocate(4000, rich, "optimum")
    rng = np.random.default_rng(5)
    for _ in range(200):
        other = np.array(sizes(best)) * rng.uniform(0.5, 2, 4)
        other *= best.cost / (other @ np.array([each.cost for each in rich]))
        assert variances(rich, other)[:, 0].sum() > variances(rich, np.array(sizes(best), float))[:, 0].sum() * (
            1 - 1e-5
        )


def test_a_stratum_keeps_its_least_and_its_most() -> None:
    limited = [Stratum("large", 1_000_000, most=100), Stratum("small", 1000, least=30), Stratum("other", 50_000)]
    assert sizes(allocate(200, limited, "proportional")) == [100, 30, 70]
    assert sum(sizes(allocate(130, [Stratum("a", 40), Stratum("b", 90)], "equal"))) == 130


def test_margins_are_those_of_a_stratified_sample() -> None:
    found = allocate(1000, CITY, "proportional")
    people = np.array([each.population for each in CITY])
    p, n = np.array([each.rates[0] for each in CITY]), np.array(sizes(found))
    own = p * (1 - p) / n * (1 - n / people)
    assert [part.margins[0] for part in found.parts] == pytest.approx(1.959964 * np.sqrt(own), rel=1e-6)
    assert found.margins[0] == pytest.approx(1.959964 * sqrt(((people / people.sum()) ** 2 * own).sum()), rel=1e-6)
    nobody = allocate(3, [Stratum("a", 10**6, (0.5,)), Stratum("b", 10, (0.5,))], "proportional")
    assert nobody.parts[1].n == 0
    assert (nobody.parts[1].margins[0], nobody.margins[0]) == (inf, inf)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: allocate(10, [], "equal"), "no strata"),
        (lambda: allocate(10, [CITY[0], CITY[0]], "proportional"), "north is there twice"),
        (lambda: allocate(10, [Stratum("a", 4), Stratum("b", 4)], "equal"), "take 8 at most"),
        (lambda: allocate(3, [Stratum("a", 9, least=4)], "equal"), "add up to 4"),
        (lambda: allocate(10, [Stratum("a", 90), Stratum("b", 90)], "neyman"), "goes by one indicator"),
        (lambda: allocate(10, [Stratum("a", 90, (0.0,))], "power"), "a: the rate for the power rule is 0"),
        (lambda: allocate(10, CITY, "power", power=2.0), "The power is 2"),
        (lambda: allocate(9, [Stratum("a", 90, (0.5,)), Stratum("b", 90)], "neyman"), "b has not as many rates"),
        (lambda: Stratum("a", 0), "a: population is 0"),
        (lambda: Stratum("a", 9, (1.2,)), "a: rate is 1.2"),
        (lambda: Stratum("a", 9, most=10), "at most 10 of 9 people"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()


def test_every_rule_adds_up_to_n() -> None:
    for rule, n in product(Rule, (7, 100, 2399)):
        assert sum(sizes(allocate(n, CITY, rule))) == n
