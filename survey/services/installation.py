"""What this database is. A demonstration has accounts whose passwords are printed, so it must never hold real answers
and must not be reached from outside this machine unless somebody says so."""

from urllib.parse import urlsplit

from survey.config import Settings, SettingsError
from survey.db import Database
from survey.domain.problems import Invalid, Problem
from survey.queries import installation

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def mark_demonstration(db: Database) -> None:
    """Make an empty database a demonstration, for good. Raises Invalid where anything is in it already."""
    with db.writing() as connection:
        if installation.is_demonstration(connection):
            return
        if installation.holds_anything(connection):
            raise Invalid([Problem("demonstration_not_empty", "database")])
        installation.insert_demonstration(connection)


def is_demonstration(db: Database) -> bool:
    """Whether this database is a demonstration."""
    with db.reading() as connection:
        return installation.is_demonstration(connection)


def check_installation(db: Database, settings: Settings) -> None:
    """Raises SettingsError where a demonstration would be reached from outside without an explicit setting."""
    host = urlsplit(settings.public_url).hostname
    if host in LOOPBACK or settings.demonstration_public or not is_demonstration(db):
        return
    raise SettingsError(
        f"PUBLIC_URL is {settings.public_url}, but this database is a demonstration, whose passwords everybody knows. "
        "Use an address of this machine such as http://127.0.0.1:8000, or set DEMONSTRATION=public to show it around."
    )


def holds_anything(db: Database) -> bool:
    """Whether there is an account, a wave or a response."""
    with db.reading() as connection:
        return installation.holds_anything(connection)
