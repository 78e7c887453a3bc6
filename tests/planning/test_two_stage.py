"""Points and interviews at each: the optimum of Kish, and nothing better by trying every plan."""

from collections.abc import Callable
from math import inf, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.planning.inputs import PlanError
from analysis.planning.two_stage import PointCosts, points_for, points_within

COSTS = st.builds(
    PointCosts, st.floats(0, 500), st.floats(1, 60), st.floats(0, 1), st.integers(1, 40), weights=st.floats(1, 2)
)


def test_the_optimum_is_that_of_kish() -> None:
    costs = PointCosts(point=180, interview=20, rho=0.05, most_per_point=60)
    assert costs.optimum == pytest.approx(sqrt(9 * 19))
    assert costs.best == 13
    assert PointCosts(180, 20, 0.0, 25).optimum == inf
    assert PointCosts(180, 20, 0.0, 25).best == 25
    assert PointCosts(180, 20, 1.0, 25).best == 1


@settings(max_examples=100, deadline=None)
@given(costs=COSTS)
def test_no_whole_number_at_a_point_is_cheaper_than_the_best(costs: PointCosts) -> None:
    least = min(costs.per_effective(b) for b in range(1, costs.most_per_point + 1))
    assert costs.per_effective(costs.best) == pytest.approx(least, rel=1e-12)


def test_an_optimum_that_forgets_how_alike_answers_are_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PointCosts, "optimum", property(lambda costs: sqrt(costs.point / costs.interview)))
    costs = PointCosts(point=180, interview=20, rho=0.05, most_per_point=60)
    assert costs.per_effective(costs.best) > min(costs.per_effective(b) for b in range(1, 61))


@settings(max_examples=60, deadline=None)
@given(costs=COSTS, wanted=st.floats(1, 400))
def test_the_cheapest_points_reach_the_effective_number(costs: PointCosts, wanted: float) -> None:
    found = points_for(wanted, costs)
    assert found.points >= 4
    assert found.n == found.points * found.per_point
    assert found.effective_n >= wanted * (1 - 1e-9)
    for b in range(1, costs.most_per_point + 1):
        for points in range(4, found.points + 3):
            if points * b / costs.deff(b) >= wanted * (1 + 1e-9):
                assert points * (costs.point + b * costs.interview) >= found.cost * (1 - 1e-12)
                break


@settings(max_examples=60, deadline=None)
@given(costs=COSTS, budget=st.floats(3000, 50_000))
def test_a_budget_is_kept_and_buys_the_most(costs: PointCosts, budget: float) -> None:
    found = points_within(budget, costs)
    assert found.cost <= budget * (1 + 1e-6)
    assert found.points >= 4
    for b in range(1, costs.most_per_point + 1):
        points = int(budget * (1 - 1e-12) // (costs.point + b * costs.interview))
        assert points < 4 or points * b / costs.deff(b) <= found.effective_n * (1 + 1e-12)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: PointCosts(10, 0, 0.1, 5), "cost of an interview is 0"),
        (lambda: PointCosts(10, 5, -0.1, 5), "rho is -0.1"),
        (
            lambda: points_within(50, PointCosts(10, 5, 0.1, 5)),
            "one interview each cost 60, more than 50",
        ),
        (lambda: points_for(0, PointCosts(10, 5, 0.1, 5)), "effective number of interviews is 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
