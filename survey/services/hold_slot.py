"""Is there room for this person? Who has answered the entry is told before going on, and who is let in has a slot held.

The answer is a promise only while the hold lasts (domain/quota.py: HOLD). What is asked again renews the hold; changed
answers move it; sending the form ends it (services/keep_responses.py), and so does wandering off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from survey.domain.disposition import Disposition, Finish
from survey.domain.problems import Invalid
from survey.domain.quota import HOLD, HOLD_UNTIL
from survey.domain.validation import check_answers
from survey.domain.wave import Admission, accepts
from survey.queries import holds, responses, waves
from survey.queries.holds import Taken
from survey.services.keep_responses import SlotsExpired
from survey.services.receive_submission import Door, WaveNotTaking, place_in_quota
from survey.services.release_slots import any_expired, release_slots


class Room(StrEnum):
    """What somebody is told. `unknown`, and they go on without a promise: these answers belong to no cell, the form has
    come already, the page was opened long ago, so many are answering that half of what is free is held, or the wave is
    in its grace, where whoever is late is taken as they come."""

    OPEN = "open"
    FULL = "full"
    INELIGIBLE = "ineligible"
    UNKNOWN = "unknown"


_TOLD = {Taken.HELD: Room.OPEN, Taken.ENOUGH_HELD: Room.UNKNOWN, Taken.FULL: Room.FULL}
_WITHOUT_CELL = {Disposition.INELIGIBLE: Room.INELIGIBLE, Disposition.OVER_QUOTA: Room.FULL}


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody who has answered the entry of a form and asks to be let in; `answers` may hold more than the entry."""

    submission_id: UUID
    point_code: str
    questionnaire_code: str
    questionnaire_version: int
    answers: Mapping[str, object]
    opened_at: datetime
    at: datetime


def hold_slot(door: Door, knock: Knock) -> Room:
    """Whether there is room; where there is, a slot is held. Raises Invalid naming what is wrong or missing in the
    entry, WaveNotTaking, NotFound, Unavailable."""
    point = door.catalogue.point(knock.point_code)
    questionnaire = door.catalogue.questionnaire(knock.questionnaire_code, knock.questionnaire_version)
    ground = door.catalogue.ground(point.wave_id)
    answers = {code: knock.answers[code] for code in questionnaire.entry_codes if code in knock.answers}
    checked = check_answers(questionnaire, answers, ground.homes)
    wrong = [problem for problem in checked.problems if problem.field in questionnaire.entry_codes]
    if wrong:
        raise Invalid(wrong)
    disposition, cell_id, _ = place_in_quota(checked.answers, Finish.FINISHED, point, questionnaire, ground)
    wanted = cell_id if disposition is Disposition.COMPLETE else None
    try:
        with door.db.writing() as connection:
            room = _ask(connection, knock, point.wave_id, wanted, last_word=False)
    except SlotsExpired:
        release_slots(door.db, knock.at)
        with door.db.writing() as connection:
            room = _ask(connection, knock, point.wave_id, wanted, last_word=True)
    return _WITHOUT_CELL.get(disposition, Room.UNKNOWN) if room is None else room


def _ask(connection: Connection, knock: Knock, wave_id: int, cell_id: int | None, *, last_word: bool) -> Room | None:
    """None without a cell; then nothing is held any more. Raises SlotsExpired but for the `last_word`."""
    wave = waves.wave_by_id(connection, wave_id)
    admission = accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, knock.at)
    if admission in {Admission.NOT_YET, Admission.OVER}:
        raise WaveNotTaking(admission)
    if admission is Admission.GRACE or responses.stored_response(connection, knock.submission_id) is not None:
        return Room.UNKNOWN
    if cell_id is None:
        held = holds.end_hold(connection, knock.submission_id)
        if held is not None:
            holds.move(connection, {held: -1})
        return None
    if knock.at >= knock.opened_at + HOLD_UNTIL:
        return Room.UNKNOWN
    taken = holds.take_hold(connection, knock.submission_id, cell_id, knock.at + HOLD)
    if taken is not Taken.HELD and not last_word and any_expired(connection, knock.at, {cell_id}):
        raise SlotsExpired
    return _TOLD[taken]
