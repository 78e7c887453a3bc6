"""How an interview or an approach on a tablet came about, beside its response, and what a call-back found.

Nothing of the respondent is here but what a volunteer saw of somebody who refused: sex and age band, if the wave asks.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Uuid
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import Json, UtcDateTime


class ParadataRow(SQLModel, table=True):
    __tablename__ = "paradata"
    __table_args__ = (Index("paradata_by_assignment", "assignment_id"), {"sqlite_with_rowid": False})

    response_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("response.id"), primary_key=True))
    device_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("device.id"), nullable=False))
    assignment_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("assignment.id"), nullable=False))
    turn_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    account_id: int
    sequence: int
    passed: int
    record_digest: str = Field(max_length=64)
    granted: bool  # counted in a slot that this assignment had been granted
    reason: str | None = Field(default=None, max_length=16)
    observed_sex: str | None = Field(default=None, max_length=24)
    observed_age_band: str | None = Field(default=None, max_length=24)
    handed_over: bool
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    elapsed_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    interruptions: int
    clock_offset_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    clock: str = Field(max_length=8)
    timings: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    place: str | None = Field(default=None, max_length=16)


class CallBackRow(SQLModel, table=True):
    """What a supervisor found when asking the volunteer about one interview of the random tenth."""

    __tablename__ = "call_back"
    __table_args__ = (CheckConstraint("finding IN ('confirmed','doubtful','not_reached')"),)

    response_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("response.id"), primary_key=True))
    finding: str = Field(max_length=12)
    account_id: int = Field(foreign_key="account.id")
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
