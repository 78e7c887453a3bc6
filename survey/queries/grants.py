"""SQL about assignments and the quota slots granted to them.

Every statement that moves slots touches the grant's row first and then the cell's, and every transaction that moves
slots of several cells goes through them by ascending cell id. So no two transactions wait for each other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, select, update
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


def insert_assignment(connection: Connection, assignment: Assignment) -> None:
    """Keep an assignment."""
    connection.execute(insert(AssignmentRow), {name: getattr(assignment, name) for name in Assignment.__slots__})


def assignment_by_id(connection: Connection, assignment_id: UUID, *, lock: bool = False) -> Assignment | None:
    """The assignment of this id; locked, nobody else changes it until this transaction ends."""
    statement = select(*_ASSIGNMENT).where(col(AssignmentRow.id) == assignment_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
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


def lock_free(connection: Connection, cell_ids: Iterable[int]) -> dict[int, int]:
    """Cell id -> slots that are free; nobody else changes these cells until this transaction ends."""
    rows = connection.execute(
        select(col(QuotaCellRow.id), col(QuotaCellRow.target) - col(QuotaCellRow.completed) - col(QuotaCellRow.granted))
        .where(col(QuotaCellRow.id).in_(list(cell_ids)))
        .order_by(col(QuotaCellRow.id))
        .with_for_update()
    ).all()
    return {cell_id or 0: free for cell_id, free in rows}


def grant(connection: Connection, assignment_id: UUID, amounts: Mapping[int, int], at: datetime) -> None:
    """Add slots to an assignment's grant. The cells are locked by `lock_free`, which said how many there are."""
    for cell_id, amount in sorted(amounts.items()):
        this = {"assignment": assignment_id, "cell": cell_id}
        known = update(GrantRow).where(*_THIS).values(slots=col(GrantRow.slots) + amount)
        if connection.execute(known, this).rowcount == 0:
            row = {"assignment_id": assignment_id, "cell_id": cell_id, "slots": amount, "used": 0, "returned": 0}
            connection.execute(insert(GrantRow), row)
        _move(connection, cell_id, amount)
        _log(connection, cell_id, "granted", amount, at, assignment_id)


def use_slots(connection: Connection, assignment_id: UUID, cell_id: int, wanted: int) -> int:
    """Turn granted slots of an assignment into completed interviews: as many as are wanted, or as it has left.
    Returns how many."""
    this = {"assignment": assignment_id, "cell": cell_id}
    while wanted and connection.execute(_USE, this | {"wanted": wanted}).rowcount != 1:
        wanted = min(connection.scalar(_LEFT, this) or 0, wanted - 1)
    if wanted:
        connection.execute(_COUNT_USED, {"cell": cell_id, "wanted": wanted})
    return wanted


def give_back(connection: Connection, assignment_id: UUID, totals: Mapping[int, int], at: datetime) -> None:
    """Return slots. `totals` are absolute, so a repeat returns nothing twice; never more than are open."""
    for cell_id, total in sorted(totals.items()):
        _give_back(connection, assignment_id, cell_id, at, total)


def release_expired(connection: Connection, now: datetime, cell_id: int | None = None) -> int:
    """Return what expired grants still hold, in one cell or in all. Returns how many slots came free."""
    statement = (
        select(col(GrantRow.cell_id), col(GrantRow.assignment_id))
        .join(AssignmentRow, col(AssignmentRow.id) == col(GrantRow.assignment_id))
        .where(_OPEN > 0, col(AssignmentRow.expires_at) <= now)
        .order_by(col(GrantRow.cell_id), col(GrantRow.assignment_id))
    )
    if cell_id is not None:
        statement = statement.where(col(GrantRow.cell_id) == cell_id)
    return sum(
        _give_back(connection, assignment_id, cell, now, None)
        for cell, assignment_id in connection.execute(statement).all()
    )


def _give_back(connection: Connection, assignment_id: UUID, cell_id: int, at: datetime, total: int | None) -> int:
    this = {"assignment": assignment_id, "cell": cell_id}
    row = connection.execute(select(*_GRANT).where(*_THIS).with_for_update(), this).one_or_none()
    if row is None:
        return 0
    held = SlotGrant(*row)
    amount = held.open if total is None else min(total - held.returned, held.open)
    if amount <= 0:
        return 0
    connection.execute(update(GrantRow).where(*_THIS).values(returned=held.returned + amount), this)
    _move(connection, cell_id, -amount)
    _log(connection, cell_id, "returned", amount, at, assignment_id)
    return amount


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
    """Keep a turn, or what has become of it since: it only grows."""
    values = {name: getattr(turn, name) for name in Turn.__slots__}
    known = connection.execute(select(col(TurnRow.passed)).where(col(TurnRow.id) == turn.id)).one_or_none()
    if known is None:
        connection.execute(insert(TurnRow), values)
    else:
        later = {"ended_at": turn.ended_at, "passed": max(known[0], turn.passed)}
        connection.execute(update(TurnRow).where(col(TurnRow.id) == turn.id).values(**later))


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
