"""What has changed between two waves, and what was to change by itself."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analysis.design import Floats
from analysis.small_area.areas import AreaError, Areas
from analysis.small_area.change import Changes, Regression, changes, changes_apart, regression
from analysis.small_area.draws import draw
from analysis.small_area.estimate import estimate
from analysis.small_area.over_time import WaveEstimates, estimate_waves
from tests.small_area.samples import areas_of, imaginary


def again(areas: Areas, truth: Floats, rng: np.random.Generator) -> Areas:
    """Another wave of the same size in the same areas."""
    return replace(areas, yes=rng.binomial(areas.n.astype(int), truth).astype(float))


@pytest.fixture(scope="module")
def waves() -> WaveEstimates:
    rng = np.random.default_rng(51)
    first, truth = imaginary(rng, 30, 4)
    return estimate_waves([first, again(first, truth, rng)], 0.5, rng, size=400, points=32)


def test_a_change_has_its_interval_and_the_chance_of_a_real_improvement(waves: WaveEstimates) -> None:
    found, moved = changes(waves), waves.draws[:, 1] - waves.draws[:, 0]
    assert found.joint
    assert [each.mean for each in found.areas] == pytest.approx(moved.mean(axis=0).tolist())
    assert [each.improved for each in found.areas] == pytest.approx((moved > 0).mean(axis=0).tolist())
    for each in found.areas:
        assert each.lower <= each.mean <= each.upper
        assert each.improved + each.worsened == pytest.approx(1)


def test_a_margin_asks_for_more_than_a_rise(waves: WaveEstimates) -> None:
    wide = changes(waves, margin=0.05)
    for more, any_ in zip(wide.areas, changes(waves).areas, strict=True):
        assert more.improved <= any_.improved
        assert more.improved + more.worsened <= 1


def test_waves_estimated_apart_say_so_and_their_intervals_are_wider() -> None:
    rng = np.random.default_rng(52)
    first, truth = imaginary(rng, 60, 5)
    second = again(first, truth, rng)
    both = estimate_waves([first, second], 0.5, rng, size=600, points=32)
    before, after = estimate(first, 0.5, points=64), estimate(second, 0.5, points=64)
    apart = changes_apart(before, draw(before, 600, rng), after, draw(after, 600, rng))
    assert not apart.joint

    def width(found: Changes) -> float:
        return float(np.mean([each.upper - each.lower for each in found.areas]))

    assert width(apart) > 1.1 * width(changes(both))


def test_only_areas_of_both_waves_have_a_change() -> None:
    rng = np.random.default_rng(53)
    before, after = estimate(areas_of([5, 6, 7], [10, 10, 10]), 0.5), estimate(areas_of([5, 6], [10, 10]), 0.5)
    found = changes_apart(before, draw(before, 100, rng), after, draw(after, 100, rng))
    assert [each.name for each in found.areas] == ["0", "1"]


def flagged_and_nothing_done(seed: int) -> Regression:
    """The twenty lowest raw shares of the first wave, asked again without anything having changed."""
    rng = np.random.default_rng(seed)
    first, truth = imaginary(rng, 200, 10, asked=(5, 25))
    second = again(first, truth, rng)
    lowest = [first.names[i] for i in np.argsort(first.shares)[:20].tolist()]
    drawn = draw(estimate(first, 0.5, points=64), 500, rng)
    return regression(first, drawn, second, lowest, rng)


def test_the_reader_sees_how_far_flagged_areas_rise_by_themselves() -> None:
    found = [flagged_and_nothing_done(seed).flagged for seed in range(54, 62)]
    assert all(each.count == 20 for each in found)
    # It looks like a success of fifteen points and more.
    assert np.mean([each.observed for each in found]) > 0.15
    expected, beyond = np.mean([each.expected for each in found]), np.mean([each.beyond for each in found])
    # 8 × 20 areas, each share with a deviation of some .13
    assert abs(beyond) < 3 * 0.13 / np.sqrt(160)
    assert expected > 0.15
    assert sum(each.lower <= each.observed <= each.upper for each in found) >= 6


def test_the_move_of_an_area_is_within_its_interval_and_its_chance_is_a_chance() -> None:
    inside, chance = [], []
    for seed in (54, 55):
        for each in flagged_and_nothing_done(seed).areas:
            inside.append(each.lower <= each.observed <= each.upper)
            chance.append(each.chance)
    assert 0.93 <= np.mean(inside) <= 0.99
    # Of a whole number of answers a chance is at least as large as uniform.
    assert np.mean(np.array(chance) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(chance) == pytest.approx(0.54, abs=0.05)


def test_an_improvement_beyond_regression_is_seen() -> None:
    rng = np.random.default_rng(63)
    first, truth = imaginary(rng, 200, 10)
    lowest = np.argsort(first.shares)[:20]
    better = truth.copy()
    better[lowest] = np.minimum(better[lowest] + 0.2, 1)
    names = [first.names[i] for i in lowest.tolist()]
    drawn = draw(estimate(first, 0.5, points=64), 500, rng)
    found = regression(first, drawn, again(first, better, rng), names, rng).flagged
    assert found.beyond == pytest.approx(0.2, abs=0.08)
    assert found.chance < 0.01


def test_taking_the_raw_share_for_the_rate_is_caught() -> None:
    """Without shrinkage nothing would be expected to move by itself, and noise would look like success."""
    rng = np.random.default_rng(54)
    first, truth = imaginary(rng, 200, 10, asked=(5, 25))
    second = again(first, truth, rng)
    lowest = [first.names[i] for i in np.argsort(first.shares)[:20].tolist()]
    naive = regression(first, np.tile(first.shares, (500, 1)), second, lowest, rng).flagged
    assert abs(naive.beyond) > 3 * 0.13 / np.sqrt(20)
    assert naive.chance < 0.01


def test_what_was_not_asked_has_no_raw_change_and_says_why() -> None:
    rng = np.random.default_rng(64)
    first, second = areas_of([5, 0, 3], [10, 0, 10]), areas_of([4, 5, 0], [10, 10, 0])
    found = regression(first, draw(estimate(first, 0.5), 200, rng), second, ["1", "2"], rng)
    assert [each.notes for each in found.areas] == [(), ("nobody_asked_before",), ("nobody_asked_after",)]
    assert np.isnan([found.areas[1].observed, found.areas[1].expected, found.areas[2].chance]).all()
    assert found.flagged.count == 0
    assert np.isnan(found.flagged.beyond)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda w, a, d, rng: changes(w, margin=-1), "margin: -1 is negative"),
        (lambda w, a, d, rng: changes(replace(w, draws=w.draws[:, :1])), "There is one wave"),
        (lambda w, a, d, rng: regression(a, d[:, :1], a, [], rng), "a column for each of 2"),
        (lambda w, a, d, rng: regression(a, d, a, ["9"], rng), "area: 9 is not in both"),
        (lambda w, a, d, rng: regression(a, d, areas_of([1], [2]), [], rng), "area: 1 is not in both"),
        (lambda w, a, d, rng: changes_apart(e := estimate(a, 0.5), d, e, d[:5]), "10 and 5 draws"),
        (lambda w, a, d, rng: changes_apart(e := estimate(a, 0.5), d, e, d[:, :1]), "a column for each of 2"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ask: Callable[[WaveEstimates, Areas, Floats, np.random.Generator], object], said: str, waves: WaveEstimates
) -> None:
    with pytest.raises(AreaError, match=said):
        ask(waves, areas_of([1, 2], [4, 4]), np.full((10, 2), 0.5), np.random.default_rng(1))
