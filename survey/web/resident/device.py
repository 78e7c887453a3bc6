"""The cookie of a device: how many forms it has sent in which wave, and since which day. Signed, so that it can't be
made up; without anything that tells one device from another, so that it joins no answers to each other.

It is a hint and no more: who takes it away or never keeps it is somebody who sends the first form, and families share a
phone. So it refuses nobody anything (see domain/stuffing.py: MANY_FORMS); it is kept with the answers as evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from flask import request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.fieldwork import Point
from survey.domain.submission import Outcome
from survey.web.office import office

COOKIE = "forms"
MOST_WAVES = 4  # in one cookie; the wave that ended first goes
MOST_FORMS = 999  # beyond that it does not matter
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Sent:
    """Of one wave: forms, the day of the first one and the day after which it is forgotten, in days since 1970."""

    forms: int
    since: int
    until: int


def earlier_forms(point: Point) -> int:
    """How many forms this device says it has sent before in the wave of this point."""
    sent = read_cookie(office().settings.secret_key, request.cookies.get(COOKIE, "")).get(point.wave_id)
    return 0 if sent is None else sent.forms


def count_form(response: BaseResponse, point: Point, outcome: Outcome) -> None:
    """Let the device count one more that was stored. A repeat counts only where its first answer was lost."""
    secret, today = office().settings.secret_key, _day(office().now())
    waves = read_cookie(secret, request.cookies.get(COOKIE, ""))
    known = waves.pop(point.wave_id, None)
    if outcome is Outcome.STORED or known is None:
        plan = office().catalogue.ground(point.wave_id).plan
        until = _day(plan.closes_at + plan.grace) + 1
        known = Sent(min(1 + (known.forms if known else 0), MOST_FORMS), known.since if known else today, until)
    waves = {wave: sent for wave, sent in waves.items() if sent.until >= today}
    while len(waves) >= MOST_WAVES:
        waves.pop(min(waves, key=lambda wave: waves[wave].until))
    waves[point.wave_id] = known
    last = max(sent.until for sent in waves.values())
    response.set_cookie(
        COOKIE,
        write_cookie(secret, waves),
        expires=datetime.fromtimestamp((last + 1) * _DAY, UTC),
        path="/",
        secure=office().settings.https,
        httponly=True,
        samesite="Lax",
    )


def write_cookie(secret: str, waves: Mapping[int, Sent]) -> str:
    """The cookie's text."""
    return _serializer(secret).dumps([[wave, sent.forms, sent.since, sent.until] for wave, sent in waves.items()])


def read_cookie(secret: str, text: str) -> dict[int, Sent]:
    """Wave -> what was sent; nothing where the text is not one of ours."""
    try:
        return {wave: Sent(forms, since, until) for wave, forms, since, until in _serializer(secret).loads(text)}
    except (BadData, ValueError, TypeError):
        return {}


def _day(moment: datetime) -> int:
    return int(moment.timestamp()) // _DAY


@cache
def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="forms of a device")
