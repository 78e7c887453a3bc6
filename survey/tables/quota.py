"""Quota cells: how many are wanted, counted and granted. The database itself refuses to overfill one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, Uuid
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import UtcDateTime


class QuotaCellRow(SQLModel, table=True):
    __tablename__ = "quota_cell"
    __table_args__ = (
        UniqueConstraint("wave_id", "mode", "district_code", "stratum"),
        CheckConstraint("completed >= 0 AND granted >= 0 AND completed + granted <= target"),
    )

    id: int | None = Field(default=None, primary_key=True)
    wave_id: int = Field(foreign_key="wave.id")
    mode: str = Field(max_length=12)
    district_code: str = Field(max_length=24)
    stratum: str = Field(max_length=200)  # "sex=F;age_band=18-34", in the questionnaire's order
    target: int
    completed: int
    granted: int


class QuotaEvent(SQLModel, table=True):
    """Changes of a cell that no response explains: opened, granted to an assignment, returned by it."""

    __tablename__ = "quota_event"

    id: int | None = Field(default=None, primary_key=True)
    cell_id: int = Field(foreign_key="quota_cell.id", index=True)
    kind: str = Field(max_length=12)
    amount: int
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    assignment_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))


class SlotHold(SQLModel, table=True):
    """A slot kept for somebody who was let in and is answering; counted in `quota_cell.granted` until it expires."""

    __tablename__ = "slot_hold"
    __table_args__ = (Index("slot_hold_by_cell", "cell_id", "expires_at"),)

    submission_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    cell_id: int = Field(foreign_key="quota_cell.id")
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
