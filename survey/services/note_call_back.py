"""Writing down what came of asking a volunteer about an interview that the system drew."""

from datetime import datetime
from uuid import UUID

from survey.db import Database
from survey.domain.account import Account
from survey.domain.call_back import Finding, is_drawn
from survey.queries import fieldwork, waves
from survey.queries.fieldwork import Note
from survey.services.catalogue import NotFound


def note_call_back(
    db: Database, secret: str, wave_code: str, response_id: UUID, finding: Finding, account: Account, now: datetime
) -> None:
    """Keep the finding and who noted it; a later one replaces it. Only interviews that were drawn have findings: raises
    NotFound for any other, so that nobody picks whom to check."""
    with db.writing() as connection:
        wave = waves.wave_by_code(connection, wave_code)
        if wave is None or not is_drawn(secret, response_id):
            raise NotFound(wave_code)
        if not fieldwork.is_interview(connection, wave.id, response_id):
            raise NotFound(f"interview {response_id}")
        fieldwork.keep_note(connection, response_id, Note(finding, account.id, now))
