"""How a wave plan writes a moment: ISO 8601 with an offset, or local time under a named time zone.

The names of time zones come from the system's table; where it has none, plans write offsets.
"""

import re
from datetime import UTC, datetime, timezone, tzinfo
from zoneinfo import ZoneInfo

from survey.domain.document import Path, Reading, shown

# years 2000 to 2199: the ends of the calendar have no neighbours to compute with
_WRITTEN = re.compile(r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")


def read_zone(reading: Reading, path: Path, value: object) -> tzinfo | None:
    """The time zone of this name; None if none is given."""
    name = None if value is None else reading.text(path, value)
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown here, no name at all, or the name of a folder
        reading.wrong(path, "wave_timezone", value=shown(name))
        return UTC  # so that the times are still checked


def read_moment(reading: Reading, path: Path, value: object, zone: tzinfo | None) -> datetime | None:
    """A moment, with the offset it has where it was written. `zone` is for times without an offset."""
    if value is None:
        return None
    moment = _parsed(value)
    if moment is None:
        reading.wrong(path, "wave_time", value=shown(value))
        return None
    if moment.tzinfo is None:
        if zone is None:
            reading.wrong(path, "wave_time_zone", value=shown(value))
            return None
        local = moment
        moment = local.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            reading.wrong(path, "wave_time_skipped", value=shown(value))
    offset = moment.utcoffset()
    assert offset is not None, "a time zone gives an offset"
    return moment.replace(tzinfo=timezone(offset))


def _parsed(value: object) -> datetime | None:
    if not isinstance(value, str) or not _WRITTEN.fullmatch(value.strip()):
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:  # no such day, hour or offset
        return None
