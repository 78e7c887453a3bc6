"""Runs and spreads are counted as by hand; what vanishes or stands in line is found, contentment and habits are not."""

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answer_patterns import (
    longest_run,
    narrow_answers,
    straight_lines,
    vanished_dont_know,
    vanished_middle,
    within_person,
)
from analysis.quality.answers import Unit
from analysis.quality.findings import Finding, Silence
from tests.quality.waves import answers_of, frame_of, of, p_values, wave


def test_the_longest_run_skips_what_was_not_answered() -> None:
    length, answered = longest_run(answers_of(frame_of(["aabbba", "a-aa.a", "abcdea", "------"])).scales)
    assert length.tolist() == [3, 4, 1, 0]
    assert answered.tolist() == [6, 4, 6, 0]


def test_the_spread_within_a_person_is_the_standard_deviation_of_the_answers() -> None:
    spread = within_person(answers_of(frame_of(["aaee-", "bbbbb", "ab---"])).scales)
    assert spread[:2].tolist() == [0.5, 0]
    assert np.isnan(spread[2])  # two answers are too few


def changed(frame: pd.DataFrame, volunteer: str, old: str, new: str) -> pd.DataFrame:
    """One category replaced by another in a volunteer's interviews."""
    items = [column for column in frame.columns if column.startswith("q")]
    own = frame["volunteer"] == volunteer
    return frame.assign(**{item: frame[item].mask(own & (frame[item] == old), new) for item in items})


@pytest.mark.parametrize(("check", "old"), [(vanished_dont_know, "dk"), (vanished_middle, "c")])
def test_a_volunteer_whose_people_never_give_such_an_answer_is_found(check: object, old: str) -> None:
    frame = wave(np.random.default_rng(1), unsure=0.08, voice=0.1, place=0.3)
    assert callable(check)
    found = check(answers_of(changed(frame, "V03", old, "a")))
    guilty = of(found, "V03")
    assert guilty.statistic == 0
    assert guilty.q_value < 0.01
    assert guilty.size < -2
    assert len(guilty.rows) == guilty.n == 40
    assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["V03"]


def lining(frame: pd.DataFrame, volunteer: str, answer: str) -> pd.DataFrame:
    """Half of a volunteer's interviews give one answer throughout."""
    items = [column for column in frame.columns if column.startswith("q")]
    own = (frame["volunteer"] == volunteer) & (np.arange(len(frame)) % 2 == 0)
    return frame.assign(**dict.fromkeys(items, frame["q1"].mask(own, answer))).where(own, frame)


def test_a_volunteer_who_ticks_down_a_column_is_found_and_the_lines_are_named() -> None:
    rng = np.random.default_rng(2)
    frame = wave(rng, place=0.3)
    habit = rng.random(len(frame)) < 0.05  # straight-liners everywhere
    items = [column for column in frame.columns if column.startswith("q")]
    frame.loc[habit, items] = "b"
    answers = answers_of(lining(frame, "V05", "b"))
    for check in (straight_lines, narrow_answers):
        found = check(answers)
        assert of(found, "V05").q_value < 0.01
        assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["V05"]
    assert 20 <= len(of(straight_lines(answers), "V05").rows) <= 24


@pytest.mark.parametrize("check", [vanished_dont_know, vanished_middle, straight_lines, narrow_answers])
def test_p_is_uniform_when_volunteers_differ_as_honest_ones_do(check: object) -> None:
    assert callable(check)
    rng = np.random.default_rng(3)
    p = np.concatenate([p_values(check(answers_of(wave(rng, place=0.5, voice=0.15)))) for _ in range(10)])
    p = p[p < 1]
    assert np.mean(p <= 0.05) < 0.05 + 3 * 0.0154
    assert np.mean(p <= 0.5) < 0.6


def _posters(rng: np.random.Generator, hot: float) -> pd.DataFrame:
    """Answers that came through posters at twenty points; at P0 people are content."""
    frame = wave(rng, volunteers=1, points=20, each=30).drop(columns="volunteer")
    frame["mode"] = "open_qr"
    items = [column for column in frame.columns if column.startswith("q")]
    content = (frame["point"] == "P0").to_numpy()[:, None] & (rng.random((len(frame), len(items))) < hot)
    frame[items] = frame[items].mask(content, "a")
    return frame


def test_a_contented_place_is_not_charged_with_its_contentment() -> None:
    answers = answers_of(_posters(np.random.default_rng(4), 0.6))
    share = np.asarray(answers.middle.any(axis=1))
    content = answers.place("point").codes == 0
    assert share[content].mean() < share[~content].mean() - 0.2  # the middle is rare there, honestly
    for check in (vanished_middle, straight_lines):
        assert of(check(answers), "P0").q_value > 0.05


def test_places_are_not_asked_about_narrow_answers_nor_neighbourhoods_about_lines() -> None:
    answers = answers_of(_posters(np.random.default_rng(5), 0.0))
    assert {each.kind for each in narrow_answers(answers)} == {Unit.VOLUNTEER}
    assert {each.kind for each in straight_lines(answers)} == {Unit.VOLUNTEER, Unit.POINT}


def test_a_form_without_such_items_says_so() -> None:
    frame = frame_of(["..", ".."], volunteer=["V", "V"], point=["P", "P"])
    notes = {each.note for each in vanished_middle(answers_of(frame)) if isinstance(each, Silence)}
    assert "no_items" in notes
