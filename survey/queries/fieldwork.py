"""SQL about the fieldwork of a wave as a supervisor watches it: each question is one pass over the wave's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.domain.call_back import Finding
from survey.domain.disposition import Disposition
from survey.tables.assignment import AssignmentRow, GrantRow
from survey.tables.paradata import CallBackRow, ParadataRow
from survey.tables.response import ResponseRow

_OF_WHOM = (
    col(ResponseRow.mode),
    col(ResponseRow.point_code),
    col(ParadataRow.assignment_id),
    col(ParadataRow.turn_id),
    col(ParadataRow.account_id),
)
_WITH_PARADATA = col(ParadataRow.response_id) == col(ResponseRow.id)


@dataclass(frozen=True, slots=True)
class Group:
    """Whose approaches they are. Without a tablet, as from a poster, the last three are None."""

    mode: str
    point_code: str
    assignment_id: UUID | None
    turn_id: UUID | None
    account_id: int | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many approaches of a group ended in one way, and when the first and the last of them began."""

    group: Group
    disposition: Disposition
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PartialInterview:
    """A partial interview: whose it is, and what was answered to which questionnaire."""

    group: Group
    questionnaire: tuple[str, int]
    answers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interview:
    """A complete interview on a tablet."""

    response_id: UUID
    mode: str
    point_code: str
    account_id: int
    started_at: datetime
    elapsed_ms: int
    handed_over: bool


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody found when asking about an interview."""

    finding: Finding
    account_id: int
    at: datetime


def outcomes(connection: Connection, wave_id: int) -> list[Outcomes]:
    """How the approaches of a wave ended, by whose they are."""
    rows: Sequence[Any] = connection.execute(
        select(
            *_OF_WHOM,
            col(ResponseRow.disposition),
            func.count(),
            func.min(col(ResponseRow.opened_at)),
            func.max(col(ResponseRow.opened_at)),
        )
        .outerjoin(ParadataRow, _WITH_PARADATA)
        .where(col(ResponseRow.wave_id) == wave_id)
        .group_by(*_OF_WHOM, col(ResponseRow.disposition))
    ).all()
    return [
        Outcomes(Group(*whose), Disposition(disposition), count, first, last)
        for *whose, disposition, count, first, last in rows
    ]


def partial_interviews(connection: Connection, wave_id: int) -> list[PartialInterview]:
    """The partial interviews of a wave, with their answers."""
    rows: Sequence[Any] = connection.execute(
        select(
            *_OF_WHOM,
            col(ResponseRow.questionnaire_code),
            col(ResponseRow.questionnaire_version),
            col(ResponseRow.answers),
        )
        .outerjoin(ParadataRow, _WITH_PARADATA)
        .where(col(ResponseRow.wave_id) == wave_id, col(ResponseRow.disposition) == Disposition.PARTIAL.value)
    ).all()
    return [PartialInterview(Group(*whose), (code, version), answers) for *whose, code, version, answers in rows]


def interviews(connection: Connection, wave_id: int) -> list[Interview]:
    """The complete interviews that volunteers made on tablets, in the order in which they began."""
    of_paradata = [col(getattr(ParadataRow, name)) for name in Interview.__slots__[3:]]
    rows: Sequence[Any] = connection.execute(
        select(col(ResponseRow.id), col(ResponseRow.mode), col(ResponseRow.point_code), *of_paradata)
        .join(ParadataRow, _WITH_PARADATA)
        .where(col(ResponseRow.wave_id) == wave_id, col(ResponseRow.disposition) == Disposition.COMPLETE.value)
        .order_by(col(ParadataRow.started_at), col(ResponseRow.id))
    ).all()
    return [Interview(*row) for row in rows]


def is_interview(connection: Connection, wave_id: int, response_id: UUID) -> bool:
    """Whether this is a complete interview of the wave that was made on a tablet."""
    found = connection.execute(
        select(col(ResponseRow.id))
        .join(ParadataRow, _WITH_PARADATA)
        .where(
            col(ResponseRow.id) == response_id,
            col(ResponseRow.wave_id) == wave_id,
            col(ResponseRow.disposition) == Disposition.COMPLETE.value,
        )
    )
    return found.first() is not None


def held_slots(connection: Connection, wave_id: int) -> dict[UUID, int]:
    """Assignment -> slots that it still holds."""
    held = func.sum(col(GrantRow.slots) - col(GrantRow.used) - col(GrantRow.returned))
    rows = connection.execute(
        select(col(GrantRow.assignment_id), held)
        .join(AssignmentRow, col(AssignmentRow.id) == col(GrantRow.assignment_id))
        .where(col(AssignmentRow.wave_id) == wave_id)
        .group_by(col(GrantRow.assignment_id))
    ).all()
    return {assignment_id: int(count) for assignment_id, count in rows}


def notes_of_wave(connection: Connection, wave_id: int) -> dict[UUID, Note]:
    """What was found about which interview of a wave."""
    rows = connection.execute(
        select(col(CallBackRow.response_id), col(CallBackRow.finding), col(CallBackRow.account_id), col(CallBackRow.at))
        .join(ResponseRow, col(ResponseRow.id) == col(CallBackRow.response_id))
        .where(col(ResponseRow.wave_id) == wave_id)
    ).all()
    return {response_id: Note(Finding(finding), account_id, at) for response_id, finding, account_id, at in rows}


def keep_note(connection: Connection, response_id: UUID, note: Note) -> None:
    """Write down what was found; a later finding takes the place of an earlier one."""
    values = {"finding": note.finding.value, "account_id": note.account_id, "at": note.at}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(CallBackRow).values(response_id=response_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["response_id"], set_=values))
