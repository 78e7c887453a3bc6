"""SQL about slots held for residents who were let in and are answering.

A hold is one row of `slot_hold` and one slot of its cell's `granted`; whoever changes the one changes the other in the
same transaction. A transaction that moves slots first locks the holds' rows that it needs, then those of grants, then
the cells by their id (see queries/grants.py). It needs one hold, its own; only what is expired is taken by the dozen,
and there rows that somebody else has locked are skipped. So none waits for another in a circle.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.queries.grants import lock_free
from survey.tables.quota import QuotaCellRow, SlotHold

_OWN = col(SlotHold.submission_id) == bindparam("id")

# Asked by every response from a form: built once, for building a statement costs more than running it.
_END = delete(SlotHold).where(_OWN).returning(col(SlotHold.cell_id))
_MOVE = (
    update(QuotaCellRow)
    .where(col(QuotaCellRow.id) == bindparam("cell"))
    .values(granted=col(QuotaCellRow.granted) + bindparam("amount"))
)
# The row of who asks is among those of the cell by now. What is neither completed nor granted to tablets is what is
# free and what others hold; with this one, half of it may be held, and one in any case.
_HELD = (
    select(func.count()).where(col(SlotHold.cell_id) == col(QuotaCellRow.id)).correlate(QuotaCellRow).scalar_subquery()
)
_FREE = col(QuotaCellRow.target) - col(QuotaCellRow.completed) - col(QuotaCellRow.granted)
_TAKE = (
    update(QuotaCellRow)
    .where(col(QuotaCellRow.id) == bindparam("cell"), _FREE > 0, or_(_FREE > _HELD, _HELD == 1))
    .values(granted=col(QuotaCellRow.granted) + 1)
)
_RENEW = update(SlotHold).where(_OWN).values(expires_at=bindparam("until")).returning(col(SlotHold.cell_id))


class Taken(Enum):
    """What became of the wish for a slot. ENOUGH_HELD: there is room, but half of it is held already."""

    HELD = auto()
    ENOUGH_HELD = auto()
    FULL = auto()


def take_hold(connection: Connection, submission_id: UUID, cell_id: int, until: datetime) -> Taken:
    """Hold a slot of the cell for this submission, and no other: asked again it lasts longer, or moves with changed
    answers. Unless it is HELD, nothing is held any more."""
    own = {"id": submission_id}
    new, held = False, None
    while not new and held is None:  # the same question, asked twice in one moment, may come or go in between
        held = connection.scalar(_RENEW, own | {"until": until})
        new = held is None and _insert(connection, submission_id, cell_id, until)
    if held == cell_id:
        return Taken.HELD
    if held is not None:
        connection.execute(update(SlotHold).where(_OWN).values(cell_id=cell_id), own)
    # Once the cell is locked, whoever holds a slot of it has committed, so the next statement counts them all.
    free = lock_free(connection, {cell_id} if held is None else {cell_id, held})[cell_id]
    taken = connection.execute(_TAKE, {"cell": cell_id}).rowcount == 1
    if held is not None:
        move(connection, {held: -1})
    if taken:
        return Taken.HELD
    connection.execute(delete(SlotHold).where(_OWN), own)
    return Taken.ENOUGH_HELD if free > 0 else Taken.FULL


def end_hold(connection: Connection, submission_id: UUID) -> int | None:
    """Forget the hold of this submission. Returns the cell whose slot it held: still granted, for the caller to turn
    into a completed one or to give back."""
    return connection.scalar(_END, {"id": submission_id})


def move(connection: Connection, amounts: Mapping[int, int]) -> None:
    """Change how many slots of cells are granted."""
    for cell_id, amount in sorted(amounts.items()):
        connection.execute(_MOVE, {"cell": cell_id, "amount": amount})


def release_expired_holds(connection: Connection, now: datetime) -> int:
    """Give back the slots of people who have wandered off. Returns how many came free."""
    over = select(col(SlotHold.submission_id)).where(col(SlotHold.expires_at) <= now).with_for_update(skip_locked=True)
    ended = delete(SlotHold).where(col(SlotHold.submission_id).in_(over)).returning(col(SlotHold.cell_id))
    freed = Counter(connection.execute(ended).scalars())
    move(connection, {cell_id: -count for cell_id, count in freed.items()})
    return freed.total()


def any_expired_hold(connection: Connection, now: datetime, cell_ids: Iterable[int]) -> bool:
    """Whether somebody who has wandered off still holds a slot of one of these cells."""
    found = (
        select(col(SlotHold.cell_id))
        .where(col(SlotHold.cell_id).in_(list(cell_ids)), col(SlotHold.expires_at) <= now)
        .limit(1)
    )
    return connection.execute(found).first() is not None


def held_slots(connection: Connection, wave_id: int) -> dict[int, int]:
    """Cell id -> slots of a wave that are held for residents: with those of grants, what `granted` must say."""
    rows = connection.execute(
        select(col(SlotHold.cell_id), func.count())
        .join(QuotaCellRow, col(QuotaCellRow.id) == col(SlotHold.cell_id))
        .where(col(QuotaCellRow.wave_id) == wave_id)
        .group_by(col(SlotHold.cell_id))
    ).all()
    return {cell_id: int(count) for cell_id, count in rows}


def _insert(connection: Connection, submission_id: UUID, cell_id: int, until: datetime) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(SlotHold).on_conflict_do_nothing().returning(col(SlotHold.submission_id))
    row = {"submission_id": submission_id, "cell_id": cell_id, "expires_at": until}
    return connection.execute(statement, row).first() is not None
