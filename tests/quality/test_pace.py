"""Fast interviews are fast for their length, and regular intervals are more regular than the others'."""

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Unit
from analysis.quality.findings import Finding, Silence
from analysis.quality.pace import fast_interviews, interval_unevenness, regular_intervals, robust_speed
from tests.quality.waves import answers_of, frame_of, of, p_values, wave


def timed(rng: np.random.Generator, own: float = 0.1) -> pd.DataFrame:
    """A wave with durations: some people are asked half of the items, volunteers read faster or slower."""
    frame = wave(rng, place=0.2)
    short = rng.random(len(frame)) < 0.4
    for item in ("q6", "q7", "q8", "q9", "q10"):
        frame[item] = frame[item].where(~short, None)
    number = frame["volunteer"].str[1:].astype(int).to_numpy()
    pace = rng.lognormal(0, own, 20)[number] * rng.lognormal(0, 0.3, len(frame))
    begin = pd.Timestamp("2026-03-02 09:00")
    minutes = frame.groupby("volunteer").cumcount() % 40 * 5 + np.cumsum(rng.gamma(2, 2, len(frame))) % 30
    day = number % 10
    return frame.assign(
        duration=np.where(short, 60, 110) * pace,
        started=begin + pd.to_timedelta(minutes, unit="min") + pd.to_timedelta(day, unit="D"),
    )


def test_speed_is_counted_from_the_median_of_interviews_with_as_many_items() -> None:
    rows = ["aaaa"] * 40 + ["aa.."] * 40
    seconds = [100.0 * 1.1 ** (at % 5 - 2) for at in range(40)] + [50.0 * 1.1 ** (at % 5 - 2) for at in range(40)]
    speed = robust_speed(answers_of(frame_of(rows, duration=seconds)))
    step = 1 / 1.4826  # the median absolute deviation is one step of 1.1
    assert speed[:5] == pytest.approx(np.array([-2, -1, 0, 1, 2]) * step)
    assert speed[40:45] == pytest.approx(speed[:5])


def test_a_long_pause_hides_no_haste_and_an_instant_is_the_fastest() -> None:
    seconds = [*np.linspace(90, 110, 40), 0.0, 1e6]
    speed = robust_speed(answers_of(frame_of(["aa"] * 42, duration=seconds)))
    assert speed[-2:].tolist() == [-3, 3]


def test_a_volunteer_who_is_too_fast_is_found_whatever_was_asked() -> None:
    frame = timed(np.random.default_rng(1))
    frame.loc[frame["volunteer"] == "V02", "duration"] *= 0.4
    found = fast_interviews(answers_of(frame))
    guilty = of(found, "V02")
    assert guilty.q_value < 0.01
    assert guilty.size < -1
    assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["V02"]


def test_a_fixed_limit_would_accuse_those_with_few_items() -> None:
    """The planted fault: under a minute, whatever was asked."""
    frame = timed(np.random.default_rng(2))
    shorter = frame["q6"].isna()
    accused = frame["duration"] < 60
    assert accused[shorter].mean() > 0.4
    fast = robust_speed(answers_of(frame)) <= -1.5
    assert fast[shorter].mean() == pytest.approx(fast[~shorter].mean(), abs=0.06)


def test_p_is_uniform_when_volunteers_have_a_pace_of_their_own() -> None:
    rng = np.random.default_rng(3)
    frames = [answers_of(timed(rng, own=0.15)) for _ in range(10)]
    for check in (fast_interviews, regular_intervals):
        volunteers = [tuple(f for f in check(each) if f.kind is Unit.VOLUNTEER) for each in frames]
        p = np.concatenate([p_values(found) for found in volunteers])
        assert len(p) == 200
        assert np.mean(p <= 0.05) < 0.05 + 3 * 0.0154
        assert 0.35 < np.mean(p <= 0.5) < 0.65


def test_intervals_are_counted_within_a_shift_of_a_volunteer() -> None:
    started = ["2026-03-02 09:00", "2026-03-02 09:10", "2026-03-02 09:15", "2026-03-02 15:00", "2026-03-02 09:01"]
    frame = frame_of(["a"] * 5, started=started, volunteer=["V", "V", "V", "V", "W"])
    distance = interval_unevenness(answers_of(frame))
    assert np.isnan(distance[[0, 3, 4]]).all()  # the first, the one after the break, and somebody else's
    assert distance[1:3] == pytest.approx([np.log(2) / 2, np.log(2) / 2])


def test_a_volunteer_who_works_like_a_clock_is_found() -> None:
    frame = timed(np.random.default_rng(4))
    own = np.flatnonzero(frame["volunteer"] == "V08")
    steady = pd.Timestamp("2026-03-02 09:00") + pd.to_timedelta(np.arange(len(own)) * 6.0, unit="min")
    frame.loc[frame.index[own], "started"] = steady
    found = regular_intervals(answers_of(frame))
    assert of(found, "V08").statistic == pytest.approx(0, abs=1e-9)
    assert of(found, "V08").q_value < 0.01
    assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["V08"]


def test_without_durations_and_times_the_checks_say_so() -> None:
    answers = answers_of(wave(np.random.default_rng(5), volunteers=2, points=2, each=2))
    assert {each.note for each in fast_interviews(answers) if isinstance(each, Silence)} == {"no_durations"}
    assert {each.note for each in regular_intervals(answers) if isinstance(each, Silence)} == {"no_times"}
