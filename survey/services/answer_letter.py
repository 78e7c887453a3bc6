"""Answering with a letter's code: one transaction uses the code up and keeps the response, or does neither.

Who has answered may answer anew for as many hours as the wave allows, with the change key that the thanks page showed:
then one transaction moves the first response aside and keeps the new one. The code itself is written nowhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Point
from survey.domain.letters import (
    change_digest,
    change_key,
    changeable_until,
    code_digest,
    day_of,
)
from survey.domain.submission import Outcome, Receipt, Submission
from survey.domain.wave import Admission, accepts
from survey.queries import letters, responses, waves
from survey.services.catalogue import NotFound
from survey.services.keep_responses import Checked, Kept, keep_conflict_copy, keep_responses
from survey.services.receive_submission import Door, WaveNotTaking, check_submission, receipt_of


class CodeState(StrEnum):
    """Whether a letter's code can be answered with."""

    FRESH = "fresh"
    USED = "used"


class CodeUsed(Exception):
    """Somebody has answered with this code, and no key opens that answer."""


class _Overtaken(Exception):
    """The same form arrived in the same moment under another code; look again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that somebody holds: where its questionnaire is asked, and for how long an answer may be replaced."""

    point: Point
    state: CodeState
    replace_hours: int
    digest: str
    batch_id: UUID


def find_letter(door: Door, code: str | None) -> Letter:
    """The letter of a code as it was typed; None, unknown and voided ones take the same way and the same time.

    Raises NotFound.
    """
    digest = code_digest(door.secret, code or "")
    with door.db.reading() as connection:
        known = letters.known_code(connection, digest)
    if known is None:
        raise NotFound("letter")
    point = door.catalogue.point(known.point_code)
    hours = door.catalogue.ground(point.wave_id).plan.replace_hours
    return Letter(point, CodeState.USED if known.spent else CodeState.FRESH, hours, digest, known.batch_id)


def may_change(door: Door, letter: Letter, key: str | None, now: datetime) -> bool:
    """Whether a change key opens an answer of the letter's point that may still be replaced."""
    digest = change_digest(door.secret, key or "")
    with door.db.reading() as connection:
        return _may_change(connection, letter, digest, now)


def answer_letter(door: Door, letter: Letter, submission: Submission) -> Receipt:
    """Keep the first answer to a letter. Raises what receive_submission raises, and CodeUsed."""

    def spend(connection: Connection, _: datetime) -> bool:
        return letters.spend_code(connection, letter.batch_id, letter.digest)

    return _keep(door, letter, submission, spend)


def answer_anew(door: Door, letter: Letter, key: str | None, submission: Submission) -> Receipt:
    """Keep an answer in the place of the one that `key` opens. Raises what receive_submission raises, and CodeUsed."""
    digest = change_digest(door.secret, key or "")

    def move(connection: Connection, now: datetime) -> bool:
        return _may_change(connection, letter, digest, now) and letters.set_aside(
            connection, letter.point.code, digest, day_of(now)
        )

    return _keep(door, letter, submission, move)


def _keep(door: Door, letter: Letter, submission: Submission, admit: Callable[[Connection, datetime], bool]) -> Receipt:
    key = change_key(door.secret, submission.id)
    submission = replace(submission, change_digest=change_digest(door.secret, key) if letter.replace_hours else None)
    checked = check_submission(door, submission)
    while True:
        try:
            with door.db.writing() as connection:
                kept = _kept(connection, checked, submission.received_at, admit)
        except _Overtaken:
            continue
        assert kept.outcome is not None
        return receipt_of(door, checked, kept.outcome, kept.disposition)


def _kept(
    connection: Connection, checked: Checked, now: datetime, admit: Callable[[Connection, datetime], bool]
) -> Kept:
    """What becomes of one form. Whatever is raised here takes the use of the code back with it."""
    response = checked.response
    replaced = letters.replaced_content(connection, response.id)
    if replaced == response.content_digest:  # a phone that repeats what has been changed since
        return Kept(Outcome.REPEATED, response.disposition, Admission.OPEN)
    if replaced is not None:
        keep_conflict_copy(connection, response)
        return Kept(Outcome.CONFLICT, Disposition.DUPLICATE, Admission.OPEN)
    known = responses.stored_response(connection, response.id) is not None
    if not known and not admit(connection, now):
        known = responses.stored_response(connection, response.id) is not None  # the same form, in the same moment
        if not known:
            _still_taking(connection, response.wave_id, now)
            raise CodeUsed
    (kept,) = keep_responses(connection, [checked], None)
    if kept.outcome is None:
        raise WaveNotTaking(kept.admission)
    if not known and kept.outcome is not Outcome.STORED:
        raise _Overtaken
    return kept


def _may_change(connection: Connection, letter: Letter, digest: str, now: datetime) -> bool:
    day = letters.changeable(connection, letter.point.code, digest)
    return day is not None and now < changeable_until(day, letter.replace_hours)


def _still_taking(connection: Connection, wave_id: int, now: datetime) -> None:
    """When the wave is over it matters no more whether a code was used."""
    wave = waves.wave_by_id(connection, wave_id)
    admission = accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, now)
    if admission not in {Admission.OPEN, Admission.GRACE}:
        raise WaveNotTaking(admission)
