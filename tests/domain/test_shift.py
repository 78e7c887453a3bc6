"""Shifts: parts of a day by the office's clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.shift import read_shift, shifts_from

CHINA = ZoneInfo("Asia/Shanghai")


def codes(moment: str, count: int = 4) -> list[str]:
    return [shift.code for shift in shifts_from(datetime.fromisoformat(moment), CHINA, count)]


def test_the_running_shift_comes_first() -> None:
    assert codes("2026-11-26T09:00+08:00") == ["2026-11-26-am", "2026-11-26-pm", "2026-11-26-eve", "2026-11-27-am"]
    assert codes("2026-11-26T12:00+08:00")[0] == "2026-11-26-pm", "at noon the morning is over"
    assert codes("2026-11-26T17:00Z")[0] == "2026-11-27-am", "days are the office's, not Greenwich's"
    assert codes("2026-12-31T23:30+08:00")[:2] == ["2026-12-31-eve", "2027-01-01-am"]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)), st.integers(1, 9))  # noqa: DTZ001 (hypothesis adds UTC)
def test_shifts_follow_one_another_and_are_read_back_by_their_code(moment: datetime, count: int) -> None:
    now = moment.replace(tzinfo=UTC)
    shifts = shifts_from(now, CHINA, count)
    ends = [shift.ends_at for shift in shifts]
    assert len(shifts) == count
    assert now < ends[0] <= now + timedelta(hours=12)
    assert ends == sorted(set(ends))
    assert [read_shift(shift.code, CHINA) for shift in shifts] == list(shifts)


@pytest.mark.parametrize(
    "code", ["", "2026-11-26", "2026-11-26-noon", "2026-02-30-am", "２０２６-11-26-am", "2026-11-26-am "]
)
def test_what_is_no_shift_is_none(code: str) -> None:
    assert read_shift(code, CHINA) is None
