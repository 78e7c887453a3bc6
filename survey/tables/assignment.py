"""Who went out where: assignments (wave, point, shift) of tablets, the quota slots granted to each, and whose turn it
was. A grant's open slots are counted in `quota_cell.granted`, never twice."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Uuid
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import UtcDateTime


class AssignmentRow(SQLModel, table=True):
    """`renewals`: how often more slots were asked for, so that a repeated request grants nothing twice."""

    __tablename__ = "assignment"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    wave_id: int = Field(foreign_key="wave.id", index=True)
    point_code: str = Field(foreign_key="point.code", max_length=24)
    device_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("device.id"), nullable=False, index=True))
    shift: str = Field(max_length=16)
    taken_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    renewals: int = 0


class GrantRow(SQLModel, table=True):
    """Slots of one cell in one assignment: granted in all, used by interviews, and given back."""

    __tablename__ = "slot_grant"
    __table_args__ = (CheckConstraint("used >= 0 AND returned >= 0 AND used + returned <= slots"),)

    assignment_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("assignment.id"), primary_key=True))
    cell_id: int = Field(primary_key=True, foreign_key="quota_cell.id")
    slots: int
    used: int
    returned: int


class TurnRow(SQLModel, table=True):
    """One volunteer's time on a tablet. The times are the tablet's, set right by its clock's offset."""

    __tablename__ = "turn"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    assignment_id: UUID = Field(sa_column=Column(Uuid, ForeignKey("assignment.id"), nullable=False, index=True))
    account_id: int = Field(foreign_key="account.id")
    began_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    passed: int = 0
