"""Calibrated weights meet their totals, and the variance is that of the residuals.

What no weights can meet is in test_feasibility, R's numbers are in test_calibration_beside_r.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.calibration import (
    CalibrationError,
    calibrate,
    margin,
    model_matrix,
    poststratify,
    rake,
)
from analysis.design import Design, Floats, declare
from analysis.estimate import mean, mean_of, total
from analysis.replicates import Replicates
from analysis.tally import tally
from tests.analysis.samples import clustered, fixed

SEX = pd.DataFrame({"sex": ["F", "M"], "population": [5200.0, 4800.0]})
AGE = pd.DataFrame({"age_band": ["18-34", "35-59", "60+"], "population": [3000.0, 4500.0, 2500.0]})


def of(sample: pd.DataFrame) -> Design:
    return declare(sample, ids=["point"], strata="district", weights="w", nest=True)


def sums(design: Design, column: "pd.Series[str]") -> Floats:
    return np.asarray(pd.Series(design.weights).groupby(column.to_numpy()).sum(), dtype=np.float64)


def test_post_stratified_weights_sum_to_the_population_of_every_cell() -> None:
    sample = clustered()
    design = poststratify(of(sample), margin(sample, SEX))
    assert sums(design, sample["sex"]) == pytest.approx([5200, 4800], rel=1e-12)


def test_post_stratifying_to_one_cell_is_expansion() -> None:
    sample = clustered().assign(everyone="all")
    whole = margin(sample, pd.DataFrame({"everyone": ["all"], "population": [9000.0]}))
    before, after = of(sample), poststratify(of(sample), whole)
    one, other = mean(before, sample["score"]), mean(after, sample["score"])
    assert (other.value, other.se) == pytest.approx((one.value, one.se), rel=1e-12)
    assert after.weights == pytest.approx(before.weights * 9000 / before.weights.sum())
    assert total(after, np.ones(len(sample))).se == pytest.approx(0, abs=1e-9)


def test_a_post_stratified_variable_is_known_without_error() -> None:
    sample = clustered()
    design = poststratify(of(sample), margin(sample, SEX))
    women = (sample["sex"] == "F").astype(float)
    assert total(design, women).value == pytest.approx(5200)
    assert total(design, women).se == pytest.approx(0, abs=1e-8)
    assert total(of(sample), women).se > 10


def test_post_stratification_is_the_linear_calibration_to_the_same_cells() -> None:
    sample = clustered()
    first = poststratify(of(sample), margin(sample, SEX))
    cells = np.stack([(sample["sex"] == sex).astype(float) for sex in "FM"], axis=1)
    second = calibrate(of(sample), cells, np.array([5200.0, 4800.0]))
    assert second.weights == pytest.approx(first.weights, rel=1e-10)
    one, other = mean(first, sample["aware"]), mean(second, sample["aware"])
    assert other.se == pytest.approx(one.se, rel=1e-10)


def test_raked_weights_meet_every_margin() -> None:
    sample = clustered()
    design = rake(of(sample), [margin(sample, SEX), margin(sample, AGE)])
    assert sums(design, sample["sex"]) == pytest.approx([5200, 4800], rel=1e-10)
    assert sums(design, sample["age_band"]) == pytest.approx([3000, 4500, 2500], rel=1e-10)


def test_raking_is_the_multiplicative_calibration_to_the_same_margins() -> None:
    sample = clustered()
    raked = rake(of(sample), [margin(sample, SEX), margin(sample, AGE)])
    x = model_matrix(sample, {"sex": ["F", "M"], "age_band": ["18-34", "35-59", "60+"]})
    calibrated = calibrate(of(sample), x.to_numpy(), np.array([10000.0, 4800, 4500, 2500]), distance="raking")
    assert calibrated.weights == pytest.approx(raked.weights, rel=1e-9)
    assert mean(calibrated, sample["score"]).se == pytest.approx(mean(raked, sample["score"]).se, rel=0.05)


@pytest.mark.parametrize("distance", ["linear", "raking", "logit"])
def test_bounds_are_kept(distance: str) -> None:
    sample = clustered()
    x = model_matrix(sample, {"sex": ["F", "M"]}).to_numpy()
    before = of(sample)
    score = sample["score"].to_numpy()
    x = np.column_stack([x, score])
    totals = x.T @ before.weights * np.array([1.0, 1.2, 1.05])
    free = calibrate(before, x, totals, distance="raking").weights / before.weights
    low, high = 1 - 0.95 * (1 - free.min()), 1 + 0.9 * (free.max() - 1)
    assert free.max() > high  # the bounds bite
    design = calibrate(before, x, totals, distance=distance, bounds=(low, high))
    g = design.weights / before.weights
    assert x.T @ design.weights == pytest.approx(totals, rel=1e-8)
    assert g.min() >= low - 1e-12
    assert g.max() <= high + 1e-12


def test_totals_out_of_reach_of_the_bounds_are_refused() -> None:
    sample = clustered()
    x = model_matrix(sample, {"sex": ["F", "M"]}).to_numpy()
    totals = x.T @ of(sample).weights * 3
    with pytest.raises(CalibrationError, match="Widen the bounds"):
        calibrate(of(sample), x, totals, distance="logit", bounds=(0.6, 1.5))


def test_an_empty_cell_with_people_is_refused_by_name() -> None:
    sample = clustered()
    more = pd.concat([SEX, pd.DataFrame({"sex": ["X"], "population": [10.0]})], ignore_index=True)
    with pytest.raises(CalibrationError, match="No interview in X"):
        poststratify(of(sample), margin(sample, more))


def test_a_row_outside_the_population_is_refused_by_name() -> None:
    sample = clustered()
    with pytest.raises(CalibrationError, match="no line for M"):
        margin(sample, SEX.iloc[:1])


def test_a_cell_listed_twice_is_refused() -> None:
    with pytest.raises(CalibrationError, match="twice"):
        margin(clustered(), pd.concat([SEX, SEX]))


def test_margins_of_different_size_are_refused() -> None:
    sample = clustered()
    with pytest.raises(CalibrationError, match="Scale them"):
        rake(of(sample), [margin(sample, SEX), margin(sample, AGE.assign(population=AGE["population"] * 2))])


def test_replicates_go_through_the_same_calibration() -> None:
    sample = clustered()
    before = of(sample)
    points = before.stages[0].unit
    weights = np.stack([before.weights * (points != p) * 20 / 19 for p in range(20)], axis=1)
    jackknife = Replicates(weights, scale=19 / 20, rscales=np.ones(20))
    design = poststratify(before.with_replicates(jackknife), margin(sample, SEX))
    women = (sample["sex"] == "F").astype(float)
    assert total(design, women).se == pytest.approx(0, abs=1e-8)


def test_the_variance_after_calibration_agrees_with_the_calibrated_jackknife() -> None:
    sample = clustered(strata=1, points=40)
    before = declare(sample, ids=["point"], weights="w")
    points = before.stages[0].unit
    weights = np.stack([before.weights * (points != p) * 40 / 39 for p in range(40)], axis=1)
    replicated = before.with_replicates(Replicates(weights, scale=39 / 40, rscales=np.ones(40)))
    linear = mean(poststratify(before, margin(sample, SEX)), sample["aware"])
    jackknifed = mean(poststratify(replicated, margin(sample, SEX)), sample["aware"])
    assert jackknifed.value == pytest.approx(linear.value)
    assert jackknifed.se == pytest.approx(linear.se, rel=0.06)


def test_calibrating_twice_to_the_same_totals_changes_nothing() -> None:
    sample = clustered()
    known = [margin(sample, SEX), margin(sample, AGE)]
    x = model_matrix(sample, {"sex": ["F", "M"]}).to_numpy()
    totals = np.array([10000.0, 4800])
    for once, twice in (
        (one := poststratify(of(sample), known[0]), poststratify(one, known[0])),
        (one := rake(of(sample), known), rake(one, known)),
        (one := calibrate(of(sample), x, totals), calibrate(one, x, totals)),
    ):
        assert twice.weights == pytest.approx(once.weights, rel=1e-11)
        assert mean(twice, sample["score"]).se == pytest.approx(mean(once, sample["score"]).se, rel=1e-9)


def test_raking_to_one_margin_is_post_stratification() -> None:
    sample = clustered().assign(w=2.0)  # with equal weights R's residuals after raking are those of theory
    raked, strata = rake(of(sample), [margin(sample, SEX)]), poststratify(of(sample), margin(sample, SEX))
    assert raked.weights == pytest.approx(strata.weights, rel=1e-12)
    assert mean(raked, sample["score"]).se == pytest.approx(mean(strata, sample["score"]).se, rel=1e-10)


def test_linear_calibration_to_an_intercept_alone_is_expansion() -> None:
    sample = clustered()
    before = of(sample)
    after = calibrate(before, np.ones((len(sample), 1)), np.array([9000.0]))
    assert after.weights == pytest.approx(before.weights * 9000 / before.weights.sum(), rel=1e-12)
    # So a total is the known size times the mean, and its error the size times that of the mean: the ratio estimator.
    one, known = mean(before, sample["score"]), total(after, sample["score"])
    assert (known.value, known.se) == pytest.approx((9000 * one.value, 9000 * one.se), rel=1e-10)


def test_relabelling_groups_and_shuffling_the_population_changes_nothing() -> None:
    sample = clustered()
    other = sample.assign(sex=sample["sex"].map({"F": "z", "M": "a"}))
    renamed = pd.DataFrame({"sex": ["a", "z"], "population": [4800.0, 5200.0]})
    one = rake(of(sample), [margin(sample, SEX), margin(sample, AGE)])
    two = rake(of(other), [margin(other, renamed), margin(other, AGE.iloc[::-1])])
    assert two.weights == pytest.approx(one.weights, rel=1e-11)
    assert mean(two, sample["score"]).se == pytest.approx(mean(one, sample["score"]).se, rel=1e-11)


def test_all_calibrations_are_equal_on_rows_and_on_the_cells_of_a_tally() -> None:
    sample = clustered()
    reduced = tally(sample, ("district", "point", "sex", "age_band"), ("score",), "w")
    frames = (sample, reduced.cells)
    x = [model_matrix(frame, {"sex": ["F", "M"], "age_band": ["18-34", "35-59", "60+"]}).to_numpy() for frame in frames]
    totals = np.array([10000.0, 4800, 4500, 2500])
    starts = [of(frame) for frame in frames]
    cell = reduced.cells.assign(cell=np.arange(len(reduced.cells)))
    home = sample.merge(cell, on=list(reduced.keys), how="left")["cell"].to_numpy()
    for options in ({}, {"distance": "raking"}, {"distance": "logit", "bounds": (1.0e-9, 99.0)}):
        scaled = [replace(start, weights=start.weights * 10000 / start.weights.sum()) for start in starts]
        rows, cells = (calibrate(d, v, totals, **options) for d, v in zip(scaled, x, strict=True))
        assert cells.weights / scaled[1].weights == pytest.approx(
            pd.Series(rows.weights / scaled[0].weights).groupby(home).mean().to_numpy(), rel=1e-10
        )
        measured = reduced.measure("score", cells.weights / reduced.cells["w"].to_numpy())
        one, other = mean(rows, sample["score"]), mean_of(cells, measured)
        assert (other.value, other.se) == pytest.approx((one.value, one.se), rel=1e-10)
    raked = [rake(d, [margin(f, SEX), margin(f, AGE)]) for d, f in zip(starts, frames, strict=True)]
    assert pd.Series(raked[0].weights).groupby(home).sum().to_numpy() == pytest.approx(raked[1].weights, rel=1e-11)


def test_bounds_that_leave_little_room_are_met_where_newton_alone_gives_up() -> None:
    # The factors must all rise by 1.25 on average, and no row may stay at 1: R's calibrate stops here.
    sample = fixed()
    x = np.column_stack([np.ones(30), sample["sex"] == "M", sample["x"]]).astype(float)
    totals = np.array([150.0, 90, 4800])
    for distance in ("linear", "raking"):
        design = calibrate(declare(sample, weights="w"), x, totals, distance=distance, bounds=(1.07, 1.46))
        g = design.weights / sample["w"].to_numpy()
        assert x.T @ design.weights == pytest.approx(totals, rel=1e-10)
        assert (g.min(), g.max()) == pytest.approx((1.07, 1.46))


def test_bounds_of_each_row_keep_weights_below_a_common_cap() -> None:
    sample = fixed()
    before = declare(sample, weights="w")
    x = np.column_stack([np.ones(30), sample["sex"] == "M"]).astype(float)
    design = calibrate(before, x, np.array([150.0, 90]), bounds=(np.zeros(30), 7.5 / before.weights))
    assert design.weights.max() == pytest.approx(7.5)
    assert x.T @ design.weights == pytest.approx([150.0, 90], rel=1e-10)
