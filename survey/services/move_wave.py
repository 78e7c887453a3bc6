"""Opening and closing a wave."""

from datetime import datetime

from survey.db import Database
from survey.domain.fieldwork import Wave
from survey.domain.problems import Invalid, Problem
from survey.domain.wave import WaveAction, WaveState, next_state
from survey.queries import waves
from survey.services.catalogue import NotFound


def open_wave(db: Database, code: str) -> Wave:
    """Let a draft take answers once its opening time has come. Raises NotFound, Invalid."""
    return _move(db, code, WaveAction.OPEN, None)


def close_wave(db: Database, code: str, now: datetime) -> Wave:
    """Close an open wave now; its grace runs from this moment. Raises NotFound, Invalid."""
    return _move(db, code, WaveAction.CLOSE, now)


def _move(db: Database, code: str, action: WaveAction, closed_at: datetime | None) -> Wave:
    with db.writing() as connection:
        wave = waves.wave_by_code(connection, code)
        if wave is None:
            raise NotFound(code)
        after = next_state(wave.state, action)
        if not waves.set_state(connection, wave.id, wave.state, after):
            raise Invalid([Problem("wave_moved_meanwhile", "state")])
        if after is WaveState.CLOSED and closed_at is not None and closed_at < wave.closes_at:
            waves.set_closing(connection, wave.id, closed_at)
        return waves.wave_by_id(connection, wave.id)
