"""Interviews go where they save most: the split is the best there is, and its expected loss is what happens."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

import analysis.planning.adaptive
from analysis.design import Floats
from analysis.planning.adaptive import Area, Losses, best_split, changes, expected_losses, place
from analysis.planning.foresight import Posteriors, logit_normal, outcomes
from analysis.planning.inputs import PlanError
from analysis.planning.whole_numbers import Counts

TARGET = 0.6


def city(seed: int, areas: int) -> tuple[list[Posteriors], list[Area]]:
    rng = np.random.default_rng(seed)
    known = logit_normal(rng.normal(0.6, 0.6, areas), rng.uniform(0.15, 0.5, areas), TARGET)
    return [known], [Area(f"n{i}", int(rng.integers(300, 4000)), int(rng.integers(5, 30))) for i in range(areas)]


def what_happens() -> tuple[float, float, float]:
    """Expected loss after 15 interviews as foreseen, as drawn with its Monte Carlo error."""
    mean, sd, m, repeats = 0.5, 0.4, 15, 4000
    known, losses, rng = logit_normal([mean], [sd], TARGET), Losses(), np.random.default_rng(4)
    foreseen = expected_losses(outcomes(known, m), losses, m)[0, m]
    rates = expit(mean + sd * rng.normal(size=repeats))
    yes = rng.binomial(m, rates)
    risk = np.array([known.updated(np.array([float(y)]), np.array([float(m - y)])).at_risk[0] for y in range(m + 1)])
    flagged = risk[yes] > losses.cut
    truth = rates < TARGET
    lost = losses.missed * (truth & ~flagged) + losses.false_alarm * (flagged & ~truth)
    return float(foreseen), float(lost.mean()), float(lost.std() / np.sqrt(repeats))


def test_the_foreseen_loss_is_what_is_lost_in_simulated_cities() -> None:
    foreseen, lost, error = what_happens()
    assert abs(foreseen - lost) < 4 * error


def test_a_loss_that_forgets_to_judge_anew_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def present(losses: Losses, risk: Floats, safe: Floats) -> Floats:
        # The present judgement, whatever the answers.
        return losses.missed * risk if risk[:, 0, 0] < losses.cut else losses.false_alarm * safe

    monkeypatch.setattr(Losses, "expected", present)
    foreseen, lost, error = what_happens()
    assert abs(foreseen - lost) > 4 * error


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(-3, 3),
    sd=st.floats(0.05, 1.5),
    missed=st.floats(0.1, 5),
    deff=st.floats(1, 3),
    target=st.floats(0.1, 0.9),
)
def test_interviews_never_make_the_expected_loss_larger(
    mean: float, sd: float, missed: float, deff: float, target: float
) -> None:
    known, losses = logit_normal([mean], [sd], target), Losses(missed, 1.0)
    lost = expected_losses(outcomes(known, 40), losses, 40, deff)[0]
    risk = known.at_risk[0]
    assert lost[0] == pytest.approx(min(missed * risk, 1 - risk), abs=1e-9)
    assert (np.diff(lost) <= 1e-12).all()
    assert (lost >= -1e-15).all()
    # A design effect makes m interviews worth m / deff.
    assert (lost >= expected_losses(outcomes(known, 40), losses, 40)[0] - 1e-12).all()


def test_one_interview_may_save_nothing_where_twenty_save_something() -> None:
    known = logit_normal([0.9], [0.25], TARGET)
    lost = expected_losses(outcomes(known, 20), Losses(), 20)[0]
    assert lost[0] - lost[1] == pytest.approx(0, abs=1e-12)
    assert lost[0] - lost[20] > 1e-5


def test_a_start_that_single_interviews_would_never_make_is_made() -> None:
    known = logit_normal([0.9, 3.0], [0.25, 0.2], TARGET)
    placed = place([known], [Area("a", 500, 20), Area("b", 500, 20)], 20)
    assert [each.interviews for each in placed.areas] == [20, 0]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_other_split_saves_more(data: st.DataObject) -> None:
    areas, size, n = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5)), data.draw(st.integers(0, 12))
    batch = data.draw(st.integers(1, 3))
    steps = st.lists(st.floats(0, 1), min_size=size, max_size=size)
    gains = np.array([[0.0, *np.cumsum(data.draw(steps))] for _ in range(areas)])
    most = np.array(data.draw(st.lists(st.integers(0, size), min_size=areas, max_size=areas)))
    found = best_split(gains, n, most, batch)
    assert found.sum() <= n
    assert all(m == 0 or batch <= m <= limit for m, limit in zip(found, most, strict=True))
    choices = [[0, *range(batch, limit + 1)] for limit in most]
    every = [sum(gains[i, m] for i, m in enumerate(each)) for each in product(*choices) if sum(each) <= n]
    assert gains[np.arange(areas), found].sum() == pytest.approx(max(every), abs=1e-9)


def test_a_rule_that_takes_the_best_single_interview_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(gains: Floats, n: int, most: Counts, _batch: int = 1) -> Counts:
        found = np.zeros(len(gains), dtype=np.int64)
        for _ in range(n):
            step = [gains[i, m + 1] - gains[i, m] if m < most[i] else -1.0 for i, m in enumerate(found)]
            found[int(np.argmax(step))] += 1
        return found

    known, areas = city(1, 30)
    best = place(known, areas, 60)
    monkeypatch.setattr(analysis.planning.adaptive, "best_split", greedy)
    assert place(known, areas, 60).after > best.after + 1e-6


@pytest.mark.parametrize(("deff", "batch"), [(1.0, 1), (1.4, 5)])
def test_a_placement_adds_up_and_beats_the_rules_that_do_not_look(deff: float, batch: int) -> None:
    known, areas = city(2, 60)
    placed = place(known, areas, 150, deff=deff, batch=batch)
    assert sum(each.interviews for each in placed.areas) == 150 - placed.unplaced
    assert sum(each.proportional for each in placed.areas) == sum(each.equal for each in placed.areas) == 150
    assert all(x.interviews == 0 or batch <= x.interviews <= a.most for x, a in zip(placed.areas, areas, strict=True))
    assert placed.before == pytest.approx(sum(each.before for each in placed.areas))
    assert placed.after == pytest.approx(sum(each.after for each in placed.areas))
    assert placed.after < min(placed.after_proportional, placed.after_equal) < placed.before
    # Three times and more of what the others save.
    assert placed.before - placed.after > 2 * (placed.before - placed.after_proportional)


def test_every_neighbourhood_has_its_reason() -> None:
    known = logit_normal([0.5, 5.0, 0.62, 0.3], [0.3, 0.1, 0.4, 0.3], TARGET)
    areas = [Area("open", 900, 30), Area("clear", 900, 30), Area("small", 3, 3), Area("also", 900, 30)]
    placed = place([known], areas, 10, Losses(1, 1))
    codes = {each.name: each.reason.code for each in placed.areas}
    assert codes["clear"] == "settled"
    assert sum(code == "may_change" for code in codes.values()) >= 1
    for each in placed.areas:
        numbers = dict(each.reason.params)
        if each.reason.code == "may_change":
            assert 0 < numbers["changes"] <= 1
            assert numbers["gain"] == pytest.approx(each.before - each.after)
            assert numbers["per_interview"] == pytest.approx(numbers["gain"] / each.interviews)
        else:
            assert numbers["loss"] == pytest.approx(each.before)
    assert set(codes.values()) <= {"may_change", "settled", "out_of_reach", "outbid"}


def test_the_chance_of_another_judgement_is_counted_over_the_outcomes() -> None:
    known, losses = logit_normal([0.5], [0.4], TARGET), Losses()
    ahead = outcomes(known, 9)
    chance = changes(ahead, losses, 9)[0]
    assert chance[0] == 0
    now = known.at_risk[0] > losses.cut
    expected = 0.0
    for y in range(10):
        after = known.updated(np.array([float(y)]), np.array([9.0 - y])).at_risk[0] > losses.cut
        expected += float((ahead.risk + ahead.safe)[0, y, 9 - y]) * (after != now)
    assert chance[9] == pytest.approx(expected, abs=1e-12)


def test_an_interview_counts_for_every_indicator() -> None:
    aware, settled = logit_normal([0.5, 0.7], [0.4, 0.4], TARGET), logit_normal([4.0, 0.6], [0.1, 0.5], TARGET)
    areas = [Area("a", 500, 20), Area("b", 500, 20)]
    both = place([aware, settled], areas, 20)
    for i, each in enumerate(both.areas):
        assert each.at_risk == (aware.at_risk[i], settled.at_risk[i])
        alone = [
            expected_losses(outcomes(known, 20), Losses(), 20)[i, [0, each.interviews]] for known in (aware, settled)
        ]
        assert [each.before, each.after] == pytest.approx(np.sum(alone, axis=0).tolist())
    # The second indicator is open in b alone, and draws interviews there.
    assert both.areas[1].interviews > place([aware], areas, 20).areas[1].interviews


def test_what_would_save_nothing_is_not_placed() -> None:
    known = logit_normal([6.0, 7.0], [0.05, 0.05], TARGET)
    placed = place([known], [Area("a", 500, 20), Area("b", 500, 20)], 30)
    assert placed.unplaced == 30
    assert placed.after == placed.before


def test_the_cut_weighs_the_losses() -> None:
    assert Losses(0.7, 0.3).cut == pytest.approx(0.3)
    assert Losses(2, 2).cut == 0.5


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: Losses(missed=0), "missed neighbourhood is 0"),
        (lambda: Area("a", 10, 11), "a: most is 11"),
        (lambda: place(*city(1, 3), 1000), "take 1 to"),
        (lambda: place(city(1, 3)[0], city(1, 2)[1], 5), "2 areas and 3 posteriors"),
        (lambda: place([], city(1, 2)[1], 5), "no indicators"),
        (lambda: place(*city(1, 3), 5, deff=0.5), "design effect is 0.5"),
        (lambda: place(*city(1, 3), 5, batch=0), "batch is 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        ask()
