"""Letters with one-time codes to sampled households.

Of a code only its digest is kept, and whether it has been used: no moment and no response, so that nothing in these
rows says which answer a letter brought in. What remains beside them: docs/decisions/0018-letters-nobody-can-link.md.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Uuid
from sqlmodel import Field, SQLModel

from survey.tables.columns import UtcDateTime


class LetterBatchRow(SQLModel, table=True):
    """Letters of one point, printed together."""

    __tablename__ = "letter_batch"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    wave_id: int = Field(foreign_key="wave.id", index=True)
    point_code: str = Field(foreign_key="point.code", max_length=24)
    letters: int
    account_id: int | None = Field(default=None, foreign_key="account.id")
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    voided_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))


class LetterCodeRow(SQLModel, table=True):
    __tablename__ = "letter_code"
    __table_args__ = ({"sqlite_with_rowid": False},)

    digest: str = Field(primary_key=True, max_length=64)
    batch_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("letter_batch.id"), nullable=False, index=True))
    spent: bool
