"""A point at which far too many forms arrive: what is asked of the next ones; nobody is turned away for good."""

import re
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.domain.stuffing import EASIEST, HARDEST, LIMIT, MANY_FORMS, WINDOW, zero_bits
from survey.domain.submission import Channel
from survey.domain.wave import Mode
from survey.services.pressure import FRESH
from survey.web.page_token import read_token
from survey.web.resident import proof
from tests.field import SECRET, Field, as_form, plan_text, token_in, valid_answers
from tests.web.test_guessed_codes import of_office, selects, statements


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A phone whose browser prefers English."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def url(field: Field) -> str:
    return f"/r/{field.point.code}"


def attack(field: Field, forms: int = LIMIT + 1, **changes: Any) -> None:
    """So many forms arrive at the first point now, and the processes notice."""
    for _ in range(forms):
        field.receive(valid_answers(), **changes)
    field.clock.forward(seconds=FRESH.total_seconds())


def number_for(token: str, bits: int) -> str:
    """What a phone finds."""
    return next(str(number) for number in range(2**30) if zero_bits(token, str(number)) >= bits)


def send(client: FlaskClient, field: Field, token: str, work: str | None = None, **answers: object) -> TestResponse:
    """What a browser without a script posts."""
    others = {} if work is None else {"_work": work}
    return client.post(url(field), data=as_form(valid_answers(**answers), token, **others))


def work_of(page: str) -> int:
    """The bits that a page asks its script for; 0 = none."""
    found = re.search(r'data-work="(\d+)"', page)
    return int(found[1]) if found else 0


def last_row(field: Field, token: str) -> dict[str, Any]:
    read = read_token(SECRET, token)
    assert read is not None
    return field.row(read.submission_id)


# --- calm -------------------------------------------------------------------------------------------------------


def test_in_calm_nothing_is_asked_and_nothing_is_noted(client: FlaskClient, field: Field) -> None:
    page = client.get(url(field)).text
    assert work_of(page) == 0
    assert send(client, field, token_in(page)).status_code == 303
    row = last_row(field, token_in(page))
    assert (row["proof"], row["earlier_forms"], row["channel"]) == (None, 0, "web")


def test_a_busy_poster_is_no_attack(client: FlaskClient, field: Field) -> None:
    attack(field, LIMIT)
    page = client.get(url(field)).text
    assert work_of(page) == 0
    assert send(client, field, token_in(page)).status_code == 303


def test_a_visit_costs_no_question_about_the_rush_while_it_is_known(client: FlaskClient, field: Field) -> None:
    def asked_for_a_response() -> int:
        with statements(field) as asked:
            assert send(client, field, token_in(client.get(url(field)).text)).status_code == 303
        return len(selects(asked))

    asked_for_a_response()  # what never changes is read
    field.clock.forward(seconds=FRESH.total_seconds())
    counted, known = asked_for_a_response(), asked_for_a_response()
    assert counted == known + 1


@pytest.mark.parametrize("changes", [{"channel": Channel.TABLET}, {"channel": Channel.DESK}], ids=str)
def test_a_tablet_that_brings_its_day_in_one_go_is_no_attack(
    client: FlaskClient, field: Field, changes: dict[str, Any]
) -> None:
    attack(field, 3 * LIMIT, **changes)
    assert work_of(client.get(url(field)).text) == 0


def test_an_attack_is_over_when_its_forms_are_old(client: FlaskClient, field: Field) -> None:
    attack(field)
    assert work_of(client.get(url(field)).text) == EASIEST
    field.clock.forward(seconds=WINDOW.total_seconds())
    assert work_of(client.get(url(field)).text) == 0


def test_other_points_stay_as_they_were(client: FlaskClient, field: Field) -> None:
    attack(field)
    assert work_of(client.get(f"/r/{field.points[Mode.OPEN_QR][0].code}").text) == 0


# --- under attack -----------------------------------------------------------------------------------------------


