"""SQL about assignments and the quota slots granted to them.

A transaction that moves slots first locks every grant's row that it needs, by cell and assignment, and only then the
cells, by their id. All go the same way, so that none waits for another in a circle. Rows of expired grants are released
in transactions of their own (services/release_slots.py). Cells are locked so that who names one in a new row (a
response, a hold) does not wait: their keys never change.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.domain.fieldwork import Assignment, SlotGrant, Turn
from survey.tables.assignment import AssignmentRow, GrantRow, TurnRow
from survey.tables.quota import QuotaCellRow, QuotaEvent

_ASSIGNMENT = tuple(col(getattr(AssignmentRow, name)) for name in Assignment.__slots__)
_GRANT = tuple(col(getattr(GrantRow, name)) for name in SlotGrant.__slots__)
_OPEN = col(GrantRow.slots) - col(GrantRow.used) - col(GrantRow.returned)
_THIS = (col(GrantRow.assignment_id) == bindparam("assignment"), col(GrantRow.cell_id) == bindparam("cell"))

# Asked by every interview under a grant: built once, for building a statement costs more than running it.
_USE = (
    update(GrantRow).where(*_THIS, bindparam("wanted") <= _OPEN).values(used=col(GrantRow.used) + bindparam("wanted"))
)
_LEFT = select(_OPEN).where(*_THIS)
_COUNT_USED = (
    update(QuotaCellRow)
    .where(col(QuotaCellRow.id) == bindparam("cell"))
    .values(
        completed=col(QuotaCellRow.completed) + bindparam("wanted"),
        granted=col(QuotaCellRow.granted) - bindparam("wanted"),
    )
)


def insert_assignment(connection: Connection, assignment: Assignment) -> bool:
    """Keep an assignment. False where its id is taken; then nothing changed."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(AssignmentRow).on_conflict_do_nothing().returning(col(AssignmentRow.id))
    values = {name: getattr(assignment, name) for name in Assignment.__slots__}
    return connection.execute(statement, values).first() is not None


def assignment_by_id(connection: Connection, assignment_id: UUID, *, lock: bool = False) -> Assignment | None:
    """The assignment of this id; locked, nobody else changes it until this transaction ends."""
    statement = select(*_ASSIGNMENT).where(col(AssignmentRow.id) == assignment_id)
    row = connection.execute(statement.with_for_update(key_share=True) if lock else statement).one_or_none()
    return None if row is None else Assignment(*row)


def assignments_of_wave(connection: Connection, wave_id: int) -> list[Assignment]:
    """Every assignment of a wave, the latest first."""
    rows = connection.execute(
        select(*_ASSIGNMENT).where(col(AssignmentRow.wave_id) == wave_id).order_by(col(AssignmentRow.taken_at).desc())
    ).all()
    return [Assignment(*row) for row in rows]


def note_renewal(connection: Connection, assignment_id: UUID, number: int) -> None:
    """The assignment has asked for more slots this often."""
    connection.execute(update(AssignmentRow).where(col(AssignmentRow.id) == assignment_id).values(renewals=number))


def end_assignment(connection: Connection, assignment_id: UUID, at: datetime) -> None:
    """The shift is over; the first end counts."""
    connection.execute(
        update(AssignmentRow)
        .where(col(AssignmentRow.id) == assignment_id, col(AssignmentRow.ended_at).is_(None))
        .values(ended_at=at)
    )


def slots_of(connection: Connection, assignment_id: UUID) -> list[SlotGrant]:
    """The grant of an assignment, by cell."""
    rows = connection.execute(
        select(*_GRANT).where(col(GrantRow.assignment_id) == assignment_id).order_by(col(GrantRow.cell_id))
    ).all()
    return [SlotGrant(*row) for row in rows]


def lock_grant(connection: Connection, assignment_id: UUID) -> list[SlotGrant]:
    """The grant of an assignment, by cell; nobody else changes it until this transaction ends."""
    return [held for _, held in _locked(connection, col(GrantRow.assignment_id) == assignment_id)]


def lock_free(connection: Connection, cell_ids: Iterable[int]) -> dict[int, int]:
    """Cell id -> slots that are free; nobody else changes these cells until this transaction ends."""
    rows = connection.execute(
        select(col(QuotaCellRow.id), col(QuotaCellRow.target) - col(QuotaCellRow.completed) - col(QuotaCellRow.granted))
        .where(col(QuotaCellRow.id).in_(list(cell_ids)))
        .order_by(col(QuotaCellRow.id))
        .with_for_update(key_share=True)
    ).all()
    return {cell_id or 0: free for cell_id, free in rows}


def grant(connection: Connection, assignment_id: UUID, amounts: Mapping[int, int], at: datetime) -> None:
    """Add slots to an assignment's grant. Its rows are locked by `lock_grant`, then the cells by `lock_free`, which
    said how many there are."""
    for cell_id, amount in sorted(amounts.items()):
        this = {"assignment": assignment_id, "cell": cell_id}
        known = update(GrantRow).where(*_THIS).values(slots=col(GrantRow.slots) + amount)
        if connection.execute(known, this).rowcount == 0:
            row = {"assignment_id": assignment_id, "cell_id": cell_id, "slots": amount, "used": 0, "returned": 0}
            connection.execute(insert(GrantRow), row)
        _move(connection, cell_id, amount)
        _log(connection, cell_id, "granted", amount, at, assignment_id)


