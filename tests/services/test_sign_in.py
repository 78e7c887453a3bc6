"""Signing in, and how guessing is slowed without locking anybody out."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from argon2 import PasswordHasher

from survey.db import Database
from survey.domain.account import (
    FREE_FAILURES,
    UNKNOWN_FAILURES_PER_MINUTE,
    Account,
    Device,
    Role,
    SessionLimits,
    bucket_key,
    waits,
)
from survey.domain.problems import Invalid
from survey.queries import accounts
from survey.services import passwords
from survey.services import sign_in as signing
from survey.services.accounts import add_account, disable_account, list_accounts
from survey.services.installation import mark_demonstration
from survey.services.sign_in import (
    SignedIn,
    TooManyFailures,
    WrongCredentials,
    account_of_session,
    change_password,
    sign_in,
)
from tests.field import Clock

NOON = datetime(2026, 11, 2, 12, 0, 10, tzinfo=UTC)
PASSWORD = "seven green bicycles"
STRANGER = None
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def _quick_hashing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same Argon2 with the lowest parameters, but for the tests that are about the time it takes."""
    if "real_hashing" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_hasher", QUICK)
    passwords.nobodys_hash.cache_clear()
    yield
    passwords.nobodys_hash.cache_clear()


@pytest.fixture
def real_hashing() -> None:
    """The parameters that the server uses."""


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at noon."""
    return Clock(NOON)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A fresh database; the test runs once for each engine."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def fang(db: Database) -> Account:
    """An organiser."""
    return add_account(db, "王芳", "organiser", PASSWORD, NOON)


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


def test_the_right_name_and_password_sign_in(db: Database, fang: Account) -> None:
    assert sign_in(db, "王芳", PASSWORD, STRANGER, NOON) == SignedIn(fang, 0)
    assert account_of_session(db, fang.id, 0) == fang


def test_names_and_passwords_fit_on_every_keyboard(db: Database) -> None:
    account = add_account(db, "li wei", "analyst", "Häuser am Fluß 12", NOON)
    assert sign_in(db, "ｌｉ ｗｅｉ ", "Ha\u0308user am Fluß １２", STRANGER, NOON).account == account


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("王芳", "a wrong guess"),
        ("王芳", ""),
        ("王芳", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("", ""),
        ("王芳\0", PASSWORD),
        ("\ud800\ud800", "\ud800"),
        ("x" * 60_000, "y" * 60_000),
    ],
)
def test_anything_else_does_not(db: Database, fang: Account, name: str, password: str) -> None:
    with pytest.raises(WrongCredentials):
        sign_in(db, name, password, STRANGER, NOON)


def test_a_disabled_account_does_not_sign_in_and_does_not_say_that_the_password_was_right(
    db: Database, fang: Account
) -> None:
    other = add_account(db, "other", "analyst", PASSWORD, NOON)
    disable_account(db, other.id)
    for _ in range(FREE_FAILURES):
        with pytest.raises(WrongCredentials):
            sign_in(db, "other", PASSWORD, STRANGER, NOON)
    assert wait_after(db, "other", STRANGER, NOON) == timedelta(seconds=1)


def test_a_demonstration_account_signs_in_only_in_a_demonstration(db: Database) -> None:
    with db.writing() as connection:  # as somebody would who copies rows into a real installation
        planted = accounts.insert_account(
            connection, "demo", Role.ORGANISER, QUICK.hash(PASSWORD), demonstration=True, at=NOON
        )
    assert planted is not None
    with pytest.raises(WrongCredentials):
        sign_in(db, "demo", PASSWORD, STRANGER, NOON)
    assert account_of_session(db, planted.id, 0) is None


def test_a_demonstration_signs_its_accounts_in(db: Database) -> None:
    mark_demonstration(db)
    demo = add_account(db, "demo", "organiser", PASSWORD, NOON, demonstration=True)
    assert sign_in(db, "demo", PASSWORD, STRANGER, NOON).account == demo
    assert account_of_session(db, demo.id, 0) == demo


def seconds_of_a_guess(db: Database, name: str) -> float:
    def once() -> float:
        began = time.perf_counter()
        with pytest.raises(WrongCredentials):
            sign_in(db, name, "a wrong guess", STRANGER, NOON)
        return time.perf_counter() - began

    return min(once() for _ in range(4))


@pytest.mark.usefixtures("real_hashing")
def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password(db: Database, fang: Account) -> None:
    ratio = seconds_of_a_guess(db, "nobody") / seconds_of_a_guess(db, "王芳")
    assert 0.5 < ratio < 2


@pytest.mark.usefixtures("real_hashing")
def test_an_answer_without_hashing_is_found(db: Database, fang: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        signing, "matches", lambda password, kept: kept is not None and passwords.matches(password, kept)
    )
    assert seconds_of_a_guess(db, "nobody") / seconds_of_a_guess(db, "王芳") < 0.5


def test_older_parameters_are_renewed_at_sign_in(db: Database, fang: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def kept() -> str:
        return list_accounts(db)[0].password_hash

    before = kept()
    assert sign_in(db, "王芳", PASSWORD, STRANGER, NOON).session_number == 0
    assert kept() == before
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    fail(db, "王芳", STRANGER, NOON)
    assert kept() == before
    sign_in(db, "王芳", PASSWORD, STRANGER, NOON)
    assert "m=16,t=2" in kept()
    assert sign_in(db, "王芳", PASSWORD, STRANGER, NOON).session_number == 0


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


def test_changing_the_password_ends_the_sessions_that_were(db: Database, fang: Account) -> None:
    before = sign_in(db, "王芳", PASSWORD, STRANGER, NOON)
    after = change_password(db, fang, current=PASSWORD, new="nine blue umbrellas", device=None, now=NOON)
    assert account_of_session(db, fang.id, before.session_number) is None
    assert account_of_session(db, fang.id, after.session_number) == fang
    fail(db, "王芳", STRANGER, NOON)
    with pytest.raises(WrongCredentials):
        sign_in(db, "王芳", PASSWORD, STRANGER, NOON)
    assert sign_in(db, "王芳", "nine blue umbrellas", STRANGER, NOON) == after


def test_changing_the_password_needs_the_one_until_now_and_is_slowed_like_signing_in(
    db: Database, fang: Account
) -> None:
    own = browser_of(fang)
    for _ in range(FREE_FAILURES):
        with pytest.raises(Invalid) as refused:
            change_password(db, fang, current="a wrong guess", new="nine blue umbrellas", device=own, now=NOON)
        assert [(problem.field, problem.code) for problem in refused.value.problems] == [("current", "password_wrong")]
    with pytest.raises(TooManyFailures):
        change_password(db, fang, current=PASSWORD, new="nine blue umbrellas", device=own, now=NOON)
    assert sign_in(db, "王芳", PASSWORD, STRANGER, NOON).session_number == 0


def test_a_bad_new_password_is_refused_before_anything_is_counted(db: Database, fang: Account) -> None:
    for _ in range(FREE_FAILURES + 1):
        with pytest.raises(Invalid) as refused:
            change_password(db, fang, current=PASSWORD, new="short", device=None, now=NOON)
        assert [problem.code for problem in refused.value.problems] == ["password_short"]


@pytest.mark.parametrize(
    ("after_begin", "after_seen", "over"),
    [
        (timedelta(hours=7, minutes=59), timedelta(minutes=1), False),
        (timedelta(hours=8), timedelta(minutes=1), True),
        (timedelta(hours=1), timedelta(minutes=59), False),
        (timedelta(hours=1), timedelta(minutes=60), True),
    ],
)
def test_a_session_ends_by_age_and_by_silence(after_begin: timedelta, after_seen: timedelta, over: bool) -> None:
    limits = SessionLimits(timedelta(hours=8), timedelta(minutes=60))
    assert limits.over(NOON - after_begin, NOON - after_seen, NOON) is over


def test_a_browser_that_knows_too_many_accounts_forgets_the_others() -> None:
    device = Device("shared", frozenset())
    for number in range(1, 21):
        device = device.with_account(number)
    assert len(device.accounts) == 20
    assert device.with_account(21).accounts == {21}


def test_what_happened_is_logged_without_names_passwords_or_guesses(
    db: Database, fang: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="survey.security")
    sign_in(db, "王芳", PASSWORD, STRANGER, NOON)
    fail(db, "王芳", STRANGER, NOON, times=5)
    wait_after(db, "王芳", STRANGER, NOON)
    fail(db, "nobody", STRANGER, NOON)
    change_password(db, fang, current=PASSWORD, new="nine blue umbrellas", device=browser_of(fang), now=NOON)
    written = [record.getMessage() for record in caplog.records]
    assert written == [
        f"sign-in succeeded: account {fang.id}",
        *[f"sign-in failed: account {fang.id}, browser unknown"] * 5,
        f"sign-in not checked, too many failures: account {fang.id}, browser unknown",
        "sign-in failed: account none, browser unknown",
        f"password changed: account {fang.id}",
    ]
