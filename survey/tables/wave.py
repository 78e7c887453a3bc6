"""Waves and their collection points."""

from datetime import datetime

from sqlalchemy import Column, ForeignKeyConstraint, Text, UniqueConstraint
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import UtcDateTime


class WaveRow(SQLModel, table=True):
    __tablename__ = "wave"
    __table_args__ = (
        CheckConstraint("state IN ('draft','open','closed')"),
        ForeignKeyConstraint(
            ["questionnaire_code", "questionnaire_version"],
            ["questionnaire_version.code", "questionnaire_version.version"],
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=40, unique=True)
    state: str = Field(max_length=10)
    questionnaire_code: str = Field(max_length=40)
    questionnaire_version: int
    frame_id: int = Field(foreign_key="frame_version.id")
    plan: str = Field(sa_column=Column(Text, nullable=False))  # canonical JSON
    opens_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    closes_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    grace_seconds: int
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class PointRow(SQLModel, table=True):
    __tablename__ = "point"
    __table_args__ = (UniqueConstraint("wave_id", "number"),)

    code: str = Field(primary_key=True, max_length=24)
    wave_id: int = Field(foreign_key="wave.id")
    number: int  # printed on the poster
    area_code: str = Field(max_length=24)
    district_code: str = Field(max_length=24)
    place_type: str = Field(max_length=24)
    mode: str = Field(max_length=12)
