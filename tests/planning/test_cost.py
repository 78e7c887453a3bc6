"""The hours of a plan, worked by hand, and its sums."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.planning.cost import Effort, Fieldwork, cost
from analysis.planning.inputs import PlanError

# An interview is 6 minutes and 1.5 failed approaches of 2: 9 minutes. Two interviewers in 135 minutes: 30 a shift.
PAIR = Effort(6, 2, 0.4, 45, 180, team=2, interviewing=2, shifts_each=4)


def test_a_plan_worked_by_hand() -> None:
    found = cost([Fieldwork("north", 200, 5), Fieldwork("south", 70, 4)], PAIR)
    north, south = found.districts
    # 40 at each of 5 points: two shifts each. 18, 18, 17, 17 at 4: one each.
    assert (north.shifts, north.approaches, north.hours, north.travel_hours, north.volunteers) == (10, 500, 60, 15, 5)
    assert (south.shifts, south.approaches, south.hours, south.travel_hours, south.volunteers) == (4, 175, 24, 6, 2)
    total = found.total
    assert (total.interviews, total.points, total.shifts, total.hours, total.volunteers) == (270, 9, 14, 84, 7)


def test_one_interview_too_many_takes_another_shift() -> None:
    assert cost([Fieldwork("a", 30, 1)], PAIR).total.shifts == 1
    assert cost([Fieldwork("a", 31, 1)], PAIR).total.shifts == 2


def test_nobody_goes_alone_and_nobody_goes_for_nothing() -> None:
    assert cost([Fieldwork("a", 1, 1)], PAIR).total.volunteers == 2
    nothing = cost([Fieldwork("a", 0, 3)], PAIR).total
    assert (nothing.shifts, nothing.hours, nothing.volunteers) == (0, 0, 0)


@settings(max_examples=80, deadline=None)
@given(n=st.integers(0, 3000), points=st.integers(1, 60), rate=st.floats(0.05, 1), minutes=st.floats(2, 20))
def test_the_shifts_of_a_district_can_do_its_interviews_and_hardly_more(
    n: int, points: int, rate: float, minutes: float
) -> None:
    effort = Effort(minutes, 1.0, rate)
    found = cost([Fieldwork("a", n, points)], effort).total
    assert found.shifts * effort.per_shift >= n - 1e-6
    assert found.shifts <= n / effort.per_shift + points + 1e-6
    assert found.hours == found.shifts * 2 * 3
    assert found.approaches * rate >= n - 1e-6


def test_the_costs_of_a_point_are_in_volunteer_minutes() -> None:
    costs = PAIR.point_costs(0.05)
    assert (costs.point, costs.interview, costs.most_per_point) == (90, 9, 30)
    one = Effort(6, 2, 0.4, 45, 180, team=2, interviewing=1).point_costs(0.05)
    assert (one.interview, one.most_per_point) == (18, 15)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: Effort(yield_rate=0), "yield_rate is 0"),
        (lambda: Effort(shift_minutes=40), "Lengthen the shift"),
        (lambda: Effort(interviewing=3), "of a team of 2"),
        (lambda: cost([]), "names no district"),
        (lambda: cost([Fieldwork("north", 10, 0)]), "north: points is 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
