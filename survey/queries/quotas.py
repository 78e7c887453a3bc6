"""SQL about quota cells: open them, take a slot, read and recount them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlmodel import col

from survey.domain.disposition import Disposition
from survey.domain.fieldwork import QuotaCell
from survey.domain.quota import CellKey, CellTarget
from survey.tables.quota import QuotaCellRow, QuotaEvent
from survey.tables.response import ResponseRow

# Built once, for building a statement costs more than running it.
_TAKE_SLOT = (
    update(QuotaCellRow)
    .where(
        col(QuotaCellRow.id) == bindparam("cell_id"),
        col(QuotaCellRow.completed) + col(QuotaCellRow.granted) < col(QuotaCellRow.target),
    )
    .values(completed=col(QuotaCellRow.completed) + 1)
)


def stratum_text(values: tuple[tuple[str, str], ...]) -> str:
    """How a cell's strata values are kept: `sex=F;age_band=18-34`, in the questionnaire's order."""
    return ";".join(f"{dimension}={value}" for dimension, value in values)


def _read_stratum(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in text.split(";") if part)
    return tuple((dimension, value) for dimension, _, value in pairs)


def insert_cells(connection: Connection, wave_id: int, cells: Iterable[CellTarget], at: datetime) -> None:
    """Open the cells of a wave, and log it."""
    rows = [
        {
            "wave_id": wave_id,
            "mode": cell.key.mode,
            "district_code": cell.key.district,
            "stratum": stratum_text(cell.key.values),
            "target": cell.target,
            "completed": 0,
            "granted": 0,
        }
        for cell in cells
    ]
    if not rows:
        return
    connection.execute(insert(QuotaCellRow), rows)
    opened = cells_of_wave(connection, wave_id)
    connection.execute(
        insert(QuotaEvent), [{"cell_id": cell.id, "kind": "opened", "amount": cell.target, "at": at} for cell in opened]
    )


def delete_cells(connection: Connection, wave_id: int) -> None:
    """Forget the cells of a draft wave that is planned anew."""
    cells = select(col(QuotaCellRow.id)).where(col(QuotaCellRow.wave_id) == wave_id)
    connection.execute(delete(QuotaEvent).where(col(QuotaEvent.cell_id).in_(cells)))
    connection.execute(delete(QuotaCellRow).where(col(QuotaCellRow.wave_id) == wave_id))


def take_slot(connection: Connection, cell_id: int) -> bool:
    """Count one more in the cell if there is room. The condition and the count are one statement, so that no two
    transactions can take the same last slot."""
    return connection.execute(_TAKE_SLOT, {"cell_id": cell_id}).rowcount == 1


def cells_of_wave(connection: Connection, wave_id: int) -> list[QuotaCell]:
    """Every cell of a wave, in the order they were opened."""
    rows = connection.execute(
        select(
            col(QuotaCellRow.id),
            col(QuotaCellRow.mode),
            col(QuotaCellRow.district_code),
            col(QuotaCellRow.stratum),
            col(QuotaCellRow.target),
            col(QuotaCellRow.completed),
            col(QuotaCellRow.granted),
        )
        .where(col(QuotaCellRow.wave_id) == wave_id)
        .order_by(col(QuotaCellRow.id))
    ).all()
    return [
        QuotaCell(cell_id or 0, CellKey(mode, district, _read_stratum(stratum)), target, completed, granted)
        for cell_id, mode, district, stratum, target, completed, granted in rows
    ]


def counted_rows(connection: Connection, wave_id: int) -> dict[int, int]:
    """Cell id -> how many complete responses name it: what `completed` must say."""
    rows = connection.execute(
        select(col(ResponseRow.cell_id), func.count())
        .where(
            col(ResponseRow.wave_id) == wave_id,
            col(ResponseRow.disposition) == Disposition.COMPLETE.value,
            col(ResponseRow.cell_id).is_not(None),
        )
        .group_by(col(ResponseRow.cell_id))
    ).all()
    return {cell_id or 0: count for cell_id, count in rows}
