"""Trimmed weights keep their bounds, their sum and, where asked, their margins; each cut leaves a trace."""

import numpy as np
import pandas as pd
import pytest

import analysis.trimming
from analysis.calibration import Margin, margin, poststratify, rake
from analysis.design import Design, DesignError, Floats, declare
from analysis.drawn_replicates import draw_replicates
from analysis.estimate import mean, mean_of, total
from analysis.replicates import Replicates
from analysis.tally import tally
from analysis.trimming import (
    GiveBack,
    Trimmed,
    TrimmingError,
    mse_by_cap,
    of_mean,
    of_mean_square,
    of_median,
    trim,
    trim_to_margins,
)
from analysis.weight_diagnostics import weights_deff
from tests.analysis.samples import clustered, fixed

SEXES = pd.DataFrame({"sex": ["F", "M"], "population": [60.0, 90.0]})
AGES = pd.DataFrame({"age": ["middle", "old", "young"], "population": [65.0, 45.0, 40.0]})
TEN = np.array([1.0, 2, 3, 4, 5, 6, 8, 12, 20, 39])


def of(weights: Floats) -> Design:
    return declare(pd.DataFrame({"w": weights}), weights="w")


# R survey 4.1-1, trimWeights of svydesign(~1, weights = c(1, 2, 3, 4, 5, 6, 8, 12, 20, 39)).
TRIM_WEIGHTS = (
    (0.0, 15.0, False, (4.625, 5.625, 6.625, 7.625, 8.625, 9.625, 11.625, 15.625, 15, 15)),
    (0.0, 15.0, True, (*(x + 26 / 7 for x in (1.0, 2, 3, 4, 5, 6, 8)), 15, 15, 15)),
    (4.0, 12.0, False, (4, 4, 4, 9.8, 10.8, 11.8, 13.8, 17.8, 12, 12)),
    (3.0, 11.0, False, (3, 3, 10, 11, 12, 13, 15, 11, 11, 11)),
    (9.5, 30.0, False, (9.5, 9.5, 9.5, 9.5, 9.5, 9.5, 9.5, -2.25, 5.75, 30)),
    (9.5, 30.0, True, (*[9.5] * 9, 14.5)),
)


@pytest.mark.parametrize(("lower", "upper", "strict", "expected"), TRIM_WEIGHTS)
def test_trimmed_weights_are_those_of_r(lower: float, upper: float, strict: bool, expected: tuple[float, ...]) -> None:
    done = trim(of(TEN), lower=lower, upper=upper, strict=strict)
    assert done.design.weights == pytest.approx(np.array(expected), rel=1e-12)


# R survey 4.1-1 on the rows of samples.fixed, raked to sex and age: trimWeights(upper = 7), lower = 2.5 where cut once,
# and rake again. Sum of squared weights, smallest, largest, then mean of y, its error, and that of the total.
AFTER_RAKING = {
    "raked, cut once": (830.455105717373, 2.5, 7.0, 45.2307123472143, 2.64151785318422, 392.361265479501),
    "raked, cut strictly": (
        853.76117222493,
        1.72769313584507,
        7.0,
        45.371407956182,
        2.66212020079244,
        394.541028663571,
    ),
    "raked, cut strictly, raked again": (
        869.590341865792,
        1.6405083513006,
        7.41934510693354,
        45.4778078207348,
        2.75055304032379,
        407.765255491663,
    ),
}


def seen(design: Design) -> tuple[float, ...]:
    y, w = fixed()["y"], design.weights
    return (float(w @ w), w.min(), w.max(), mean(design, y).value, mean(design, y).se, total(design, y).se)


def test_variances_after_trimming_a_raked_sample_are_those_of_r() -> None:
    sample = fixed()
    known = [margin(sample, SEXES), margin(sample, AGES)]
    raked = rake(declare(sample, ids=["point"], weights="w"), known)
    strictly = trim(raked, upper=7.0).design
    found = {
        "raked, cut once": trim(raked, upper=7.0, lower=2.5, strict=False).design,
        "raked, cut strictly": strictly,
        "raked, cut strictly, raked again": rake(strictly, known),
    }
    for name, design in found.items():
        assert seen(design) == pytest.approx(AFTER_RAKING[name], rel=1e-9), name


