"""Staff accounts: roles, what a name and a password must be, how long a session lasts, how failures slow guessing.

Nothing here knows an address. Failures are counted for one account and one kind of browser: one where this account
signed in before is known and has a count of its own, so a stranger's guesses do not keep the owner out.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from survey.domain.problems import Invalid, Problem

NAME_LENGTH = range(2, 61)
PASSWORD_LENGTH = range(10, 201)
FEWEST_DIFFERENT = 4  # characters of a password

# Long enough, and still among the first that anybody tries.
_COMMON = """
0123456789 1234567890 12345678910 0987654321 9876543210 1qaz2wsx3edc 1q2w3e4r5t 1q2w3e4r5t6y qwertyuiop qwerty12345
qwerty123456 qweasdzxc123 asdfghjkl123 abc1234567 abcd123456 abcdefghij a123456789 a1234567890 aa123456789
123456789a 1234567890a password12 password123 password1234 passw0rd123 administrator admin12345 admin123456
admin@12345 welcome123 welcome1234 changeme123 letmein123 iloveyou123 woaini1314 woaini1314520 5201314520 1314520520
minsheng123 minsheng2026 wenming123 chuangwenban chuangwenban123 p@ssw0rd123 test123456 root123456 guest123456
zhongguo123 baobao1314
"""
COMMON_PASSWORDS = frozenset(_COMMON.split())

FREE_FAILURES = 5  # in a row, before the first wait
LONGEST_WAIT = timedelta(minutes=5)
UNKNOWN_FAILURES_PER_MINUTE = 60  # over all accounts, from browsers unknown to them
FORGET_FAILURES_AFTER = timedelta(days=1)
MOST_KNOWN_ACCOUNTS = 20  # of one browser


class Role(StrEnum):
    """What an account may do."""

    ORGANISER = "organiser"
    ANALYST = "analyst"
    VOLUNTEER = "volunteer"


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in."""

    id: int
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as it is kept. Raising `session_number` ends its sessions."""

    account: Account
    password_hash: str = field(repr=False)
    demonstration: bool
    session_number: int
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that signed in here before, and the accounts that did so from it."""

    id: str
    accounts: frozenset[int]

    def with_account(self, account_id: int) -> "Device":
        """The same browser, known to one account more; to none but this where it knows too many."""
        known = self.accounts if len(self.accounts) < MOST_KNOWN_ACCOUNTS else frozenset()
        return Device(self.id, known | {account_id})


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts: in all, and without a sign of life."""

    longest: timedelta
    idle: timedelta

    def over(self, began: datetime, seen: datetime, now: datetime) -> bool:
        """Whether a session that began and was last seen at these moments has ended by now."""
        return now - began >= self.longest or now - seen >= self.idle


def clean_text(text: str) -> str:
    """The text in the one form in which names and passwords are compared (NFKC), without outer blanks.

    Input methods write the same letter in several widths, and the same password must fit on every keyboard.
    """
    return unicodedata.normalize("NFKC", text).strip()


def check_name(text: str) -> str:
    """The name of a new account, cleaned. Raises Invalid naming the field `name`."""
    name = clean_text(text)
    if any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in name):
        raise Invalid([Problem("unreadable_text", "name")])
    if len(name) not in NAME_LENGTH:
        raise Invalid([Problem("account_name_length", "name", _bounds(NAME_LENGTH))])
    return name


def check_role(text: str) -> Role:
    """The role of this name. Raises Invalid naming the field `role`."""
    try:
        return Role(text)
    except ValueError:
        raise Invalid([Problem("account_role_unknown", "role", (("known", ", ".join(Role)),))]) from None


def check_password(text: str, name: str) -> str:
    """A new password of the account of this name, cleaned. Raises Invalid naming the field `password`."""
    password = clean_text(text)
    folded = password.casefold()
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in password):
        raise Invalid([Problem("unreadable_text", "password")])
    if len(password) < PASSWORD_LENGTH.start:
        raise Invalid([Problem("password_short", "password", _bounds(PASSWORD_LENGTH))])
    if len(password) not in PASSWORD_LENGTH:
        raise Invalid([Problem("password_long", "password", _bounds(PASSWORD_LENGTH))])
    if folded == clean_text(name).casefold():
        raise Invalid([Problem("password_is_name", "password")])
    if folded in COMMON_PASSWORDS or len(set(folded)) < FEWEST_DIFFERENT:
        raise Invalid([Problem("password_common", "password")])
    return password


def _bounds(lengths: range) -> tuple[tuple[str, str], ...]:
    return ("low", str(lengths.start)), ("high", str(lengths.stop - 1))


def bucket_key(name: str, device_id: str | None) -> str:
    """Where failures are counted: one name from one browser known to it, or (None) from all others.

    A name that nobody has is counted like any other, so that a wait does not tell which names exist.
    """
    return hashlib.sha256(f"{name}\0{device_id or 'unknown'}".encode("utf-8", "surrogatepass")).hexdigest()


def waits() -> Mapping[int, timedelta]:
    """failures in a row -> how long nothing is checked after the last of them; more failures wait as the last row."""
    found = {number: timedelta(0) for number in range(FREE_FAILURES)}
    wait = timedelta(seconds=1)
    while wait < LONGEST_WAIT:
        found[len(found)] = wait
        wait *= 2
    return MappingProxyType(found | {len(found): LONGEST_WAIT})
