"""Published questionnaires. A row is written once and never changed; its digest says what it is."""

from datetime import datetime

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from survey.tables.columns import UtcDateTime


class QuestionnaireVersion(SQLModel, table=True):
    __tablename__ = "questionnaire_version"

    code: str = Field(primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    digest: str = Field(max_length=64, unique=True)
    content: str = Field(sa_column=Column(Text, nullable=False))  # canonical JSON
    published_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
