"""How far a wave should be by now: its plan is spread evenly over the time between its opening and its closing.

Nobody is made to keep an even pace; it is the plainest line that a shortfall can be seen against.
"""

from datetime import datetime

BEHIND = 0.8  # of what the plan needs by now; below it somebody should look


def time_share(opens_at: datetime, closes_at: datetime, now: datetime) -> float:
    """The part of a wave's time that is over, from 0 to 1."""
    if now >= closes_at:
        return 1.0
    return max((now - opens_at) / (closes_at - opens_at), 0.0)


def is_behind(done: int, expected: float) -> bool:
    """Whether what is done falls clearly short, by at least one whole interview."""
    return done < BEHIND * expected and expected - done >= 1
