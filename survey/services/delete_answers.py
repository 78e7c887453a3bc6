"""Deleting the answers of a wave when the time has passed for which residents were told that they are kept."""

from datetime import datetime

from survey.db import Database
from survey.domain.problems import Invalid, Problem
from survey.domain.wave import Admission, accepts, kept_until
from survey.domain.wave_json import plan_from_json
from survey.queries import deletion, waves
from survey.services.catalogue import NotFound

_EARLY = (("option", "--early"),)


def delete_answers(db: Database, code: str, now: datetime, *, early: bool = False) -> int:
    """Delete every answer of a wave that is over, for good. Returns how many responses there were.

    Raises NotFound, and Invalid where it is not over, or not due and not `early`; then nothing is deleted.
    """
    with db.writing() as connection:
        wave = waves.wave_by_code(connection, code)
        if wave is None:
            raise NotFound(code)
        if accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, now) is not Admission.OVER:
            raise Invalid([Problem("delete_not_over", "wave")])
        until = kept_until(wave.closes_at, plan_from_json(wave.plan).notice)
        if until is None and not early:
            raise Invalid([Problem("delete_not_promised", "wave", _EARLY)])
        if until is not None and now < until and not early:
            raise Invalid([Problem("delete_not_due", "wave", (("until", until.date().isoformat()), *_EARLY))])
        return deletion.delete_answers(connection, wave.id, now)
