"""The simulation of open and reference samples: its cities are what they claim, and faults show in its table."""

import json
from dataclasses import replace
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

from analysis.__main__ import main
from analysis.columns import AGE_BAND, DISTRICT, MODE, SEX, Indicator
from analysis.mode_simulation import (
    ACTIVE,
    ANSWER,
    AT_POINT,
    DISTRICTS,
    ESTIMATES,
    LATENT,
    POINTS,
    REFERENCE,
    SCENARIOS,
    Block,
    Scenario,
    _at_points,
    documents,
    draw,
    estimates,
    simulate,
    table,
    town,
)
from analysis.modes import OPEN_QR
from analysis.rates import rates_of_tally

BY_CODE = {scenario.code: scenario for scenario in SCENARIOS}
AWARE = Indicator(ANSWER, 0.5, {"en": "Awareness", "zh-Hans": "知晓率"})


def test_over_all_points_a_cell_has_exactly_its_rate() -> None:
    shift, weight = np.polynomial.hermite_e.hermegauss(60)
    rates = town().rates[:1]
    over_points = np.tensordot(weight / weight.sum(), _at_points(rates, shift[None])[0], axes=1)
    assert over_points == pytest.approx(rates[0], abs=1e-9)


def test_the_truth_is_the_sum_over_people() -> None:
    place = town()
    assert place.people.sum() == pytest.approx(200_000)
    assert place.population["population"].sum() == pytest.approx(200_000)
    assert place.truth == pytest.approx((place.people * place.rates).sum() / 200_000)
    assert 0.6 < place.truth < 0.7


def shares(scenario: Scenario, mode: str, *names: str) -> dict[str, float]:
    """Who is in the samples of 12 waves."""
    rng = np.random.default_rng(2)
    cells = pd.concat([draw(town(), scenario, rng).cells for _ in range(12)])
    part = cells[cells[MODE].eq(mode)]
    kind = part[names[0]].astype(str)
    for name in names[1:]:
        kind = kind + " " + part[name].astype(str)
    counts = part["n"].groupby(kind).sum()
    return {str(key): float(share) for key, share in (counts / counts.sum()).items()}


def test_the_reference_sample_is_as_the_people_of_its_district() -> None:
    people = town().people
    expected = (people / people.sum(axis=(1, 2, 3), keepdims=True)).mean(axis=0).sum(axis=(0, 1))[1]
    # 9,600 interviews at 384 points: within three points of a share.
    assert shares(BY_CODE["answer"], REFERENCE, ACTIVE)["yes"] == pytest.approx(expected, abs=0.03)
    assert all(share == pytest.approx(1 / DISTRICTS) for share in shares(BY_CODE["none"], REFERENCE, DISTRICT).values())


def test_the_open_sample_is_selected_as_the_scenario_says() -> None:
    people = town().people
    likely = people * np.exp(1.2 * np.arange(2)) * np.exp(0.4 * (1 - np.arange(2)))[:, None, None]
    likely = likely * np.exp(-0.6 * (np.arange(3) - 1))[:, None]
    found = shares(BY_CODE["question"], OPEN_QR, ACTIVE, SEX, AGE_BAND)
    for kind, share in found.items():
        active, sex, band = kind.split()
        place = (..., "FM".index(sex), ("18-34", "35-59", "60+").index(band), ("no", "yes").index(active))
        assert share == pytest.approx(likely[place].sum() / likely.sum(), abs=0.02)


def test_both_samples_have_the_size_that_is_said() -> None:
    rng = np.random.default_rng(4)
    cells = draw(town(), BY_CODE["answer"], rng).cells
    n = cells.groupby(MODE)["n"].sum()
    reference = DISTRICTS * POINTS * AT_POINT
    assert n[REFERENCE] == reference
    assert n[OPEN_QR] == pytest.approx(2 * reference, rel=0.15)


def test_the_reference_and_the_open_rate_are_those_of_a_wave() -> None:
    place = town()
    reduced = draw(place, BY_CODE["question"], np.random.default_rng(5))
    found = estimates(reduced, place.population, BY_CODE["question"])
    rates = rates_of_tally(reduced, place.population, [AWARE])
    for name, mode in (("reference", REFERENCE), ("calibrated", OPEN_QR)):
        expected = rates.get(ANSWER, mode)
        assert expected is not None
        for field in ("value", "se", "df", "lower", "upper"):
            assert getattr(found[name], field) == pytest.approx(getattr(expected, field), rel=1e-9), (name, field)


def line(block: Block, name: str) -> tuple[float, float]:
    """Bias, and its Monte Carlo error."""
    known = next(each for each in block.lines if each.name == name)
    return known.bias, sqrt(known.rmse**2 - known.bias**2) / sqrt(15)


def test_a_wrong_propensity_is_forgiven_by_a_right_prediction_and_by_nothing_else() -> None:
    block = simulate(BY_CODE["propensity_wrong"], 16, 3)
    for name in ("calibrated", "chen_li_wu", "elliott_valliant"):
        bias, error = line(block, name)
        assert bias > 4 * error
    bias, error = line(block, "doubly_robust")
    assert abs(bias) < 4 * error


def test_under_selection_on_the_answer_nothing_helps_and_the_test_of_the_gap_tells() -> None:
    block = simulate(BY_CODE["answer"], 16, 3)
    for name in ("open", "calibrated", "elliott_valliant", "chen_li_wu", "doubly_robust"):
        assert line(block, name)[0] > 0.06
    assert abs(line(block, "reference")[0]) < 4 * line(block, "reference")[1]
    assert block.average >= 0.75
    held = {each.name: each.coverage for each in block.lines}
    assert held["doubly_robust"] < 0.5 < held["reference"]


def test_a_block_depends_on_seed_and_scenario_alone() -> None:
    alone = simulate(BY_CODE["none"], 2, 1)
    simulate(BY_CODE["answer"], 1, 1)
    assert simulate(BY_CODE["none"], 2, 1) == alone
    assert simulate(BY_CODE["none"], 2, 2) != alone


def test_the_table_and_the_json_hold_every_estimate_of_every_scenario() -> None:
    block = simulate(BY_CODE["none"], 2, 1)
    blocks = [replace(block, scenario=scenario) for scenario in SCENARIOS]
    estimated, tested = table(blocks).split("\n\n")
    assert len(estimated.splitlines()) == 2 + len(SCENARIOS) * len(ESTIMATES)
    assert len(tested.splitlines()) == 2 + 4
    assert {text.count("|") for text in estimated.splitlines()} == {8}
    known = json.loads(json.dumps(documents(blocks), allow_nan=False))
    assert [each["scenario"] for each in known] == list(BY_CODE)
    assert list(known[0]["estimates"]) == list(ESTIMATES)


def test_a_point_shifts_everybody_there() -> None:
    rates = _at_points(town().rates, np.full((DISTRICTS, 1), 1.5))
    assert (rates > town().rates[:, None]).all()
    expected = ndtr((ndtri(town().rates) + sqrt(LATENT) * 1.5) / sqrt(1 - LATENT))
    assert rates[:, 0] == pytest.approx(expected)


def test_the_command_prints_the_table_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["modes", "--repeats", "1"]) == 0
    assert capsys.readouterr().out.startswith("| who answers by choice | estimate | bias |")
    assert main(["modes", "--repeats", "1", "--json"]) == 0
    assert [each["scenario"] for each in json.loads(capsys.readouterr().out)] == list(BY_CODE)
