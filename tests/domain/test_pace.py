"""The plan by now: nothing before the opening, everything at the closing, even between."""

from datetime import UTC, datetime, timedelta

import pytest

from survey.domain.pace import is_behind, time_share

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=10)


@pytest.mark.parametrize(("days", "share"), [(-1, 0), (0, 0), (2.5, 0.25), (5, 0.5), (10, 1), (12, 1)])
def test_the_plan_grows_evenly_from_opening_to_closing(days: float, share: float) -> None:
    assert time_share(OPENS, CLOSES, OPENS + timedelta(days=days)) == pytest.approx(share)


def test_a_wave_that_was_closed_as_it_opened_is_over() -> None:
    assert time_share(OPENS, OPENS, OPENS) == 1


@pytest.mark.parametrize(
    ("done", "expected", "behind"),
    [(7, 10, True), (8, 10, False), (10, 10, False), (0, 0, False), (0, 0.9, False), (0, 1, True), (4, 5, False)],
)
def test_behind_is_below_four_fifths_and_at_least_one_interview(done: int, expected: float, behind: bool) -> None:
    assert is_behind(done, expected) is behind
