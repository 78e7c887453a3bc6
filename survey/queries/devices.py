"""SQL about tablets: enrolment codes, devices, when they were last seen, the volunteers' PINs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.domain.account import Role
from survey.domain.fieldwork import Device
from survey.tables.account import AccountRow
from survey.tables.device import DeviceRow, EnrolmentRow

_DEVICE = tuple(col(getattr(DeviceRow, name)) for name in Device.__slots__)
_BY_ID = select(*_DEVICE).where(col(DeviceRow.id) == bindparam("device_id"))

_REVOKED = select(col(DeviceRow.revoked_at)).where(col(DeviceRow.id) == bindparam("device_id"))


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A one-time code, as its digest. `device_id`: who used it."""

    code_digest: str
    label: str
    created_at: datetime
    expires_at: datetime
    device_id: UUID | None


@dataclass(frozen=True, slots=True)
class Volunteer:
    """Somebody who can sign in on a tablet; of the PIN only what a tablet may know."""

    id: int
    name: str
    salt: str
    verifier: str


def insert_enrolment(connection: Connection, enrolment: Enrolment) -> None:
    """Keep a code, and forget those that nobody used in time."""
    unused = col(EnrolmentRow.device_id).is_(None)
    connection.execute(delete(EnrolmentRow).where(unused, col(EnrolmentRow.expires_at) <= enrolment.created_at))
    connection.execute(insert(EnrolmentRow), {name: getattr(enrolment, name) for name in Enrolment.__slots__})


def use_enrolment(connection: Connection, code_digest: str, device_id: UUID, now: datetime) -> str | None:
    """The label of a code that this device uses now, for the first time; None where it is unknown, used or too old."""
    taken = connection.execute(
        update(EnrolmentRow)
        .where(
            col(EnrolmentRow.code_digest) == code_digest,
            col(EnrolmentRow.device_id).is_(None),
            col(EnrolmentRow.expires_at) > now,
        )
        .values(device_id=device_id)
        .returning(col(EnrolmentRow.label))
    )
    return taken.scalar_one_or_none()


def enrolment_of(connection: Connection, code_digest: str) -> Enrolment | None:
    """The code of this digest, used or not."""
    columns = [col(getattr(EnrolmentRow, name)) for name in Enrolment.__slots__]
    row = connection.execute(select(*columns).where(col(EnrolmentRow.code_digest) == code_digest)).one_or_none()
    return None if row is None else Enrolment(*row)


def waiting_enrolments(connection: Connection, now: datetime) -> list[Enrolment]:
    """Codes that can still be used."""
    columns = [col(getattr(EnrolmentRow, name)) for name in Enrolment.__slots__]
    rows = connection.execute(
        select(*columns)
        .where(col(EnrolmentRow.device_id).is_(None), col(EnrolmentRow.expires_at) > now)
        .order_by(col(EnrolmentRow.created_at))
    ).all()
    return [Enrolment(*row) for row in rows]


def withdraw_enrolment(connection: Connection, label: str) -> bool:
    """Forget a code that waits for a tablet of this label. False where none does."""
    unused = col(EnrolmentRow.device_id).is_(None)
    return connection.execute(delete(EnrolmentRow).where(unused, col(EnrolmentRow.label) == label)).rowcount > 0


def labels_but(connection: Connection, code_digest: str) -> set[str]:
    """Every label that a device or a waiting code has, other than this code."""
    waiting = select(col(EnrolmentRow.label)).where(
        col(EnrolmentRow.device_id).is_(None), col(EnrolmentRow.code_digest) != code_digest
    )
    rows = connection.execute(select(col(DeviceRow.label)).union(waiting)).all()
    return {label for (label,) in rows}


def insert_device(connection: Connection, device: Device) -> bool:
    """Keep a tablet. False where one of this id or label is there already; then nothing changed."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(DeviceRow).on_conflict_do_nothing().returning(col(DeviceRow.id))
    values = {name: getattr(device, name) for name in Device.__slots__}
    return connection.execute(statement, values).first() is not None


def device_by_id(connection: Connection, device_id: UUID) -> Device | None:
    """The tablet of this id."""
    row = connection.execute(_BY_ID, {"device_id": device_id}).one_or_none()
    return None if row is None else Device(*row)


def is_revoked(connection: Connection, device_id: UUID) -> bool:
    """Whether a tablet's access was taken away."""
    return connection.execute(_REVOKED, {"device_id": device_id}).scalar_one() is not None


def devices(connection: Connection) -> list[Device]:
    """Every tablet by its label."""
    rows = connection.execute(select(*_DEVICE).order_by(col(DeviceRow.label))).all()
    return [Device(*row) for row in rows]


def note_seen(connection: Connection, device_id: UUID, seen: Mapping[str, Any]) -> None:
    """Write down what a tablet says of itself."""
    connection.execute(update(DeviceRow).where(col(DeviceRow.id) == device_id).values(**seen))


def revoke(connection: Connection, device_id: UUID, at: datetime) -> bool:
    """Take a tablet's access away. False where there is none of this id or it is revoked already."""
    revoked = connection.execute(
        update(DeviceRow)
        .where(col(DeviceRow.id) == device_id, col(DeviceRow.revoked_at).is_(None))
        .values(revoked_at=at)
    )
    return revoked.rowcount == 1


def set_pin(connection: Connection, account_id: int, salt: str, verifier: str) -> bool:
    """Give a volunteer a PIN. False where there is no volunteer of this id."""
    changed = connection.execute(
        update(AccountRow)
        .where(col(AccountRow.id) == account_id, col(AccountRow.role) == Role.VOLUNTEER.value)
        .values(pin_salt=salt, pin_verifier=verifier)
    )
    return changed.rowcount == 1


def has_pin(connection: Connection, account_id: int) -> bool:
    """Whether an account has a PIN for tablets."""
    return connection.scalar(select(col(AccountRow.pin_salt)).where(col(AccountRow.id) == account_id)) is not None


def volunteers(connection: Connection) -> list[Volunteer]:
    """Volunteers who can sign in on tablets, by name."""
    rows: Sequence[Any] = connection.execute(
        select(col(AccountRow.id), col(AccountRow.name), col(AccountRow.pin_salt), col(AccountRow.pin_verifier))
        .where(
            col(AccountRow.role) == Role.VOLUNTEER.value,
            col(AccountRow.disabled).is_(False),
            col(AccountRow.pin_salt).is_not(None),
        )
        .order_by(col(AccountRow.name))
    ).all()
    return [Volunteer(*row) for row in rows]
