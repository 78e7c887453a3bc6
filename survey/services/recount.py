"""The nightly proof of the quota counters: each must equal the responses that name its cell."""

from dataclasses import dataclass

from survey.db import Database
from survey.queries import quotas, waves


@dataclass(frozen=True, slots=True)
class Miscount:
    """A cell whose counter and responses disagree."""

    wave: str
    cell_id: int
    completed: int
    rows: int


def recount(db: Database) -> tuple[int, list[Miscount]]:
    """(cells checked, cells that disagree), over every wave."""
    checked, miscounts = 0, []
    with db.reading() as connection:
        for wave in waves.waves(connection):
            rows = quotas.counted_rows(connection, wave.id)
            for cell in quotas.cells_of_wave(connection, wave.id):
                checked += 1
                if rows.get(cell.id, 0) != cell.completed:
                    miscounts.append(Miscount(wave.code, cell.id, cell.completed, rows.get(cell.id, 0)))
    return checked, miscounts
