"""How many wrong codes are looked up: a bucket that each of them empties a little and time fills again.

It counts the failures of everybody together, never those of an address: behind one address of a mobile network stand
thousands of people. Codes have at least twelve of 31 letters, so no number of guesses that a server can answer finds
one; the limit keeps a flood of guesses away from the database.
"""

import threading
from datetime import datetime
from math import ceil

BURST = 300  # wrong codes at once: a street in which everybody mistypes
PER_SECOND = 5.0  # that are forgotten


class Failures:
    """The wrong codes of one process in the last while."""

    def __init__(self, burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._burst, self._per_second = burst, per_second
        self._held = 0.0
        self._at: datetime | None = None
        self._counting = threading.Lock()

    def wait(self, now: datetime) -> int:
        """Seconds until another code may be looked up; 0 = at once."""
        with self._counting:
            over = self._now_held(now) + 1 - self._burst
        return max(0, ceil(over / self._per_second))

    def note(self, now: datetime) -> None:
        """One more was wrong."""
        with self._counting:
            self._held = min(self._now_held(now) + 1, float(self._burst))
            self._at = now

    def _now_held(self, now: datetime) -> float:
        if self._at is None:
            return 0.0
        passed = max((now - self._at).total_seconds(), 0.0)  # a clock that is put back forgets nothing
        return max(self._held - passed * self._per_second, 0.0)
