"""Volunteers' PINs: what a tablet is told lets it check one, and nothing more."""

import hashlib
import logging
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from hypothesis import given
from hypothesis import strategies as st

from survey.db import Database
from survey.domain.account import Account
from survey.domain.pin import ITERATIONS
from survey.domain.problems import Invalid
from survey.services.accounts import add_account, disable_account, enable_account
from survey.services.volunteer_pins import has_pin, pin_verifier, roster, set_pin
from tests.services.guessing import NOON, PASSWORD
from tests.services.test_tablets import everything

PIN, OTHER_PIN = "493817", "270594"
pytestmark = pytest.mark.usefixtures("quick_hashing")


@pytest.fixture
def li(db: Database) -> Account:
    """A volunteer."""
    return add_account(db, "李伟", "volunteer", PASSWORD, NOON)


def independent_verifier(pin: str, salt: bytes, iterations: int) -> str:
    """The same by another library, from the RFCs' names alone."""
    master = PBKDF2HMAC(SHA256(), 32, salt, iterations).derive(pin.encode("ascii"))
    return hashlib.sha256(HKDF(SHA256(), 32, None, b"minsheng verifier").derive(master)).hexdigest()


@given(st.from_regex("[0-9]{6}", fullmatch=True), st.binary(min_size=16, max_size=16), st.integers(1, 50))
def test_the_verifier_is_that_of_an_independent_library(pin: str, salt: bytes, iterations: int) -> None:
    verifier = pin_verifier(pin, salt, iterations)
    assert verifier == independent_verifier(pin, salt, iterations)
    assert verifier != independent_verifier(pin, salt, iterations + 1)


def test_a_volunteer_with_a_pin_is_on_the_roster(db: Database, li: Account) -> None:
    assert (has_pin(db, li.id), roster(db)) == (False, [])
    set_pin(db, li.id, PIN)
    (volunteer,) = roster(db)
    assert (has_pin(db, li.id), volunteer.id, volunteer.name) == (True, li.id, "李伟")
    salt = bytes.fromhex(volunteer.salt)
    assert volunteer.verifier == independent_verifier(PIN, salt, ITERATIONS)
    assert volunteer.verifier != independent_verifier(OTHER_PIN, salt, ITERATIONS)


def test_a_new_pin_has_a_new_salt_even_if_it_is_the_old_one(db: Database, li: Account) -> None:
    seen = set()
    for pin in (PIN, OTHER_PIN, PIN):
        set_pin(db, li.id, pin)
        seen |= {(volunteer.salt, volunteer.verifier) for volunteer in roster(db)}
    assert len(seen) == 3


def test_a_disabled_volunteer_leaves_the_roster_and_comes_back_with_the_same_pin(
    db: Database, li: Account, fang: Account
) -> None:
    set_pin(db, li.id, PIN)
    before = roster(db)
    disable_account(db, li.id)
    assert roster(db) == []
    enable_account(db, li.id)
    assert roster(db) == before


@pytest.mark.parametrize("typed", [PIN, f" {PIN}\n", "４９３８１７"])
def test_a_pin_is_the_same_in_any_width_of_digits(db: Database, li: Account, typed: str) -> None:
    set_pin(db, li.id, typed)
    (volunteer,) = roster(db)
    assert volunteer.verifier == pin_verifier(PIN, bytes.fromhex(volunteer.salt))


@pytest.mark.parametrize(
    ("pin", "code"),
    [
        ("", "pin_digits"),
        ("49381", "pin_digits"),
        ("4938170", "pin_digits"),
        ("49381x", "pin_digits"),
        ("٤٩٣٨١٧", "pin_digits"),
        ("493817\0", "pin_digits"),
        ("111111", "pin_easy"),
        ("121212", "pin_easy"),
        ("123456", "pin_easy"),
        ("987654", "pin_easy"),
    ],
)
def test_a_pin_that_will_not_do_changes_nothing(db: Database, li: Account, pin: str, code: str) -> None:
    set_pin(db, li.id, PIN)
    before = roster(db)
    with pytest.raises(Invalid) as refused:
        set_pin(db, li.id, pin)
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("pin", code)]
    assert roster(db) == before


def test_only_volunteers_have_pins(db: Database, fang: Account) -> None:
    analyst = add_account(db, "analyst", "analyst", PASSWORD, NOON + timedelta(days=1))
    for account_id in (fang.id, analyst.id, 99):
        with pytest.raises(Invalid) as refused:
            set_pin(db, account_id, PIN)
        assert [problem.code for problem in refused.value.problems] == ["pin_volunteers_only"]
        assert not has_pin(db, account_id)


def test_a_pin_is_neither_in_the_database_nor_in_the_log(
    db: Database, li: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    set_pin(db, li.id, PIN)
    assert PIN not in everything(db) + caplog.text
    assert f"tablet PIN set: account {li.id}" in caplog.text
