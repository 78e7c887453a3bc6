"""The scan finds the window that a loop over all windows finds; bursts are found, evenings and families are not."""

from math import log

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Unit
from analysis.quality.bursts import FEWEST_AT_ONCE, bursts, densest_window
from analysis.quality.findings import Finding, Silence
from tests.quality.waves import answers_of, of, p_values


def kulldorff(own: int, inside: int, n: int, total: int) -> float:
    """The log likelihood ratio of a window (Kulldorff 1997, section 4.1), term by term."""

    def part(c: int, m: int) -> float:
        return sum(a * log(a / m) for a in (c, m - c) if a > 0)

    if own / inside <= (n - own) / max(total - inside, 1):
        return 0.0
    return part(own, inside) + part(n - own, total - inside) - part(n, total)


def test_the_densest_window_is_that_of_a_loop_over_all_windows() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        ranks = np.sort(rng.choice(80, 10, replace=False))
        loop = max(
            (kulldorff(5, int(ranks[a + 4] - ranks[a] + 1), 10, 80), -a) for a in range(6)
        )  # of ten arrivals, windows have five
        ratio, start, size = densest_window(ranks[None, :], 80)
        assert ratio[0] == pytest.approx(loop[0])
        assert size[0] == FEWEST_AT_ONCE
        if loop[0] > 0:
            assert start[0] == -loop[1]


def arrivals(rng: np.random.Generator, points: int = 25, each: int = 24) -> pd.DataFrame:
    """People scan mostly in the evening, on some days more than on others, and one in ten with a companion."""
    n = points * each
    day = rng.choice(10, n, p=rng.dirichlet(np.full(10, 3.0)))
    minute = day * 1440 + 60 * np.clip(rng.normal(19, 2, n), 7, 23)
    point = rng.integers(0, points, n)
    with_somebody = rng.choice(n, n // 10, replace=False)
    minute = np.append(minute, minute[with_somebody] + 2)
    point = np.append(point, point[with_somebody])
    return pd.DataFrame(
        {
            "id": [f"R{at}" for at in range(len(point))],
            "point": [f"P{at:02}" for at in point],
            "mode": "open_qr",
            "started": pd.Timestamp("2026-03-02") + pd.to_timedelta(minute.round(), unit="min"),
            "q1": "a",
        }
    )


def test_a_burst_is_found_and_its_forms_are_named() -> None:
    rng = np.random.default_rng(2)
    frame = arrivals(rng)
    added = frame.iloc[:12].assign(
        id=[f"S{at}" for at in range(12)],
        point="P03",
        started=pd.Timestamp("2026-03-05 10:00") + pd.to_timedelta(np.arange(12) * 2, unit="min"),
    )
    found = bursts(answers_of(pd.concat([frame, added], ignore_index=True)), rng)
    guilty = of(found, "P03")
    assert guilty.q_value < 0.01
    assert len({row for row in guilty.rows if row.startswith("S")}) >= 10
    assert guilty.statistic > 5 * guilty.expected
    assert [each.unit for each in found if isinstance(each, Finding) and each.q_value <= 0.05] == ["P03"]


def test_p_is_uniform_when_people_come_in_the_evening_and_in_pairs() -> None:
    rng = np.random.default_rng(3)
    p = np.concatenate([p_values(bursts(answers_of(arrivals(rng)), rng, draws=100)) for _ in range(10)])
    assert len(p) == 250
    assert np.mean(p <= 0.05) < 0.05 + 3 * 0.0138
    assert np.mean(p <= 0.5) < 0.62


def test_a_constant_rate_would_take_every_evening_for_a_burst() -> None:
    """The planted fault: arrivals against the clock alone, not against those at the other points."""
    rng = np.random.default_rng(4)
    frame = arrivals(rng)
    minute = (frame["started"] - frame["started"].min()).dt.total_seconds().to_numpy() / 60
    total = int(minute.max()) + 1
    against_the_clock = [
        densest_window(np.unique(minute[frame["point"] == point].astype(np.int64))[None, :], total)[0][0]
        for point in frame["point"].unique()
    ]
    drawn = np.sort(np.argpartition(rng.random((50, total)), 23, axis=1)[:, :24], axis=1)
    usual = densest_window(drawn, total)[0]
    assert np.mean(np.array(against_the_clock) > np.quantile(usual, 0.98)) > 0.5
    assert np.mean(p_values(bursts(answers_of(frame), rng)) <= 0.02) < 0.1


def test_few_arrivals_and_single_points_are_not_judged() -> None:
    rng = np.random.default_rng(5)
    frame = arrivals(rng, points=2, each=3)
    assert all("too_few" in each.notes for each in bursts(answers_of(frame), rng) if isinstance(each, Finding))
    assert bursts(answers_of(frame.assign(point="P")), rng) == (Silence("burst", Unit.POINT, "nothing_to_compare"),)
    assert bursts(answers_of(frame.drop(columns="started")), rng) == (Silence("burst", Unit.POINT, "no_times"),)
    assert bursts(answers_of(frame.drop(columns="point")), rng) == (Silence("burst", Unit.POINT, "unknown_units"),)