def use_slots(connection: Connection, assignment_id: UUID, cell_id: int, wanted: int) -> int:
    """Use granted slots of an assignment: as many as are wanted, or as it has left. Returns how many; they are to be
    counted by `count_used` when every grant's row of the transaction has been asked."""
    this = {"assignment": assignment_id, "cell": cell_id}
    while wanted and connection.execute(_USE, this | {"wanted": wanted}).rowcount != 1:
        wanted = min(connection.scalar(_LEFT, this) or 0, wanted - 1)
    return wanted


def count_used(connection: Connection, cell_id: int, used: int) -> None:
    """Turn granted slots of a cell into completed interviews."""
    connection.execute(_COUNT_USED, {"cell": cell_id, "wanted": used})


def give_back(connection: Connection, assignment_id: UUID, totals: Mapping[int, int], at: datetime) -> None:
    """Return slots. `totals` are absolute, so a repeat returns nothing twice; never more than are open."""
    own = col(GrantRow.assignment_id) == assignment_id
    freed = []
    for _, held in _locked(connection, own, col(GrantRow.cell_id).in_(list(totals))):
        amount = min(totals[held.cell_id] - held.returned, held.open)
        if amount > 0:
            freed.append((assignment_id, held, amount))
    _return(connection, freed, at)


def release_expired(connection: Connection, now: datetime) -> int:
    """Return what expired grants still hold. Returns how many slots came free."""
    held = [(assignment_id, held, held.open) for assignment_id, held in _locked(connection, *_expired(now))]
    _return(connection, held, now)
    return sum(amount for _, _, amount in held)


def any_expired(connection: Connection, now: datetime, cell_ids: Iterable[int]) -> bool:
    """Whether expired grants still hold slots of one of these cells."""
    found = select(col(GrantRow.cell_id)).where(*_expired(now), col(GrantRow.cell_id).in_(list(cell_ids))).limit(1)
    return connection.execute(found).first() is not None


def _expired(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    over = select(col(AssignmentRow.id)).where(col(AssignmentRow.expires_at) <= now)
    return _OPEN > 0, col(GrantRow.assignment_id).in_(over)


def _locked(connection: Connection, *which: ColumnElement[bool]) -> list[tuple[UUID, SlotGrant]]:
    """(assignment, grant) of the rows, which nobody else changes until this transaction ends."""
    rows = connection.execute(
        select(col(GrantRow.assignment_id), *_GRANT)
        .where(*which)
        .order_by(col(GrantRow.cell_id), col(GrantRow.assignment_id))
        .with_for_update()
    ).all()
    return [(row[0], SlotGrant(*row[1:])) for row in rows]


def _return(connection: Connection, freed: Sequence[tuple[UUID, SlotGrant, int]], at: datetime) -> None:
    """Give slots of locked grants back to their cells, and log it."""
    for assignment_id, held, amount in freed:
        this = {"assignment": assignment_id, "cell": held.cell_id}
        connection.execute(update(GrantRow).where(*_THIS).values(returned=held.returned + amount), this)
    for assignment_id, held, amount in freed:
        _move(connection, held.cell_id, -amount)
        _log(connection, held.cell_id, "returned", amount, at, assignment_id)


def _move(connection: Connection, cell_id: int, amount: int) -> None:
    connection.execute(
        update(QuotaCellRow).where(col(QuotaCellRow.id) == cell_id).values(granted=col(QuotaCellRow.granted) + amount)
    )


def _log(connection: Connection, cell_id: int, kind: str, amount: int, at: datetime, assignment_id: UUID) -> None:
    row = {"cell_id": cell_id, "kind": kind, "amount": amount, "at": at, "assignment_id": assignment_id}
    connection.execute(insert(QuotaEvent), row)


def open_slots(connection: Connection, wave_id: int) -> dict[int, int]:
    """Cell id -> slots that grants of a wave still hold: what `granted` must say."""
    rows = connection.execute(
        select(col(GrantRow.cell_id), func.sum(_OPEN))
        .join(AssignmentRow, col(AssignmentRow.id) == col(GrantRow.assignment_id))
        .where(col(AssignmentRow.wave_id) == wave_id)
        .group_by(col(GrantRow.cell_id))
    ).all()
    return {cell_id: int(count) for cell_id, count in rows}


def keep_turn(connection: Connection, turn: Turn) -> None:
    """Keep a turn, or what has become of it since: it only grows, and stays with its assignment and volunteer."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(TurnRow)
    told = statement.excluded
    grown = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "ended_at": func.coalesce(told.ended_at, col(TurnRow.ended_at)),
            "passed": case((told.passed > col(TurnRow.passed), told.passed), else_=col(TurnRow.passed)),
        },
        where=(col(TurnRow.assignment_id) == told.assignment_id) & (col(TurnRow.account_id) == told.account_id),
    )
    connection.execute(grown, {name: getattr(turn, name) for name in Turn.__slots__})


def turns_of_wave(connection: Connection, wave_id: int) -> list[Turn]:
    """Every turn of a wave, the latest first."""
    columns = [col(getattr(TurnRow, name)) for name in Turn.__slots__]
    rows = connection.execute(
        select(*columns)
        .join(AssignmentRow, col(AssignmentRow.id) == col(TurnRow.assignment_id))
        .where(col(AssignmentRow.wave_id) == wave_id)
        .order_by(col(TurnRow.began_at).desc())
    ).all()
    return [Turn(*row) for row in rows]
