"""Everything that was stored of a wave's fieldwork, read in one state of the data, with each approach under AAPOR's
symbol: what the supervisors' board is made of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from analysis.outcome_rates import Dispositions
from survey.domain.disposition import AAPOR, Disposition, partial_symbol
from survey.domain.fieldwork import Assignment, Device, Point, QuotaCell, Turn, Wave
from survey.queries import accounts, devices, fieldwork, grants, quotas, waves
from survey.queries.fieldwork import Group, Interview, Note, Outcomes, PartialInterview
from survey.services.catalogue import Catalogue, NotFound

Symbols = Mapping[Disposition, str]


@dataclass(frozen=True, slots=True)
class Ended:
    """How many approaches of a group ended under one symbol, and when the first and the last of them began."""

    group: Group
    symbol: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FieldRecords:
    """What the database holds. `stored`: approaches by mode, counted without looking at how they ended."""

    wave: Wave
    cells: list[QuotaCell]
    points: list[Point]
    devices: list[Device]
    assignments: list[Assignment]
    turns: list[Turn]
    held: Mapping[UUID, int]
    ended: list[Ended]
    stored: Mapping[str, int]
    interviews: list[Interview]
    notes: Mapping[UUID, Note]
    names: Mapping[int, str]


def read_records(
    connection: Connection, catalogue: Catalogue, wave_code: str, symbols: Symbols = AAPOR
) -> FieldRecords:
    """Read a wave. Raises NotFound."""
    wave = waves.wave_by_code(connection, wave_code)
    if wave is None:
        raise NotFound(wave_code)
    outcomes = fieldwork.outcomes(connection, wave.id)
    stored: Counter[str] = Counter()
    for each in outcomes:
        stored[each.group.mode] += each.count
    partials = fieldwork.partial_interviews(connection, wave.id)
    return FieldRecords(
        wave=wave,
        cells=quotas.cells_of_wave(connection, wave.id),
        points=waves.points_of_wave(connection, wave.id),
        devices=devices.devices(connection),
        assignments=grants.assignments_of_wave(connection, wave.id),
        turns=grants.turns_of_wave(connection, wave.id),
        held=fieldwork.held_slots(connection, wave.id),
        ended=_under_symbols(catalogue, outcomes, partials, symbols),
        stored=stored,
        interviews=fieldwork.interviews(connection, wave.id),
        notes=fieldwork.notes_of_wave(connection, wave.id),
        names={record.account.id: record.account.name for record in accounts.accounts(connection)},
    )


def dispositions(ended: Iterable[Ended]) -> Dispositions:
    """The counts by symbol, as the outcome rates want them."""
    counts: Counter[str] = Counter()
    for each in ended:
        counts[each.symbol] += each.count
    return Dispositions(**counts)


def approaches(counts: Dispositions) -> int:
    """Everybody who was approached, eligible or not."""
    return counts.eligible + counts.unknown + counts.NE


def _under_symbols(
    catalogue: Catalogue, outcomes: Iterable[Outcomes], partials: Iterable[PartialInterview], symbols: Symbols
) -> list[Ended]:
    """Each outcome under its symbol; a partial interview is P or R by how far it came."""
    ended, times = [], {}
    for each in outcomes:
        if each.disposition is Disposition.PARTIAL:
            times[each.group] = (each.first_at, each.last_at)
        else:
            ended.append(Ended(each.group, symbols[each.disposition], each.count, each.first_at, each.last_at))
    came = Counter((each.group, _how_far(catalogue, each)) for each in partials)
    return ended + [Ended(group, symbol, count, *times[group]) for (group, symbol), count in came.items()]


def _how_far(catalogue: Catalogue, partial: PartialInterview) -> str:
    asked = catalogue.questionnaire(*partial.questionnaire).routing.asked(partial.answers)
    return partial_symbol(sum(partial.answers.get(code) is not None for code in asked), len(asked))
