"""Whatever the tallies: decisions are numbers, without a warning, and follow the answers in the right direction."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.design import Floats
from analysis.risk import FlagKind
from analysis.small_area.areas import Areas
from analysis.small_area.calibrated import reliability
from analysis.small_area.change import regression
from analysis.small_area.draws import draw
from analysis.small_area.estimate import SmallAreaEstimates, estimate
from analysis.small_area.flags import FlagRules, flags, sure_list
from analysis.small_area.forecast import Evaluation, forecast, lifts
from analysis.small_area.ranks import ranks
from tests.small_area.test_properties import tallies

TARGETS = st.sampled_from([0.01, 0.5, 0.75, 0.99])
DRAWS = 60


def posterior(areas: Areas, target: float) -> tuple[SmallAreaEstimates, Floats]:
    found = estimate(areas, target, points=32)
    return found, draw(found, DRAWS, np.random.default_rng(1))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(areas=tallies(), target=TARGETS, deff=st.sampled_from([1.0, 1.8]))
def test_any_tallies_have_flags(areas: Areas, target: float, deff: float) -> None:
    found = flags(estimate(areas, target, points=32), FlagRules(most=30), deff=deff)
    for each in found.areas:
        assert np.isfinite([each.mean, each.lower, each.upper, each.below, each.settled]).all()
        assert all(np.isfinite(value) for _, value in each.reason.params)
        assert each.interviews is None or 0 <= each.interviews <= 30
        # Who is settled needs nothing, and who is not needs something, or more than can be had.
        assert (each.kind is FlagKind.UNCERTAIN) == (each.interviews != 0)
    assert 0 <= found.sure.false_alarms <= 0.1 * len(found.sure.entries) + 1e-12
    # Nobody is lost: expected at risk are those on the list that are no false alarms, and the misses.
    listed = sum(found.sure.below)
    assert abs(listed + found.sure.missed - found.at_risk) < 1e-9


@settings(max_examples=25, deadline=None, derandomize=True)
@given(areas=tallies(), target=TARGETS)
def test_lists_are_nested_in_their_level(areas: Areas, target: float) -> None:
    found = estimate(areas, target, points=32)
    lists = [sure_list(found, fdr).entries for fdr in (0.01, 0.05, 0.1, 0.3, 0.6, 0.99)]
    for shorter, longer in pairwise(lists):
        assert longer[: len(shorter)] == shorter


@settings(max_examples=15, deadline=None, derandomize=True)
@given(areas=tallies(), data=st.data())
def test_a_yes_more_never_puts_an_area_further_at_risk(areas: Areas, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(areas.names) - 1))
    chances = []
    for share in (0.0, 0.2, 0.5, 0.8, 1.0):
        yes = areas.yes.copy()
        yes[place] = share * areas.n[place]
        chances.append(float(estimate(replace(areas, yes=yes), 0.5).below[place]))
    # The points that stand for the parameters leave a small error.
    assert (np.diff(chances) <= 5e-3).all()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(areas=tallies(), target=TARGETS)
def test_any_tallies_have_ranks_whose_intervals_hold_the_expected_place(areas: Areas, target: float) -> None:
    found, drawn = posterior(areas, target)
    given_ranks = ranks(found, drawn, np.random.default_rng(2))
    size = len(areas.names)
    for place, each in enumerate(given_ranks.areas, 1):
        assert 1 <= each.lower <= each.expected <= each.upper <= size
        assert 0 <= each.last <= 1
        assert each.tied[0] <= place <= each.tied[1]
    # Bands are the places from 1 to the last, none twice.
    ends = [(band.first, band.last) for band in given_ranks.bands]
    assert [first for first, _ in ends] == [1, *(last + 1 for _, last in ends[:-1])]
    assert ends[-1][1] == size
    assert sum(each.last for each in given_ranks.areas) <= given_ranks.k + 1e-9


@settings(max_examples=25, deadline=None, derandomize=True)
@given(areas=tallies(), target=TARGETS, n=st.sampled_from([1, 7, 300, 100_000]), deff=st.sampled_from([1.0, 1.7, 40.0]))
def test_any_tallies_have_a_forecast_that_rises_with_the_rates(
    areas: Areas, target: float, n: int, deff: float
) -> None:
    _, drawn = posterior(areas, target)
    people = np.array([1.0 + 1000 * (i % 3) for i in range(len(areas.names))])
    evaluation = Evaluation(n, deff)
    now = forecast(areas, drawn, people, target, evaluation)
    higher = forecast(areas, np.minimum(drawn + 0.02, 1.0), people, target, evaluation)
    for before, after in zip((now.city, *now.districts), (higher.city, *higher.districts), strict=True):
        assert 0 <= before.passes <= after.passes <= 1
        assert before.reaches <= after.reaches
    found = lifts(areas, drawn, people, target, evaluation, np.random.default_rng(3))
    for each in found.areas:
        assert 0 <= each.lower <= each.upper
        assert each.gain >= 0
        assert each.place_lower <= each.place <= each.place_upper


@settings(max_examples=20, deadline=None, derandomize=True)
@given(first=tallies(), data=st.data())
def test_any_two_waves_have_a_regression_or_say_why_not(first: Areas, data: st.DataObject) -> None:
    n = np.array([data.draw(st.sampled_from([0.0, 0.4, 1.0, 25.0, 1e6])) for _ in first.names])
    second = replace(first, n=n, yes=n * data.draw(st.sampled_from([0.0, 0.3, 1.0])))
    _, drawn = posterior(first, 0.5)
    found = regression(first, drawn, second, first.names, np.random.default_rng(4))
    for each in found.areas:
        numbers = [each.observed, each.expected, each.lower, each.upper, each.beyond, each.chance]
        assert np.isnan(numbers).all() if each.notes else np.isfinite(numbers).all()
    assert found.flagged.count == sum(not each.notes for each in found.areas)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(said=st.lists(st.floats(0, 1), min_size=1, max_size=40), data=st.data())
def test_any_chances_have_a_calibration(said: list[float], data: st.DataObject) -> None:
    happened = np.array(data.draw(st.lists(st.booleans(), min_size=len(said), max_size=len(said))))
    found = reliability(np.array(said), happened)
    assert sum(each.count for each in found.bins) == len(said)
    assert 0 <= found.error <= 1
    assert 0 <= found.brier <= 1
    for each in found.bins:
        numbers = [each.said, each.happened, each.lower, each.upper]
        assert np.isfinite(numbers).all() if each.count else np.isnan(numbers).all()
