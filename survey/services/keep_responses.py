"""Inserting checked submissions and taking their quota slots, inside the transaction of whoever received them.

One or many go the same way: all rows in one statement by their id, then the held and granted slots, then the cells (see
queries/holds.py for the order), then the paradata. Both databases decide in the statement itself what is new and where
there is room, so no check can go stale.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Wave
from survey.domain.letters import day_of
from survey.domain.paradata import Paradata
from survey.domain.problems import Problem
from survey.domain.submission import Channel, Outcome
from survey.domain.wave import Admission, Mode, accepts
from survey.queries import grants, holds, quotas, responses, waves
from survey.queries.paradata import insert_paradata
from survey.queries.responses import NewResponse
from survey.services.release_slots import any_expired, release_slots


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission that was found right: the response it becomes, and what a tablet says beside it."""

    response: NewResponse
    paradata: Paradata | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one: how it was kept, or (outcome None) why not."""

    outcome: Outcome | None
    disposition: Disposition
    admission: Admission
    problem: Problem | None = None


class SlotsExpired(Exception):
    """Somebody would find a cell full of which slots are expired. Release them, then try again."""


def keep_in_a_transaction(
    db: Database,
    checked: Sequence[Checked],
    now: datetime,
    first: Callable[[Connection], None] = lambda _: None,
) -> list[Kept]:
    """Keep them, in the order given; when this returns they are on disk. `first` may refuse by raising.

    Raises Unavailable; then nothing was kept.
    """
    try:
        with db.writing() as connection:
            first(connection)
            return keep_responses(connection, checked, now)
    except SlotsExpired:
        release_slots(db, now)
        with db.writing() as connection:
            first(connection)
            return keep_responses(connection, checked, None)


def keep_responses(connection: Connection, checked: Sequence[Checked], now: datetime | None) -> list[Kept]:
    """Keep them, in the order given. A record that the wave does not take leaves no trace; the others stay.

    With `now`, raises SlotsExpired rather than keep one as over quota that a released slot would take.
    """
    waves_known: dict[int, Wave] = {}
    admitted: list[tuple[int, Checked, Admission]] = []
    kept: dict[int, Kept] = {}
    for place, each in enumerate(checked):
        wave_id = each.response.wave_id
        if wave_id not in waves_known:
            waves_known[wave_id] = waves.wave_by_id(connection, wave_id)
        entering, admission = _enter(each, waves_known[wave_id])
        if each.paradata is not None and not _of_the_wave(each.response, waves_known[wave_id]):
            problem = Problem("questionnaire_unknown", "questionnaire")
            kept[place] = Kept(None, each.response.disposition, admission, problem)
        elif entering is None:
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
    granted, over_quota = _count(connection, [each for _, each, _ in fresh], now)
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
        # A volunteer's record is all there is of somebody's time: it is kept, outside quotas, estimates and rates.
        # Refusals alike: with them alone among the outcomes, the response rates of the wave would fall.
        disposition = Disposition.TOO_LATE
    elif admission not in {Admission.OPEN, Admission.GRACE}:
        return None, admission
    asked_now = (wave.questionnaire_code, wave.questionnaire_version)
    entering = replace(
        _without_the_hour(response),
        disposition=disposition,
        late=admission is not Admission.OPEN,
        superseded=(response.questionnaire_code, response.questionnaire_version) != asked_now,
    )
    return replace(checked, response=entering), admission


def _without_the_hour(response: NewResponse) -> NewResponse:
    """Of an answer to a letter only the day is kept, and how many seconds it took: a fraction of one would be known to
    whoever watched it arrive."""
    if response.mode != Mode.SAMPLED:
        return response
    day = day_of(response.received_at)
    took = timedelta(seconds=round((response.received_at - response.opened_at).total_seconds()))
    return replace(response, received_at=day, opened_at=day - took)


def _of_the_wave(response: NewResponse, wave: Wave) -> bool:
    """Whether a tablet was ever given this questionnaire: the wave's, or an earlier version of it."""
    return (
        response.questionnaire_code == wave.questionnaire_code
        and response.questionnaire_version <= wave.questionnaire_version
    )


