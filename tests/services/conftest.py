"""What the tests of services share: databases, opened waves, an organiser; each test runs once for each engine."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from survey.db import Database
from survey.domain.account import Account
from survey.services import passwords
from survey.services.accounts import add_account
from tests.field import Clock
from tests.services.guessing import NOON, PASSWORD


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A fresh database; the test runs once for each engine."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon."""
    return Clock(NOON)


@pytest.fixture
def fang(db: Database) -> Account:
    """An organiser."""
    return add_account(db, "王芳", "organiser", PASSWORD, NOON)


@pytest.fixture
def quick_hashing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same Argon2 with the lowest parameters, but for the tests that are about the time it takes."""
    if "real_hashing" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.nobodys_hash.cache_clear()
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.fixture
def real_hashing() -> None:
    """The parameters that the server uses."""
