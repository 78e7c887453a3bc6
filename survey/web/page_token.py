"""The token in a served form: which submission this will be, where it was opened, with which questionnaire, when, and
what work was asked for.

Signed, so that a submission's id and questionnaire version can't be made up; spent by nothing, so that a page that is
fetched and never used costs nothing, and one that is sent twice is known for the same submission.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from survey.domain.stuffing import WorkAsked


@dataclass(frozen=True, slots=True)
class PageToken:
    """What a served form knows about itself."""

    submission_id: UUID
    point_code: str
    questionnaire_code: str
    questionnaire_version: int
    opened_at: datetime
    asked: WorkAsked | None = None  # what the page was told to do first


def write_token(secret: str, token: PageToken) -> str:
    """The token as text for a form field. The same token gives the same text."""
    parts: list[str | int] = [
        token.submission_id.hex,
        token.point_code,
        token.questionnaire_code,
        token.questionnaire_version,
        int(token.opened_at.timestamp()),
    ]
    if token.asked is not None:
        parts += [token.asked.bits, int(token.asked.since.timestamp())]
    return _serializer(secret).dumps(parts)


def read_token(secret: str, text: str) -> PageToken | None:
    """The token behind the text; None where it is not one of ours."""
    try:
        submission_id, point_code, code, version, opened, *asked = _serializer(secret).loads(text)
        told = WorkAsked(asked[0], datetime.fromtimestamp(asked[1], UTC)) if asked else None
        return PageToken(UUID(submission_id), point_code, code, version, datetime.fromtimestamp(opened, UTC), told)
    except (BadData, ValueError, TypeError):
        return None


@cache
def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="page-token")