def _known(connection: Connection, response: NewResponse, admission: Admission) -> Kept:
    """What was stored under this id before: a repeat is told the same again, even after the wave has closed."""
    known = responses.stored_response(connection, response.id)
    if known is None:
        return Kept(None, response.disposition, admission)
    digest, disposition = known
    if digest == response.content_digest:
        return Kept(Outcome.REPEATED, disposition, admission)
    keep_conflict_copy(connection, response)
    return Kept(Outcome.CONFLICT, Disposition.DUPLICATE, admission)


def keep_conflict_copy(connection: Connection, response: NewResponse) -> None:
    """Keep other content that came under a known id, once per content."""
    responses.insert_conflict_copy(connection, _without_the_hour(response))


def _count(connection: Connection, fresh: Sequence[Checked], now: datetime | None) -> tuple[set[UUID], set[UUID]]:
    """Take the slots of complete responses: those held for them or granted to their assignment, else free ones; with
    none left they stay, as over quota. Returns the ids in granted slots and those over quota."""
    moves: defaultdict[int, _Move] = defaultdict(_Move)
    waiting = _end_holds(connection, fresh, moves)
    granted: set[UUID] = set()
    for (cell_id, assignment_id), ids in sorted(_by_grant(waiting).items(), key=_order):
        taken = 0 if assignment_id is None else grants.use_slots(connection, assignment_id, cell_id, len(ids))
        granted.update(ids[:taken])
        moves[cell_id].used += taken
        moves[cell_id].waiting.extend(ids[taken:])
    over_quota: set[UUID] = set()
    for cell_id, move in sorted(moves.items()):
        if move.used:
            grants.count_used(connection, cell_id, move.used)
        if move.given_back:
            holds.move(connection, {cell_id: -move.given_back})
        over_quota.update(each for each in move.waiting if not quotas.take_slot(connection, cell_id))
    if over_quota:
        full = {cell_id for cell_id, move in moves.items() if not over_quota.isdisjoint(move.waiting)}
        if now is not None and any_expired(connection, now, full):
            raise SlotsExpired
        responses.mark_over_quota(connection, over_quota)
    return granted, over_quota


@dataclass(slots=True)
class _Move:
    """What changes in one cell: promised slots that become completed or go back, and ids that want a free one."""

    used: int = 0
    given_back: int = 0
    waiting: list[UUID] = field(default_factory=list)


def _end_holds(connection: Connection, fresh: Iterable[Checked], moves: Mapping[int, _Move]) -> list[Checked]:
    """End the holds of people whose form has come, however it was left. Returns the complete ones still in want of a
    slot: who had one keeps it, also a little late, as long as nobody else needed it."""
    wanting = []
    for each in fresh:
        response = each.response
        held = holds.end_hold(connection, response.id) if response.channel == Channel.WEB else None
        complete = response.disposition is Disposition.COMPLETE
        if held is not None and complete and held == response.cell_id:
            moves[held].used += 1
            continue
        if held is not None:
            moves[held].given_back += 1
        if complete and response.cell_id is not None:  # letters have no cells
            wanting.append(each)
    return wanting


_Grant = tuple[int, UUID | None]


def _by_grant(complete: Iterable[Checked]) -> dict[_Grant, list[UUID]]:
    """(cell, assignment or None) -> the responses, in their order."""
    by_grant: dict[_Grant, list[UUID]] = {}
    for each in complete:
        assert each.response.cell_id is not None
        assignment_id = None if each.paradata is None else each.paradata.assignment_id
        by_grant.setdefault((each.response.cell_id, assignment_id), []).append(each.response.id)
    return by_grant


def _order(entry: tuple[_Grant, list[UUID]]) -> tuple[int, str]:
    (cell_id, assignment_id), _ = entry
    return cell_id, "" if assignment_id is None else assignment_id.hex
