"""Whose turn it was on a tablet: kept as the tablet tells it, as often as it does."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from survey.db import Database
from survey.domain.fieldwork import Device, Turn
from survey.domain.problems import Invalid, Problem
from survey.queries import accounts, grants


def keep_turns(db: Database, device: Device, turns: Sequence[Turn], offset: timedelta, now: datetime) -> None:
    """Keep turns of this tablet's assignments. Raises Invalid naming the field; then none of them was kept.

    `offset` (server − tablet) puts their times right; they lie between the taking of the assignment and now.
    """
    with db.writing() as connection:
        for turn in turns:
            assignment = grants.assignment_by_id(connection, turn.assignment_id)
            if assignment is None or assignment.device_id != device.id:
                raise Invalid([Problem("record_foreign", "assignment")])
            if accounts.account_by_id(connection, turn.account_id) is None:
                raise Invalid([Problem("record_count", "volunteer")])
            began = _within(turn.began_at, offset, assignment.taken_at, now)
            ended = None if turn.ended_at is None else _within(turn.ended_at, offset, began, now)
            grants.keep_turn(connection, replace(turn, began_at=began, ended_at=ended))


def _within(moment: datetime, offset: timedelta, earliest: datetime, latest: datetime) -> datetime:
    try:
        moment += offset
    except OverflowError:
        return latest
    return max(min(moment, latest), earliest)
