"""The coverage table: its samples come from the city they claim, its evidence is the library's, faults show in it."""

import json
import re
from dataclasses import replace
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.__main__ import main
from analysis.coverage import (
    MET,
    METHODS,
    REPEATS,
    SEED,
    SETTINGS,
    WEIGHT,
    Samples,
    Setting,
    city,
    coverage,
    draw,
    held,
    table,
)
from analysis.design import declare
from analysis.estimate import evidence
from analysis.intervals import Evidence, Method
from analysis.measure import measure

DOCUMENT = (Path(analysis.__file__).parent.parent / "docs" / "methods.md").read_text(encoding="utf-8")


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def rows(samples: Samples, repeat: int) -> pd.DataFrame:
    """One sample as interviews, one a line."""
    lines = []
    _, strata, units, kinds = samples.asked.shape
    for h, u, k in np.ndindex(strata, units, kinds):
        asked, yes = int(samples.asked[repeat, h, u, k]), int(samples.yes[repeat, h, u, k])
        lines += [(h, u, samples.weight[h, 0, k], float(each < yes)) for each in range(asked)]
    return pd.DataFrame(lines, columns=["stratum", "unit", "w", "y"])


@pytest.mark.parametrize("setting", [Setting(0.7, 50, 2, 10), Setting(0.97, 50, 1, 4), Setting(0.5, 200, 4, 3)])
def test_the_evidence_of_a_sample_is_that_of_the_library(setting: Setting) -> None:
    samples = draw(setting, 40, rng())
    known = samples.evidence()
    for repeat in range(40):
        frame = rows(samples, repeat)
        design = declare(frame, ids=["unit"], strata="stratum", weights="w", nest=True)
        expected = evidence(design, measure(design, frame["y"]))
        for field in ("p", "v", "n", "df"):
            assert getattr(known[repeat], field) == pytest.approx(getattr(expected, field), rel=1e-9, abs=1e-18)
    if setting.p > 0.9:
        assert any(each.degenerate for each in known), "samples in which all agree are compared too"
    if setting.n == 50 and setting.strata == 2:
        assert any(each.df < 18 for each in known), "points that met nobody are compared too"


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_truth_of_a_city_is_the_share_of_its_setting(setting: Setting) -> None:
    place = city(setting)
    assert place.truth == pytest.approx(setting.p, abs=1e-12)
    assert ((place.rates > 0) & (place.rates < 1)).all()


def test_the_settings_span_what_the_document_says() -> None:
    assert {s.p for s in SETTINGS} == {0.5, 0.7, 0.9, 0.95, 0.99}
    assert (min(s.n for s in SETTINGS), max(s.n for s in SETTINGS)) == (50, 2000)
    assert min(s.strata * (s.units - 1) for s in SETTINGS) == 3
    assert pytest.approx(1.0) == MET.sum()


def mean_and_error(samples: Samples) -> tuple[float, float]:
    shares = np.array([known.p for known in samples.evidence()])
    return float(shares.mean()), float(shares.std() / sqrt(len(shares)))


def test_the_weighted_share_is_right_on_average_and_the_unweighted_one_is_not() -> None:
    setting = Setting(0.6, 600, 4, 10)
    samples = draw(setting, 3000, rng())
    mean, error = mean_and_error(samples)
    assert abs(mean - 0.6) < 4 * error
    # Had the weights of the districts been forgotten, the average would be off, and this comparison would show it.
    wrong, error = mean_and_error(replace(samples, weight=np.ones((4, 1, 1)) * WEIGHT))
    assert abs(wrong - 0.6) > 4 * error


@pytest.mark.parametrize("setting", [Setting(0.5, 600, 4, 20), Setting(0.9, 200, 4, 10), Setting(0.7, 50, 2, 10)])
def test_the_default_interval_keeps_its_promise_where_there_are_points_enough(setting: Setting) -> None:
    row = coverage(setting, 2000, 1)
    default = row.held[0]
    assert default.method is Method.WILSON
    assert 0.93 <= default.coverage <= 0.98
    assert row.error == pytest.approx(sqrt(0.95 * 0.05 / 2000))


def test_an_interval_that_forgets_the_design_is_found_out() -> None:
    setting = Setting(0.5, 600, 4, 3)
    known = draw(setting, 1000, rng()).evidence()
    blind = [replace(each, v=each.p * (1 - each.p) / each.n, df=each.n - 1) for each in known]
    assert held(Method.WILSON, known, 0.5).coverage > 0.92
    assert held(Method.WILSON, blind, 0.5).coverage < 0.85


def test_a_truth_beside_the_interval_is_not_held() -> None:
    known = [Evidence(0.5, 0.0025, 100, 20)] * 4
    assert held(Method.WILSON, known, 0.5).coverage == 1
    assert held(Method.WILSON, known, 0.9).coverage == 0


def test_no_interval_counts_as_not_holding_the_truth() -> None:
    known = [Evidence(0.5, 0.0025, 100, 20), Evidence(1.0, 0.0, 100, 20)]
    found = held(Method.XLOGIT, known, 0.5)
    assert (found.coverage, found.silent) == (0.5, 0.5)
    assert found.width == held(Method.XLOGIT, known[:1], 0.5).width
    assert isnan(held(Method.XLOGIT, known[1:], 0.5).width)


def test_a_line_depends_on_seed_and_setting_alone() -> None:
    setting = Setting(0.9, 50, 1, 4)
    alone = coverage(setting, 50, 1)
    coverage(Setting(0.5, 50, 1, 4), 50, 1)
    assert coverage(setting, 50, 1) == alone
    assert coverage(setting, 50, 2) != alone


def lines_of_the_document() -> list[str]:
    section = DOCUMENT.split(f"python -m analysis coverage --seed {SEED} --repeats {REPEATS}\n", 1)[1]
    return [line for line in section.split("\n## ", 1)[0].splitlines() if line.startswith("| ")]


def test_the_document_shows_the_table_of_the_command() -> None:
    shown = lines_of_the_document()
    head = table([]).splitlines()
    assert shown[:2] == head
    assert len(shown) == len(head) + len(SETTINGS)
    for place in (3, 24):  # two of the quicker lines stand for the others
        line = table([coverage(SETTINGS[place], REPEATS, SEED)]).splitlines()[-1]
        assert shown[len(head) + place] == line


def test_the_document_names_every_line_where_the_default_falls_short() -> None:
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines_of_the_document()[2:]]
    assert {(c[0], c[1]) for c in cells if float(c[4]) < 93} == {("0.99", "2000")}
    assert {c[2] for c in cells if 93 <= float(c[4]) < 94} == {"12", "20", "80"}
    assert {(c[1], c[2]) for c in cells if float(c[4]) > 96.5} == {("50", "4"), ("50", "20"), ("200", "8")}


def test_the_command_prints_a_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "--repeats", "5"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2 + len(SETTINGS)
    assert {len(re.findall(r"\|", line)) for line in printed} == {14}
    assert main(["coverage", "--repeats", "5", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    assert [(line["p"], line["n"]) for line in lines] == [(s.p, s.n) for s in SETTINGS]
    assert set(lines[0]["intervals"]) == {method.value for method in METHODS}
    silent = [line["intervals"]["xlogit"] for line in lines if line["intervals"]["xlogit"]["silent"] == 1]
    assert all(each["width"] is None and each["coverage"] == 0 for each in silent)


@pytest.mark.parametrize("wrong", [["--seed", "-1"], ["--repeats", "0"], ["--repeats", "many"]])
def test_impossible_numbers_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["coverage", *wrong])
    assert stopped.value.code == 2
