"""The report of the weights says how unequal they are, how far they moved, and what they rest on."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.calibration import Margin, calibrate, margin, poststratify, rake
from analysis.design import Design, DesignError, declare
from analysis.design_effect import kish_deff
from analysis.measure import measure
from analysis.rates import RateRules, wave_design
from analysis.tally import tally
from analysis.weight_diagnostics import NOTES, weight_report, weighted_quantiles, weights_deff
from analysis.weights import Merge, poststrata
from tests.analysis.samples import clustered, fixed, margins, wave

SEXES = pd.DataFrame({"sex": ["F", "M"], "population": [60.0, 90.0]})
AGES = pd.DataFrame({"age": ["middle", "old", "young"], "population": [65.0, 45.0, 40.0]})


def of(sample: pd.DataFrame) -> Design:
    return declare(sample, ids=["point"], weights="w")


def test_equal_weights_cost_nothing() -> None:
    spread = weight_report(np.full(50, 7.0)).spread
    assert (spread.deff, spread.n_effective, spread.ratio) == pytest.approx((1, 50, 1))
    assert spread.heaviest == pytest.approx({0.01: 0.01, 0.05: 0.05})


def test_half_the_weights_twice_as_large_cost_a_ninth() -> None:
    # Kish (1992): deff = 1 + cv², here 1 + (0.5 / 1.5)² = 10/9.
    spread = weight_report(np.repeat([1.0, 2.0], 45)).spread
    assert (spread.deff, spread.n_effective) == pytest.approx((10 / 9, 81))
    assert (spread.smallest, spread.largest, spread.ratio, spread.mean) == (1, 2, 2, 1.5)


def test_the_design_effect_is_that_of_the_estimates() -> None:
    sample = clustered()
    design = declare(sample, weights="w")
    everyone = measure(design, np.ones(len(sample)))
    assert weights_deff(design.weights) == pytest.approx(kish_deff(everyone), rel=1e-14)
    assert weights_deff(design.weights * 1000) == pytest.approx(weights_deff(design.weights), rel=1e-14)


def test_a_design_effect_that_forgets_the_squares_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.weight_diagnostics._parts", lambda weights, counts: (counts, weights))
    with pytest.raises(AssertionError):
        test_half_the_weights_twice_as_large_cost_a_ninth()


def test_the_heaviest_interviews_hold_what_they_hold() -> None:
    weights = np.append(np.ones(99), 101.0)
    assert weight_report(weights).spread.heaviest == pytest.approx({0.01: 101 / 200, 0.05: 105 / 200})
    # One in a hundred of 50 interviews is half of the heaviest one.
    assert weight_report(weights[50:]).spread.heaviest[0.01] == pytest.approx(50.5 / 150)


def test_quantiles_are_weights_that_occur() -> None:
    found = weighted_quantiles(np.array([3.0, 1, 2, 10]), np.ones(4), (0.0, 0.25, 0.5, 0.51, 1.0))
    assert found == {0.0: 1, 0.25: 1, 0.5: 2, 0.51: 3, 1.0: 10}
    assert weighted_quantiles(np.array([3.0, 1]), np.array([1.0, 9]), (0.9, 0.91)) == {0.9: 1, 0.91: 3}


def test_margins_before_and_after_stand_beside_the_population() -> None:
    sample = fixed()
    known = [margin(sample, SEXES), margin(sample, AGES)]
    raked = rake(of(sample), known)
    report = weight_report(raked.weights, before=sample["w"].to_numpy(), margins=known, thin_below=9)
    women = report.groups[0]
    assert (women.margin, women.label, women.n, women.before, women.population) == ("sex", "F", 12, 47, 60)
    assert women.after == pytest.approx(60)
    assert max(abs(group.miss) for group in report.groups) < 1e-9
    assert report.thin == ("old (age)",)
    assert (report.empty, report.notes) == ((), ())
    assert report.change is not None
    g = raked.weights / sample["w"].to_numpy()
    assert (report.change.smallest, report.change.largest) == (g.min(), g.max())
    assert report.change.deff_before == weights_deff(sample["w"].to_numpy())
    young = raked.weights[sample["age"] == "young"]
    assert report.groups[4].deff == pytest.approx(weights_deff(young))
    assert report.groups[4].n_effective == pytest.approx(len(young) / weights_deff(young))


def test_a_margin_that_is_missed_is_noted_with_its_miss() -> None:
    sample = fixed()
    report = weight_report(sample["w"].to_numpy(), margins=[margin(sample, SEXES)])
    assert report.notes == ("margins_missed",)
    assert [group.miss for group in report.groups] == pytest.approx([47 / 60 - 1, 73 / 90 - 1])
    assert report.change is None


def test_groups_without_interviews_are_listed_by_name() -> None:
    sample = fixed()
    more = pd.concat([AGES, pd.DataFrame({"age": ["oldest", "nobody"], "population": [5.0, 0.0]})])
    report = weight_report(sample["w"].to_numpy(), margins=[margin(sample, more)])
    assert report.empty == ("oldest (age)",)
    assert "empty_groups" in report.notes
    assert np.isnan(report.groups[4].miss)
    assert np.isnan(report.groups[3].deff)


def test_negative_weights_of_a_linear_calibration_are_noticed() -> None:
    sample = fixed()
    x = np.column_stack([np.ones(30), sample["x"]])
    design = calibrate(of(sample), x, np.array([120.0, 120 * 44]))
    report = weight_report(design.weights, before=sample["w"].to_numpy())
    assert report.spread.negative == int((design.weights < 0).sum()) > 0
    assert "negative_weights" in report.notes
    assert np.isnan(report.spread.ratio)
    assert report.change is not None
    assert report.change.smallest < 0
    assert set(report.notes) <= set(NOTES)


def test_weights_of_zero_are_counted_and_not_in_the_ratio() -> None:
    report = weight_report(np.array([0.0, 1, 2, 1]))
    assert (report.spread.zero, report.spread.ratio, report.notes) == (1, 2, ("zero_weights",))
    assert report.spread.n_effective == pytest.approx(16 / 6)


def test_a_wave_tells_what_was_collapsed() -> None:
    rows = wave().query("mode == 'intercept' and not (district == 'D1' and sex == 'F' and age_band == '60+')")
    cells = tally(rows.assign(stratum=rows["district"], unit=rows["point"]), KEYS, ("aware",)).cells
    sample = wave_design(cells, margins(), RateRules())
    strata = poststrata(cells, margins())
    report = weight_report(
        sample.design.weights,
        counts=cells["n"].to_numpy(),
        before=cells["w"].to_numpy(),
        strata=strata,
        thin_below=16,
    )
    assert report.merges == sample.merges == (Merge("age_bands", "D1", "F", "60+", into="35-59"),)
    assert [(cell.age_band, cell.n > 0, cell.into) for cell in report.collapsed] == [
        ("35-59", True, "D1 × F × 35-59"),
        ("60+", False, "D1 × F × 35-59"),
    ]
    assert {group.margin for group in report.groups} == {"post-stratum"}
    assert report.spread.n == len(rows)
    assert report.spread.total == pytest.approx(margins()["population"].sum())
    assert report.notes == ()
    assert len(report.thin) == sum(group.n < 16 for group in report.groups) > 0
    plain = json.loads(json.dumps(report.plain(), allow_nan=False))
    assert plain["merges"][0]["into"] == "35-59"
    assert plain["spread"]["quantiles"]["0.5"] == report.spread.quantiles[0.5]


KEYS = ("stratum", "unit", "district", "sex", "age_band")


def test_cells_of_a_tally_give_the_report_of_their_rows() -> None:
    sample = clustered().assign(w=lambda f: f["sex"].map({"F": 3.0, "M": 1.0}))
    cells = tally(sample, ("district", "point", "sex", "age_band"), ("score",), "w").cells
    sizes = pd.DataFrame({"sex": ["F", "M"], "population": [5200.0, 4800.0]})
    reports = []
    for frame, counts in ((sample, None), (cells, cells["n"].to_numpy())):
        known = margin(frame, sizes)
        design = poststratify(declare(frame, ids=["point"], strata="district", weights="w", nest=True), known)
        before = frame["w"].to_numpy()
        reports.append(weight_report(design.weights, counts=counts, before=before, margins=[known]).plain())
    assert flat(reports[0]) == pytest.approx(flat(reports[1]), rel=1e-12)


def flat(value: object) -> list[float]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in flat(part)]
    if isinstance(value, list):
        return [number for part in value for number in flat(part)]
    return [float(value)] if isinstance(value, (int, float)) else []


def test_an_empty_sample_has_a_report_that_says_nothing() -> None:
    report = weight_report(np.array([]), margins=[Margin(np.array([], dtype=np.intp), np.array([5.0]), ("all",))])
    assert (report.spread.n, report.empty) == (0, ("all (margin 1)",))
    assert np.isnan(report.spread.deff)
    assert report.plain()["spread"]["deff"] is None


def test_numbers_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(DesignError, match="3 rows"):
        weight_report(np.ones(3), counts=np.ones(2))
    with pytest.raises(DesignError, match="missing or infinite"):
        weight_report(np.array([1.0, np.nan]))
    with pytest.raises(DesignError, match="no interview"):
        weight_report(np.ones(2), counts=np.array([1.0, 0]))
