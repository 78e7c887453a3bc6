"""Letters in a wave of the short questionnaire, and households that answer them."""

import secrets
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from survey.db import Database
from survey.domain.letters import change_key
from survey.domain.submission import Receipt
from survey.domain.wave import Mode
from survey.services.answer_letter import answer_anew, answer_letter, find_letter
from survey.services.make_letters import make_letters
from tests.field import AREA, HUAYING_AREA, NOW, Field, as_form, plan_text, token_in, valid_answers

SAMPLES = {Mode.INTERCEPT: 60, Mode.OPEN_QR: 24, Mode.SAMPLED: 40}
POINTS = (
    (AREA, "market", Mode.INTERCEPT),
    (AREA, "square", Mode.OPEN_QR),
    (AREA, "housing_estate", Mode.SAMPLED),
    (HUAYING_AREA, "housing_estate", Mode.SAMPLED),
)


def letters_plan(*, replace_hours: int | None = None, **shape: Any) -> str:
    """A plan with letters to two areas, beside intercept interviews and open QR codes."""
    plan = plan_text(shape.pop("now", NOW), samples=SAMPLES, points=POINTS, **shape)
    return plan if replace_hours is None else f"{plan}\nletters: {{replace_hours: {replace_hours}}}"


def print_letters(field: Field, letters: int = 10, request_id: UUID | None = None, point: int = 0) -> list[str]:
    """The codes of a new batch, as they are printed."""
    (made,) = make_letters(
        field.db,
        field.settings.secret_key,
        "2026-11",
        [field.points[Mode.SAMPLED][point].number],
        letters,
        request_id or uuid4(),
        None,
        field.clock.now,
        secrets.randbelow,
    )
    return list(made.codes)


def answer(field: Field, code: str, submission_id: UUID | None = None, **answers: object) -> Receipt:
    """A household sends its form."""
    return _send(field, code, submission_id, answers, lambda letter, form: answer_letter(field.door, letter, form))


def change(field: Field, code: str, key: str | None, submission_id: UUID | None = None, **answers: object) -> Receipt:
    """A household sends another form in the place of its first."""
    return _send(field, code, submission_id, answers, lambda letter, form: answer_anew(field.door, letter, key, form))


def send_form(
    phone: FlaskClient, code: str, path: str = "", token: str | None = None, **answers: object
) -> TestResponse:
    """Open the form of a letter and send it."""
    token = token or token_in(phone.get(f"/c/{code}{path}").text)
    return phone.post(f"/c/{code}{path}?send=1", data=as_form(valid_answers(**answers), token))


def key_of(field: Field, receipt: Receipt) -> str:
    """The change key that the thanks page showed."""
    return change_key(field.settings.secret_key, receipt.submission_id)


def _send(
    field: Field, code: str, submission_id: UUID | None, answers: dict[str, object], send: Callable[..., Receipt]
) -> Receipt:
    letter = find_letter(field.door, code)
    form = field.submission(valid_answers(**answers), id=submission_id or uuid4(), point_code=letter.point.code)
    return send(letter, form)


def table(db: Database, name: str, order: str = "") -> list[dict[str, Any]]:
    """Every row of a table as the engine gives it."""
    with db.reading() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {name} {order}")).mappings()]
