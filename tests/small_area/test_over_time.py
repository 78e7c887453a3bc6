"""Areas over several waves: what they share, and what has changed."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from analysis.design import Floats
from analysis.small_area.areas import AreaError, Areas, Source
from analysis.small_area.change import Changes, changes
from analysis.small_area.estimate import estimate
from analysis.small_area.over_time import Correlation, estimate_waves
from tests.small_area.samples import areas_of, imaginary


def waves_of(
    rng: np.random.Generator, areas: int = 120, waves: int = 2, drift: float = 0.2
) -> tuple[list[Areas], Floats]:
    """Waves in which the effects of areas persist with correlation 0.85, and true rates (waves, areas)."""
    district = rng.integers(0, 8, areas)
    effect = 0.4 * rng.standard_normal(8)[district]
    lasting = 0.55 * rng.standard_normal(areas)
    found, truth = [], []
    for wave in range(waves):
        rate = 1 / (1 + np.exp(-(drift * wave + effect + lasting + 0.23 * rng.standard_normal(areas))))
        n = rng.integers(5, 41, areas)
        yes = rng.binomial(n, rate)
        found.append(areas_of(yes.tolist(), n.tolist(), [str(d) for d in district.tolist()]))
        truth.append(rate)
    return found, np.array(truth)


class Columns(NamedTuple):
    """Changes as arrays (areas,)."""

    mean: Floats
    lower: Floats
    upper: Floats


def columns(found: Changes) -> Columns:
    return Columns(*np.array([(each.mean, each.lower, each.upper) for each in found.areas]).T)


def rmse(estimate: Floats, truth: Floats) -> float:
    return float(np.sqrt(((estimate - truth) ** 2).mean()))


def test_an_earlier_wave_makes_the_last_one_more_precise() -> None:
    waves, truth = waves_of(np.random.default_rng(21))
    found = estimate_waves(waves, 0.5, np.random.default_rng(1), size=1000)
    alone = estimate(waves[-1], 0.5)
    assert rmse(found.mean[-1], truth[-1]) < 0.95 * rmse(alone.mean, truth[-1])
    assert found.sd[-1].mean() < 0.95 * alone.sd.mean()
    assert 0.6 < found.rho < 0.97


def test_intervals_of_rates_and_of_changes_hold_the_truth() -> None:
    inside, moved = [], []
    for seed in (22, 23, 24):
        waves, truth = waves_of(np.random.default_rng(seed))
        found = estimate_waves(waves, 0.5, np.random.default_rng(seed), size=1000)
        difference = columns(changes(found))
        inside.append((found.lower <= truth) & (truth <= found.upper))
        moved.append((difference.lower <= truth[1] - truth[0]) & (truth[1] - truth[0] <= difference.upper))
        assert rmse(difference.mean, truth[1] - truth[0]) < 0.6 * rmse(
            waves[1].shares - waves[0].shares, truth[1] - truth[0]
        )
    assert 0.92 <= np.mean(inside) <= 0.98
    # All changes of a city rest on one correlation, so three cities tell less than 360 areas would.
    assert 0.88 <= np.mean(moved) <= 0.99


def test_one_wave_is_the_model_without_time() -> None:
    waves, _ = waves_of(np.random.default_rng(25), 60, 1)
    found = estimate_waves(waves, 0.5, np.random.default_rng(2), size=4000)
    alone = estimate(waves[0], 0.5)
    assert found.mean[0] == pytest.approx(alone.mean, abs=0.012)
    assert found.sd[0] == pytest.approx(alone.sd, rel=0.08)
    assert found.below[0] == pytest.approx(alone.below, abs=0.04)


def spread_beside_one_wave() -> float:
    """The largest error of a deviation, where areas have one to four answers, many of them unanimous."""
    areas, _ = imaginary(np.random.default_rng(41), 60, 6, asked=(1, 4), sigma_area=1.0, level=1.2)
    found = estimate_waves([areas], 0.5, np.random.default_rng(7), size=4000)
    return float(np.abs(found.sd[0] / estimate(areas, 0.5).sd - 1).max())


def test_few_answers_keep_their_skewness() -> None:
    assert spread_beside_one_wave() < 0.08


def test_a_normal_approximation_alone_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.small_area.over_time.CANDIDATES", 1)
    assert spread_beside_one_wave() > 0.1


def test_with_two_waves_both_correlations_are_the_same() -> None:
    waves, _ = waves_of(np.random.default_rng(26), 30)
    first, second = (
        estimate_waves(waves, 0.5, np.random.default_rng(3), correlation=kind, size=200).draws for kind in Correlation
    )
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("correlation", list(Correlation))
def test_three_waves_are_one_panel(correlation: Correlation) -> None:
    waves, truth = waves_of(np.random.default_rng(27), 60, 3)
    found = estimate_waves(waves, 0.5, np.random.default_rng(4), correlation=correlation, size=500)
    assert found.draws.shape == (500, 3, 60)
    assert rmse(found.mean, truth) < 0.8 * rmse(np.array([wave.shares for wave in waves]), truth)
    assert columns(changes(found, earlier=0, later=2)).mean.mean() > 0


def test_an_extreme_share_moves_back_by_itself() -> None:
    """Regression to the mean: of areas flagged for a low share, most rise though nothing was done."""
    waves, truth = waves_of(np.random.default_rng(28), 200, drift=0.0)
    flagged = np.argsort(waves[0].shares)[:20]
    raw = (waves[1].shares - waves[0].shares)[flagged].mean()
    shrunken = columns(changes(estimate_waves(waves, 0.5, np.random.default_rng(5), size=500))).mean[flagged].mean()
    assert raw > 0.05
    assert abs(shrunken - (truth[1] - truth[0])[flagged].mean()) < 0.03


def test_areas_are_matched_by_name_and_predicted_where_nobody_was_asked() -> None:
    first = areas_of([18, 2, 9], [20, 20, 20], ["a", "a", "b"])
    turn = np.array([2, 1, 0])
    second = replace(
        first,
        names=("2", "1", "0"),
        district=first.district[turn],
        yes=np.array([9.0, 2, 0]),
        n=np.array([20.0, 20, 0]),
    )
    found = estimate_waves([first, second], 0.5, np.random.default_rng(6), size=500, points=64)
    assert found.sources[1] == (Source.PREDICTION, Source.INTERVIEWS, Source.INTERVIEWS)
    assert found.mean[1, 0] > 0.55
    assert found.mean[1, 1] < 0.3


def test_waves_that_do_not_fit_together_are_refused() -> None:
    first = areas_of([1, 2], [4, 4])
    with pytest.raises(AreaError, match="area: 1 is not in both wave 1 and wave 2"):
        estimate_waves([first, areas_of([1], [4])], 0.5, np.random.default_rng(1))
    with pytest.raises(AreaError, match="Wave 2 has other covariates"):
        estimate_waves([first, areas_of([1, 2], [4, 4], x=[0.0, 1.0])], 0.5, np.random.default_rng(1))
    with pytest.raises(AreaError, match="no wave"):
        estimate_waves([], 0.5, np.random.default_rng(1))