@pytest.mark.parametrize("give_back", list(GiveBack))
@pytest.mark.parametrize("bounds", [(0.0, 15.0), (4.0, 12.0), (3.0, 11.0), (9.9, 10.1)])
def test_a_strict_cut_keeps_bounds_and_sum(give_back: GiveBack, bounds: tuple[float, float]) -> None:
    low, high = bounds
    done = trim(of(TEN), lower=low, upper=high, give_back=give_back)
    weights = done.design.weights
    assert weights.sum() == pytest.approx(100, rel=1e-12)
    assert weights.min() >= low
    assert weights.max() <= high
    assert (np.diff(weights) >= 0).all()  # who weighed more never weighs less afterwards
    assert done.deff_after < done.deff_before == weights_deff(TEN)


def test_the_trace_tells_what_was_cut_and_what_it_gained() -> None:
    (only,) = trim(of(TEN), upper=15.0, lower=2.5).rounds
    assert (only.cut, only.raised) == (2, 2)
    assert only.moved == pytest.approx((20 - 15) + (39 - 15) + (2.5 - 1) + (2.5 - 2))
    assert only.deff_before == pytest.approx(10 * (TEN**2).sum() / 100**2)
    assert only.deff_after < only.deff_before


def test_weights_within_the_bounds_are_left_alone() -> None:
    done = trim(of(TEN), upper=39.0)
    assert done.rounds == ()
    assert done.design.weights.tolist() == TEN.tolist()


def kept_sums(done: Trimmed) -> bool:
    return bool(np.isclose(done.design.weights.sum(), 100, rtol=1e-9))


def test_an_excess_that_is_lost_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_sums(trim(of(TEN), upper=15.0))
    monkeypatch.setattr(analysis.trimming, "_levelled", lambda each, counts, low, high, *_: np.clip(each, low, high))
    assert not kept_sums(trim(of(TEN), upper=15.0))


def test_what_is_cut_in_a_group_stays_in_the_group() -> None:
    sample = clustered()
    sex = margin(sample, pd.DataFrame({"sex": ["F", "M"], "population": [5200.0, 4800.0]}))
    strata = poststratify(declare(sample, ids=["point"], strata="district", weights="w", nest=True), sex)
    cap = of_median(strata.weights, 1.5)
    done = trim(strata, upper=cap, within=sex, give_back="proportional")
    assert done.rounds[0].cut > 0
    assert sex.sums(done.design.weights) == pytest.approx([5200, 4800], rel=1e-12)
    women = (sample["sex"] == "F").astype(float)
    assert total(done.design, women).value == pytest.approx(5200)


def test_rows_of_weight_zero_are_not_brought_to_life() -> None:
    weights = np.append(TEN, 0.0)
    design = trim(of(weights), lower=3.0, upper=15.0).design
    assert design.weights[-1] == 0
    assert design.weights.sum() == pytest.approx(100)


def test_bounds_as_multiples_of_median_mean_and_mean_square() -> None:
    assert of_median(TEN, 3.0) == 3 * 5
    assert of_mean(TEN, 3.0) == pytest.approx(30)
    assert of_mean_square(TEN, 4.0) == pytest.approx(2 * np.sqrt((TEN**2).mean()))
    both = np.minimum(2.5 * TEN, of_mean(TEN, 1.4))  # an individual and a global cap
    assert (trim(of(TEN), upper=both).design.weights <= both).all()


def test_cells_of_a_tally_are_cut_like_their_rows() -> None:
    sample = clustered().assign(w=lambda f: f["sex"].map({"F": 9.0, "M": 1.0}) + f["age_band"].eq("60+"))
    reduced = tally(sample, ("district", "point", "sex", "age_band"), ("score",), "w").cells
    counts = reduced["n"].to_numpy()
    rows, cells = (declare(f, ids=["point"], strata="district", weights="w", nest=True) for f in (sample, reduced))
    one = trim(rows, upper=6.0, lower=1.5)
    other = trim(cells, upper=6.0, lower=1.5, counts=counts)
    (row_round,), (cell_round,) = one.rounds, other.rounds
    assert (cell_round.cut, cell_round.raised) == (row_round.cut, row_round.raised)
    for field in ("moved", "deff_before", "deff_after"):
        assert getattr(cell_round, field) == pytest.approx(getattr(row_round, field), rel=1e-12)
    assert np.sort(other.design.weights / counts)[[0, -1]] == pytest.approx(np.sort(one.design.weights)[[0, -1]])
    assert of_median(reduced["w"].to_numpy(), 2.0, counts) == of_median(sample["w"].to_numpy(), 2.0)


