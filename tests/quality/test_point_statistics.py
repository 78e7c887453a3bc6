"""The figures of each point, on forms of which everything is known."""

from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from analysis.quality.answers import Item, checked_answers
from analysis.quality.point_statistics import PointStatistics, documents, most_at_once, point_statistics

ITEMS = tuple(Item(f"q{n}", ("a", "b", "c"), scale=True) for n in range(5))


def frame(answers: list[str], **columns: Any) -> pd.DataFrame:
    """Forms at one point, each with five answers such as "aabbc"."""
    made = pd.DataFrame([list(each) for each in answers], columns=[item.code for item in ITEMS])
    made.insert(0, "id", [str(n) for n in range(len(answers))])
    return made.assign(**{"point": "P1", **columns})


def statistics(made: pd.DataFrame) -> PointStatistics:
    (found,) = point_statistics(checked_answers(made, ITEMS), made)
    return found


def test_lines_and_identical_answers_are_counted_whatever_they_say() -> None:
    for best in ("aaaaa", "ccccc"):
        found = statistics(frame([best] * 3 + ["abcab", "cabca"]))
        assert (found.forms, found.identical, found.straight) == (5, 3, 0.6)


def test_length_devices_and_proofs_are_those_of_the_point() -> None:
    made = frame(
        ["aabbc"] * 4,
        duration=[60, 100, 140, None],
        earlier_forms=[0, 2, 3, 9],
        proof=["solved", "waited", None, None],
    )
    found = statistics(made)
    assert (found.median_seconds, found.from_busy_devices, found.solved, found.waited) == (100, 0.5, 0.25, 0.25)


def test_the_densest_ten_minutes_are_found_and_ten_minutes_later_is_another_window() -> None:
    assert most_at_once(np.array([0.0, 1, 9.9, 10, 50, np.nan])) == 3
    assert most_at_once(np.array([0.0, 10, 20])) == 1
    assert most_at_once(np.array([np.nan])) == 0
    started = pd.to_datetime(["2026-03-02 09:00", "2026-03-02 09:09", "2026-03-02 09:30"])
    assert statistics(frame(["aabbc"] * 3, started=started)).most_in_window == 2


def test_what_is_not_known_is_not_made_up() -> None:
    made = frame(["aabbc"])
    found = statistics(made)
    assert all(isnan(each) for each in (found.median_seconds, found.from_busy_devices, found.solved))
    assert documents([found])[0]["median_seconds"] is None


def test_interviews_of_volunteers_are_not_the_point_s() -> None:
    made = frame(["aaaaa", "abcab"], volunteer=["V1", None])
    assert statistics(made).forms == 1


def test_by_which_way_the_forms_of_a_point_came_counts_those_of_volunteers_too() -> None:
    made = frame(
        ["aaaaa", "abcab", "bbbbc", "ccabc", "aabbc"],
        volunteer=["V1", "V1", None, None, None],
        channel=["tablet", "tablet", "web", "desk", "web"],
    )
    found = statistics(made)
    assert (found.forms, found.all_forms, found.on_phones, found.by_tablet) == (3, 5, 0.4, 0.4)
    assert isnan(statistics(frame(["aabbc"])).on_phones)


def test_points_stand_in_the_order_of_their_forms() -> None:
    made = frame(["aabbc"] * 3).assign(point=["P1", "P2", "P2"])
    assert [each.point for each in point_statistics(checked_answers(made, ITEMS), made)] == ["P2", "P1"]
