"""Paradata of an interview or approach on a tablet: who, when, how long, and how far its clock can be believed.

A tablet's clock may be years off, and may be set while it is offline. A record brings the offset (server − tablet) that
was measured when the tablet was last online before it, and the transfer brings the one of its own moment. Where they
differ, the clock was set in between, before the interview or after it: the first offset that gives possible times is
taken. Whatever the clock says, an interview lies between the moment its assignment was
taken and the moment it arrived; durations come from a clock that only counts on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

BELIEVED = timedelta(minutes=2)  # clocks of tablets that set themselves are closer than this


class ClockState(StrEnum):
    """What is known of the tablet's clock at an interview."""

    RIGHT = "right"
    OFF = "off"  # wrong, but by a known offset
    SET = "set"  # it was changed between the interview and the transfer
    UNKNOWN = "unknown"  # even put right, its times lie outside what is possible


@dataclass(frozen=True, slots=True)
class Times:
    """When an interview began and ended by the server's clock, the offset that was used, and how far to trust it."""

    started_at: datetime
    ended_at: datetime
    offset: timedelta
    clock: ClockState


@dataclass(frozen=True, slots=True)
class Paradata:
    """What a tablet says about one record. `timings`: item -> (first, last) change, ms since the start."""

    device_id: UUID
    assignment_id: UUID
    turn_id: UUID
    volunteer_id: int
    sequence: int
    passed: int
    record_digest: str
    reason: str | None
    observed: Mapping[str, str]
    handed_over: bool
    times: Times
    elapsed_ms: int
    interruptions: int
    timings: Mapping[str, tuple[int, int]]
    place: str | None


def put_right(
    started: datetime,
    ended: datetime,
    measured: timedelta | None,
    at_transfer: timedelta | None,
    taken_at: datetime,
    received_at: datetime,
) -> Times:
    """The times of a record by the server's clock.

    `measured` is the offset known at the interview (None: never online since), `at_transfer` that of the transfer
    (None: a file was carried to the office).
    """
    earliest, latest = taken_at - BELIEVED, received_at + BELIEVED

    def fits(offset: timedelta) -> bool:
        return earliest <= _moved(started, offset) <= _moved(ended, offset) <= latest

    known = [offset for offset in (measured, at_transfer) if offset is not None] or [timedelta(0)]
    offset = next((each for each in known if fits(each)), known[0])
    if not fits(offset):
        clock = ClockState.UNKNOWN
    elif abs(known[0] - known[-1]) > BELIEVED:
        clock = ClockState.SET
    elif abs(offset) > BELIEVED:
        clock = ClockState.OFF
    else:
        clock = ClockState.RIGHT
    begun, done = _moved(started, offset), _moved(ended, offset)
    begun = min(max(begun, taken_at), received_at)
    return Times(begun, min(max(done, begun), received_at), offset, clock)


def _moved(moment: datetime, offset: timedelta) -> datetime:
    try:
        return moment + offset
    except OverflowError:
        return moment
