"""Tablets, and the one-time codes by which they were enrolled. Of a code and of a secret only the digest is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Uuid
from sqlmodel import Field, SQLModel

from survey.tables.columns import UtcDateTime


class EnrolmentRow(SQLModel, table=True):
    __tablename__ = "enrolment"

    code_digest: str = Field(primary_key=True, max_length=64)
    label: str = Field(max_length=40)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    device_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))


class DeviceRow(SQLModel, table=True):
    """`unsent`, `refused` and `release` are what the tablet said when it was last seen."""

    __tablename__ = "device"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    label: str = Field(max_length=40, unique=True)
    secret_digest: str = Field(max_length=64)
    enrolled_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    last_seen_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    unsent: int = 0
    refused: int = 0
    clock_offset_ms: int | None = None
    release: str = Field(default="", max_length=20)
