"""Keeping staff accounts, and demonstration accounts only where they belong."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from survey.config import SettingsError, read_settings
from survey.db import Database
from survey.domain.account import COMMON_PASSWORDS, PASSWORD_LENGTH, Role
from survey.domain.problems import Invalid
from survey.queries import accounts
from survey.services.accounts import (
    add_account,
    disable_account,
    enable_account,
    find_account,
    list_accounts,
    set_password,
)
from survey.services.catalogue import NotFound
from survey.services.installation import check_installation, is_demonstration, mark_demonstration
from survey.services.sign_in import account_of_session
from tests.field import NOW, Field, settings

PASSWORD = "seven green bicycles"


def codes(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in refused.value.problems]


def test_an_account_is_added_and_listed(db: Database) -> None:
    added = add_account(db, "王芳", "analyst", PASSWORD, NOW)
    (record,) = list_accounts(db)
    assert record.account == added
    assert (added.name, added.role, record.disabled, record.created_at) == ("王芳", Role.ANALYST, False, NOW)
    assert PASSWORD not in record.password_hash
    assert record.password_hash.startswith("$argon2id$")
    assert record.password_hash not in repr(record)


def test_names_that_look_the_same_are_the_same(db: Database) -> None:
    added = add_account(db, "  ｌｉ Ｗｅｉ ", "organiser", PASSWORD, NOW)
    assert added.name == "li Wei"
    assert find_account(db, "li Ｗei") == added
    with pytest.raises(Invalid) as refused:
        add_account(db, "li Wei", "volunteer", PASSWORD, NOW)
    assert codes(refused) == [("name", "account_name_taken")]
    assert len(list_accounts(db)) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "account_name_length"),
        (" 王 ", "account_name_length"),
        ("x" * 61, "account_name_length"),
        ("a\0b", "unreadable_text"),
        ("a\nb", "unreadable_text"),
        ("a\u202eb", "unreadable_text"),
        ("a\ud800b", "unreadable_text"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(db: Database, name: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_account(db, name, "organiser", PASSWORD, NOW)
    assert codes(refused) == [("name", code)]
    assert list_accounts(db) == []


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_short"),
        ("123456789", "password_short"),
        ("         x         ", "password_short"),
        ("x1y2" * 51, "password_long"),
        ("zhang weilong", "password_is_name"),
        ("ZHANG ＷEILONG", "password_is_name"),
        ("1234567890", "password_common"),
        ("Password123", "password_common"),
        ("１２３４５６７８９０", "password_common"),
        ("aaaaaaaaaaaa", "password_common"),
        ("seven\0bicycles", "unreadable_text"),
        ("seven\ud800bicycles", "unreadable_text"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(db: Database, password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_account(db, "zhang weilong", "organiser", password, NOW)
    assert codes(refused) == [("password", code)]
    account = add_account(db, "zhang weilong", "organiser", PASSWORD, NOW)
    with pytest.raises(Invalid) as refused:
        set_password(db, account.id, password)
    assert codes(refused) == [("password", code)]


def test_every_common_password_would_otherwise_be_long_enough() -> None:
    assert [password for password in COMMON_PASSWORDS if len(password) not in PASSWORD_LENGTH] == []
    assert [password for password in COMMON_PASSWORDS if password != password.casefold()] == []


def test_everything_wrong_with_a_new_account_is_said_at_once(db: Database) -> None:
    with pytest.raises(Invalid) as refused:
        add_account(db, "x", "king", "short", NOW)
    assert codes(refused) == [
        ("name", "account_name_length"),
        ("role", "account_role_unknown"),
        ("password", "password_short"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        disable_account,
        lambda db, number: set_password(db, number, "eight green bicycles"),
    ],
)
def test_disabling_and_a_new_password_end_every_session(db: Database, change: Callable[[Database, int], None]) -> None:
    add_account(db, "organiser", "organiser", PASSWORD, NOW)
    account = add_account(db, "王芳", "analyst", PASSWORD, NOW)
    assert account_of_session(db, account.id, 0) == account
    change(db, account.id)
    assert account_of_session(db, account.id, 0) is None


def test_an_account_that_is_enabled_again_needs_a_new_session(db: Database) -> None:
    add_account(db, "organiser", "organiser", PASSWORD, NOW)
    account = add_account(db, "王芳", "analyst", PASSWORD, NOW)
    disable_account(db, account.id)
    enable_account(db, account.id)
    assert account_of_session(db, account.id, 0) is None
    assert account_of_session(db, account.id, 2) == account


def test_the_last_organiser_cannot_be_disabled(db: Database) -> None:
    first = add_account(db, "first", "organiser", PASSWORD, NOW)
    second = add_account(db, "second", "organiser", PASSWORD, NOW)
    add_account(db, "analyst", "analyst", PASSWORD, NOW)
    disable_account(db, second.id)
    with pytest.raises(Invalid) as refused:
        disable_account(db, first.id)
    assert codes(refused) == [("account", "account_last_organiser")]


def organisers_left_after_disabling_each_other(db: Database) -> int:
    """How many of four organisers remain when all are disabled in the same moment."""
    found = [add_account(db, f"organiser {number}", "organiser", PASSWORD, NOW) for number in range(4)]
    together = Barrier(len(found))

    def disable(number: int) -> None:
        together.wait()
        try:
            disable_account(db, number)
        except Invalid:
            return

    with ThreadPoolExecutor(len(found)) as threads:
        list(threads.map(disable, [account.id for account in found]))
    return sum(not record.disabled for record in list_accounts(db))


def test_organisers_who_disable_each_other_leave_one(db: Database) -> None:
    assert organisers_left_after_disabling_each_other(db) == 1


def test_a_count_of_organisers_without_a_lock_is_found(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_lock(_: object) -> list[int]:
        return [record.account.id for record in everybody if record.account.role is Role.ORGANISER]

    everybody = [record for record in list_accounts(db) if not record.disabled]
    monkeypatch.setattr(accounts, "lock_organisers", without_lock)
    assert organisers_left_after_disabling_each_other(db) == 0


def test_an_account_that_does_not_exist_is_named(db: Database) -> None:
    for change in (disable_account, enable_account):
        with pytest.raises(NotFound):
            change(db, 7)
    with pytest.raises(NotFound):
        set_password(db, 7, PASSWORD)
    with pytest.raises(NotFound):
        find_account(db, "nobody")


def test_a_demonstration_account_exists_only_in_a_demonstration(db: Database) -> None:
    with pytest.raises(Invalid) as refused:
        add_account(db, "demo", "organiser", PASSWORD, NOW, demonstration=True)
    assert codes(refused) == [("demonstration", "demonstration_account")]
    assert list_accounts(db) == []
    mark_demonstration(db)
    add_account(db, "demo", "organiser", PASSWORD, NOW, demonstration=True)
    assert list_accounts(db)[0].demonstration


def test_a_database_with_accounts_does_not_become_a_demonstration(db: Database) -> None:
    add_account(db, "王芳", "organiser", PASSWORD, NOW)
    with pytest.raises(Invalid) as refused:
        mark_demonstration(db)
    assert codes(refused) == [("database", "demonstration_not_empty")]
    assert not is_demonstration(db)


def test_a_database_with_a_wave_does_not_become_a_demonstration(field: Field) -> None:
    with pytest.raises(Invalid):
        mark_demonstration(field.db)
    assert not is_demonstration(field.db)


def test_a_demonstration_stays_one(db: Database) -> None:
    mark_demonstration(db)
    add_account(db, "demo", "organiser", PASSWORD, NOW, demonstration=True)
    mark_demonstration(db)
    assert is_demonstration(db)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_a_demonstration_starts_for_this_machine(db: Database, database_url: str, url: str) -> None:
    mark_demonstration(db)
    check_installation(db, settings(database_url, public_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "https://survey.example",
        "http://0.0.0.0:8000",
        "http://127.0.0.1.survey.example",
        "http://localhost@evil.example",
    ],
)
def test_a_demonstration_refuses_to_start_for_everybody(db: Database, database_url: str, url: str) -> None:
    outside = settings(database_url, public_url=url)
    check_installation(db, outside)
    mark_demonstration(db)
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        check_installation(db, outside)
    check_installation(db, settings(database_url, public_url=url, demonstration_public=True))


def test_the_setting_that_shows_a_demonstration_around_has_one_value(database_url: str) -> None:
    given = {"DATABASE_URL": database_url, "SECRET_KEY": "x" * 32}
    assert not read_settings(given).demonstration_public
    assert read_settings(given | {"DEMONSTRATION": "public"}).demonstration_public
    with pytest.raises(SettingsError, match="DEMONSTRATION"):
        read_settings(given | {"DEMONSTRATION": "yes"})
