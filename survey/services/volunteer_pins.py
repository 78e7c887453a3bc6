"""Volunteers' PINs for tablets: giving one, and what tablets are told so that they can check it without a network."""

import hashlib
import hmac
import logging
import secrets

from survey.db import Database
from survey.domain.account import clean_text
from survey.domain.pin import ITERATIONS, check_pin
from survey.domain.problems import Invalid, Problem
from survey.queries import devices
from survey.queries.devices import Volunteer

log = logging.getLogger("survey.security")

_VERIFIER_INFO = b"minsheng verifier"


def set_pin(db: Database, account_id: int, pin: str) -> None:
    """Give a volunteer a PIN. Raises Invalid naming `pin`."""
    checked, salt = check_pin(clean_text(pin)), secrets.token_bytes(16)
    verifier = pin_verifier(checked, salt)
    with db.writing() as connection:
        if not devices.set_pin(connection, account_id, salt.hex(), verifier):
            raise Invalid([Problem("pin_volunteers_only", "pin")])
    log.info("tablet PIN set: account %d", account_id)


def has_pin(db: Database, account_id: int) -> bool:
    """Whether an account has a PIN."""
    with db.reading() as connection:
        return devices.has_pin(connection, account_id)


def roster(db: Database) -> list[Volunteer]:
    """Volunteers who can sign in on tablets."""
    with db.reading() as connection:
        return devices.volunteers(connection)


def pin_verifier(pin: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What a tablet compares: PBKDF2 (RFC 8018), then HKDF (RFC 5869) for this purpose alone, then SHA-256; in hex."""
    master = hashlib.pbkdf2_hmac("sha256", pin.encode("ascii"), salt, iterations)
    extracted = hmac.digest(bytes(32), master, "sha256")
    expanded = hmac.digest(extracted, _VERIFIER_INFO + b"\x01", "sha256")
    return hashlib.sha256(expanded).hexdigest()
