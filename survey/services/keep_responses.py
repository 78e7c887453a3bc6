"""Inserting checked submissions and taking their quota slots, inside the transaction of whoever received them.

One or many go the same way: all rows in one statement, then the slots by ascending quota cell (see queries/grants.py),
in a cell in the order of arrival, then the paradata. Both databases decide in the statement itself what is new and
where there is room, so no check can go stale.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Wave
from survey.domain.paradata import Paradata
from survey.domain.submission import Outcome
from survey.domain.wave import Admission, accepts
from survey.queries import grants, quotas, responses, waves
from survey.queries.paradata import insert_paradata
from survey.queries.responses import NewResponse


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission that was found right: the response it becomes, and what a tablet says beside it."""

    response: NewResponse
    paradata: Paradata | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one: how it was kept, or (outcome None) why the wave does not take it."""

    outcome: Outcome | None
    disposition: Disposition
    admission: Admission


def keep_responses(connection: Connection, checked: Sequence[Checked]) -> list[Kept]:
    """Keep them, in the order given. A record that the wave does not take leaves no trace; the others stay."""
    waves_known: dict[int, Wave] = {}
    admitted: list[tuple[int, Checked, Admission]] = []
    kept: dict[int, Kept] = {}
    for place, each in enumerate(checked):
        wave_id = each.response.wave_id
        if wave_id not in waves_known:
            waves_known[wave_id] = waves.wave_by_id(connection, wave_id)
        entering, admission = _enter(each, waves_known[wave_id])
        if entering is None:
            kept[place] = _known(connection, each.response, admission)
        else:
            admitted.append((place, entering, admission))
    new = responses.insert_responses(connection, [each.response for _, each, _ in admitted])
    fresh = []
    for place, each, admission in admitted:
        if each.response.id in new:
            new.remove(each.response.id)  # the same id further on in the batch is a repeat
            fresh.append((place, each, admission))
        else:
            kept[place] = _known(connection, each.response, admission)
    granted, over_quota = _count(connection, [each for _, each, _ in fresh])
    insert_paradata(
        connection,
        [(each.response.id, each.paradata, each.response.id in granted) for _, each, _ in fresh if each.paradata],
    )
    for place, each, admission in fresh:
        full = each.response.id in over_quota
        disposition = Disposition.OVER_QUOTA if full else each.response.disposition
        kept[place] = Kept(Outcome.STORED, disposition, admission)
    return [kept[place] for place in range(len(checked))]


def _enter(checked: Checked, wave: Wave) -> tuple[Checked | None, Admission]:
    """The response as it is to be inserted, with its flags; None where the wave takes nothing."""
    response = checked.response
    admission = accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, response.received_at)
    if admission is Admission.GRACE and response.opened_at > wave.closes_at:
        # The grace is for forms that were opened in time. So nothing is asked after the form's approval ran out,
        # either: no wave may close after it.
        admission = Admission.OVER
    disposition = response.disposition
    if admission is Admission.OVER and checked.paradata is not None:
        # A volunteer's record is all there is of somebody's time: it is kept, outside the quotas and the estimates.
        disposition = Disposition.TOO_LATE if disposition is Disposition.COMPLETE else disposition
    elif admission not in {Admission.OPEN, Admission.GRACE}:
        return None, admission
    asked_now = (wave.questionnaire_code, wave.questionnaire_version)
    entering = replace(
        response,
        disposition=disposition,
        late=admission is not Admission.OPEN,
        superseded=(response.questionnaire_code, response.questionnaire_version) != asked_now,
    )
    return replace(checked, response=entering), admission


def _known(connection: Connection, response: NewResponse, admission: Admission) -> Kept:
    """What was stored under this id before: a repeat is told the same again, even after the wave has closed."""
    known = responses.stored_response(connection, response.id)
    if known is None:
        return Kept(None, response.disposition, admission)
    digest, disposition = known
    if digest == response.content_digest:
        return Kept(Outcome.REPEATED, disposition, admission)
    responses.insert_conflict_copy(connection, response)
    return Kept(Outcome.CONFLICT, Disposition.DUPLICATE, admission)


def _count(connection: Connection, fresh: Iterable[Checked]) -> tuple[set[UUID], set[UUID]]:
    """Take the slots of complete responses: those that their assignment was granted, else free ones; with none left
    they stay, as over quota. Returns the ids in granted slots and those over quota."""
    by_cell: dict[int, list[Checked]] = {}
    for each in fresh:
        if each.response.disposition is Disposition.COMPLETE:
            assert each.response.cell_id is not None
            by_cell.setdefault(each.response.cell_id, []).append(each)
    granted: set[UUID] = set()
    over_quota: set[UUID] = set()
    for cell_id in sorted(by_cell):
        waiting = []
        for assignment_id, own in _by_assignment(by_cell[cell_id]).items():
            used = 0 if assignment_id is None else grants.use_slots(connection, assignment_id, cell_id, len(own))
            granted |= {each.response.id for each in own[:used]}
            waiting += own[used:]
        for each in waiting:
            if not _take_free(connection, cell_id, each.response.received_at):
                over_quota.add(each.response.id)
    if over_quota:
        responses.mark_over_quota(connection, over_quota)
    return granted, over_quota


def _by_assignment(checked: Iterable[Checked]) -> dict[UUID | None, list[Checked]]:
    by_assignment: dict[UUID | None, list[Checked]] = {}
    for each in checked:
        assignment_id = None if each.paradata is None else each.paradata.assignment_id
        by_assignment.setdefault(assignment_id, []).append(each)
    return by_assignment


def _take_free(connection: Connection, cell_id: int, now: datetime) -> bool:
    return quotas.take_slot(connection, cell_id) or (
        grants.release_expired(connection, now, cell_id) > 0 and quotas.take_slot(connection, cell_id)
    )
