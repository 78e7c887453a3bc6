"""The study of rules on known truth: its cities are what it says, it counts rightly, and our model decides best."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

import analysis.small_area.study_cities as cities
from analysis.__main__ import main
from analysis.design import Floats
from analysis.small_area import logistic_normal, study
from analysis.small_area.areas import AreaError, Areas
from analysis.small_area.calibrated import Reliability, reliability
from analysis.small_area.estimate import estimate
from analysis.small_area.nested import Rule
from analysis.small_area.study import Row, average_precision, calibration_table, documents, rows, score, table
from analysis.small_area.study_cities import City, Setting, draw_city, effective, pooled_icc
from analysis.small_area.study_rules import RULES, Answer

USUAL, EXPLAINED, FEW = study.SETTINGS[:3]


def test_a_city_is_as_the_setting_says() -> None:
    rng = np.random.default_rng(71)
    drawn = [draw_city(EXPLAINED, rng) for _ in range(60)]
    logits = np.array([logit(city.rates) for city in drawn])
    x = np.array([city.counted.covariates[:, 0] for city in drawn])
    assert logits.mean() == pytest.approx(logit(0.6), abs=0.03)
    assert logits.std() == pytest.approx(0.7, abs=0.02)
    assert np.corrcoef(logits.ravel(), x.ravel())[0, 1] ** 2 == pytest.approx(0.5, abs=0.03)
    rest = (logits - EXPLAINED.slope * x).reshape(60, 10, 20)
    assert rest.var(axis=2, ddof=1).mean() == pytest.approx(0.75 * 0.5 * 0.49, rel=0.05)
    n = np.array([city.counted.n for city in drawn])
    assert (n.min(), n.max()) == (5, 40)
    assert all((city.sizes.sum(axis=1) == city.counted.n).all() for city in drawn)
    assert draw_city(USUAL, rng).counted.covariate_names == ()


def test_the_design_effect_is_found_in_the_answers() -> None:
    rng = np.random.default_rng(72)
    drawn = [draw_city(USUAL, rng) for _ in range(20)]
    assert np.mean([pooled_icc(city.sizes, city.yes) for city in drawn]) == pytest.approx(0.05, abs=0.01)
    excess = [
        (city.counted.shares - city.rates) / np.sqrt(city.rates * (1 - city.rates) / effective(city, 0.05).n)
        for city in drawn
    ]
    assert np.var(excess) == pytest.approx(1, abs=0.07)


def test_the_same_point_over_and_over_is_all_correlation() -> None:
    sizes = np.full((40, 4), 5)
    yes = np.tile([5, 0, 5, 0], (40, 1))
    assert pooled_icc(sizes, yes) == pytest.approx(1, abs=0.02)
    assert pooled_icc(sizes, np.full((40, 4), 2)) == 0.0
    assert pooled_icc(sizes, np.zeros((40, 4), dtype=np.int64)) == 0.0


def test_an_empty_list_has_no_false_alarm_and_counts_as_a_list() -> None:
    base = study.run(FEW, np.random.default_rng(76), 20)[1]["ours"]
    three = [replace(base, sure=sure, false=false) for sure, false in ((0, 0), (4, 1), (2, 1))]
    row = study._row(FEW, "ours", three, np.zeros(60, dtype=bool), 0.1, np.full(3, base.average_precision))
    assert row.false == pytest.approx((0 + 1 / 4 + 1 / 2) / 3)
    assert row.sure == 2
    assert (row.behind, row.behind_error) == (0, 0)


def test_average_precision_is_that_of_a_worked_list() -> None:
    assert average_precision(np.array([True, False, True, False])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([True, True, False])) == 1.0
    assert average_precision(np.array([False, False])) == 1.0


def test_a_rule_is_counted_against_the_truth() -> None:
    city = draw_city(USUAL, np.random.default_rng(73), 40)
    right = city.at_risk.astype(float)
    knows = Answer(city.rates, (city.rates, city.rates), right, city.at_risk, right)
    found = score(knows, city, int(right.sum()), np.zeros(40))
    assert (found.mse, found.covered, found.average_precision, found.loss) == (0.0, 1.0, 1.0, 0.0)
    assert (found.precision, found.recall, found.sure, found.false) == (1.0, 1.0, int(right.sum()), 0)
    all_flagged = replace(knows, flagged=np.ones(40, dtype=bool), below=None, ends=None)
    worse = score(all_flagged, city, 40, np.zeros(40))
    assert worse.loss == pytest.approx(0.3 * (40 - right.sum()))
    assert (worse.precision, worse.recall, worse.sure) == (right.mean(), 1.0, 0)
    assert np.isnan(worse.covered)


@pytest.fixture(scope="module")
def found() -> dict[Setting, dict[str, Row]]:
    return {each: {row.rule: row for row in rows(each, 5, 3, 150)} for each in (USUAL, EXPLAINED)}


def test_rates_are_nearly_as_good_as_those_of_an_oracle(found: dict[Setting, dict[str, Row]]) -> None:
    for setting, raw_part in ((USUAL, 0.78), (EXPLAINED, 0.67)):
        rule = found[setting]
        # 2 % in the table of many cities; of five, the Monte Carlo error is some 1.5 %.
        assert rule["ours"].to_oracle < 1.05
        assert rule["ours"].rmse < raw_part * rule["raw"].rmse
        assert rule["ours"].rmse < rule["fay_herriot"].rmse
        assert rule["ours"].rmse < rule["beta_binomial"].rmse
        assert 0.92 <= rule["ours"].covered <= 0.98


def test_no_other_rule_orders_the_areas_better(found: dict[Setting, dict[str, Row]]) -> None:
    for rule in found.values():
        for name in ("raw", "wilson", "fay_herriot", "beta_binomial"):
            assert rule[name].behind > -2 * rule[name].behind_error, name
        assert rule["raw"].behind > 0
        assert rule["ours"].loss < rule["wilson"].loss
    assert found[EXPLAINED]["ours"].loss < found[EXPLAINED]["raw"].loss


def test_false_alarms_on_the_sure_list_are_as_stated(found: dict[Setting, dict[str, Row]]) -> None:
    for rule in found.values():
        assert rule["ours"].sure > 5
        assert rule["ours"].false < 0.1 + 2 * rule["ours"].false_error + 0.02


def chances(model: Callable[[Areas, float], Floats], handed: Callable[[City], Areas] = effective) -> Reliability:
    """Calibration over small cities, in which the parameters are uncertain."""
    rng, said, truth = np.random.default_rng(74), [], []
    for _ in range(35):
        city = draw_city(Setting(0.6, 0.8, 0.6, 0.0, 15), rng, 20)
        said.append(model(handed(city), 0.6))
        truth.append(city.at_risk)
    return reliability(np.concatenate(said), np.concatenate(truth))


def ours(areas: Areas, target: float) -> Floats:
    return estimate(areas, target, points=64).below


def is_calibrated(found: Reliability) -> bool:
    """In the outer bins, where decisions fall, what was said is what was so, but for sampling."""
    return all(
        abs(each.said - each.happened) < 3 * np.sqrt(each.said * (1 - each.said) / each.count) + 0.02
        for each in (found.bins[0], found.bins[1], found.bins[-2], found.bins[-1])
        if each.count
    )


def test_when_it_says_eighty_per_cent_it_is_eighty_per_cent() -> None:
    assert is_calibrated(chances(ours))


def test_parameters_plugged_in_as_if_known_are_caught() -> None:
    """Maximum likelihood often finds no spread at all, and then every chance is near 0 or 1."""

    def plugged(areas: Areas, target: float) -> Floats:
        fitted = logistic_normal.fit(areas, nested=True, rule=Rule(7, 7))
        return logistic_normal.empirical_bayes(areas, fitted, target, Rule(7, 7)).below

    assert not is_calibrated(chances(plugged))


def test_an_ignored_design_effect_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cities, "ICC", 0.3)
    rng = np.random.default_rng(75)
    covered: dict[str, list[float]] = {"effective": [], "counted": []}
    for _ in range(5):
        city = draw_city(USUAL, rng, 100)
        for name, areas in (("effective", effective(city)), ("counted", city.counted)):
            found = estimate(areas, 0.45, points=64)
            covered[name].append(((found.lower <= city.rates) & (city.rates <= found.upper)).mean())
    # Of 500 areas: a standard error of 1 point.
    assert np.mean(covered["effective"]) > 0.92
    assert np.mean(covered["counted"]) < 0.89


def test_the_same_seed_gives_the_same_table_and_the_command_prints_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (rows(FEW, 1, 7, 40) for _ in range(2))
    assert table(one) == table(two)
    assert [row.rule for row in one] == list(RULES)
    assert len({line.count("|") for line in table(one).splitlines()}) == 1
    assert len(calibration_table(one).splitlines()) == 12
    printed = json.loads(json.dumps(documents(one), allow_nan=False))
    assert printed[0]["calibration"] == []
    assert len(printed[4]["calibration"]) == 10
    monkeypatch.setattr(study, "SETTINGS", (FEW,))
    assert main(["small-area-study", "--repeats", "1", "--seed", "7"]) == 0
    text = capsys.readouterr().out
    assert text.count("\n| 0.60 |") == 6
    assert main(["small-area-study", "--repeats", "1", "--seed", "7", "--json"]) == 0
    assert [row["rule"] for row in json.loads(capsys.readouterr().out)] == list(RULES)


def test_calibration_refuses_what_is_no_chance() -> None:
    with pytest.raises(AreaError, match="not between 0 and 1"):
        reliability(np.array([1.2]), np.array([True]))
    with pytest.raises(AreaError, match="There are no probabilities"):
        reliability(np.array([]), np.array([], dtype=bool))
    with pytest.raises(AreaError, match="bins: 0"):
        reliability(np.array([0.5]), np.array([True]), bins=0)


def test_calibration_is_that_of_a_worked_example() -> None:
    found = reliability(np.array([0.1, 0.2, 0.9, 0.8]), np.array([False, True, True, True]), bins=2)
    low, high = found.bins
    assert [low.count, low.said, low.happened] == pytest.approx([2, 0.15, 0.5])
    assert [high.count, high.said, high.happened] == pytest.approx([2, 0.85, 1.0])
    assert found.error == pytest.approx((0.7 + 0.3) / 4)
    assert found.brier == pytest.approx((0.01 + 0.64 + 0.01 + 0.04) / 4)
    assert high.upper == 1.0
