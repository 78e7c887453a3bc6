"""Every design-based case of the reference, answered and compared with R's numbers.

A few small cases are kept in `cases/` (see its README for where they come from), so that a clone without the reference
folder is still held to R; the others are read from that folder where it lies on this machine.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis.design
import analysis.estimate
import analysis.measure
import analysis.reference_case
import analysis.variance
from analysis.design import Design, Stage
from analysis.solve import solve_file
from tests.oracles.compare import differences
from tests.reference_data import reference_folder

KEPT = Path(__file__).parent / "cases"


def failures(case: Path) -> list[str]:
    """Where our answers to a case folder differ from R's."""
    document = json.loads((case / "case.json").read_text(encoding="utf-8"))
    answer, supported = solve_file(case / "case.json")
    # Through text, as an outside program would read it.
    ours = json.loads(json.dumps(answer, allow_nan=False))["tasks"]
    found = [] if supported else ["some task is not supported"]
    for task, mine in zip(document["tasks"], ours, strict=True):
        assert {k: v for k, v in mine.items() if k != "expected"} == {k: v for k, v in task.items() if k != "expected"}
        expected = task["expected"]
        if document.get("replicates"):
            expected = without_logit(expected)
        found += [f"{task['id']} {task['type']} {line}" for line in differences(expected, mine["expected"])]
        if task["type"] == "weights":
            found += weight_failures(case / expected["file"], mine["expected"]["weights"], document["calibration"])
    return found


def without_logit(expected: Any) -> Any:
    """R's logit interval on replicate weights explodes where a replicate is near 0 or 1; it is no target."""
    if isinstance(expected, dict):
        return {key: without_logit(value) for key, value in expected.items() if key != "logit"}
    return [without_logit(part) for part in expected] if isinstance(expected, list) else expected


def weight_failures(path: Path, weights: list[float], calibration: dict[str, Any]) -> Iterator[str]:
    expected = pd.read_csv(path)["weight"].to_numpy()
    exact = calibration["type"] == "poststratify" or calibration.get("calfun") == "linear"
    apart = np.abs(np.array(weights) - expected)
    if (apart > (1e-10 if exact else 1e-7) * np.abs(expected)).any():
        yield f"a weight differs by {apart.max():.2g}"


@pytest.mark.parametrize("case", sorted(KEPT.glob("*/case.json")), ids=lambda path: path.parent.name)
def test_a_kept_case_agrees_with_r(case: Path) -> None:
    assert failures(case.parent) == []


def test_every_case_of_the_reference_agrees_with_r() -> None:
    cases = sorted(reference_folder().glob("*/case.json"))
    assert len(cases) >= 36
    assert {case.parent.name: found for case in cases if (found := failures(case.parent))} == {}


def kept_failures() -> list[str]:
    return [line for case in sorted(KEPT.glob("*/case.json")) for line in failures(case.parent)]


def test_a_wrong_number_of_degrees_of_freedom_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.estimate.degrees_of_freedom
    monkeypatch.setattr(analysis.estimate, "degrees_of_freedom", lambda *given: right(*given) + 1)
    assert any("/df" in line for line in kept_failures())


def test_a_forgotten_finite_population_correction_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.design._stage

    def endless(*given: Any) -> Stage:
        stage = right(*given)
        return replace(stage, population=np.full(stage.strata, np.inf))

    monkeypatch.setattr(analysis.design, "_stage", endless)
    assert any("/var" in line for line in kept_failures())


def test_a_forgotten_centring_within_strata_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        analysis.variance, "_stage_deviations", lambda _design, _stage, totals, _present, _depth: (totals, 1.0)
    )
    assert any("/var" in line for line in kept_failures())


def test_a_forgotten_second_stage_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.variance._scaled_deviations
    monkeypatch.setattr(analysis.variance, "_scaled_deviations", lambda *given: right(*given)[:1])
    assert any("/var" in line for line in kept_failures())


def test_a_jackknife_centred_on_its_mean_where_the_case_says_mse_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.reference_case._replicates
    monkeypatch.setattr(analysis.reference_case, "_replicates", lambda *given: replace(right(*given), mse=False))
    assert any("/var" in line for line in failures(KEPT / "m03_jkn_calibrated_zero_weights"))


def test_a_forgotten_n_over_n_minus_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis.variance, "_bessel", lambda stage: np.ones(stage.strata))
    assert any("/var" in line for line in kept_failures())


def test_forgotten_weights_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.measure.measure

    def unweighted(design: Any, *given: Any) -> Any:
        return right(Design(np.ones(design.rows), design.stages), *given)

    monkeypatch.setattr("analysis.solve.measure", unweighted)
    assert any("/est" in line for line in kept_failures())


def test_a_variance_that_ignores_the_calibration_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.calibration.PostStratified.residuals", lambda _self, influence: influence)
    assert any("/var" in line for line in kept_failures())


def test_rows_dropped_for_a_missing_value_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.variance.covariance

    def dropped(design: Any, influence: Any, observed: Any) -> Any:
        kept = np.flatnonzero(observed)
        stages = tuple(_only(stage, kept) for stage in design.stages)
        smaller = Design(design.weights[kept], stages, design.lonely, design.lonely_domains)
        return right(smaller, influence[kept], observed[kept])

    monkeypatch.setattr(analysis.estimate, "covariance", dropped)
    assert any("/var" in line for line in kept_failures())


def _only(stage: Stage, kept: Any) -> Stage:
    """The stage as if the other rows had never been sampled."""
    units, unit = np.unique(stage.unit[kept], return_inverse=True)
    stratum = stage.stratum_of_unit[units]
    sampled = np.bincount(stratum, minlength=stage.strata).astype(float)
    return Stage(unit, stratum, sampled, stage.population, stage.labels)


def test_a_planted_difference_is_seen_by_the_comparison() -> None:
    right = {"est": 1.0, "se": 0.1, "rows": [{"beta": [0.1, 0.2]}]}
    assert list(differences(right, right)) == []
    assert list(differences(right, {**right, "est": 1.0 + 2e-9})) == ["/est: 1.0 expected, 1.000000002 found"]
    assert list(differences(right, {**right, "rows": [{"beta": [0.1, None]}]})) != []
    assert list(differences({"error": "R refuses"}, {"est": 1.0})) != []
