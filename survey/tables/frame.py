"""The sampling frame: dated versions of areas and their published population."""

from datetime import date, datetime

from sqlalchemy import Column
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import UtcDateTime


class FrameVersion(SQLModel, table=True):
    __tablename__ = "frame_version"

    id: int | None = Field(default=None, primary_key=True)
    city_code: str = Field(max_length=6)
    reference_date: date
    digest: str = Field(max_length=64, unique=True)
    imported_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class AreaRow(SQLModel, table=True):
    __tablename__ = "area"
    __table_args__ = (CheckConstraint("level IN ('city','district','street','community','grid')"),)

    frame_id: int = Field(primary_key=True, foreign_key="frame_version.id")
    code: str = Field(primary_key=True, max_length=24)
    parent_code: str | None = Field(default=None, max_length=24)
    level: str = Field(max_length=10)
    name_zh: str = Field(max_length=200)
    name_en: str = Field(max_length=200)


class PopulationRow(SQLModel, table=True):
    __tablename__ = "population"
    __table_args__ = (CheckConstraint("population >= 0"),)

    id: int | None = Field(default=None, primary_key=True)
    frame_id: int = Field(foreign_key="frame_version.id", index=True)
    area_code: str = Field(max_length=24)
    sex: str | None = Field(default=None, max_length=1)
    age_band: str | None = Field(default=None, max_length=10)
    population: int
    source: str
