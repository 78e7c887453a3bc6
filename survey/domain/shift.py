"""Shifts: the parts of a day in which volunteers stand at a point.

A point in one shift is one unit of the sample: who is met there in a market morning is more alike than who is met on
different days. A code is the day and its part, such as 2026-11-26-pm; days end at midnight of the office's clock.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum


class Part(StrEnum):
    """Morning, afternoon and evening."""

    MORNING = "am"
    AFTERNOON = "pm"
    EVENING = "eve"


_ENDS = {Part.MORNING: 12, Part.AFTERNOON: 18, Part.EVENING: 24}  # hours of the day
_CODE = re.compile(r"(2[01]\d\d-\d\d-\d\d)-(am|pm|eve)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shift:
    """One part of one day. `ends_at` is aware, in the office's zone."""

    code: str
    part: Part
    ends_at: datetime


def shifts_from(now: datetime, zone: tzinfo, count: int = 6) -> tuple[Shift, ...]:
    """The shift that runs at `now` and those after it, `count` in all."""
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    days = (midnight + timedelta(days=day) for day in range(count // len(Part) + 2))
    shifts = [_shift(day, part) for day in days for part in Part]
    return tuple([shift for shift in shifts if shift.ends_at > now][:count])


def read_shift(code: str, zone: tzinfo) -> Shift | None:
    """The shift of this code; None where it is not one."""
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    try:
        day = datetime.fromisoformat(found[1]).replace(tzinfo=zone)
    except ValueError:
        return None
    return _shift(day, Part(found[2]))


def _shift(day: datetime, part: Part) -> Shift:
    return Shift(f"{day:%Y-%m-%d}-{part.value}", part, day + timedelta(hours=_ENDS[part]))
