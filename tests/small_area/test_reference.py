"""The small-area methods agree with R's lme4, sae and rstanarm, and a planted fault is seen.

`cases` holds R's answers to two imaginary surveys (its README says how they were made); the large case is read from
the reference folder where it lies on this machine.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.__main__ import main
from analysis.design import Floats
from analysis.small_area import as_lme4, fay_herriot, hyperparameters, logistic_normal, reference
from analysis.small_area.nested import Rule
from analysis.small_area.quadrature import modes
from tests.reference_data import reference_folder
from tests.small_area.compare import TIGHT, differences, failures

KEPT = Path(__file__).parent / "cases"


def kept_failures() -> list[str]:
    return failures(KEPT / "spread", 0.5, {})


@pytest.mark.parametrize("case", ["spread", "no_district_spread"])
def test_a_kept_case_agrees_with_r(case: str) -> None:
    assert failures(KEPT / case, 0.5, {}) == []


def test_the_large_case_agrees_with_lme4_and_sae() -> None:
    assert failures(reference_folder() / "sae_a", 0.4, TIGHT) == []


def test_the_full_posterior_of_the_large_case_is_that_of_stan() -> None:
    folder = reference_folder() / "sae_a"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["stan"]["areas"]
    ours = reference.full_bayes(reference.read_case(folder, 0.4))["areas"]
    assert [row["nbhd"] for row in ours] == [row["nbhd"] for row in expected]
    for row, stan in zip(ours, expected, strict=True):
        error = stan["mc_se_mean"]
        assert abs(row["p_mean"] - stan["p_mean"]) <= 4 * error
        # The Monte Carlo errors of a standard deviation, of a chance and of a 5 % quantile beside that of the mean.
        independent = (stan["p_sd"] / error) ** 2
        assert abs(row["p_sd"] - stan["p_sd"]) <= 4 * error
        chance = stan["p_below_threshold"]
        assert abs(row["p_below_threshold"] - chance) <= 4 * np.sqrt(max(chance * (1 - chance), 1e-3) / independent)
        assert max(abs(row[q] - stan[q]) for q in ("q05", "q95")) <= 4 * 2.3 * error


def test_parameters_taken_for_known_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    case = reference.read_case(KEPT / "spread", 0.5)
    whole = [row["p_sd"] for row in reference.full_bayes(case)["areas"]]
    monkeypatch.setattr(hyperparameters, "sobol_t", lambda points, size: np.zeros((points, size)))
    assert np.mean([row["p_sd"] for row in reference.full_bayes(case)["areas"]]) < 0.95 * np.mean(whole)


def test_nodes_that_do_not_adapt_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def fixed(*given: Any, **options: Any) -> tuple[Floats, Floats]:
        mode, deviation = modes(*given, **options)
        return np.zeros_like(mode), np.ones_like(deviation)

    monkeypatch.setattr("analysis.small_area.nested.modes", fixed)
    assert any(line.startswith("glmer_agq25/sigma") for line in kept_failures())


def test_laplace_in_place_of_quadrature_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic_normal.fit, "__kwdefaults__", {"rule": Rule(1, 1)})
    assert any(line.startswith("glmer_agq25/sigma") for line in kept_failures())


def test_maximum_likelihood_in_place_of_reml_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def ordinary(z: Floats, d: Floats, x: Floats) -> float:
        grid = np.linspace(0, 2, 20_001)

        def height(a: float) -> float:
            v = 1 / (a + d)
            rest = z - x @ np.linalg.solve((x.T * v) @ x, (x.T * v) @ z)
            return float(np.log(v).sum() - v @ rest**2)

        return float(grid[np.argmax([height(a) for a in grid.tolist()])])

    monkeypatch.setattr(fay_herriot, "restricted_maximum", ordinary)
    assert any(line.startswith("fh_logit_reml/refvar") for line in kept_failures())


def test_a_mean_squared_error_that_knows_the_variance_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fay_herriot, "g3", lambda _a, d: np.zeros_like(d))
    found = kept_failures()
    assert found
    assert all("/mse" in line for line in found)


def test_a_search_that_goes_on_where_glmer_stops_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_lme4, "TOLERANCE", 1e-13)
    assert any(line.startswith("glmer_nested_laplace/areas") for line in kept_failures())


def test_a_planted_difference_is_seen_by_the_comparison() -> None:
    right = {"sigma": 1.0, "areas": [{"nbhd": "a", "p": 0.5}, {"nbhd": "b", "p": 0.25}]}
    turned = {"sigma": 1.0, "areas": right["areas"][::-1], "method": "ours"}  # type: ignore[index]  # a list, as JSON has it
    assert list(differences(right, turned, 1e-6)) == []
    assert list(differences(right, {**right, "sigma": 1.00001}, 1e-6)) == ["/sigma: 1.0 expected, 1.00001 found"]
    assert list(differences(right, {**right, "sigma": None}, 1e-6)) != []


def test_the_command_prints_every_method_for_every_area(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["small-area", str(KEPT / "spread"), "--threshold", "0.5", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["threshold"] == 0.5
    methods = [part["areas"] for part in document.values() if isinstance(part, dict) and "areas" in part]
    assert len(methods) == 9
    assert {len(areas) for areas in [document["direct"], *methods]} == {16}
    predicted = {row["nbhd"] for row in document["direct"] if row.get("source") == "prediction"}
    assert predicted == {row["nbhd"] for row in document["direct"] if row["n"] == 0}
    assert len(predicted) == 2
    assert main(["small-area", str(KEPT / "spread"), "--threshold", "0.5"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + 16


def test_whoever_did_not_say_is_not_in_the_base_and_names_are_text(tmp_path: Path) -> None:
    lines = (KEPT / "spread" / "units.csv").read_text(encoding="utf-8").splitlines()
    called = lines[1].split(",")[0]
    lines.append(lines[1].rpartition(",")[0] + ",NA")
    (tmp_path / "units.csv").write_text("\n".join(lines).replace(called, '"NA"'), encoding="utf-8")
    for name in ("areas.csv", "population.csv"):
        text = (KEPT / "spread" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(called, '"NA"'), encoding="utf-8")
    before, after = (reference.read_case(folder, 0.5).areas for folder in (KEPT / "spread", tmp_path))
    assert after.n.tolist() == before.n.tolist()
    assert after.names[before.names.index(called.strip('"'))] == "NA"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("areas.csv", "nbhd", "place", "nbhd"),
        ("units.csv", "satisfied", "age2", "satisfied"),
        ("population.csv", "", None, "population.csv"),
        ("areas.csv", "district", "borough", "areas.csv has no column district"),
    ],
)
def test_the_command_says_what_it_cannot_read(
    file: str, old: str, new: str | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("units.csv", "areas.csv", "population.csv"):
        text = (KEPT / "spread" / name).read_text(encoding="utf-8")
        if name != file:
            (tmp_path / name).write_text(text, encoding="utf-8")
        elif new is not None:
            (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    if file == "units.csv":  # an answer that is neither yes nor no
        text = (KEPT / "spread" / file).read_text(encoding="utf-8")
        (tmp_path / file).write_text(text.replace(",1\n", ",2\n"), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["small-area", str(tmp_path), "--threshold", "0.5"])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_trailing_comma_in_a_case_is_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("units.csv", "areas.csv", "population.csv"):
        (tmp_path / name).write_text((KEPT / "spread" / name).read_text(encoding="utf-8"), encoding="utf-8")
    header, *rows = (tmp_path / "units.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "units.csv").write_text("\n".join([header, *(f"{row}," for row in rows)]), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["small-area", str(tmp_path), "--threshold", "0.5"])
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "units.csv, row 1 has more cells than there are columns" in error
    assert error.count("\n") == 1
