"""What is kept of each submission. Rows are added, never changed.

No address, name, number or browser is kept: only where the poster hung, when, and the answers.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, Uuid
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import Json, UtcDateTime


class ResponseRow(SQLModel, table=True):
    __tablename__ = "response"
    __table_args__ = (
        Index("response_by_wave", "wave_id", "disposition"),
        CheckConstraint(
            "disposition IN ('complete','partial','ineligible','refused','over_quota',"
            "'non_contact','language','cell_full','too_late')",
            name="response_disposition",
        ),
    )

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    wave_id: int = Field(foreign_key="wave.id")
    point_code: str = Field(foreign_key="point.code", max_length=24)
    mode: str = Field(max_length=12)
    questionnaire_code: str = Field(max_length=40)
    questionnaire_version: int
    disposition: str = Field(max_length=12)
    late: bool
    superseded: bool
    cell_id: int | None = Field(default=None, foreign_key="quota_cell.id", index=True)
    area_code: str | None = Field(default=None, max_length=24)
    language: str = Field(max_length=12)
    answers: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    content_digest: str = Field(max_length=64)
    opened_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ConflictCopy(SQLModel, table=True):
    """A second content that arrived under an id already taken: disposition `duplicate`, outside every estimate."""

    __tablename__ = "conflict_copy"
    __table_args__ = (UniqueConstraint("response_id", "content_digest"),)

    id: int | None = Field(default=None, primary_key=True)
    response_id: UUID = Field(sa_column=Column(Uuid, nullable=False, index=True))
    language: str = Field(max_length=12)
    answers: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    content_digest: str = Field(max_length=64)
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
