"""What is kept of each submission. Rows are added, never changed; who answers a letter anew moves theirs aside.

No address, name, number or browser is kept: only where the poster hung, when, how it came in, and the answers.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, Uuid, text
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import Json, UtcDateTime

_CHANGEABLE = text("change_digest IS NOT NULL")


class ResponseRow(SQLModel, table=True):
    __tablename__ = "response"
    __table_args__ = (
        Index("response_by_wave", "wave_id", "disposition"),
        Index("response_by_point", "point_code", "received_at"),
        Index(
            "response_by_change", "change_digest", sqlite_where=_CHANGEABLE, postgresql_where=_CHANGEABLE, unique=True
        ),
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
    channel: str = Field(default="web", max_length=8, sa_column_kwargs={"server_default": "web"})
    earlier_forms: int | None = None  # how many this device says that it has sent before in this wave
    proof: str | None = Field(default=None, max_length=8)  # what it did to be let in while its point was under attack
    change_digest: str | None = Field(default=None, max_length=64)  # of the key with which its sender may replace it


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


class ReplacedResponse(SQLModel, table=True):
    """What somebody with a letter sent first and has replaced since: outside every count and estimate."""

    __tablename__ = "replaced_response"

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    wave_id: int = Field(foreign_key="wave.id", index=True)
    point_code: str = Field(foreign_key="point.code", max_length=24)
    language: str = Field(max_length=12)
    answers: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    content_digest: str = Field(max_length=64)
    opened_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    received_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    replaced_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
