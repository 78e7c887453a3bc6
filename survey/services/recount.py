"""The nightly proof of the quota counters: `completed` must equal the responses that name the cell, `granted` the slots
that assignments and residents still hold. Slots of expired grants and holds come free on the way."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from survey.db import Database
from survey.queries import grants, holds, quotas, waves
from survey.services.release_slots import release_slots


@dataclass(frozen=True, slots=True)
class Miscount:
    """A cell whose counters and rows disagree."""

    wave: str
    cell_id: int
    completed: int
    rows: int
    granted: int
    open_slots: int


def recount(db: Database, now: datetime | None = None) -> tuple[int, list[Miscount]]:
    """(cells checked, cells that disagree), over every wave. With `now`, what is expired is released first."""
    if now is not None:
        release_slots(db, now)
    checked, miscounts = 0, []
    with db.reading() as connection:
        for wave in waves.waves(connection):
            rows = quotas.counted_rows(connection, wave.id)
            slots = Counter(grants.open_slots(connection, wave.id))
            slots.update(holds.held_slots(connection, wave.id))
            for cell in quotas.cells_of_wave(connection, wave.id):
                checked += 1
                counted, held = rows.get(cell.id, 0), slots[cell.id]
                if (counted, held) != (cell.completed, cell.granted):
                    miscounts.append(Miscount(wave.code, cell.id, cell.completed, counted, cell.granted, held))
    return checked, miscounts
