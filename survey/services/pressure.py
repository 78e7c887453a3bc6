"""How many forms arrive at a point just now, known to a process without asking the database each time.

It is asked once in some seconds; what this process has taken since is added, so that a flood is noticed at once
wherever it lands. Only what came from people's own browsers counts: a volunteer's tablet brings a day's interviews in
one go.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from survey.db import Database
from survey.domain.stuffing import COUNT_UP_TO, WINDOW
from survey.queries import responses

FRESH = timedelta(seconds=5)
_MOST_POINTS = 10_000  # that are remembered; beyond that all are counted anew


@dataclass(slots=True)
class _Counted:
    forms: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Pressure:
    """A counter over one database. `limit`: the forms within WINDOW that are usual; 0 = nothing is counted."""

    db: Database
    limit: int
    _counted: dict[str, _Counted] = field(default_factory=dict)

    def forms_at(self, point_code: str, now: datetime) -> int:
        """Forms at the point within WINDOW, as far as anything depends on their number. Raises Unavailable."""
        if not self.limit:
            return 0
        known = self._counted.get(point_code)
        if known is None or not known.at <= now < known.at + FRESH:
            with self.db.asking() as connection:
                forms = responses.count_forms_since(connection, point_code, now - WINDOW, self.limit * COUNT_UP_TO)
            if len(self._counted) >= _MOST_POINTS:
                self._counted.clear()
            known = self._counted[point_code] = _Counted(forms, now)
        return known.forms

    def note(self, point_code: str) -> None:
        """One more was stored."""
        known = self._counted.get(point_code)
        if known is not None:
            known.forms += 1
