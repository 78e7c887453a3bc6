"""What every view reaches for: settings, database, the unchanging things and the clock of this application."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from survey.config import Settings
from survey.db import Database
from survey.domain.guessing import Failures
from survey.services.catalogue import Catalogue
from survey.services.pressure import Pressure
from survey.services.receive_submission import Door


def utc_now() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Office:
    """One application's surroundings, made by `create_app`."""

    settings: Settings
    db: Database
    catalogue: Catalogue
    now: Callable[[], datetime]
    pressure: Pressure
    failures: Failures = field(default_factory=Failures)  # codes that were wrong

    @property
    def door(self) -> Door:
        """The submission door."""
        return Door(self.db, self.catalogue, self.settings.secret_key)


def office() -> Office:
    """The office of the application that handles this request."""
    return cast(Office, current_app.extensions["minsheng"])
