"""Slots of expired grants and holds come free: by night, when a tablet goes out, and when somebody finds a cell full.

In transactions of their own, before the one that needs them (see queries/grants.py for why).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from survey.db import Database
from survey.queries import grants, holds


def release_slots(db: Database, now: datetime) -> int:
    """Return to their cells what expired grants and holds still keep. Returns how many slots came free."""
    with db.writing() as connection:
        granted = grants.release_expired(connection, now)
    with db.writing() as connection:
        return granted + holds.release_expired_holds(connection, now)


def any_expired(connection: Connection, now: datetime, cell_ids: Collection[int]) -> bool:
    """Whether releasing would free a slot of one of these cells."""
    return grants.any_expired(connection, now, cell_ids) or holds.any_expired_hold(connection, now, cell_ids)
