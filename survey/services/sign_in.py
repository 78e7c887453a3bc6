"""Signing in, the end of sessions, and changing one's own password.

Every guess is counted before it is checked, in a transaction of its own, so that many guesses at once cannot outrun
the count; the slow part, Argon2, then runs outside any transaction. A right password takes its count away again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.db import Database
from survey.domain.account import (
    FORGET_FAILURES_AFTER,
    Account,
    AccountRecord,
    Device,
    bucket_key,
    check_name,
    check_password,
    clean_text,
    waits,
)
from survey.domain.problems import Invalid, Problem
from survey.queries import accounts, installation
from survey.services.passwords import hash_password, is_outdated, matches

log = logging.getLogger("survey.security")


class WrongCredentials(Exception):
    """The name, the password or both are wrong, or the account cannot be used; which one is not said."""


class TooManyFailures(Exception):
    """Nothing was checked. `wait`: how long nothing will be."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = max(wait, timedelta(seconds=1))
        super().__init__(f"wait {self.wait}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the number of the sessions that are good now."""

    account: Account
    session_number: int


def sign_in(db: Database, name: str, password: str, device: Device | None, now: datetime) -> SignedIn:
    """Check a name and a password. `device`: the browser, if it is one that was here before.

    Raises WrongCredentials, TooManyFailures.
    """
    found = _guess(db, name, password, device, now)
    if found is None:
        raise WrongCredentials
    renewed = hash_password(password) if is_outdated(found.password_hash) else None
    with db.writing() as connection:
        if renewed is not None:
            accounts.replace_hash(connection, found.account.id, found.password_hash, renewed)
        accounts.forget_failures_before(connection, now - FORGET_FAILURES_AFTER)
    log.info("sign-in succeeded: account %d", found.account.id)
    return SignedIn(found.account, found.session_number)


def change_password(
    db: Database, account: Account, *, current: str, new: str, device: Device | None, now: datetime
) -> SignedIn:
    """Give oneself a new password. Ends every session of the account; the answer is for a new one.

    Raises Invalid naming `current` or `password`; TooManyFailures.
    """
    password = check_password(new, account.name)
    if _guess(db, account.name, current, device, now) is None:
        raise Invalid([Problem("password_wrong", "current")])
    password_hash = hash_password(password)
    with db.writing() as connection:
        session_number = accounts.set_password(connection, account.id, password_hash)
    log.info("password changed: account %d", account.id)
    return SignedIn(account, session_number)


def account_of_session(db: Database, account_id: int, session_number: int) -> Account | None:
    """Whose session this is, if it has not been ended."""
    with db.reading() as connection:
        return accounts.account_of_session(connection, account_id, session_number)


def _guess(db: Database, name: str, password: str, device: Device | None, now: datetime) -> AccountRecord | None:
    """Count, check, and take the count away again if all is right. None where anything is wrong."""
    found, usable = _find(db, name)
    account_id = found.account.id if found else None
    known = device is not None and account_id in device.accounts
    key = bucket_key(clean_text(name), device.id if device is not None and known else None)
    whose = f"account {account_id or 'none'}, browser {'known' if known else 'unknown'}"
    try:
        _count(db, key, now, known=known)
    except TooManyFailures:
        log.warning("sign-in not checked, too many failures: %s", whose)
        raise
    # An account that cannot be used fails like a wrong password, or the difference would tell that it was right.
    if not matches(password, found.password_hash if found else None) or not usable:
        log.warning("sign-in failed: %s", whose)
        return None
    with db.writing() as connection:
        accounts.forget_failures(connection, key)
        if not known:
            accounts.uncount_unknown(connection, now)
    return found


def _find(db: Database, name: str) -> tuple[AccountRecord | None, bool]:
    """(the account of this name, whether one can sign in with it here)"""
    try:
        checked = check_name(name)
    except Invalid:
        return None, False
    with db.reading() as connection:
        found = accounts.account_by_name(connection, checked)
        if found is None:
            return None, False
        belongs = not found.demonstration or installation.is_demonstration(connection)
        return found, belongs and not found.disabled


def _count(db: Database, key: str, now: datetime, *, known: bool) -> None:
    with db.writing() as connection:
        if not accounts.count_attempt(connection, key, now):
            number, last = accounts.failures(connection, key) or (0, now)
            steps = waits()
            raise TooManyFailures(last + steps.get(number, steps[len(steps) - 1]) - now)
        if not known and not accounts.count_unknown(connection, now):
            raise TooManyFailures(timedelta(seconds=60 - now.timestamp() % 60))
