"""What a phone keeps of having answered: a count by wave, signed, and nothing that tells one phone from another."""

from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from werkzeug.test import TestResponse

from survey.web.resident.device import COOKIE, MOST_FORMS, MOST_WAVES, Sent, read_cookie, write_cookie
from tests.field import SECRET, Field, as_form, token_in, valid_answers

OTHER_SECRET = "another key that is as long as a key has to be"


@pytest.fixture
def client(field: Field) -> FlaskClient:
    return field.app.test_client()


def answer(client: FlaskClient, field: Field, token: str | None = None) -> TestResponse:
    """One form, as a browser sends it."""
    path = f"/r/{field.point.code}"
    token = token or token_in(client.get(path).text)
    sent = client.post(path, data=as_form(valid_answers(), token))
    assert sent.status_code == 303
    return sent


def earlier(field: Field) -> list[int]:
    return sorted(row["earlier_forms"] for row in field.rows())


def morsel(answered: TestResponse) -> tuple[str, dict[str, str]]:
    """(value, attributes) of the cookie that an answer sets."""
    found = SimpleCookie(answered.headers["Set-Cookie"])[COOKIE]
    return found.value, {name: str(value) for name, value in found.items() if value}


def test_a_phone_counts_what_it_sent_in_the_wave(client: FlaskClient, field: Field) -> None:
    for _ in range(3):
        answer(client, field)
    assert earlier(field) == [0, 1, 2]


def test_another_phone_begins_at_nothing(client: FlaskClient, field: Field) -> None:
    answer(client, field)
    answer(field.app.test_client(), field)
    assert earlier(field) == [0, 0]


def test_looking_at_the_form_leaves_no_cookie(client: FlaskClient, field: Field) -> None:
    assert "Set-Cookie" not in client.get(f"/r/{field.point.code}").headers
    refused = client.post(f"/r/{field.point.code}", data=as_form(valid_answers(parks=None), field.token()))
    assert refused.status_code == 422
    assert "Set-Cookie" not in refused.headers


def test_the_cookie_holds_a_count_and_days_and_is_the_same_for_everybody_who_sent_as_many(
    client: FlaskClient, field: Field
) -> None:
    values = set()
    for phone in (client, field.app.test_client(), field.app.test_client()):
        field.clock.forward(minutes=17)
        value, attributes = morsel(answer(phone, field))
        values.add(value)
        assert attributes.keys() == {"expires", "path", "httponly", "samesite"}
        assert (attributes["path"], attributes["samesite"]) == ("/", "Lax")
    assert len(values) == 1
    ((wave, sent),) = read_cookie(SECRET, values.pop()).items()
    assert (wave, sent.forms) == (field.wave_id, 1)
    assert sent.until - sent.since == 20 + 2 + 1, "the wave's end, its grace, and the rest of that day"


def test_it_is_for_tls_alone_where_residents_come_by_tls(new_field: Callable[..., Field]) -> None:
    field = new_field(public_url="https://localhost")
    _, attributes = morsel(answer(field.app.test_client(), field))
    assert attributes["secure"] == "True"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "junk",
        "a" * 4000,
        "\xff",
        write_cookie(OTHER_SECRET, {1: Sent(0, 1, 99_999)}),
        URLSafeSerializer(SECRET, salt="forms of a device").dumps("text"),
        URLSafeSerializer(SECRET, salt="forms of a device").dumps([[1, 2]]),
        URLSafeSerializer(SECRET, salt="forms of a device").dumps({"a": 1}),
        URLSafeSerializer(SECRET, salt="page-token").dumps([[1, 1, 1, 1]]),
    ],
    ids=["none", "junk", "long", "bytes", "forged", "a text", "short", "an object", "a token"],
)
def test_what_is_not_ours_counts_as_none_and_is_replaced(client: FlaskClient, field: Field, text: str) -> None:
    client.set_cookie(COOKIE, text)
    value, _ = morsel(answer(client, field))
    assert earlier(field) == [0]
    assert read_cookie(SECRET, value)[field.wave_id].forms == 1


def test_a_repeat_is_counted_where_the_first_answer_was_lost_and_nowhere_else(
    client: FlaskClient, field: Field
) -> None:
    token = field.token()
    answer(client, field, token)
    answer(client, field, token)
    assert answer(field.app.test_client(), field, token).status_code == 303
    answer(client, field)
    assert earlier(field) == [0, 1]


def test_few_waves_stand_in_one_cookie_and_those_that_ended_are_gone(client: FlaskClient, field: Field) -> None:
    today = int(field.clock().timestamp()) // 86_400
    old = {100 + number: Sent(2, today - 30, today + number - 1) for number in range(6)}
    client.set_cookie(COOKIE, write_cookie(SECRET, old))
    value, _ = morsel(answer(client, field))
    kept = read_cookie(SECRET, value)
    assert len(kept) == MOST_WAVES
    assert kept.keys() == {103, 104, 105, field.wave_id}


def test_the_count_ends_somewhere(client: FlaskClient, field: Field) -> None:
    today = int(field.clock().timestamp()) // 86_400
    client.set_cookie(COOKIE, write_cookie(SECRET, {field.wave_id: Sent(MOST_FORMS, today, today + 1)}))
    content = {"token": field.token(), "answers": valid_answers()}
    assert client.post(f"/r/{field.point.code}", json=content).status_code == 422, "work is asked"


def test_programs_are_counted_like_browsers(client: FlaskClient, field: Field) -> None:
    for _ in range(2):
        sent = client.post(f"/r/{field.point.code}", json={"token": field.token(), "answers": valid_answers()})
        assert sent.status_code == 201
    assert earlier(field) == [0, 1]
