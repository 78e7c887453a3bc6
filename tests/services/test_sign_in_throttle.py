"""How guessing of passwords is slowed without locking anybody out."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from survey.db import Database
from survey.domain.account import FREE_FAILURES, UNKNOWN_FAILURES_PER_MINUTE, Account, bucket_key, waits
from survey.queries import accounts
from survey.services import sign_in as signing
from survey.services.accounts import add_account
from survey.services.sign_in import TooManyFailures, WrongCredentials, sign_in
from tests.field import Clock
from tests.services.guessing import NOON, PASSWORD, STRANGER, browser_of, fail, wait_after

pytestmark = pytest.mark.usefixtures("quick_hashing")


def test_the_wait_begins_after_five_failures_and_doubles_up_to_five_minutes() -> None:
    seconds = [wait.total_seconds() for wait in waits().values()]
    assert seconds == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert list(waits()) == list(range(len(seconds)))


def check_guessing_is_slowed(db: Database, name: str, clock: Clock) -> None:
    """Somebody who never tires gets five guesses, then one after each wait, and the waits grow."""
    fail(db, name, STRANGER, clock.now, times=5)
    for expected in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        assert wait_after(db, name, STRANGER, clock.now) == timedelta(seconds=expected)
        clock.forward(seconds=expected - 0.001)
        assert wait_after(db, name, STRANGER, clock.now) <= timedelta(seconds=1)
        clock.forward(seconds=0.001)
        fail(db, name, STRANGER, clock.now)


@pytest.mark.parametrize("name", ["王芳", "nobody"])
def test_guessing_is_slowed_whether_or_not_the_name_exists(
    db: Database, fang: Account, clock: Clock, name: str
) -> None:
    check_guessing_is_slowed(db, name, clock)


def test_attempts_that_are_not_counted_are_found(
    db: Database, fang: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "count_attempt", lambda *_: True)
    with pytest.raises(AssertionError, match="need not wait"):
        check_guessing_is_slowed(db, "王芳", clock)


def test_an_attempt_during_the_wait_does_not_lengthen_it(db: Database, fang: Account, clock: Clock) -> None:
    fail(db, "王芳", STRANGER, clock.now, times=5)
    for _ in range(10):
        assert wait_after(db, "王芳", STRANGER, clock.now) == timedelta(seconds=1)
    clock.forward(seconds=1)
    assert sign_in(db, "王芳", PASSWORD, STRANGER, clock.now).account == fang


def test_the_right_password_begins_the_count_anew(db: Database, fang: Account, clock: Clock) -> None:
    for _ in range(3):
        fail(db, "王芳", STRANGER, clock.now, times=4)
        sign_in(db, "王芳", PASSWORD, STRANGER, clock.now)
    fail(db, "王芳", STRANGER, clock.now, times=5)
    assert wait_after(db, "王芳", STRANGER, clock.now) == timedelta(seconds=1)


def test_failures_are_forgotten_after_a_day(db: Database, fang: Account, clock: Clock) -> None:
    other = add_account(db, "other", "analyst", PASSWORD, NOON)
    fail(db, "王芳", STRANGER, clock.now, times=4)
    clock.forward(days=1, minutes=1)
    sign_in(db, "other", PASSWORD, browser_of(other), clock.now)
    fail(db, "王芳", STRANGER, clock.now, times=5)


def check_a_stranger_does_not_lock_the_owner_out(db: Database, fang: Account, clock: Clock) -> None:
    own = browser_of(fang)
    fail(db, "王芳", STRANGER, clock.now, times=5)
    wait_after(db, "王芳", STRANGER, clock.now)
    assert sign_in(db, "王芳", PASSWORD, own, clock.now).account == fang
    # … and the owner's success does not help the stranger.
    wait_after(db, "王芳", STRANGER, clock.now)


def test_a_stranger_does_not_lock_the_owner_out(db: Database, fang: Account, clock: Clock) -> None:
    check_a_stranger_does_not_lock_the_owner_out(db, fang, clock)


def test_guessing_from_a_known_browser_is_slowed_too(db: Database, fang: Account) -> None:
    fail(db, "王芳", browser_of(fang), NOON, times=5)
    assert wait_after(db, "王芳", browser_of(fang), NOON) == timedelta(seconds=1)
    sign_in(db, "王芳", PASSWORD, browser_of(fang, name="another"), NOON)


def test_a_browser_is_a_stranger_to_accounts_that_never_signed_in_from_it(db: Database, fang: Account) -> None:
    other = add_account(db, "other", "volunteer", PASSWORD, NOON)
    for number in range(5):
        fail(db, "王芳", browser_of(other, name=f"browser {number}"), NOON)
    assert wait_after(db, "王芳", browser_of(other, name="a sixth"), NOON) == timedelta(seconds=1)


def check_one_office_one_address(db: Database, clock: Clock) -> None:
    """One colleague who forgot her password leaves the others of her office alone."""
    fail(db, "王芳", STRANGER, clock.now, times=5)
    wait_after(db, "王芳", STRANGER, clock.now)
    assert sign_in(db, "colleague", PASSWORD, STRANGER, clock.now).account.name == "colleague"


def test_failures_of_one_account_do_not_slow_another(db: Database, fang: Account, clock: Clock) -> None:
    add_account(db, "colleague", "analyst", PASSWORD, NOON)
    check_one_office_one_address(db, clock)


def test_counting_by_address_is_found(
    db: Database, fang: Account, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(db, "colleague", "analyst", PASSWORD, NOON)
    monkeypatch.setattr(signing, "bucket_key", lambda *_: "192.0.2.1")
    with pytest.raises(TooManyFailures):
        check_one_office_one_address(db, clock)
    clock.forward(hours=1)
    with pytest.raises(TooManyFailures):
        check_a_stranger_does_not_lock_the_owner_out(db, fang, clock)


def test_one_password_over_many_names_is_slowed(db: Database, fang: Account, clock: Clock) -> None:
    for number in range(UNKNOWN_FAILURES_PER_MINUTE):
        fail(db, f"guessed name {number}", STRANGER, clock.now)
    assert wait_after(db, "one more name", STRANGER, clock.now) == timedelta(seconds=50)
    assert wait_after(db, "王芳", STRANGER, clock.now) == timedelta(seconds=50)
    # Refused by the minute, it does not count against the account.
    with db.reading() as connection:
        assert accounts.failures(connection, bucket_key("王芳", None)) is None
    assert sign_in(db, "王芳", PASSWORD, browser_of(fang), clock.now).account == fang
    clock.forward(seconds=50)
    assert sign_in(db, "王芳", PASSWORD, STRANGER, clock.now).account == fang


def test_a_morning_of_new_tablets_is_not_slowed(db: Database) -> None:
    for number in range(UNKNOWN_FAILURES_PER_MINUTE + 20):
        add_account(db, f"volunteer {number}", "volunteer", PASSWORD, NOON)
        sign_in(db, f"volunteer {number}", PASSWORD, STRANGER, NOON)


def guesses_checked_at_once(db: Database, name: str, guesses: int = 24) -> int:
    """How many of many simultaneous wrong guesses were checked."""
    together = Barrier(guesses)

    def guess(_: int) -> bool:
        together.wait()
        try:
            sign_in(db, name, "a wrong guess", STRANGER, NOON)
        except WrongCredentials:
            return True
        except TooManyFailures:
            return False
        raise AssertionError("a wrong guess signed in")

    with ThreadPoolExecutor(guesses) as threads:
        return sum(threads.map(guess, range(guesses)))


@pytest.mark.parametrize("name", ["王芳", "nobody"])
def test_many_guesses_at_once_do_not_outrun_the_count(db: Database, fang: Account, name: str) -> None:
    assert guesses_checked_at_once(db, name) == FREE_FAILURES


def test_a_look_at_the_count_before_counting_is_found(
    db: Database, fang: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_then_count(db: Database, key: str, now: datetime, *, known: bool) -> None:
        with db.reading() as connection:
            number, _ = accounts.failures(connection, key) or (0, now)
        if number >= FREE_FAILURES:
            raise TooManyFailures(timedelta(seconds=1))
        time.sleep(0.2)  # while the password is checked
        with db.writing() as connection:
            accounts.count_attempt(connection, key, now)

    monkeypatch.setattr(signing, "_count", look_then_count)
    assert guesses_checked_at_once(db, "王芳") > FREE_FAILURES