def margins_of(sample: pd.DataFrame) -> list[Margin]:
    return [margin(sample, SEXES), margin(sample, AGES)]


def test_bounds_and_margins_hold_together_and_the_trace_shows_how() -> None:
    sample = fixed()
    known = margins_of(sample)
    before = declare(sample, ids=["point"], weights="w")
    free = rake(before, known)
    done = trim_to_margins(before, known, upper=7.4, lower=1.7)
    assert free.weights.max() > 7.4
    assert done.design.weights.max() <= 7.4 * (1 + 1e-6)
    assert done.design.weights.min() >= 1.7 * (1 - 1e-6)
    for one in known:
        assert one.sums(done.design.weights) == pytest.approx(one.population, rel=1e-10)
    misses = [one.miss for one in done.rounds]
    assert len(misses) > 2
    assert misses[-1] < 1e-5 < misses[0]
    assert done.deff_before == pytest.approx(weights_deff(free.weights))
    assert done.deff_after == pytest.approx(weights_deff(done.design.weights))


def test_cells_of_a_tally_meet_bounds_and_margins_like_their_rows() -> None:
    sample = clustered().assign(w=2.0)
    reduced = tally(sample, ("district", "point", "sex", "age_band"), ("score",), "w")
    sizes = (
        pd.DataFrame({"sex": ["F", "M"], "population": [5200.0, 4800.0]}),
        pd.DataFrame({"age_band": ["18-34", "35-59", "60+"], "population": [2000.0, 4500.0, 3500.0]}),
    )
    done = []
    for frame, counts in ((sample, None), (reduced.cells, reduced.cells["n"].to_numpy())):
        design = declare(frame, ids=["point"], strata="district", weights="w", nest=True)
        known = [margin(frame, size) for size in sizes]
        free = rake(design, known, counts=counts).weights / (1 if counts is None else counts)
        done.append(trim_to_margins(design, known, upper=0.98 * free.max(), counts=counts))
    rows, cells = done
    assert rows.rounds != ()
    assert [one.cut for one in cells.rounds] == [one.cut for one in rows.rounds]
    factor = cells.design.weights / reduced.cells["w"].to_numpy()
    one, other = mean(rows.design, sample["score"]), mean_of(cells.design, reduced.measure("score", factor))
    assert (other.value, other.se) == pytest.approx((one.value, one.se), rel=1e-9)


def test_known_margins_are_known_without_error_after_trimming_to_them() -> None:
    sample = fixed()
    before = declare(sample, ids=["point"], weights="w")
    done = trim_to_margins(before, margins_of(sample)[:1], upper=8.2)
    assert done.rounds != ()
    women = (sample["sex"] == "F").astype(float)
    assert total(done.design, women).se == pytest.approx(0, abs=1e-8)


def test_trimming_to_margins_that_need_none_is_the_calibration() -> None:
    sample = fixed()
    before = declare(sample, ids=["point"], weights="w")
    done = trim_to_margins(before, margins_of(sample), upper=50.0)
    plain = rake(before, margins_of(sample))
    assert done.rounds == ()
    assert done.design.weights.tolist() == plain.weights.tolist()
    assert mean(done.design, sample["y"]).se == mean(plain, sample["y"]).se


def test_replicates_are_cut_by_the_same_factors_and_calibrated() -> None:
    sample = fixed()
    before = declare(sample, ids=["point"], weights="w")
    unit = before.stages[0].unit
    weights = np.stack([before.weights * (unit != p) * 10 / 9 for p in range(10)], axis=1)
    replicated = before.with_replicates(Replicates(weights, 0.9, np.ones(10)))
    done = trim_to_margins(replicated, margins_of(sample), upper=7.4).design
    assert done.replicates is not None
    for one in margins_of(sample):
        assert one.sums(done.replicates.weights[:, 3]) == pytest.approx(one.population, rel=1e-10)
    cut = trim(replicated, upper=6.5)
    assert cut.design.replicates is not None
    factor = cut.design.weights / before.weights
    assert cut.design.replicates.weights == pytest.approx(weights * factor[:, None])


