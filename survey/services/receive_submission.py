"""The submission door: every answer, from a browser or a tablet, becomes a response here, exactly once.

Check against the questionnaire version that was opened → disposition → quota cell → one transaction that inserts the
response and takes the quota slot → receipt. Nothing is acknowledged before the transaction is on disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from survey.db import Database
from survey.domain.disposition import Disposition, Finish, disposition_of
from survey.domain.fieldwork import Point
from survey.domain.minors import is_unasked_child
from survey.domain.paradata import Paradata
from survey.domain.problems import Invalid
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import cell_of
from survey.domain.routing import is_eligible
from survey.domain.submission import Outcome, Receipt, Submission, content_digest, receipt_code
from survey.domain.validation import check_answers
from survey.domain.wave import Admission, Mode
from survey.queries.responses import NewResponse, stored_response
from survey.services.catalogue import Catalogue, Ground
from survey.services.keep_responses import Checked, keep_in_a_transaction


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


def receive_submission(door: Door, submission: Submission) -> Receipt:
    """Keep one submission and acknowledge it.

    Raises Invalid naming each item that is wrong, NotFound for an unknown point or questionnaire, WaveNotTaking, and
    Unavailable; after any of them nothing was kept.
    """
    checked = check_submission(door, submission)
    (kept,) = keep_in_a_transaction(door.db, [checked], submission.received_at)
    if kept.outcome is None:
        raise WaveNotTaking(kept.admission)
    return receipt_of(door, checked, kept.outcome, kept.disposition)


def is_stored(db: Database, submission_id: UUID) -> bool:
    """Whether something was stored under this id. Raises Unavailable."""
    with db.asking() as connection:
        return stored_response(connection, submission_id) is not None


def check_submission(door: Door, submission: Submission) -> Checked:
    """The response to keep, if every answer is right. Raises Invalid, NotFound, Unavailable; asks no quota yet."""
    point = door.catalogue.point(submission.point_code)
    questionnaire = door.catalogue.questionnaire(submission.questionnaire_code, submission.questionnaire_version)
    ground = door.catalogue.ground(point.wave_id)
    return Checked(_response(submission, point, questionnaire, ground), submission.paradata)


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
    if is_unasked_child(questionnaire, submission.answers, guardian=submission.guardian):
        submission = replace(submission, finish=Finish.NOT_ELIGIBLE, answers={})
    given = {} if submission.finish is Finish.REFUSED else submission.answers
    checked = check_answers(questionnaire, given, ground.homes, finished=submission.finish is Finish.FINISHED)
    if checked.problems:
        raise Invalid(checked.problems)
    answers = checked.answers
    disposition, cell_id, area = place_in_quota(answers, submission.finish, point, questionnaire, ground)
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
        channel=submission.channel,
        earlier_forms=submission.earlier_forms,
        proof=submission.proof,
        change_digest=submission.change_digest,
    )


def place_in_quota(
    answers: Mapping[str, object], finish: Finish, point: Point, questionnaire: Questionnaire, ground: Ground
) -> tuple[Disposition, int | None, str | None]:
    """(disposition, cell, area) of checked answers, before a slot is asked for; complete with a cell, or a letter."""
    disposition = disposition_of(finish, is_eligible(questionnaire, answers))
    area, district = _home(answers, point, questionnaire, ground)
    cell = cell_of(questionnaire, point.mode, district or "", answers)
    cell_id = None if cell is None else ground.cells.get(cell)
    if disposition is Disposition.COMPLETE and cell_id is None:
        if district not in ground.plan.districts:
            disposition = Disposition.INELIGIBLE  # a resident of the city, but not of this wave's districts
        elif cell is None:
            disposition = Disposition.PARTIAL  # a strata question was declined, so nobody knows whom it stands for
        elif point.mode != Mode.SAMPLED:  # letters have no cells
            disposition = Disposition.OVER_QUOTA  # nobody of this kind is wanted: the same as a cell of zero
    return disposition, cell_id, area


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
