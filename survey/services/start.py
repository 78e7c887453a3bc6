"""Before `make run` starts the server: a database of the newest shape, with a demonstration where it is new."""

from datetime import datetime
from pathlib import Path

from survey.config import Settings
from survey.db import Database, migrate
from survey.services.demonstration import Progress, build_demonstration
from survey.services.installation import check_installation, holds_anything


def prepare(settings: Settings, now: datetime, progress: Progress) -> bool:
    """Migrate, and fill an empty database with the demonstration. Returns whether it was filled. Raises SettingsError.

    A SQLite demonstration is built aside and moved into place when it is whole, so that a start that was broken off
    leaves nothing half made.
    """
    db = Database(settings.database_url)
    migrate(settings.database_url)
    try:
        if holds_anything(db):
            check_installation(db, settings)
            return False
        if not db.is_sqlite:
            build_demonstration(db, settings.secret_key, now, progress)
            return True
    finally:
        db.close()
    place = Path(db.url.database or "")
    aside = place.with_name(f"{place.name}.building")
    for path in place.parent.glob(f"{aside.name}*"):
        path.unlink()
    building = Database(f"sqlite:///{aside}")
    migrate(f"sqlite:///{aside}")
    try:
        build_demonstration(building, settings.secret_key, now, progress)
    finally:
        building.close()
    aside.replace(place)
    for path in place.parent.glob(f"{aside.name}*"):
        path.unlink()
    return True
