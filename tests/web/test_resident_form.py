"""The resident's form over HTTP: served, sent, repeated, refused; by browsers and by programs."""

import gzip
import re
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.services.move_wave import close_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.web.page_token import PageToken, read_token, write_token
from tests.field import (
    AREA,
    SECRET,
    WAVE,
    Field,
    as_form,
    questionnaire_text,
    token_in,
    valid_answers,
)


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A phone whose browser prefers English."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def url(field: Field) -> str:
    """The address behind the first poster's code."""
    return f"/r/{field.point.code}"


def send_json(client: FlaskClient, field: Field, token: str, answers: object = None, **others: object) -> TestResponse:
    """What a program posts."""
    body = {"token": token, "answers": valid_answers() if answers is None else answers} | others
    return client.post(url(field), json=body)


def named(response: TestResponse) -> set[tuple[str, str]]:
    """(field, code) of each problem a program is told."""
    assert response.json is not None
    return {(problem["field"], problem["code"]) for problem in response.json["problems"]}


# --- served -----------------------------------------------------------------------------------------------------


def test_each_copy_of_the_form_carries_its_own_token(client: FlaskClient, field: Field) -> None:
    tokens = [read_token(SECRET, token_in(client.get(url(field)).text)) for _ in range(2)]
    assert tokens[0] is not None
    assert tokens[1] is not None
    assert tokens[0].submission_id != tokens[1].submission_id
    assert (tokens[0].point_code, tokens[0].questionnaire_code, tokens[0].questionnaire_version) == (
        field.point.code,
        "field",
        1,
    )
    assert tokens[0].opened_at == field.clock()


def test_a_page_that_is_fetched_and_never_sent_leaves_nothing(client: FlaskClient, field: Field) -> None:
    for _ in range(3):
        assert client.get(url(field)).status_code == 200
    assert field.rows() == []


def test_the_packed_page_unpacks_to_the_plain_one(client: FlaskClient, field: Field) -> None:
    without_token = re.compile(r'value="[^"]{60,}" data-id="[^"]{36}"')
    plain = client.get(url(field))
    packed = client.get(url(field), headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    unpacked = gzip.decompress(packed.data).decode()
    assert without_token.sub("", unpacked) == without_token.sub("", plain.text)
    assert len(packed.data) < len(plain.data) / 2


def test_the_form_is_kept_by_nobody_but_the_phone_for_its_way_back(client: FlaskClient, field: Field) -> None:
    assert client.get(url(field)).headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(("wish", "language"), [("zh-CN,zh;q=0.9", "zh-Hans"), ("en-GB", "en"), ("fr", "zh-Hans")])
def test_the_form_speaks_the_browser_s_language_or_chinese(
    client: FlaskClient, field: Field, wish: str, language: str
) -> None:
    page = client.get(url(field), headers={"Accept-Language": wish}).text
    assert f'<html lang="{language}"' in page
    assert ("您的年龄？" in page) == (language == "zh-Hans")


def test_unknown_codes_are_not_found_whatever_they_hold(client: FlaskClient, field: Field) -> None:
    code = field.point.code
    for wrong in (code.lower(), code[:-1], code + "2", "22222222222222", "%00", "a%00b", "%ff", "ü", "2" * 1500):
        assert client.get(f"/r/{wrong}").status_code == 404, wrong
        assert client.post(f"/r/{wrong}", data={}).status_code == 404, wrong
        assert client.get(f"/r/{wrong}/thanks/x").status_code == 404, wrong


# --- sent -------------------------------------------------------------------------------------------------------


def test_a_form_leads_to_a_thanks_page_with_a_receipt_and_no_answers(client: FlaskClient, field: Field) -> None:
    token = token_in(client.get(url(field)).text)
    sent = client.post(url(field), data=as_form(valid_answers(), token))
    assert sent.status_code == 303
    thanks = client.get(sent.headers["Location"])
    assert thanks.status_code == 200
    assert re.search(r'class="receipt">[2-9A-Z]{10}<', thanks.text)
    assert "树多一点" not in thanks.text
    (row,) = field.rows()
    assert (row["answers"], row["disposition"], row["language"]) == (valid_answers(), "complete", "en")


def test_a_lost_answer_is_sent_again_and_leads_to_the_same_receipt(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(), token_in(client.get(url(field)).text))
    first = client.post(url(field), data=form)
    field.clock.forward(hours=3)
    again = client.post(url(field), data=form)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["Location"] == again.headers["Location"]
    assert len(field.rows()) == 1


def test_a_program_is_told_stored_then_repeated_then_conflict(client: FlaskClient, field: Field) -> None:
    token = field.token()
    first, again = (send_json(client, field, token) for _ in range(2))
    other = send_json(client, field, token, valid_answers(parks="neutral"))
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 409]
    receipts = [answer.json or {} for answer in (first, again, other)]
    assert len({receipt["receipt"] for receipt in receipts}) == 1
    assert [receipt["outcome"] for receipt in receipts] == ["stored", "repeated", "conflict"]
    assert [receipt["disposition"] for receipt in receipts] == ["complete", "complete", "duplicate"]
    assert (len(field.rows()), len(field.copies())) == (1, 1)


