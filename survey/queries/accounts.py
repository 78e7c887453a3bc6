"""SQL about staff accounts and the counts of their failures to sign in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.domain.account import UNKNOWN_FAILURES_PER_MINUTE, Account, AccountRecord, Role, waits
from survey.queries.installation import demonstration_facts
from survey.tables.account import AccountRow, SignInBucket
from survey.tables.columns import UtcDateTime

_RECORD = (
    col(AccountRow.id),
    col(AccountRow.name),
    col(AccountRow.role),
    col(AccountRow.password_hash),
    col(AccountRow.demonstration),
    col(AccountRow.session_number),
    col(AccountRow.disabled),
    col(AccountRow.created_at),
)


def _record(row: Sequence[Any]) -> AccountRecord:
    account_id, name, role, *rest = row
    return AccountRecord(Account(account_id, name, Role(role)), *rest)


def insert_account(
    connection: Connection, name: str, role: Role, password_hash: str, *, demonstration: bool, at: datetime
) -> Account | None:
    """Keep a new account. None where the name is taken; then nothing changed."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {
        "name": name,
        "role": role.value,
        "password_hash": password_hash,
        "demonstration": demonstration,
        "session_number": 0,
        "disabled": False,
        "created_at": at,
    }
    statement = dialect.insert(AccountRow).on_conflict_do_nothing(index_elements=["name"]).returning(col(AccountRow.id))
    account_id = connection.execute(statement, values).scalar_one_or_none()
    return None if account_id is None else Account(account_id, name, role)


def accounts(connection: Connection) -> list[AccountRecord]:
    """Every account by its name."""
    rows = connection.execute(select(*_RECORD).order_by(col(AccountRow.name))).all()
    return [_record(row) for row in rows]


def account_by_name(connection: Connection, name: str) -> AccountRecord | None:
    """The account of this name."""
    row = connection.execute(select(*_RECORD).where(col(AccountRow.name) == name)).one_or_none()
    return None if row is None else _record(row)


def account_by_id(connection: Connection, account_id: int) -> AccountRecord | None:
    """The account of this id."""
    row = connection.execute(select(*_RECORD).where(col(AccountRow.id) == account_id)).one_or_none()
    return None if row is None else _record(row)


def account_of_session(connection: Connection, account_id: int, session_number: int) -> Account | None:
    """The account, if its sessions of this number are still good here."""
    row = connection.execute(
        select(*_RECORD).where(
            col(AccountRow.id) == account_id,
            col(AccountRow.session_number) == session_number,
            col(AccountRow.disabled).is_(False),
            col(AccountRow.demonstration).is_(False) | (demonstration_facts() == 1),
        )
    ).one_or_none()
    return None if row is None else _record(row).account


def set_password(connection: Connection, account_id: int, password_hash: str) -> int:
    """Give an account another password and end its sessions. Returns the number of its sessions from now on."""
    return connection.execute(
        update(AccountRow)
        .where(col(AccountRow.id) == account_id)
        .values(password_hash=password_hash, session_number=col(AccountRow.session_number) + 1)
        .returning(col(AccountRow.session_number))
    ).scalar_one()


def replace_hash(connection: Connection, account_id: int, before: str, after: str) -> None:
    """Keep the same password under newer parameters, unless it was changed meanwhile."""
    connection.execute(
        update(AccountRow)
        .where(col(AccountRow.id) == account_id, col(AccountRow.password_hash) == before)
        .values(password_hash=after)
    )


def set_disabled(connection: Connection, account_id: int, *, disabled: bool) -> bool:
    """Close or reopen an account; either ends its sessions. False where there is none of this id."""
    result = connection.execute(
        update(AccountRow)
        .where(col(AccountRow.id) == account_id)
        .values(disabled=disabled, session_number=col(AccountRow.session_number) + 1)
    )
    return result.rowcount == 1


def lock_organisers(connection: Connection) -> list[int]:
    """The ids of the organisers who can sign in; nobody else changes these accounts before we are done."""
    rows: Sequence[Any] = connection.execute(
        select(col(AccountRow.id))
        .where(col(AccountRow.role) == Role.ORGANISER.value, col(AccountRow.disabled).is_(False))
        .order_by(col(AccountRow.id))
        .with_for_update()
    ).all()
    return [row[0] for row in rows]


def count_attempt(connection: Connection, key: str, now: datetime) -> bool:
    """Count an attempt as failed before it is checked. False, and not counted, where the wait is not over.

    Condition and count are one statement, so that no guess of many at once goes uncounted; one that turns out right
    takes the count away again.
    """
    *steps, (_, longest) = waits().items()
    bucket = SignInBucket
    over_since = case(
        *((col(bucket.failures) == number, _moment(now - wait)) for number, wait in steps), else_=_moment(now - longest)
    )
    return _count(connection, key, now, col(bucket.last_failure_at) <= over_since)


def count_unknown(connection: Connection, now: datetime) -> bool:
    """Count an attempt from a browser unknown to its account. False where this minute has had its number of them."""
    return _count(connection, _minute(now), now, col(SignInBucket.failures) < UNKNOWN_FAILURES_PER_MINUTE)


def uncount_unknown(connection: Connection, at: datetime) -> None:
    """The attempt that was counted at this moment was right after all."""
    connection.execute(
        update(SignInBucket)
        .where(col(SignInBucket.key) == _minute(at), col(SignInBucket.failures) > 0)
        .values(failures=col(SignInBucket.failures) - 1)
    )


def failures(connection: Connection, key: str) -> tuple[int, datetime] | None:
    """(failures in a row, the last of them) under this key."""
    row = connection.execute(
        select(col(SignInBucket.failures), col(SignInBucket.last_failure_at)).where(col(SignInBucket.key) == key)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def forget_failures(connection: Connection, key: str) -> None:
    """Begin to count anew."""
    connection.execute(delete(SignInBucket).where(col(SignInBucket.key) == key))


def forget_failures_before(connection: Connection, moment: datetime) -> None:
    """Forget every count to which nothing was added since."""
    connection.execute(delete(SignInBucket).where(col(SignInBucket.last_failure_at) < moment))


def _minute(now: datetime) -> str:
    return f"minute {int(now.timestamp()) // 60}"


def _moment(moment: datetime) -> ColumnElement[datetime]:
    return literal(moment, UtcDateTime)


def _count(connection: Connection, key: str, now: datetime, admitted: ColumnElement[bool]) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(SignInBucket).on_conflict_do_update(
        index_elements=["key"],
        set_={"failures": col(SignInBucket.failures) + 1, "last_failure_at": now},
        where=admitted,
    )
    values = {"key": key, "failures": 1, "last_failure_at": now}
    # RETURNING gives no row where the condition does not hold; PostgreSQL's driver gives no count here.
    return connection.execute(statement.returning(col(SignInBucket.key)), values).first() is not None
