"""SQL about the paradata of tablets' records."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlmodel import col

from survey.domain.paradata import Paradata
from survey.tables.assignment import AssignmentRow
from survey.tables.paradata import ParadataRow

_INSERT = insert(ParadataRow)


def insert_paradata(connection: Connection, new: Sequence[tuple[UUID, Paradata, bool]]) -> None:
    """Keep the paradata of responses that were inserted in this transaction: (response, paradata, whether it counts in
    a granted slot)."""
    if new:
        connection.execute(_INSERT, [_row(*each) for each in new])


def _row(response_id: UUID, paradata: Paradata, granted: bool) -> dict[str, Any]:
    return {
        "response_id": response_id,
        "device_id": paradata.device_id,
        "assignment_id": paradata.assignment_id,
        "turn_id": paradata.turn_id,
        "account_id": paradata.volunteer_id,
        "sequence": paradata.sequence,
        "passed": paradata.passed,
        "record_digest": paradata.record_digest,
        "granted": granted,
        "reason": paradata.reason,
        "observed_sex": paradata.observed.get("sex"),
        "observed_age_band": paradata.observed.get("age_band"),
        "handed_over": paradata.handed_over,
        "started_at": paradata.times.started_at,
        "ended_at": paradata.times.ended_at,
        "elapsed_ms": paradata.elapsed_ms,
        "interruptions": paradata.interruptions,
        "clock_offset_ms": round(paradata.times.offset.total_seconds() * 1000),
        "clock": paradata.times.clock.value,
        "timings": paradata.timings,
        "place": paradata.place,
    }


def records_of_device(connection: Connection, device_id: UUID) -> list[tuple[UUID, str]]:
    """(id, digest of the envelope) of everything that came from a tablet."""
    rows = connection.execute(
        select(col(ParadataRow.response_id), col(ParadataRow.record_digest))
        .join(AssignmentRow, col(AssignmentRow.id) == col(ParadataRow.assignment_id))
        .where(col(AssignmentRow.device_id) == device_id)
    ).all()
    return [(response_id, digest) for response_id, digest in rows]
