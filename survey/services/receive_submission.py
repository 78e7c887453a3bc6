"""The submission door: every answer, from a browser or a tablet, becomes a response here, exactly once.

Check against the questionnaire version that was opened → disposition → quota cell → one transaction that inserts the
response and takes the quota slot → receipt. Nothing is acknowledged before the transaction is on disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from survey.db import Database
from survey.domain.disposition import Disposition, Finish, disposition_of
from survey.domain.fieldwork import Point
from survey.domain.paradata import Paradata
from survey.domain.problems import Invalid
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import cell_of
from survey.domain.routing import is_eligible
from survey.domain.submission import Outcome, Receipt, Submission, content_digest, receipt_code
from survey.domain.validation import check_answers
from survey.domain.wave import Admission, accepts
from survey.queries import grants, quotas, responses, waves
from survey.queries.paradata import insert_paradata
from survey.queries.responses import NewResponse
from survey.services.catalogue import Catalogue, Ground


class WaveNotTaking(Exception):
    """The wave takes no answers now; `admission` says whether it is too early or too late."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        super().__init__(admission)


@dataclass(frozen=True, slots=True)
class Door:
    """What the door needs: the database, the unchanging things, and the key that makes receipts."""

    db: Database
    catalogue: Catalogue
    secret: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission that was found right, and the response it becomes."""

    submission: Submission
    response: NewResponse


def receive_submission(door: Door, submission: Submission) -> Receipt:
    """Keep one submission and acknowledge it.

    Raises Invalid naming each item that is wrong, NotFound for an unknown point or questionnaire, WaveNotTaking, and
    Unavailable; after any of them nothing was kept.
    """
    checked = check_submission(door, submission)
    with door.db.writing() as connection:
        outcome, disposition = keep(connection, checked)
    return receipt_of(door, checked, outcome, disposition)


def check_submission(door: Door, submission: Submission) -> Checked:
    """The response to keep, if every answer is right. Raises Invalid, NotFound, Unavailable; asks no quota yet."""
    point = door.catalogue.point(submission.point_code)
    questionnaire = door.catalogue.questionnaire(submission.questionnaire_code, submission.questionnaire_version)
    ground = door.catalogue.ground(point.wave_id)
    return Checked(submission, _response(submission, point, questionnaire, ground))


def receipt_of(door: Door, checked: Checked, outcome: Outcome, disposition: Disposition) -> Receipt:
    """What the sender is told once the transaction is on disk."""
    return Receipt(
        submission_id=checked.response.id,
        code=receipt_code(door.secret, checked.response.id),
        outcome=outcome,
        disposition=disposition,
        content_digest=checked.response.content_digest,
    )


def _response(submission: Submission, point: Point, questionnaire: Questionnaire, ground: Ground) -> NewResponse:
    """The row to keep, if every answer is right. Raises Invalid."""
    given = {} if submission.finish is Finish.REFUSED else submission.answers
    checked = check_answers(questionnaire, given, ground.homes, finished=submission.finish is Finish.FINISHED)
    if checked.problems:
        raise Invalid(checked.problems)
    answers = checked.answers
    disposition = disposition_of(submission.finish, is_eligible(questionnaire, answers))
    area, district = _home(answers, point, questionnaire, ground)
    cell = cell_of(questionnaire, point.mode, district or "", answers)
    cell_id = None if cell is None else ground.cells.get(cell)
    if disposition is Disposition.COMPLETE and cell_id is None:
        if district not in ground.plan.districts:
            disposition = Disposition.INELIGIBLE  # a resident of the city, but not of this wave's districts
        elif cell is None:
            disposition = Disposition.PARTIAL  # a strata question was declined, so nobody knows whom it stands for
        else:
            disposition = Disposition.OVER_QUOTA  # nobody of this kind is wanted: the same as a cell of zero
    return NewResponse(
        id=submission.id,
        wave_id=point.wave_id,
        point_code=point.code,
        mode=point.mode,
        questionnaire_code=questionnaire.code,
        questionnaire_version=questionnaire.version,
        disposition=disposition,
        cell_id=cell_id,
        area_code=area,
        language=submission.language,
        answers=answers,
        content_digest=content_digest(answers, submission.finish, *_noted(submission.paradata)),
        opened_at=submission.opened_at,
        received_at=submission.received_at,
    )


def _noted(paradata: Paradata | None) -> tuple[object, ...]:
    """What a volunteer noted of an approach, as part of its content."""
    return () if paradata is None else (paradata.reason, dict(paradata.observed))


def _home(
    answers: Mapping[str, object], point: Point, questionnaire: Questionnaire, ground: Ground
) -> tuple[str | None, str | None]:
    """(area, district) where the person lives; where the questionnaire does not ask, those of the point."""
    if questionnaire.area_item is None:
        return point.area_code, point.district_code
    area = answers.get(questionnaire.area_item.code)
    return (area, ground.homes.get(area)) if isinstance(area, str) else (None, None)


def keep(connection: Connection, checked: Checked) -> tuple[Outcome, Disposition]:
    """Insert the response and take its quota slot, within the caller's transaction. Raises WaveNotTaking."""
    response, paradata = checked.response, checked.submission.paradata
    wave = waves.wave_by_id(connection, response.wave_id)
    admission = accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, response.received_at)
    if admission is Admission.GRACE and response.opened_at > wave.closes_at:
        # The grace is for forms that were opened in time. So nothing is asked after the form's approval ran out,
        # either: no wave may close after it.
        admission = Admission.OVER
    if admission is Admission.OVER and paradata is not None:
        # A volunteer's record is all there is of somebody's time: it is kept, outside the quotas and the estimates.
        response = replace(response, disposition=_after_the_end(response.disposition))
    elif admission not in {Admission.OPEN, Admission.GRACE}:
        return _known(connection, response, admission)
    late = admission is not Admission.OPEN
    asked_now = (wave.questionnaire_code, wave.questionnaire_version)
    superseded = (response.questionnaire_code, response.questionnaire_version) != asked_now
    if not responses.insert_response(connection, response, late=late, superseded=superseded):
        return _known(connection, response, admission)
    disposition, granted = _counted(connection, response, paradata)
    if paradata is not None:
        insert_paradata(connection, response.id, paradata, granted=granted)
    return Outcome.STORED, disposition


