"""What is planted is found and the honest are left in peace: a few waves here, the table of the methods by command."""

import numpy as np
import pytest

from analysis.quality.answers import Unit, checked_answers
from analysis.quality.review import review
from analysis.quality.scenario_table import documents, outcome, rows, table
from analysis.quality.scenarios import Kind, Setting, scenario

SMALL = Setting(places=12, volunteers=12, shifts=4, per_shift=6, scans=150, hot_spots=1)


@pytest.mark.parametrize(
    ("kind", "guilty"),
    [(Kind.STUFFED, Unit.DISTRICT), (Kind.FABRICATED, Unit.VOLUNTEER), (Kind.COACHED, Unit.NEIGHBOURHOOD)],
)
def test_the_guilty_are_found_and_the_honest_are_not_accused(kind: Kind, guilty: Unit) -> None:
    found = {row.unit: row for row in rows(3, 2, [kind])}
    assert found[guilty].found == 1
    assert found[guilty].accused <= 0.01


def test_an_honest_city_is_left_in_peace() -> None:
    (row,) = rows(3, 2, [Kind.HONEST])
    assert row.unit is None
    assert row.accused == 0


def test_a_level_that_ignores_the_number_of_units_would_accuse_the_honest() -> None:
    """The planted fault: every unit with p up to 5 % on the list."""
    wave = scenario(Kind.HONEST, np.random.default_rng(10), SMALL)
    found = review(checked_answers(wave.frame, wave.items), np.random.default_rng(11))
    singly = {(finding.kind, finding.unit) for finding in found.findings if finding.p_value <= 0.05}
    assert len(singly) >= 5
    assert found.listed() == ()


def test_a_scenario_depends_on_its_seed_alone_and_leaves_the_others_answers_as_they_were() -> None:
    honest, planted = (scenario(kind, np.random.default_rng(5), SMALL) for kind in (Kind.HONEST, Kind.COACHED))
    assert planted.frame.equals(scenario(Kind.COACHED, np.random.default_rng(5), SMALL).frame)
    changed = (planted.frame.fillna("-") != honest.frame.fillna("-")).any(axis=1)
    assert changed.any()
    ((_, place),) = planted.guilty
    assert set(planted.frame.loc[changed, "neighbourhood"]) == {place}


def test_the_honest_city_has_what_looks_suspicious_and_is_not() -> None:
    """Straight-liners, hurry, hot spots: whoever counts them as fraud would be wrong."""
    frame = scenario(Kind.HONEST, np.random.default_rng(6)).frame
    views = frame[[f"view_{n}" for n in range(1, 11)]]
    assert 0.03 < (views.nunique(axis=1) == 1).mean() < 0.12
    assert (frame["duration"] < 0.5 * frame["duration"].median()).mean() > 0.02
    content = (views == "very_good").mean(axis=1).groupby(frame["neighbourhood"]).mean()
    assert content.max() > content.median() + 0.15


def test_stuffing_is_5_per_cent_of_the_wave_in_one_district() -> None:
    honest = scenario(Kind.HONEST, np.random.default_rng(7))
    stuffed = scenario(Kind.STUFFED, np.random.default_rng(7))
    assert len(stuffed.frame) == round(1.05 * len(honest.frame))
    ((_, district),) = {unit for unit in stuffed.guilty if unit[0] is Unit.DISTRICT}
    more = stuffed.frame["district"].value_counts() - honest.frame["district"].value_counts()
    assert more[more > 0].index.tolist() == [district]


def test_an_accusation_of_a_contaminated_unit_is_neither_hit_nor_false_alarm() -> None:
    wave = scenario(Kind.FABRICATED, np.random.default_rng(8), SMALL)
    counted = outcome(wave, np.random.default_rng(9))
    assert counted.guilty[0][:2] == (Unit.VOLUNTEER, 3)
    assert len(wave.tainted) > 3
    units = {(kind, name) for kind in ("volunteer", "neighbourhood") for name in wave.frame[kind].dropna().unique()}
    assert counted.honest < len(units) + 12 + 6


def test_the_table_and_its_json_say_the_same() -> None:
    found = rows(2, 1, [Kind.HONEST, Kind.FABRICATED], SMALL)
    lines = table(found).splitlines()
    assert len(lines) == 2 + len(found)
    assert lines[2].startswith("| honest | nobody | 1 |  |  |")
    told = documents(found)
    assert told[0]["found"] is None
    assert told[1]["scenario"] == "fabricated"
