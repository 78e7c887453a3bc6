"""Slots of expired grants come free: by night, when a tablet goes out, and when somebody finds a cell full.

In a transaction of its own, before the one that needs them (see queries/grants.py for why).
"""

from datetime import datetime

from survey.db import Database
from survey.queries import grants


def release_slots(db: Database, now: datetime) -> int:
    """Return what expired grants still hold to their cells. Returns how many slots came free."""
    with db.writing() as connection:
        return grants.release_expired(connection, now)
