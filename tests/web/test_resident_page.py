"""What stands on the resident's page besides the questions: its size, the words before, the first screen."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.field import AREA, Field, as_form, plan_text, token_in, valid_answers

ENTRY = {"age": "18-34", "sex": "F", "home": AREA}


@pytest.fixture
def client(field: Field) -> FlaskClient:
    """A phone whose browser prefers English."""
    client = field.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def url(field: Field) -> str:
    """The address behind the first poster's code."""
    return f"/r/{field.point.code}"


# --- large text -------------------------------------------------------------------------------------------------


def test_the_switch_to_large_text_is_remembered_until_it_is_pressed_again(client: FlaskClient, field: Field) -> None:
    assert 'class="large"' not in client.get(url(field)).text
    pressed = client.post(url(field), data=as_form({}, field.token(), "show:large"))
    assert "size=large; " in pressed.headers["Set-Cookie"]
    assert 'class="large"' in client.get(url(field)).text
    assert 'class="large"' in client.get("/r/nothing").text
    client.post(url(field), data=as_form({}, field.token(), "show:normal", _size="large"))
    assert 'class="large"' not in client.get(url(field)).text
    assert client.get_cookie("size") is None


def test_a_link_to_large_text_holds_for_its_visit_and_leaves_no_cookie(client: FlaskClient, field: Field) -> None:
    page = client.get(f"{url(field)}?size=large")
    assert 'class="large"' in page.text
    sent = client.post(url(field), data=as_form(valid_answers(), token_in(page.text), _size="large"))
    assert 'class="large"' in client.get(sent.headers["Location"]).text
    assert client.get_cookie("size") is None


# --- words before questions -------------------------------------------------------------------------------------


def test_before_the_questions_stand_who_asks_what_is_kept_and_whom_to_complain_to(
    new_field: Callable[..., Field],
) -> None:
    notice = (
        "\nnotice: {contact: {zh-Hans: 调查办，电话000-1234567, en: 'Survey office, 000-1234567'}, keep_months: 24}"
    )
    field = new_field(plan=plan_text() + notice)
    page = field.app.test_client().get(f"{url(field)}?lang=en").text
    before = page[: page.index("<fieldset")]
    for text in (
        "Form number 测01表",
        "Issued by 测试办",
        "Approval number 测〔2026〕1号",
        "Valid until 2026-12-31",
        "Thank you for taking part.",
        "voluntary and anonymous",
        "kept for 24 months, then deleted",
        "Questions or complaints: Survey office, 000-1234567",
    ):
        assert text in before
    chinese = field.app.test_client().get(f"{url(field)}?lang=zh-Hans").text
    assert "疑问或投诉请联系：调查办，电话000-1234567" in chinese
    assert "24个月后删除" in chinese


def test_a_plan_without_a_notice_names_the_issuing_office(client: FlaskClient, field: Field) -> None:
    page = client.get(url(field)).text
    assert "kept until this office deletes them" in page
    assert "Questions or complaints: 测试办" in page


# --- in two steps without a script ------------------------------------------------------------------------------


def test_without_a_script_the_first_screen_is_shown_alone_and_the_rest_after_it(
    client: FlaskClient, field: Field
) -> None:
    first = client.get(url(field)).text
    assert re.findall(r'<fieldset id="(\w+)"[^>]* data-entry', first) == ["age", "sex", "home"]
    assert '<div id="rest" hidden>' in first
    then = client.post(url(field), data=as_form(ENTRY, token_in(first), "next", _stage="entry"))
    assert then.status_code == 200
    assert '<div id="rest">' in then.text
    assert 'id="go-on"' not in then.text
    again = client.post(url(field), data=as_form({}, token_in(first), "show:large", _stage="entry")).text
    assert '<div id="rest" hidden>' in again
