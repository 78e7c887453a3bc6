"""Signing in, changing one's password, and what ends a session."""

import time
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from survey.db import Database
from survey.domain.account import FREE_FAILURES, Account, Device, Role, SessionLimits
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
from tests.services.guessing import NOON, PASSWORD, STRANGER, browser_of, fail, wait_after

pytestmark = pytest.mark.usefixtures("quick_hashing")


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
            connection, "demo", Role.ORGANISER, passwords.hash_password(PASSWORD), demonstration=True, at=NOON
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
