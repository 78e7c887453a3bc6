"""Staff accounts and the recent failures to sign in."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import CheckConstraint, Field, SQLModel

from survey.tables.columns import UtcDateTime


class AccountRow(SQLModel, table=True):
    __tablename__ = "account"
    __table_args__ = (CheckConstraint("role IN ('organiser','analyst','volunteer')"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60, unique=True)
    role: str = Field(max_length=12)
    password_hash: str = Field(max_length=200)
    demonstration: bool = False
    session_number: int = 0  # raised to end every session of the account
    disabled: bool = False
    pin_salt: str | None = Field(default=None, max_length=32)  # of a volunteer's PIN on tablets
    pin_verifier: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class SignInBucket(SQLModel, table=True):
    """Failures in a row of one account from one kind of browser (known to the account, or not)."""

    __tablename__ = "sign_in_bucket"

    key: str = Field(primary_key=True, max_length=64)
    failures: int
    last_failure_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
