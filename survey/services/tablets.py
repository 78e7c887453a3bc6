"""Enrolling tablets with one-time codes, knowing them again, and taking their access away.

A tablet makes up its own id and secret, so an enrolment whose answer was lost can be repeated; here only digests are
kept. Revoking takes the access, not what the tablet holds: its sealed records come in as a rescue file
(services/import_rescue.py).
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from survey.db import Database
from survey.domain.account import clean_text
from survey.domain.document import UNREADABLE
from survey.domain.fieldwork import Device
from survey.domain.problems import Invalid, Problem
from survey.domain.submission import code_from_number
from survey.queries import devices
from survey.queries.devices import Enrolment
from survey.queries.paradata import records_of_device
from survey.services.catalogue import Catalogue, NotFound

log = logging.getLogger("survey.security")

CODE_LENGTH = 14  # letters: 31^14 > 2^69, so that codes can't be guessed
CODE_LASTS = timedelta(minutes=30)
LONGEST_LABEL = 40


class DeviceUnknown(Exception):
    """No tablet of this id and secret is enrolled."""


class DeviceRevoked(Exception):
    """The tablet's access was taken away."""


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """A code to show once, and until when it can be used."""

    code: str = field(repr=False)
    label: str
    expires_at: datetime


def enrolment_url(public_url: str, code: str) -> str:
    """Where the code's QR leads. What follows # never leaves the tablet's browser, so no log can hold it."""
    return f"{public_url}/tablet/#enrol={code}"


def new_enrolment(db: Database, label: str, now: datetime) -> EnrolmentCode:
    """A one-time code for a tablet of this label. Raises Invalid naming `label`."""
    label = clean_text(label)
    if not 1 <= len(label) <= LONGEST_LABEL or UNREADABLE.search(label) or not label.isprintable():
        raise Invalid([Problem("device_label", "label", (("high", str(LONGEST_LABEL)),))])
    code = code_from_number(secrets.randbelow(31**CODE_LENGTH), CODE_LENGTH)
    enrolment = Enrolment(_digest(code), label, now, now + CODE_LASTS, None)
    with db.writing() as connection:
        devices.insert_enrolment(connection, enrolment)  # first, for it also forgets old codes and frees their labels
        if label in devices.labels_but(connection, enrolment.code_digest):
            raise Invalid([Problem("device_label_taken", "label")])
    log.info("tablet enrolment code made")
    return EnrolmentCode(code, label, enrolment.expires_at)


def withdraw_enrolment(db: Database, label: str) -> None:
    """Make a code useless that nobody has used yet. Raises NotFound."""
    with db.writing() as connection:
        if not devices.withdraw_enrolment(connection, label):
            raise NotFound(f"enrolment code for {label}")
    log.info("tablet enrolment code withdrawn")


def enrol(db: Database, code: str, device_id: UUID, secret_digest: str, now: datetime) -> tuple[Device, bool]:
    """(the tablet, whether it is new). Raises Invalid naming `code`, which may be typed in groups and in any width."""
    digest = _digest("".join(letter for letter in clean_text(code).upper() if letter.isalnum()))
    with db.writing() as connection:
        label = devices.use_enrolment(connection, digest, device_id, now)
        known = devices.device_by_id(connection, device_id)
        if label is None or known is not None:
            used = devices.enrolment_of(connection, digest)
            again = used is not None and used.device_id == device_id
            if known is None or not again or known.secret_digest != secret_digest or label is not None:
                raise Invalid([Problem("enrolment_unknown", "code")])
            return known, False
        made = Device(device_id, label, secret_digest, now, None, now, 0, 0, None, "")
        if not devices.insert_device(connection, made):  # two codes of one label, made or used in the same moment
            raise Invalid([Problem("enrolment_unknown", "code")])
    log.info("tablet enrolled: %s", device_id)
    return made, True


def known_device(db: Database, device_id: UUID, secret: str) -> Device:
    """The tablet of this id, if the secret is its own. Raises DeviceUnknown, DeviceRevoked."""
    with db.asking() as connection:
        device = _owner_of(secret, devices.device_by_id(connection, device_id))
    if device.revoked_at is not None:
        raise DeviceRevoked
    return device


def enrolled_device(catalogue: Catalogue, device_id: UUID, secret: str) -> Device:
    """The same from memory, for a transaction that asks by itself whether the tablet still has access.

    Raises DeviceUnknown.
    """
    try:
        return _owner_of(secret, catalogue.device(device_id))
    except NotFound:
        raise DeviceUnknown from None


def must_have_access(connection: Connection, device: Device) -> None:
    """Nobody has taken this tablet's access away. Raises DeviceRevoked."""
    if devices.is_revoked(connection, device.id):
        raise DeviceRevoked


def _owner_of(secret: str, device: Device | None) -> Device:
    if device is None or not secrets.compare_digest(device.secret_digest, _digest(secret)):
        raise DeviceUnknown
    return device


def note_seen(
    db: Database, device: Device, *, now: datetime, unsent: int, refused: int, offset: timedelta | None, release: str
) -> None:
    """Write down when a tablet was seen, what it holds, and how far its clock is off."""
    offset_ms = None if offset is None else round(offset.total_seconds() * 1000)
    # A clock may be centuries off; the column holds three weeks, and more needs no exact number.
    bounded = None if offset_ms is None else max(min(offset_ms, 2**31 - 1), 1 - 2**31)
    seen = {
        "last_seen_at": now,
        "unsent": unsent,
        "refused": refused,
        "clock_offset_ms": bounded,
        "release": release,
    }
    with db.writing() as connection:
        devices.note_seen(connection, device.id, seen)


def list_tablets(db: Database, now: datetime) -> tuple[list[Device], list[Enrolment]]:
    """Every tablet by its label, and the codes that wait to be used."""
    with db.reading() as connection:
        return devices.devices(connection), devices.waiting_enrolments(connection, now)


def read_tablet(db: Database, device_id: UUID) -> Device:
    """The tablet of this id, revoked or not. Raises NotFound."""
    with db.reading() as connection:
        device = devices.device_by_id(connection, device_id)
    if device is None:
        raise NotFound(f"tablet {device_id}")
    return device


def records_from(db: Database, device: Device) -> list[tuple[UUID, str]]:
    """(id, digest of the envelope) of everything that came from a tablet."""
    with db.reading() as connection:
        return records_of_device(connection, device.id)


def revoke_tablet(db: Database, device_id: UUID, now: datetime) -> None:
    """Take a tablet's access away; a second time changes nothing. Raises NotFound."""
    with db.writing() as connection:
        if devices.device_by_id(connection, device_id) is None:
            raise NotFound(f"tablet {device_id}")
        if devices.revoke(connection, device_id, now):
            log.info("tablet revoked: %s", device_id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
