"""How passwords are kept: Argon2id with the library's parameters, renewed at sign-in when these change."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from survey.domain.account import clean_text

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(_bytes(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password. Where nothing is kept it takes as long to say no."""
    nobody = nobodys_hash()  # made before it is known whether it is needed, or the first time would tell
    try:
        return _hasher.verify(kept or nobody, _bytes(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the password was kept under other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def nobodys_hash() -> str:
    """The hash of a password that nobody knows."""
    return _hasher.hash(secrets.token_bytes())


def _bytes(password: str) -> bytes:
    return clean_text(password).encode("utf-8", "surrogatepass")
