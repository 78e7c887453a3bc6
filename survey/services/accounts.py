"""Keeping staff accounts: add, list, disable, enable, give a new password."""

import logging
from datetime import datetime

from survey.db import Database
from survey.domain.account import Account, AccountRecord, check_name, check_password, check_role
from survey.domain.problems import Invalid, Problem
from survey.queries import accounts, installation
from survey.services.catalogue import NotFound
from survey.services.passwords import hash_password

log = logging.getLogger("survey.security")


def add_account(
    db: Database, name: str, role: str, password: str, now: datetime, *, demonstration: bool = False
) -> Account:
    """Add an account. Raises Invalid with every problem of name, role and password."""
    problems: list[Problem] = []
    for check, *given in ((check_name, name), (check_role, role), (check_password, password, name)):
        try:
            check(*given)
        except Invalid as refused:
            problems += refused.problems
    if problems:
        raise Invalid(problems)
    password_hash = hash_password(password)
    with db.writing() as connection:
        if demonstration and not installation.is_demonstration(connection):
            raise Invalid([Problem("demonstration_account", "demonstration")])
        added = accounts.insert_account(
            connection, check_name(name), check_role(role), password_hash, demonstration=demonstration, at=now
        )
        if added is None:
            raise Invalid([Problem("account_name_taken", "name")])
    log.info("account added: account %d, %s", added.id, added.role.value)
    return added


def list_accounts(db: Database) -> list[AccountRecord]:
    """Every account by its name."""
    with db.reading() as connection:
        return accounts.accounts(connection)


def read_account(db: Database, account_id: int) -> AccountRecord:
    """The account of this id. Raises NotFound."""
    with db.reading() as connection:
        found = accounts.account_by_id(connection, account_id)
    if found is None:
        raise NotFound(f"account {account_id}")
    return found


def find_account(db: Database, name: str) -> Account:
    """The account of this name. Raises NotFound."""
    with db.reading() as connection:
        found = accounts.account_by_name(connection, check_name(name))
    if found is None:
        raise NotFound(f"account {name}")
    return found.account


def disable_account(db: Database, account_id: int) -> None:
    """Close an account and end its sessions. Raises NotFound; Invalid for the last organiser who can sign in."""
    with db.writing() as connection:
        if accounts.lock_organisers(connection) == [account_id]:
            raise Invalid([Problem("account_last_organiser", "account")])
        if not accounts.set_disabled(connection, account_id, disabled=True):
            raise NotFound(f"account {account_id}")
    log.info("account disabled: account %d", account_id)


def enable_account(db: Database, account_id: int) -> None:
    """Open a disabled account again. Raises NotFound."""
    with db.writing() as connection:
        if not accounts.set_disabled(connection, account_id, disabled=False):
            raise NotFound(f"account {account_id}")
    log.info("account enabled: account %d", account_id)


def set_password(db: Database, account_id: int, password: str) -> None:
    """Give an account a new password and end its sessions. Raises NotFound, Invalid."""
    found = read_account(db, account_id)
    password_hash = hash_password(check_password(password, found.account.name))
    with db.writing() as connection:
        accounts.set_password(connection, account_id, password_hash)
    log.info("password set by another: account %d", account_id)
