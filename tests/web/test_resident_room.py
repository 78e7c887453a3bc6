"""Kind quotas: who belongs to a full cell is told before the rest of the form, by the page's script or without one."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.domain.quota import HOLD
from survey.domain.wave import Mode
from survey.services.move_wave import close_wave
from survey.services.recount import recount
from tests.field import WAVE, Field, as_form, plan_text, valid_answers

ENTRY = ("age", "sex", "home")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def field(new_field: Callable[..., Field]) -> Field:
    """A wave that wants one person of each kind."""
    return new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}))


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A browser that prefers English."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def entry(**who: object) -> dict[str, object]:
    """The answers of the first screen."""
    return {code: answer for code, answer in valid_answers(**who).items() if code in ENTRY}


def ask(client: FlaskClient, field: Field, token: str, **who: object) -> str:
    """What the page's script is told."""
    told = client.post(f"/r/{field.point.code}/room", data=as_form(entry(**who), token))
    assert told.status_code == 200, told.text
    assert told.json is not None
    return str(told.json["room"])


def press(client: FlaskClient, field: Field, button: str, answers: dict[str, object], token: str) -> str:
    """A button of the form, without a script."""
    told = client.post(f"/r/{field.point.code}", data=as_form(answers, token, button), follow_redirects=True)
    assert told.status_code == 200, told.text
    return told.text


def test_the_script_is_told_whether_there_is_room(client: FlaskClient, field: Field) -> None:
    mine, other = field.token(), field.token()
    assert ask(client, field, mine) == "open"
    assert ask(client, field, other) == "full"
    assert ask(client, field, other, sex="M") == "open"
    assert ask(client, field, other, age="under_18", area=None) == "ineligible"
    assert ask(client, field, other, age=None) == "unknown"
    assert field.rows() == []
    field.clock.forward(seconds=HOLD.total_seconds())
    assert ask(client, field, other) == "open"


def test_without_a_script_the_rest_comes_with_the_word_that_there_is_room(client: FlaskClient, field: Field) -> None:
    first = client.get(f"/r/{field.point.code}").text
    assert 'name="_stage" value="entry"' in first
    token = field.token()
    rest = press(client, field, "next", entry(), token)
    assert "There is room for your answers." in rest
    assert 'name="_stage" value="whole"' in rest
    assert field.cell().granted == 1
    shown_again = client.post(
        f"/r/{field.point.code}", data=as_form(entry(), token, "show:large") | {"_stage": "whole"}
    )
    assert 'name="_stage" value="whole"' in shown_again.text, "larger letters don't lead back to the first screen"
    assert "Your answers have been stored." in press(client, field, "send", valid_answers(), token)
    assert (field.cell().completed, field.cell().granted) == (1, 0)


def test_without_a_script_a_full_cell_is_told_before_the_rest_and_an_opinion_is_kept_apart(
    client: FlaskClient, field: Field
) -> None:
    assert ask(client, field, field.token()) == "open"
    token = field.token()
    rest = press(client, field, "next", entry(), token)
    assert '<div id="full" role="status">' in rest, "the kind words are not hidden"
    assert "There is room" not in rest
    assert "your answers are kept apart" in press(client, field, "send", valid_answers(), token)
    assert [row["disposition"] for row in field.rows()] == ["over_quota"]


def test_who_finishes_at_a_full_cell_leaves_the_first_answers_only(client: FlaskClient, field: Field) -> None:
    assert ask(client, field, field.token()) == "open"
    thanked = press(client, field, "leave", valid_answers(), field.token())
    assert "you were asked nothing more" in thanked
    (row,) = field.rows()
    assert (row["disposition"], row["answers"]) == ("cell_full", entry())


def test_who_does_not_belong_to_the_population_is_told_at_once(client: FlaskClient, field: Field) -> None:
    token, answers = field.token(), entry(age="under_18", area=None)
    told = press(client, field, "next", answers, token)
    assert "This survey asks another group of people" in told
    assert 'name="_stage" value="entry"' in told
    assert field.rows() == []
    assert "This survey asks another group of people" in press(client, field, "send", answers, token)
    assert [row["disposition"] for row in field.rows()] == ["ineligible"]


def test_a_missing_answer_of_the_entry_is_named_and_the_rest_waits(client: FlaskClient, field: Field) -> None:
    form = as_form(entry(sex=None), field.token(), "next")
    told = client.post(f"/r/{field.point.code}", data=form)
    assert told.status_code == 422
    assert '<a href="#sex">Question 2</a>' in told.text
    assert "Question 4" not in told.text
    assert 'name="_stage" value="entry"' in told.text


def test_a_program_may_finish_at_a_full_cell(client: FlaskClient, field: Field) -> None:
    body = {"token": field.token(), "answers": valid_answers(), "finish": "cell_full"}
    told = client.post(f"/r/{field.point.code}", json=body)
    assert told.status_code == 201
    assert told.json is not None
    assert told.json["disposition"] == "cell_full"


def test_a_wave_that_is_over_is_gone_and_its_grace_holds_nothing(client: FlaskClient, field: Field) -> None:
    token = field.token()
    close_wave(field.db, WAVE, field.clock.now)
    assert ask(client, field, token) == "unknown"
    assert 'name="_stage" value="whole"' in press(client, field, "next", entry(), token)
    assert field.cell().granted == 0
    field.clock.forward(hours=60)
    for address in ("/room", ""):
        told = client.post(f"/r/{field.point.code}{address}", data=as_form(entry(), token, "next"))
        assert told.status_code == 410


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("_token=x", FORM, 422),
        ("_token=x&weight=1", FORM, 422),
        ("{}", "application/json", 415),
        ("", "", 415),
        ("_token=" + "x" * 70_000, FORM, 413),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_form_is_refused(
    client: FlaskClient, field: Field, body: str, content_type: str, status: int
) -> None:
    told = client.post(f"/r/{field.point.code}/room", data=body, content_type=content_type)
    assert told.status_code == status
    assert client.post("/r/NOSUCHCODE/room", data="").status_code == 404
    assert client.get(f"/r/{field.point.code}/room").status_code == 405


VALUES = st.one_of(st.text(max_size=20), st.sampled_from(["18-34", "F", "M", "under_18", "511621001001", "\x00", "１"]))
NAMES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["_token", "_language", "_size", "_stage", "_action", "age", "sex", "home", "times", "home__street"]
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    whole=st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=3), max_size=8),
    real_token=st.booleans(),
    button=st.sampled_from(["next", "leave:x", "next:large", "room", ""]),
)
def test_no_form_whatever_breaks_the_question_or_leaves_a_slot_behind(
    client: FlaskClient, field: Field, whole: dict[str, list[str]], real_token: bool, button: str
) -> None:
    form: dict[str, object] = dict(whole)
    if real_token:
        form |= {"_token": field.token(), "_action": button}
    for address in ("/room", ""):
        told = client.post(f"/r/{field.point.code}{address}", data=form)
        assert told.status_code < 500
    assert recount(field.db)[1] == []
