"""SQL about responses: keep one, find one, count them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Insert, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import SQLModel, col

from survey.domain.disposition import Disposition
from survey.domain.submission import Channel
from survey.tables.response import ConflictCopy, ResponseRow

# Asked by many visits, so built once; it reads the index by point and moment, and no further than it has to.
_FORMS_SINCE = select(func.count()).select_from(
    select(col(ResponseRow.id))
    .where(
        col(ResponseRow.point_code) == bindparam("point_code"),
        col(ResponseRow.received_at) > bindparam("since"),
        col(ResponseRow.channel) == Channel.WEB.value,
    )
    .limit(bindparam("most"))
    .subquery()
)

# Other contents that are kept under one id. A mistaken sender makes one or two; more are somebody filling the disk.
MOST_COPIES = 5
_COPY = {"response_id": "id"} | {name: name for name in ("language", "answers", "content_digest", "received_at")}


@dataclass(frozen=True, slots=True)
class NewResponse:
    """A row of `response`, before the quota is asked."""

    id: UUID
    wave_id: int
    point_code: str
    mode: str
    questionnaire_code: str
    questionnaire_version: int
    disposition: Disposition
    cell_id: int | None
    area_code: str | None
    language: str
    answers: Mapping[str, Any]
    content_digest: str
    opened_at: datetime
    received_at: datetime
    channel: str
    earlier_forms: int | None = None
    proof: str | None = None
    change_digest: str | None = None
    late: bool = False
    superseded: bool = False


def insert_responses(connection: Connection, new: Sequence[NewResponse]) -> set[UUID]:
    """Keep the responses. Returns the ids that were new; of those already taken nothing changed."""
    if not new:
        return set()
    # By id, so that no two transactions with the same responses wait for each other; of one id the first comes first.
    ordered = sorted(new, key=lambda response: response.id)
    rows = [{name: getattr(response, name) for name in NewResponse.__slots__} for response in ordered]
    if len(rows) == 1:  # as most come: that it was new, its count tells with less ado
        inserted = connection.execute(_insert_new(connection.dialect.name, ResponseRow, "id"), rows[0]).rowcount
        return {new[0].id} if inserted else set()
    return set(connection.execute(_insert_responses(connection.dialect.name), rows).scalars())


@cache
def _insert_responses(dialect: str) -> ReturningInsert[UUID]:
    return _insert_new(dialect, ResponseRow, "id").returning(col(ResponseRow.id))


@cache  # building a statement costs more than running it
def _insert_new(dialect: str, table: type[SQLModel], *key: str) -> Insert:
    """An insert that does nothing where the key is taken. It waits for a simultaneous insert of the same key to end."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement: Insert = insert(table).on_conflict_do_nothing(index_elements=key)
    # Of an insert, SQLAlchemy forgets how many rows there were unless it is told not to.
    return statement.execution_options(preserve_rowcount=True)


def mark_over_quota(connection: Connection, response_ids: Iterable[UUID]) -> None:
    """Within the transaction that inserted them: their cells were full."""
    connection.execute(
        update(ResponseRow)
        .where(col(ResponseRow.id).in_(list(response_ids)))
        .values(disposition=Disposition.OVER_QUOTA.value)
    )


def stored_response(connection: Connection, response_id: UUID) -> tuple[str, Disposition] | None:
    """(content digest, disposition) of the response of this id."""
    row = connection.execute(
        select(col(ResponseRow.content_digest), col(ResponseRow.disposition)).where(col(ResponseRow.id) == response_id)
    ).one_or_none()
    return None if row is None else (row[0], Disposition(row[1]))


def insert_conflict_copy(connection: Connection, response: NewResponse) -> None:
    """Keep other content that came under a known id, once per content and no more than MOST_COPIES of an id. (Where
    several come in one moment, PostgreSQL may keep those of that moment beyond it.)"""
    row = {f"new_{name}": getattr(response, known) for name, known in _COPY.items()}
    connection.execute(_insert_copy(connection.dialect.name), row)


@cache
def _insert_copy(dialect: str) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    columns = SQLModel.metadata.tables["conflict_copy"].columns
    values = {name: bindparam(f"new_{name}", type_=columns[name].type) for name in _COPY}
    kept = select(func.count()).where(columns["response_id"] == values["response_id"]).scalar_subquery()
    rows = select(*values.values()).where(kept < MOST_COPIES)
    statement = insert(ConflictCopy).from_select(list(values), rows)
    return statement.on_conflict_do_nothing(index_elements=["response_id", "content_digest"])


def count_by_disposition(connection: Connection, wave_id: int) -> dict[tuple[str, Disposition], int]:
    """Responses of a wave by (mode, disposition); duplicates are conflict copies of the wave's responses."""
    rows = connection.execute(
        select(col(ResponseRow.mode), col(ResponseRow.disposition), func.count())
        .where(col(ResponseRow.wave_id) == wave_id)
        .group_by(col(ResponseRow.mode), col(ResponseRow.disposition))
    ).all()
    counts = {(mode, Disposition(disposition)): count for mode, disposition, count in rows}
    copies = connection.execute(
        select(col(ResponseRow.mode), func.count())
        .join(ConflictCopy, col(ConflictCopy.response_id) == col(ResponseRow.id))
        .where(col(ResponseRow.wave_id) == wave_id)
        .group_by(col(ResponseRow.mode))
    ).all()
    return counts | {(mode, Disposition.DUPLICATE): count for mode, count in copies}


def count_complete(connection: Connection, wave_id: int) -> int:
    """How many complete responses a wave has."""
    return (
        connection.scalar(
            select(func.count())
            .select_from(ResponseRow)
            .where(col(ResponseRow.wave_id) == wave_id, col(ResponseRow.disposition) == Disposition.COMPLETE.value)
        )
        or 0
    )


def count_forms_since(connection: Connection, point_code: str, since: datetime, most: int) -> int:
    """Forms from people's own browsers at a point since then, at most `most`."""
    return connection.scalar(_FORMS_SINCE, {"point_code": point_code, "since": since, "most": most}) or 0


def last_arrival(connection: Connection, wave_id: int) -> datetime | None:
    """When the last response of a wave arrived."""
    return connection.scalar(select(func.max(col(ResponseRow.received_at))).where(col(ResponseRow.wave_id) == wave_id))


def questionnaires_answered(connection: Connection, wave_id: int) -> list[tuple[str, int]]:
    """(code, version) of every questionnaire that responses of a wave were given to."""
    rows = connection.execute(
        select(col(ResponseRow.questionnaire_code), col(ResponseRow.questionnaire_version))
        .where(col(ResponseRow.wave_id) == wave_id)
        .distinct()
    ).all()
    return [(code, version) for code, version in rows]