def test_the_page_tells_its_script_how_much_work_is_asked_and_the_work_is_kept_as_done(
    client: FlaskClient, field: Field
) -> None:
    attack(field)
    page = client.get(url(field)).text
    bits, token = work_of(page), token_in(page)
    assert bits == EASIEST
    assert send(client, field, token, number_for(token, bits)).status_code == 303
    assert last_row(field, token)["proof"] == "solved"


@pytest.mark.parametrize("work", [None, "", "1", "-1", "x" * 70, "１２", "9" * 21, "1 ", "0x1f"])
def test_a_form_without_the_work_comes_back_whole_with_a_kind_sentence(
    client: FlaskClient, field: Field, work: str | None
) -> None:
    attack(field)
    before = len(field.rows())
    token = token_in(client.get(url(field)).text)
    refused = send(client, field, token, work, comment="a word")
    assert refused.status_code == 422
    assert "please send them again in a minute" in refused.text
    assert "a word" in refused.text
    assert work_of(refused.text) == EASIEST
    assert len(field.rows()) == before


def test_without_a_script_the_form_is_taken_a_minute_after_it_was_opened_under_attack(
    client: FlaskClient, field: Field
) -> None:
    attack(field)
    token = token_in(client.get(url(field)).text)
    field.clock.forward(seconds=59)
    assert send(client, field, token).status_code == 422
    field.clock.forward(seconds=1)
    assert send(client, field, token).status_code == 303
    assert last_row(field, token)["proof"] == "waited"


def test_a_form_opened_in_calm_and_sent_under_attack_is_taken_a_minute_after_it_came_back(
    client: FlaskClient, field: Field
) -> None:
    opened = token_in(client.get(url(field)).text)
    field.clock.forward(minutes=5)
    attack(field)
    refused = send(client, field, opened)
    assert refused.status_code == 422
    again = token_in(refused.text)
    told, before = read_token(SECRET, again), read_token(SECRET, opened)
    assert told is not None
    assert before is not None
    assert told.submission_id == before.submission_id
    assert send(client, field, again).status_code == 422
    field.clock.forward(seconds=60)
    assert send(client, field, again).status_code == 303
    assert last_row(field, opened)["proof"] == "waited"


def test_asking_again_does_not_make_the_minute_begin_anew(client: FlaskClient, field: Field) -> None:
    attack(field)
    token = token_in(client.get(url(field)).text)
    for _ in range(3):
        field.clock.forward(seconds=15)
        token = token_in(send(client, field, token).text)
    field.clock.forward(seconds=15)
    assert send(client, field, token).status_code == 303


def test_what_is_wrong_with_the_answers_is_said_before_anything_is_asked(client: FlaskClient, field: Field) -> None:
    opened = token_in(client.get(url(field)).text)
    attack(field)
    refused = send(client, field, opened, parks=None)
    assert "Question 4" in refused.text
    assert "in a minute" not in refused.text


def test_a_form_that_was_stored_before_the_attack_gets_its_receipt_again(client: FlaskClient, field: Field) -> None:
    token = token_in(client.get(url(field)).text)
    first = send(client, field, token)
    attack(field)
    repeated = send(client, field, token)
    assert repeated.status_code == 303
    assert repeated.headers["Location"] == first.headers["Location"]


def test_who_takes_no_part_is_asked_for_nothing(client: FlaskClient, field: Field) -> None:
    attack(field)
    token = token_in(client.get(url(field)).text)
    assert client.post(url(field), data=as_form({}, token, "refuse")).status_code == 303


def test_more_forms_ask_for_more_work_and_a_page_is_held_to_what_it_was_told(client: FlaskClient, field: Field) -> None:
    attack(field)
    token = token_in(client.get(url(field)).text)
    number = number_for(token, EASIEST)
    while zero_bits(token, number) > EASIEST:
        token = token_in(client.get(url(field)).text)
        number = number_for(token, EASIEST)
    attack(field, 3 * LIMIT)
    assert work_of(client.get(url(field)).text) == EASIEST + 2
    assert send(client, field, token, number).status_code == 303