def test_replicates_may_be_drawn_after_trimming_to_margins_and_not_after_trimming_what_was_calibrated() -> None:
    sample = fixed()
    before = declare(sample, ids=["point"], weights="w")
    sex = margins_of(sample)[:1]
    done = trim_to_margins(before, sex, upper=8.2).design
    drawn = draw_replicates(done, "JK1")
    assert drawn.replicates is not None
    assert sex[0].sums(drawn.replicates.weights[:, 0]) == pytest.approx([60, 90])
    assert mean(drawn, sample["y"]).se == pytest.approx(mean(done, sample["y"]).se, rel=0.1)
    with pytest.raises(DesignError, match="Draw the replicates first"):
        draw_replicates(trim(rake(before, margins_of(sample)), upper=7.4).design, "JK1")


def test_a_group_too_thin_for_the_cap_is_named_with_the_cap_it_needs() -> None:
    sample = fixed()
    before = declare(sample, ids=["point"], weights="w")
    with pytest.raises(
        TrimmingError, match=r"9 interviews in middle weigh at most 63 .* stand for 65\. Raise .* to 7\.22"
    ):
        trim_to_margins(before, margins_of(sample), upper=7.0)
    with pytest.raises(TrimmingError, match=r"10 interviews in the whole sample .* stand for 100\. Raise .* to 10,"):
        trim(of(TEN), upper=8.0)
    with pytest.raises(TrimmingError, match=r"at least 110 .* Lower the lower bound to 10\."):
        trim(of(TEN), lower=11.0)


def test_bounds_and_margins_that_cannot_both_hold_are_proved_not_to() -> None:
    # Each margin alone leaves room: women and old people both need 8 each, but old women can only be counted once.
    sample = pd.DataFrame({"sex": ["F", "F", "M", "M"], "age": ["old", "young", "young", "young"]})
    sexes = margin(sample, pd.DataFrame({"sex": ["F", "M"], "population": [10.0, 10.0]}))
    ages = margin(sample, pd.DataFrame({"age": ["old", "young"], "population": [7.0, 13.0]}))
    with pytest.raises(TrimmingError, match=r"both the bounds and the margins.*lower the lower bound by 1") as refusal:
        trim_to_margins(declare(sample), [sexes, ages], lower=4.0, upper=9.0)
    assert any(name in str(refusal.value) for name in ("old (age)", "F (sex)", "young (age)"))
    done = trim_to_margins(declare(sample), [sexes, ages], lower=3.0, upper=9.0)
    assert done.design.weights == pytest.approx([7, 3, 5, 5], rel=1e-5)


def test_bounds_that_make_no_sense_are_refused() -> None:
    for lower, upper in ((5.0, 4.0), (-1.0, 4.0), (float("nan"), 4.0)):
        with pytest.raises(TrimmingError, match="0 <= lower <= upper"):
            trim(of(TEN), lower=lower, upper=upper)
    with pytest.raises(TrimmingError, match="nobody can take"):
        trim(of(np.array([1.0, 9.0])), lower=2.0, upper=7.0, strict=False)


def test_the_cap_of_least_error_cuts_weights_that_mean_nothing_and_spares_those_that_do() -> None:
    rng = np.random.default_rng(3)
    n = 400
    weights = np.where(rng.random(n) < 0.05, 30.0, 1.0)
    noise = rng.normal(50, 10, n)
    caps = (5.0, 15.0, 30.0)
    unrelated = mse_by_cap(of(weights), [noise], caps)
    related = mse_by_cap(of(weights), [noise + 30 * (weights > 1)], caps)
    assert [one.relative_mse for one in unrelated] == sorted(one.relative_mse for one in unrelated)
    assert unrelated[0].relative_mse < 0.8
    assert related[0].relative_mse > related[2].relative_mse == pytest.approx(1)
    assert [one.cut for one in unrelated] == [int((weights > cap).sum()) for cap in caps]
