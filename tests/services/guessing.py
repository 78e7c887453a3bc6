"""Somebody at the sign-in form who guesses, or who knows the password and has to wait."""

from datetime import UTC, datetime, timedelta

import pytest

from survey.db import Database
from survey.domain.account import Account, Device
from survey.services.sign_in import TooManyFailures, WrongCredentials, sign_in

NOON = datetime(2026, 11, 2, 12, 0, 10, tzinfo=UTC)
PASSWORD = "seven green bicycles"
STRANGER = None


def browser_of(*known: Account, name: str = "office computer") -> Device:
    return Device(name, frozenset(account.id for account in known))


def fail(db: Database, name: str, device: Device | None, now: datetime, times: int = 1) -> None:
    """Guess wrongly; each guess must have been checked."""
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            sign_in(db, name, "a wrong guess", device, now)


def wait_after(db: Database, name: str, device: Device | None, now: datetime) -> timedelta:
    """How long even the right password is not checked."""
    try:
        sign_in(db, name, PASSWORD, device, now)
    except TooManyFailures as refused:
        return refused.wait
    raise AssertionError(f"{name} need not wait")
