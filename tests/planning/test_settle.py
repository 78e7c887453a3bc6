"""How many interviews settle a neighbourhood, and whom to ask."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from analysis.design import Floats
from analysis.planning import settle
from analysis.planning.foresight import logit_normal
from analysis.planning.inputs import PlanError
from analysis.planning.settle import Bounds, to_settle, whom_to_ask
from analysis.planning.whole_numbers import Counts, whole_numbers


def test_what_is_settled_needs_nothing() -> None:
    found = to_settle(logit_normal([3.0, -2.0], [0.3, 0.3], 0.6))
    assert [each.interviews for each in found] == [0, 0]


def test_the_chance_of_being_settled_is_what_happens_in_simulated_cities() -> None:
    mean, sd, repeats = 0.8, 0.5, 3000
    known, bounds, rng = logit_normal([mean], [sd], 0.6), Bounds(0.1, 0.9, 0.6), np.random.default_rng(6)
    (found,) = to_settle(known, bounds)
    assert found.interviews is not None
    m = found.interviews
    yes = rng.binomial(m, expit(mean + sd * rng.normal(size=repeats)))
    risk = np.array([known.updated(np.array([float(y)]), np.array([float(m - y)])).at_risk[0] for y in range(m + 1)])
    settled = ((risk >= 0.9) | (risk <= 0.1))[yes]
    assert settled.mean() == pytest.approx(found.chance, abs=4 * np.sqrt(0.24 / repeats))
    assert found.chance >= 0.6


def test_a_better_chance_takes_more_interviews_and_a_design_effect_as_well() -> None:
    known = logit_normal([0.8], [0.5], 0.6)
    needed = [to_settle(known, Bounds(chance=chance))[0].interviews for chance in (0.3, 0.5, 0.6)]
    assert all(a is not None and b is not None and a <= b for a, b in pairwise(needed))
    clustered = to_settle(known, deff=1.5)[0].interviews
    assert clustered is not None
    assert needed[1] is not None
    assert clustered == int(np.ceil(1.5 * needed[1]))


def test_on_the_very_target_no_number_is_given() -> None:
    (found,) = to_settle(logit_normal([0.405], [0.05], 0.6), Bounds(0.05, 0.95, 0.9), most=50)
    assert found.interviews is None
    assert 0 <= found.chance < 0.9


def test_the_cells_that_lag_behind_are_asked_first() -> None:
    people = {("F", "18-39"): 300, ("F", "40+"): 200, ("M", "18-39"): 300, ("M", "40+"): 200}
    had = {("F", "18-39"): 9, ("F", "40+"): 2, ("M", "18-39"): 1}
    assert whom_to_ask(had, people, 8) == {("F", "18-39"): 0, ("F", "40+"): 1, ("M", "18-39"): 4, ("M", "40+"): 3}


def test_asking_as_if_nobody_had_been_asked_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(shares: Floats, total: int, had: Counts, _most: Counts) -> Counts:
        return had + whole_numbers(shares, total - int(had.sum()))

    monkeypatch.setattr(settle, "whole_numbers", forgetful)
    assert whom_to_ask({"F": 9, "M": 1}, {"F": 500, "M": 500}, 8) != {"F": 0, "M": 8}


def test_the_cell_that_lags_far_behind_gets_them_all() -> None:
    assert whom_to_ask({"F": 9, "M": 1}, {"F": 500, "M": 500}, 8) == {"F": 0, "M": 8}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_asking_never_leaves_a_lagging_cell_behind(data: st.DataObject) -> None:
    cells = data.draw(st.integers(1, 8))
    people = {i: data.draw(st.integers(100, 5000)) for i in range(cells)}
    had = {i: data.draw(st.integers(0, 30)) for i in range(cells)}
    more = data.draw(st.integers(0, 60))
    asked = whom_to_ask(had, people, more)
    assert sum(asked.values()) == more
    assert all(each >= 0 for each in asked.values())
    # Whoever is asked lags behind whoever has more already, but for rounding.
    level = {i: (had[i] + asked[i]) / people[i] for i in people}
    for i, size in people.items():
        if asked[i] > 1:
            assert all(level[j] >= level[i] - 1 / size - 1 / other - 1e-9 for j, other in people.items())


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: Bounds(0.9, 0.1), "not below the upper"),
        (lambda: Bounds(chance=1.0), "The chance is 1"),
        (lambda: whom_to_ask({"x": 3}, {"a": 5}, 2), "no cell x"),
        (lambda: whom_to_ask({}, {"a": 5}, -1), "more is -1"),
        (lambda: whom_to_ask({}, {"a": 5}, 9), "take 5 at most"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
