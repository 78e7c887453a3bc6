"""SQL about letters with one-time codes, and about answers that are replaced.

Nothing that is written here may lead from a code to an answer. PostgreSQL writes an updated row anew, at another place
of the table and with the number of its transaction; so a spent code is never written alone, but the whole batch with
it, each row like the others.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.domain.letters import LetterBatch
from survey.tables.letter import LetterBatchRow, LetterCodeRow
from survey.tables.response import ReplacedResponse, ResponseRow


@dataclass(frozen=True, slots=True)
class KnownCode:
    """A code of a letter that stands."""

    batch_id: UUID
    point_code: str
    spent: bool


def insert_batch(
    connection: Connection, batch_id: UUID, place: tuple[int, str], digests: Collection[str], account_id: int | None,
    at: datetime,
) -> bool:  # fmt: skip
    """Keep a batch of a point, (wave id, point code), with the digests of its codes. False where its id is taken."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(LetterBatchRow).on_conflict_do_nothing().returning(col(LetterBatchRow.id))
    row = {"id": batch_id, "letters": len(digests), "account_id": account_id, "made_at": at}
    row |= dict(zip(("wave_id", "point_code"), place, strict=True))
    if connection.execute(statement, row).first() is None:
        return False
    # By digest: in the order of printing they would say which lay on which pile.
    codes = [{"digest": digest, "batch_id": batch_id, "spent": False} for digest in sorted(digests)]
    connection.execute(insert(LetterCodeRow), codes)
    return True


def known_code(connection: Connection, digest: str) -> KnownCode | None:
    """The code of this digest; None for one that was never made, or whose batch has been voided."""
    row = connection.execute(
        select(col(LetterBatchRow.id), col(LetterBatchRow.point_code), col(LetterCodeRow.spent))
        .join(LetterCodeRow, col(LetterCodeRow.batch_id) == col(LetterBatchRow.id))
        .where(col(LetterCodeRow.digest) == digest, col(LetterBatchRow.voided_at).is_(None))
    ).one_or_none()
    return None if row is None else KnownCode(*row)


def spend_code(connection: Connection, batch_id: UUID, digest: str) -> bool:
    """Use a code up. False where it had been used, or its batch voided; then nothing changed.

    The batch's own row is locked first, so that two letters of one batch do not wait for each other in a circle.
    """
    standing = (
        select(col(LetterBatchRow.id))
        .where(col(LetterBatchRow.id) == batch_id, col(LetterBatchRow.voided_at).is_(None))
        .with_for_update()
    )
    if connection.execute(standing).first() is None:
        return False
    this, code = col(LetterCodeRow.digest) == digest, LetterCodeRow.__table__.alias("code")  # type: ignore[attr-defined]  # SQLModel's own tables are not typed
    unspent = select(code.c.digest).where(code.c.digest == digest, ~code.c.spent).exists()
    whole_batch = (
        update(LetterCodeRow)
        .where(col(LetterCodeRow.batch_id) == batch_id, unspent)
        .values(spent=or_(col(LetterCodeRow.spent), this))
    )
    return connection.execute(whole_batch).rowcount > 0


def void_batch(connection: Connection, wave_id: int, batch_id: UUID, at: datetime) -> bool:
    """Let the codes of a batch lead nowhere. False where the wave has no such batch, or it was voided before."""
    standing = and_(col(LetterBatchRow.id) == batch_id, col(LetterBatchRow.wave_id) == wave_id)
    result = connection.execute(
        update(LetterBatchRow).where(standing, col(LetterBatchRow.voided_at).is_(None)).values(voided_at=at)
    )
    return result.rowcount == 1


def batches_of_wave(connection: Connection, wave_id: int) -> list[LetterBatch]:
    """Every batch of a wave, the latest first, with the number of its codes that were used."""
    used = func.sum(case((col(LetterCodeRow.spent), 1), else_=0)).label("used")
    columns = {name: col(getattr(LetterBatchRow, name)) for name in LetterBatch.__slots__ if name != "used"}
    rows = connection.execute(
        select(*(columns.get(name, used) for name in LetterBatch.__slots__))
        .join(LetterCodeRow, col(LetterCodeRow.batch_id) == col(LetterBatchRow.id))
        .where(col(LetterBatchRow.wave_id) == wave_id)
        .group_by(col(LetterBatchRow.id))
        .order_by(col(LetterBatchRow.made_at).desc(), col(LetterBatchRow.id))
    ).all()
    return [LetterBatch(*row) for row in rows]


def changeable(connection: Connection, point_code: str, digest: str) -> datetime | None:
    """When the response at a point that a change key opens was received; None where it opens none."""
    return connection.scalar(
        select(col(ResponseRow.received_at)).where(
            col(ResponseRow.change_digest) == digest, col(ResponseRow.point_code) == point_code
        )
    )


_MOVED = tuple(name for name in ReplacedResponse.model_fields if name != "replaced_at")


def set_aside(connection: Connection, point_code: str, digest: str, at: datetime) -> bool:
    """Move the response that a change key opens out of the wave's responses. False where somebody was first."""
    moved = connection.execute(
        delete(ResponseRow)
        .where(col(ResponseRow.change_digest) == digest, col(ResponseRow.point_code) == point_code)
        .returning(*(col(getattr(ResponseRow, name)) for name in _MOVED))
    ).mappings().all()  # fmt: skip
    rows: Sequence[dict[str, object]] = [dict(row) | {"replaced_at": at} for row in moved]
    if rows:
        connection.execute(insert(ReplacedResponse), rows)
    return bool(rows)


def replaced_content(connection: Connection, response_id: UUID) -> str | None:
    """The content digest of the response of this id that came in and was replaced later; None where none was."""
    found = select(col(ReplacedResponse.content_digest)).where(col(ReplacedResponse.id) == response_id)
    return connection.scalar(found)


def count_replaced(connection: Connection, wave_id: int) -> int:
    """How many answers of a wave were given anew; it only grows."""
    counted = select(func.count()).select_from(ReplacedResponse).where(col(ReplacedResponse.wave_id) == wave_id)
    return connection.scalar(counted) or 0