def test_a_browser_that_sends_other_answers_is_told_that_the_first_count(client: FlaskClient, field: Field) -> None:
    token = field.token()
    client.post(url(field), data=as_form(valid_answers(), token))
    other = client.post(url(field), data=as_form(valid_answers(parks="neutral"), token))
    assert other.status_code == 409
    assert "Already received" in other.text
    assert field.rows()[0]["answers"]["parks"] == "satisfied"
    assert field.copies()[0]["answers"]["parks"] == "neutral"


def test_a_form_and_json_of_the_same_answers_are_the_same_submission(client: FlaskClient, field: Field) -> None:
    token = field.token()
    client.post(url(field), data=as_form(valid_answers(), token))
    assert send_json(client, field, token).status_code == 200


@pytest.mark.parametrize(
    ("action", "finish", "disposition"),
    [("send", "finished", "complete"), ("stop", "broken_off", "partial"), ("refuse", "refused", "refused")],
)
def test_each_way_to_leave_the_form_has_its_disposition(
    client: FlaskClient, field: Field, action: str, finish: str, disposition: str
) -> None:
    sent = client.post(url(field), data=as_form(valid_answers(), field.token(), action))
    assert client.get(sent.headers["Location"]).status_code == 200
    assert send_json(client, field, field.token(), finish=finish).status_code == 201
    assert [row["disposition"] for row in field.rows()] == [disposition] * 2


def test_answers_to_items_that_a_page_without_script_shows_and_routing_skips_are_dropped(
    client: FlaskClient, field: Field
) -> None:
    sent = client.post(url(field), data=as_form(valid_answers(activities=["none"], times=5), field.token()))
    assert sent.status_code == 303
    (row,) = field.rows()
    assert row["answers"] == valid_answers(activities=["none"], times=None)


def test_full_width_digits_are_digits(client: FlaskClient, field: Field) -> None:
    client.post(url(field), data=as_form(valid_answers(times="１２"), field.token()))
    assert field.rows()[0]["answers"]["times"] == 12


# --- not taken --------------------------------------------------------------------------------------------------


def test_a_missing_answer_is_named_and_all_others_are_still_filled_in(client: FlaskClient, field: Field) -> None:
    submission_id = uuid4()
    refused = client.post(url(field), data=as_form(valid_answers(parks=None), field.token(submission_id)))
    assert refused.status_code == 422
    assert 'Not answered yet: <a href="#parks">Question 4</a></li>' in refused.text
    assert 'value="F" checked' in refused.text
    assert 'value="cleaning" checked' in refused.text
    assert 'value="3"' in refused.text
    assert "树多一点</textarea>" in refused.text
    assert f'value="{AREA}" selected' in refused.text
    token = read_token(SECRET, token_in(refused.text))
    assert token is not None
    assert token.submission_id == submission_id
    assert field.rows() == []


def test_an_answer_that_is_not_asked_any_more_is_still_filled_in_when_the_form_comes_back(
    client: FlaskClient, field: Field
) -> None:
    sent = as_form(valid_answers(parks=None, activities=["none"], times=7), field.token())
    assert 'value="7"' in client.post(url(field), data=sent).text


def test_a_number_and_a_mark_together_are_refused_by_name(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(), field.token(), times__mark="dont_know")
    refused = client.post(url(field), data=form)
    assert refused.status_code == 422
    assert "Give one whole number or choose one of the other answers, not both." in refused.text


@pytest.mark.parametrize("state", ["forged", "of another key", "of another point", "missing", "empty"])
def test_a_token_that_is_not_this_page_s_is_replaced_and_the_answers_stay(
    client: FlaskClient, field: Field, state: str
) -> None:
    foreign = PageToken(uuid4(), field.point.code, "field", 1, field.clock())
    token = {
        "forged": field.token()[:-3] + "abc",
        "of another key": write_token("some other key that is long enough for it", foreign),
        "of another point": field.token(point_code="22222222222222"),
        "missing": None,
        "empty": "",
    }[state]
    form = as_form(valid_answers(), token or "")
    if token is None:
        del form["_token"]
    refused = client.post(url(field), data=form)
    assert refused.status_code == 422
    assert "token is not valid" in refused.text
    assert "树多一点</textarea>" in refused.text
    assert field.rows() == []
    fresh = token_in(refused.text)
    assert client.post(url(field), data=as_form(valid_answers(), fresh)).status_code == 303
    assert len(field.rows()) == 1