def test_a_program_is_told_the_work_and_may_send_its_own_token_again_with_it(client: FlaskClient, field: Field) -> None:
    token = token_in(client.get(url(field)).text)
    attack(field)
    content = {"token": token, "answers": valid_answers()}
    refused = client.post(url(field), json=content)
    assert refused.status_code == 422
    told = cast(dict[str, Any], refused.json)
    assert [(problem["code"], problem["field"]) for problem in told["problems"]] == [("work_missing", "work")]
    assert (told["work"]["bits"], told["work"]["seconds"]) == (EASIEST, 60)
    number = number_for(token, told["work"]["bits"])
    assert client.post(url(field), json=content | {"work": number}).status_code == 201
    assert last_row(field, token)["proof"] == "solved"


def test_a_program_may_wait_with_the_token_it_was_given(client: FlaskClient, field: Field) -> None:
    token = field.token()
    attack(field)
    content = {"token": token, "answers": valid_answers()}
    given = cast(dict[str, Any], client.post(url(field), json=content).json)["work"]["token"]
    field.clock.forward(seconds=60)
    assert client.post(url(field), json=content).status_code == 422
    assert client.post(url(field), json=content | {"token": given}).status_code == 201
    assert last_row(field, token)["proof"] == "waited"


def test_the_work_of_one_page_is_none_for_another(client: FlaskClient, field: Field) -> None:
    attack(field)
    token, other = (token_in(client.get(url(field)).text) for _ in range(2))
    number = number_for(token, EASIEST)
    while zero_bits(other, number) >= EASIEST:
        other = token_in(client.get(url(field)).text)
    assert send(client, field, other, number).status_code == 422


def test_letters_are_never_asked_for_work(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 60, Mode.SAMPLED: 24}))
    point = field.points[Mode.SAMPLED][0]
    for _ in range(LIMIT + 1):
        field.receive(valid_answers(), point_code=point.code)
    with field.app.test_request_context():
        assert proof.work_for_page(point, field.clock()) is None


def test_an_office_may_do_without(new_field: Callable[..., Field], database_url: str) -> None:
    field = new_field(forms_at_once=0)
    attack(field)
    assert work_of(field.app.test_client().get(url(field)).text) == 0


def test_forms_that_this_process_stores_count_at_once(client: FlaskClient, field: Field) -> None:
    for number in range(LIMIT + 1):
        client.delete_cookie("forms")
        content = {"token": field.token(uuid4()), "answers": valid_answers()}
        assert client.post(url(field), json=content).status_code == 201, number
    client.delete_cookie("forms")
    assert client.post(url(field), json={"token": field.token(), "answers": valid_answers()}).status_code == 422


def test_a_guard_that_looks_at_nothing_lets_the_flood_in(
    client: FlaskClient, field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault."""
    monkeypatch.setattr(proof, "_bits", lambda *_: 0)
    attack(field, 2 * LIMIT)
    assert send(client, field, field.token()).status_code == 303


# --- one device -------------------------------------------------------------------------------------------------


def test_a_device_that_has_sent_many_forms_is_asked_for_work_and_its_answers_are_kept_like_any(
    client: FlaskClient, field: Field
) -> None:
    for number in range(MANY_FORMS):
        page = client.get(url(field)).text
        assert work_of(page) == 0
        assert send(client, field, token_in(page)).status_code == 303
        assert last_row(field, token_in(page))["earlier_forms"] == number
    page = client.get(url(field)).text
    assert work_of(page) == EASIEST
    token = token_in(page)
    assert send(client, field, token, number_for(token, EASIEST)).status_code == 303
    row = last_row(field, token)
    assert (row["earlier_forms"], row["proof"], row["answers"]) == (MANY_FORMS, "solved", valid_answers())


def test_the_hardest_work_is_bounded_however_many_forms_come(client: FlaskClient, field: Field) -> None:
    client.get(url(field))
    pressure = of_office(field).pressure
    for _ in range(100 * LIMIT):
        pressure.note(field.point.code)
    assert work_of(client.get(url(field)).text) == HARDEST
