"""Reading waves for the pages that show or serve them."""

from datetime import datetime

from survey.db import Database
from survey.domain.fieldwork import Point, Wave
from survey.domain.wave import Admission, accepts
from survey.queries import frames, questionnaires, waves
from survey.queries.frames import FrameEntry
from survey.services.catalogue import NotFound


def admission_of(db: Database, wave_id: int, now: datetime) -> tuple[Wave, Admission]:
    """A wave and whether it takes answers at `now`."""
    with db.asking() as connection:
        wave = waves.wave_by_id(connection, wave_id)
    return wave, accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, now)


def wave_of_code(db: Database, code: str) -> Wave:
    """The wave of this code. Raises NotFound."""
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, code)
    if wave is None:
        raise NotFound(code)
    return wave


def wave_of_point(db: Database, point: Point) -> Wave:
    """The wave a point belongs to."""
    with db.asking() as connection:
        return waves.wave_by_id(connection, point.wave_id)


def frame_list(db: Database) -> list[FrameEntry]:
    """Every imported frame, the newest date last."""
    with db.reading() as connection:
        return frames.frames(connection)


def wave_list(db: Database) -> list[Wave]:
    """Every wave, the one that opens last first."""
    with db.reading() as connection:
        return waves.waves(connection)


def questionnaire_list(db: Database) -> list[tuple[str, int, str, datetime]]:
    """(code, version, digest, moment) of every published questionnaire."""
    with db.reading() as connection:
        return questionnaires.published_versions(connection)