def test_a_page_open_for_too_long_comes_back_with_its_answers_and_the_same_id(
    client: FlaskClient, field: Field
) -> None:
    submission_id = uuid4()
    form = as_form(valid_answers(), field.token(submission_id))
    field.clock.forward(hours=72, seconds=1)
    refused = client.post(url(field), data=form)
    assert refused.status_code == 422
    assert "open for very long" in refused.text
    assert "树多一点</textarea>" in refused.text
    sent = client.post(url(field), data=form | {"_token": token_in(refused.text)})
    assert sent.status_code == 303
    assert [row["id"] for row in field.rows()] == [submission_id]


def test_a_repeat_from_a_page_open_for_too_long_is_still_one_response(client: FlaskClient, field: Field) -> None:
    form = as_form(valid_answers(), field.token())
    client.post(url(field), data=form)
    field.clock.forward(hours=80)
    refused = client.post(url(field), data=form)
    again = client.post(url(field), data=form | {"_token": token_in(refused.text)})
    assert again.status_code == 303
    assert (len(field.rows()), field.copies()) == (1, [])


def test_a_clock_that_was_set_back_does_not_turn_people_away(client: FlaskClient, field: Field) -> None:
    token = field.token()
    field.clock.forward(hours=-20)
    assert send_json(client, field, token).status_code == 201


def test_a_program_with_a_wrong_token_is_told_so(client: FlaskClient, field: Field) -> None:
    nonsense: list[object] = ["x", "", None, 7, {}, []]
    for wrong in nonsense:
        answer = client.post(url(field), json={"token": wrong, "answers": valid_answers()})
        assert answer.status_code == 422
        assert ("token", "token_unknown") in named(answer)
    assert field.rows() == []


def test_a_form_before_its_time_and_after_its_time_is_gone(client: FlaskClient, field: Field) -> None:
    token = field.token()
    field.clock.forward(days=-2)
    for when in ("not begun", "is over"):
        for answer in (client.get(url(field)), client.post(url(field), data=as_form(valid_answers(), token))):
            assert answer.status_code == 410
            assert when in answer.text
        assert send_json(client, field, field.token()).status_code == 410
        field.clock.forward(days=60)
        token = field.token()
    assert field.rows() == []


def test_what_arrives_within_the_grace_is_taken_and_thanked_for(client: FlaskClient, field: Field) -> None:
    token = field.token()
    close_wave(field.db, WAVE, field.clock())
    field.clock.forward(hours=47)
    assert client.get(url(field)).status_code == 410  # a new form is not given out
    assert send_json(client, field, token).status_code == 201
    assert field.rows()[0]["late"] is True
    field.clock.forward(hours=1)
    assert send_json(client, field, token).status_code == 200
    assert send_json(client, field, field.token()).status_code == 410


def test_the_page_stays_on_the_version_it_was_opened_with(client: FlaskClient, field: Field) -> None:
    token = token_in(client.get(url(field)).text)
    publish_questionnaire(field.db, questionnaire_text(2), "2.yaml", field.clock())
    client.post(url(field), data=as_form(valid_answers(), token))
    assert field.rows()[0]["questionnaire_version"] == 1


def test_a_thanks_page_cannot_be_made_up(client: FlaskClient, field: Field) -> None:
    assert client.get(f"{url(field)}/thanks/WyJIRTZVUDlWTjg0IiwiY29tcGxldGUiXQ.made-up").status_code == 404


# --- the page shown again, on request ---------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["show:zh-Hans", "show:large", "show"])
def test_another_language_or_size_keeps_the_answers_and_the_submission(
    client: FlaskClient, field: Field, action: str
) -> None:
    submission_id = uuid4()
    page = client.post(url(field), data=as_form(valid_answers(), field.token(submission_id), action))
    assert page.status_code == 200
    assert f'lang="{"zh-Hans" if action == "show:zh-Hans" else "en"}"' in page.text
    assert ('class="large"' in page.text) == (action == "show:large")
    assert "树多一点</textarea>" in page.text
    token = read_token(SECRET, token_in(page.text))
    assert token is not None
    assert token.submission_id == submission_id
    assert field.rows() == []


def test_ids_of_submissions_are_random_uuids_given_with_the_page(client: FlaskClient, field: Field) -> None:
    token = read_token(SECRET, token_in(client.get(url(field)).text))
    assert token is not None
    assert UUID(str(token.submission_id)).version == 4
