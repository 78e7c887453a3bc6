"""SQL that deletes the answers of a wave, and everything that hangs on them."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update
from sqlmodel import col

from survey.tables.paradata import CallBackRow, ParadataRow
from survey.tables.quota import QuotaCellRow
from survey.tables.response import ConflictCopy, ReplacedResponse, ResponseRow
from survey.tables.wave import WaveRow


def delete_answers(connection: Connection, wave_id: int, at: datetime) -> int:
    """Delete the responses of a wave, their copies, replaced ones and paradata; its cells have completed nothing then.
    Returns how many responses there were. (What was held for people who were answering has long expired.)"""
    of_the_wave = select(col(ResponseRow.id)).where(col(ResponseRow.wave_id) == wave_id)
    connection.execute(delete(CallBackRow).where(col(CallBackRow.response_id).in_(of_the_wave)))
    connection.execute(delete(ParadataRow).where(col(ParadataRow.response_id).in_(of_the_wave)))
    connection.execute(delete(ConflictCopy).where(col(ConflictCopy.response_id).in_(of_the_wave)))
    connection.execute(delete(ReplacedResponse).where(col(ReplacedResponse.wave_id) == wave_id))
    deleted = connection.execute(delete(ResponseRow).where(col(ResponseRow.wave_id) == wave_id)).rowcount
    connection.execute(update(QuotaCellRow).where(col(QuotaCellRow.wave_id) == wave_id).values(completed=0))
    connection.execute(update(WaveRow).where(col(WaveRow.id) == wave_id).values(answers_deleted_at=at))
    return deleted


def answers_deleted_at(connection: Connection, wave_id: int) -> datetime | None:
    """When the answers of a wave were deleted."""
    return connection.scalar(select(col(WaveRow.answers_deleted_at)).where(col(WaveRow.id) == wave_id))
