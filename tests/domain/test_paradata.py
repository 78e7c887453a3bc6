"""How a tablet's times are put right: whatever its clock says, the result is possible, and honest about its worth."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from survey.domain.paradata import BELIEVED, ClockState, Times, put_right

TAKEN = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOW = TAKEN + timedelta(hours=5)
BEGAN, DONE = TAKEN + timedelta(hours=1), TAKEN + timedelta(hours=1, minutes=3)


def told(measured: timedelta | None, at_transfer: timedelta | None, off: timedelta = timedelta(0)) -> Times:
    """What becomes of an interview of three minutes on a tablet whose clock is `off` behind the server's."""
    return put_right(BEGAN - off, DONE - off, measured, at_transfer, TAKEN, NOW)


def test_a_right_clock_is_left_as_it_is() -> None:
    for offset in (timedelta(0), timedelta(seconds=-2), BELIEVED):
        assert told(offset, offset, offset) == Times(BEGAN, DONE, offset, ClockState.RIGHT)


def test_a_clock_that_is_off_by_a_known_offset_is_put_right() -> None:
    for off in (timedelta(days=400), timedelta(days=-3 * 365), timedelta(minutes=5)):
        assert told(off, off, off) == Times(BEGAN, DONE, off, ClockState.OFF)
        assert told(None, off, off) == Times(BEGAN, DONE, off, ClockState.OFF), "never online before"


def test_a_clock_that_was_set_meanwhile_is_flagged_and_the_offset_of_the_interview_counts() -> None:
    off = timedelta(hours=8)
    assert told(off, timedelta(0), off) == Times(BEGAN, DONE, off, ClockState.SET)


def test_a_file_that_was_carried_to_the_office_says_nothing_of_the_clock_now() -> None:
    off = timedelta(hours=8)
    assert told(off, None, off).clock is ClockState.OFF
    assert told(None, None).clock is ClockState.RIGHT


def test_what_cannot_be_is_unknown() -> None:
    assert put_right(DONE, BEGAN, None, timedelta(0), TAKEN, NOW).clock is ClockState.UNKNOWN, "ended before it began"
    early = put_right(TAKEN - timedelta(hours=1), DONE, None, timedelta(0), TAKEN, NOW)
    assert (early.clock, early.started_at) == (ClockState.UNKNOWN, TAKEN)
    late = put_right(BEGAN, NOW + timedelta(hours=1), None, timedelta(0), TAKEN, NOW)
    assert (late.clock, late.ended_at) == (ClockState.UNKNOWN, NOW)


MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds UTC)
OFFSETS = st.none() | st.timedeltas(timedelta(days=-3_000_000), timedelta(days=3_000_000))


@given(MOMENTS, MOMENTS, OFFSETS, OFFSETS)
def test_any_times_become_possible_ones(
    started: datetime, ended: datetime, measured: timedelta | None, at_transfer: timedelta | None
) -> None:
    times = put_right(started, ended, measured, at_transfer, TAKEN, NOW)
    assert TAKEN <= times.started_at <= times.ended_at <= NOW
