"""The simulation of adaptive placing: its cities are what it says, its model is calibrated, and adaptive saves."""

import json
from math import sqrt

import numpy as np
import pytest
from scipy.special import expit, logit

import analysis.planning.adaptive_simulation as simulation
from analysis.planning.adaptive_simulation import (
    AREAS,
    DEFF,
    LOSSES,
    RULES,
    SETTINGS,
    Run,
    Score,
    documents,
    draw,
    equivalent,
    fitted,
    judged,
    posteriors,
    rows,
    run,
    table,
)
from analysis.planning.whole_numbers import Counts

LOOKED_AT = (("proportional", 2), ("adaptive", 0))


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    rng = np.random.default_rng(20)
    return [run(SETTINGS[0], rng) for _ in range(8)]


def test_a_city_is_as_the_setting_says() -> None:
    rng = np.random.default_rng(1)
    cities = [draw(SETTINGS[0], rng) for _ in range(60)]
    logits = np.array([logit(city.rates) for city in cities])
    assert logits.mean() == pytest.approx(logit(0.6), abs=0.05)
    assert logits.std() == pytest.approx(0.7, abs=0.03)
    districts = logits.reshape(60, 10, 20)
    assert districts.var(axis=2, ddof=1).mean() == pytest.approx(0.75 * 0.49, rel=0.05)
    first = np.array([city.first for city in cities])
    assert (first.min(), first.max()) == (5, 40)
    # The first phase is proportional to people, and the answers have the design effect that the model assumes.
    assert all((city.people == 50 * city.first).all() for city in cities)
    excess = [(city.yes[:, 5] / 5 - city.rates) / np.sqrt(city.rates * (1 - city.rates) / 5) for city in cities]
    assert np.var(excess) == pytest.approx(DEFF, rel=0.05)


def test_the_fit_finds_mean_and_spread() -> None:
    rng = np.random.default_rng(2)
    rates = expit(0.5 + 0.6 * rng.normal(size=5000))
    n = rng.integers(5, 60, 5000)
    yes = rng.binomial(n, rates)
    mean, sd = fitted(yes.astype(float), (n - yes).astype(float))
    assert mean == pytest.approx(0.5, abs=0.05)
    assert sd == pytest.approx(0.6, abs=0.05)


def test_the_model_expects_what_is_lost(runs: list[Run]) -> None:
    scores = [
        score for each in runs for score in (each.before, each.after["proportional"][2], each.after["adaptive"][0])
    ]
    lost, expected = (np.array([getattr(score, name) for score in scores]) for name in ("loss", "expected"))
    error = (lost - expected).std() / sqrt(len(runs))
    assert abs((lost - expected).mean()) < 4 * error
    assert expected.mean() == pytest.approx(lost.mean(), rel=0.15)


def saving(found: list[Run]) -> tuple[float, float]:
    """How much less adaptive loses than proportional after 200 to 600 interviews, with its Monte Carlo error."""
    less = [
        np.mean([p.loss - a.loss for a, p in zip(each.after["adaptive"], each.after["proportional"], strict=True)])
        for each in found
    ]
    return float(np.mean(less)), float(np.std(less) / sqrt(len(less) - 1))


def test_adaptive_loses_less_than_as_many_proportional_interviews(runs: list[Run]) -> None:
    less, error = saving(runs)
    assert less > 2 * error
    assert less > 0.5


def test_adaptive_placing_of_the_wrong_neighbourhoods_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RULES["adaptive"]

    def backwards(*given: object) -> Counts:
        return right(*given)[::-1]  # type: ignore[arg-type]  # the same arguments, handed on

    monkeypatch.setitem(RULES, "adaptive", backwards)
    rng = np.random.default_rng(20)
    less, error = saving([run(SETTINGS[0], rng) for _ in range(4)])
    assert not (less > 2 * error and less > 0.5)


def test_the_judgement_is_held_against_the_truth() -> None:
    city = draw(SETTINGS[0], np.random.default_rng(3))
    known = posteriors(city, city.first, SETTINGS[0].target)
    score = judged(city, known)
    flagged, truth = known.at_risk > LOSSES.cut, city.rates < SETTINGS[0].target
    assert score.missed == (truth & ~flagged).sum()
    assert score.false_alarms == (~truth & flagged).sum()
    assert score.loss == pytest.approx(0.7 * score.missed + 0.3 * score.false_alarms)


def test_every_rule_places_every_interview() -> None:
    city = draw(SETTINGS[0], np.random.default_rng(4))
    known = posteriors(city, city.first, SETTINGS[0].target)
    for name, rule in RULES.items():
        placed = rule(city, known, np.zeros(AREAS, dtype=np.int64), 200)
        assert placed.sum() == 200, name
        assert placed.min() >= 0, name


def test_the_equivalent_is_read_off_a_falling_curve() -> None:
    interviews, curve = np.array([0.0, 200.0, 400.0]), np.array([12.0, 11.0, 9.0])
    assert equivalent(10.0, interviews, curve) == 300
    assert equivalent(12.5, interviews, curve) == 0
    assert equivalent(8.0, interviews, curve) is None


def test_the_same_seed_gives_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    # A small city, in which nobody is asked more often than there are people in the simulation.
    monkeypatch.setattr(simulation, "AREAS", 40)
    monkeypatch.setattr(simulation, "CURVE", (200, 400, 600, 800))
    one, two = (rows(SETTINGS[1], 1, 7) for _ in range(2))
    assert table(one) == table(two)
    assert [row.further for row in one] == [0, 200, 400, 600]
    lines = table(one).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    printed = json.loads(json.dumps(documents(one), allow_nan=False))
    assert set(printed[1]["rules"]) == {"adaptive", "proportional", "equal", "nearest"}
    assert set(printed[1]["rules"]["equal"]) == set(Score._fields)
