"""Opened waves and desks for the tests of the pages; each test runs once for each engine."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from survey.db import Database
from survey.domain.account import Role
from survey.services import passwords
from survey.services.accounts import add_account
from tests.field import NOW, Clock, quick_app, settings
from tests.web.desk import PASSWORD, Desk


@pytest.fixture
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same Argon2 with the lowest parameters."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.nobodys_hash.cache_clear()
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.fixture
def new_desk(database_url: str, quick_hashing: None) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with settings of its own."""
    opened: list[Desk] = []

    def make(**changes: Any) -> Desk:
        clock, db = Clock(), Database(database_url)
        people = {role.value: add_account(db, role.value, role.value, PASSWORD, NOW) for role in Role}
        opened.append(Desk(quick_app(settings(database_url, **changes), clock), db, clock, people))
        return opened[-1]

    yield make
    for desk in opened:
        desk.db.close()
        desk.app.extensions["minsheng"].db.close()


@pytest.fixture
def desk_app(new_desk: Callable[..., Desk]) -> Desk:
    """A desk with the usual settings."""
    return new_desk()
