"""A drill is found by its day, its identical answers and its posters; contented places and a pleased city are not."""

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Unit
from analysis.quality.coaching import _cuts, _elsewhere, _steps, as_told, identical_answers, jumps, poster_gap
from analysis.quality.findings import Finding, Silence
from tests.quality.waves import answers_of, frame_of, of, p_values, wave


def city(rng: np.random.Generator, *, place: float = 0.5, scans: float = 0.3) -> pd.DataFrame:
    """Twenty neighbourhoods over ten days, people met by volunteers or through posters; places differ honestly."""
    frame = wave(rng, volunteers=6, points=20, each=8, place=place)
    frame["started"] = pd.Timestamp("2026-03-02 09:00") + pd.to_timedelta(rng.integers(0, 10, len(frame)), unit="D")
    posted = rng.random(len(frame)) < scans
    frame["mode"] = np.where(posted, "open_qr", "intercept")
    frame["volunteer"] = frame["volunteer"].where(~posted, None)
    return frame


def drilled(frame: pd.DataFrame, where: "pd.Series[bool]", rng: np.random.Generator) -> pd.DataFrame:
    """The best answer to everything, but for one answer in twenty."""
    items = [column for column in frame.columns if column.startswith("q")]
    told = where.to_numpy()[:, None] & (rng.random((len(frame), len(items))) < 0.95)
    return frame.assign(**frame[items].mask(told, "a"))


def test_a_step_is_measured_by_the_spread_before_it_and_never_by_less_than_the_usual_one() -> None:
    values = np.array([0.1, 0.4, 0.2, 0.3, 0.9, 0.7, 0.8, 1.0])
    step, sizes = values[4:].mean() - values[:4].mean(), np.sqrt(1 / 4 + 1 / 4)
    steps = [_steps(values[None, :], np.array([4]), usual)[0, 0] for usual in (0.09, 0.001)]
    assert steps[0] == pytest.approx(step / (0.3 * sizes))  # the four before vary less than usual
    before = (((values[:4] - 0.25) ** 2).sum() + 10 * 0.001) / 14
    assert steps[1] == pytest.approx(step / np.sqrt(before) / sizes)


def test_a_step_is_looked_for_where_a_day_begins_with_four_interviews_on_either_side() -> None:
    assert _cuts(np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3])).tolist() == [4, 6]


def test_elsewhere_is_the_same_day_and_mode_in_other_places() -> None:
    values, place = np.array([1.0, 2, 3, 4, 9]), np.array([0, 1, 1, 0, 1])
    day, mode = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1])
    others = _elsewhere(values, place, day, mode)
    assert others[:3].tolist() == [2.5, 1, 1]
    assert others[3] == 2.5  # nobody else on that day: the mode
    assert others[4] == pytest.approx(3.8)  # nobody else in that mode: all


def test_the_more_best_answers_without_dont_know_the_more_an_interview_looks_drilled() -> None:
    told = as_told(answers_of(frame_of(["aaaa", "aaab", "aaa-", "eeee", "...."])))
    assert told[0] > told[1] > told[3]
    assert told[1] > told[2]
    assert np.isnan(told[4])


def test_a_drill_is_found_with_its_day_and_the_interviews_after_it() -> None:
    rng = np.random.default_rng(1)
    frame = city(rng)
    after = (frame["neighbourhood"] == "N4") & (frame["started"] >= "2026-03-07")
    found = jumps(answers_of(drilled(frame, after, rng)), rng)
    guilty = of(found, "N4")
    assert guilty.q_value < 0.001
    assert "from day 6" in guilty.method
    assert set(guilty.rows) == set(frame.loc[after, "id"])
    assert guilty.size > 1
    assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["N4"]


