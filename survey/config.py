"""The settings, read once from the environment at start.

Every setting has a safe default or stops the start with a sentence that says why. docs/operations.md lists them.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from survey.domain.stuffing import LIMIT

VERSION = "0.1.0"  # of the code; a test holds it to pyproject.toml
OFFICE_ZONE = "Asia/Shanghai"  # the clock the desk shows and plans by; China has one
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class SettingsError(Exception):
    """A setting that we will not start with; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the application needs to know about where it runs."""

    database_url: str
    secret_key: str
    public_url: str  # scheme and host, no path and no final slash; the only source of printed links
    session_hours: int
    token_hours: int
    max_body_bytes: int
    idle_minutes: int = 60  # without a sign of life a staff session ends
    forms_at_once: int = LIMIT  # at one point within ten minutes; beyond, phones do some work first; 0 = never
    demonstration_public: bool = False  # a demonstration may be reached from outside this machine
    translations: str = ""  # the office's folder of further languages for residents

    @property
    def https(self) -> bool:
        """Whether residents reach us through TLS (then cookies are for TLS only)."""
        return self.public_url.startswith("https://")

    @property
    def trusted_hosts(self) -> list[str]:
        """Host headers that are answered; all others get 400."""
        host = urlsplit(self.public_url).hostname or ""
        return [host, *LOOPBACK]


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError naming the first that cannot be used."""
    home = Path(environ.get("MINSHENG_HOME", "var")).resolve()
    host = environ.get("HOST", "127.0.0.1")
    port = _number(environ, "PORT", default=8000, lowest=1, highest=65_535)
    return Settings(
        database_url=_database_url(environ.get("DATABASE_URL", ""), home),
        secret_key=_secret_key(environ.get("SECRET_KEY", ""), home),
        public_url=_public_url(environ.get("PUBLIC_URL") or f"http://{host}:{port}"),
        session_hours=_number(environ, "SESSION_HOURS", default=8, lowest=1, highest=72),
        token_hours=_number(environ, "TOKEN_HOURS", default=72, lowest=1, highest=720),
        max_body_bytes=_number(environ, "MAX_BODY_BYTES", default=65_536, lowest=16_384, highest=1_048_576),
        idle_minutes=_number(environ, "IDLE_MINUTES", default=60, lowest=1, highest=1440),
        forms_at_once=_number(environ, "FORMS_AT_ONCE", default=LIMIT, lowest=0, highest=100_000),
        demonstration_public=_demonstration_public(environ.get("DEMONSTRATION", "")),
        translations=environ.get("TRANSLATIONS", ""),
    )


def _database_url(given: str, home: Path) -> str:
    if not given:
        home.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{home / 'minsheng.db'}"
    if given.startswith(("postgres://", "postgresql://")):
        return "postgresql+psycopg://" + given.split("://", 1)[1]
    if given.startswith("postgresql+psycopg://"):
        return given
    if given.startswith("sqlite:///") and len(given) > len("sqlite:///") and ":memory:" not in given:
        return given
    raise SettingsError(
        "DATABASE_URL must be sqlite:///PATH (a file) or postgresql://USER@HOST/NAME; "
        "a database in memory would lose answers."
    )


def _secret_key(given: str, home: Path) -> str:
    if given:
        if len(given) < 32:
            raise SettingsError("SECRET_KEY must have at least 32 characters; leave it unset to have one made.")
        return given
    home.mkdir(parents=True, exist_ok=True)
    path = home / "secret_key"
    if not path.exists():
        # Several workers start at once. The key gets its name when it is whole, and only the first one gets it.
        draft = home / f"secret_key.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise SettingsError(f"{path} holds no key. Remove it to have one made; sessions and open pages then end.")
    return key


def _public_url(given: str) -> str:
    refusal = f"PUBLIC_URL must be http(s)://HOST[:PORT], with nothing else, not {given!r}."
    try:
        parts = urlsplit(given)
        _ = parts.port  # refuses what is no port
    except ValueError:
        raise SettingsError(refusal) from None
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise SettingsError(refusal)
    return f"{parts.scheme}://{parts.netloc}"


def _demonstration_public(given: str) -> bool:
    if given not in {"", "public"}:
        raise SettingsError(f"DEMONSTRATION must be public or unset, not {given!r}.")
    return given == "public"


def _number(environ: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int) -> int:
    given = environ.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and lowest <= int(given) <= highest):
        raise SettingsError(f"{name} must be a whole number from {lowest} to {highest}, not {given!r}.")
    return int(given)