def _after_the_end(disposition: Disposition) -> Disposition:
    return Disposition.TOO_LATE if disposition is Disposition.COMPLETE else disposition


def _known(connection: Connection, response: NewResponse, admission: Admission) -> tuple[Outcome, Disposition]:
    """What was stored under this id before: a repeat is told the same again, even after the wave has closed."""
    known = responses.stored_response(connection, response.id)
    if known is None:
        raise WaveNotTaking(admission)
    digest, disposition = known
    if digest == response.content_digest:
        return Outcome.REPEATED, disposition
    responses.insert_conflict_copy(connection, response)
    return Outcome.CONFLICT, Disposition.DUPLICATE


def _counted(connection: Connection, response: NewResponse, paradata: Paradata | None) -> tuple[Disposition, bool]:
    """Take the slot of a complete response: one that its assignment was granted, else a free one; with none left it
    stays, as over quota. Returns the disposition, and whether the slot was a granted one."""
    if response.disposition is not Disposition.COMPLETE:
        return response.disposition, False
    cell_id = response.cell_id
    assert cell_id is not None
    if paradata is not None and grants.use_slot(connection, paradata.assignment_id, cell_id):
        return Disposition.COMPLETE, True
    if quotas.take_slot(connection, cell_id):
        return Disposition.COMPLETE, False
    if grants.release_expired(connection, response.received_at, cell_id) and quotas.take_slot(connection, cell_id):
        return Disposition.COMPLETE, False
    responses.mark_over_quota(connection, response.id)
    return Disposition.OVER_QUOTA, False