def test_a_city_that_becomes_more_content_has_no_jump() -> None:
    """The planted fault is to compare before and after without the others."""
    rng = np.random.default_rng(20)
    frame = city(rng)
    pleased = (frame["started"] >= "2026-03-07") & pd.Series(rng.random(len(frame)) < 0.5)
    answers = answers_of(drilled(frame, pleased, rng))
    assert all(each.q_value > 0.05 for each in jumps(answers, rng) if isinstance(each, Finding))
    own = answers.place("neighbourhood").codes == 0
    late = answers.minute >= 5 * 1440
    alone = answers.best_share[own & late].mean() - answers.best_share[own & ~late].mean()
    assert alone > 0.2


def test_p_of_jumps_and_gaps_is_uniform_when_places_differ_honestly() -> None:
    rng = np.random.default_rng(3)
    cities = [answers_of(city(rng)) for _ in range(10)]
    for found in ([jumps(each, rng, draws=200) for each in cities], [poster_gap(each) for each in cities]):
        p = np.concatenate([p_values(each) for each in found])
        assert len(p) > 190
        assert np.mean(p <= 0.05) < 0.05 + 3 * 0.0154
        assert 0.25 < np.mean(p <= 0.5) < 0.65  # jumps err on the careful side


def test_posters_far_above_the_volunteers_are_found_and_contented_places_are_not() -> None:
    rng = np.random.default_rng(4)
    frame = city(rng, place=0.5, scans=0.4)
    stuffed = (frame["neighbourhood"] == "N7") & (frame["mode"] == "open_qr") & (np.arange(len(frame)) % 3 > 0)
    found = poster_gap(answers_of(drilled(frame, stuffed, rng)))
    guilty = of(found, "N7")
    assert guilty.q_value < 0.01
    assert set(guilty.rows) >= set(frame.loc[stuffed, "id"])
    assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["N7"]


def test_identical_answers_are_found_among_the_equally_content() -> None:
    rng = np.random.default_rng(5)
    frame = city(rng)
    items = [column for column in frame.columns if column.startswith("q")]
    sheet = (frame["neighbourhood"] == "N2") & pd.Series(rng.random(len(frame)) < 0.3)
    frame.loc[sheet, items] = list("ababbaacab")
    found = identical_answers(answers_of(frame), rng)
    guilty = [each for each in found if isinstance(each, Finding) and each.q_value <= 0.01]
    assert {(each.kind, each.unit) for each in guilty} >= {(Unit.NEIGHBOURHOOD, "N2")}
    assert {each.unit for each in guilty} <= {"N2", "P2"}
    assert set(of(tuple(each for each in found if each.kind is Unit.NEIGHBOURHOOD), "N2").rows) == set(
        frame.loc[sheet, "id"]
    )


def test_a_place_where_all_are_delighted_is_not_charged_with_identical_answers() -> None:
    """The planted fault is to deal out among all: whoever is delighted gives the best answer to everything."""
    rng = np.random.default_rng(6)
    frame = city(rng, place=0.1)
    delighted = (frame["neighbourhood"] == "N9") & pd.Series(rng.random(len(frame)) < 0.5)
    delighted |= pd.Series(rng.random(len(frame)) < 0.03)
    items = [column for column in frame.columns if column.startswith("q")]
    frame.loc[delighted, items] = "a"
    answers = answers_of(frame)
    found = identical_answers(answers, rng)
    assert all(each.q_value > 0.05 for each in found if isinstance(each, Finding))
    shares = {each.unit: each.statistic for each in found if isinstance(each, Finding) and each.kind is Unit.POINT}
    assert shares["P9"] > 5 * np.median(list(shares.values()))


def test_without_times_places_or_posters_the_checks_say_so() -> None:
    rng = np.random.default_rng(7)
    frame = city(rng)

    def note(found: object) -> str:
        assert isinstance(found, tuple)
        (silence,) = {each.note for each in found if isinstance(each, Silence)}
        return str(silence)

    assert note(jumps(answers_of(frame.drop(columns="started")), rng)) == "no_times"
    assert note(jumps(answers_of(frame.drop(columns="neighbourhood")), rng)) == "unknown_units"
    assert note(poster_gap(answers_of(frame[frame["mode"] == "intercept"]))) == "nothing_to_compare"
