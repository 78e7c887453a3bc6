"""Who may see the pages of the desk and send its forms."""

import re
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from survey.services.accounts import list_accounts
from survey.web.resident.device import COOKIE
from tests.field import Field, as_form, token_in, valid_answers
from tests.web.desk import PASSWORD, Desk

OPEN = {"desk_sign_in.show", "desk_sign_in.enter", "desk_sign_in.sign_out", "desk_language.choose"}


def unguarded(app: Flask) -> set[str]:
    """The endpoints under /desk that anybody may see."""
    desk = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk")}
    return {endpoint for endpoint in desk if not hasattr(app.view_functions[endpoint], "roles")}


def forms(app: Flask) -> set[str]:
    """The addresses under /desk that take a form, with values for their parts."""
    rules = [
        rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk") and "POST" in (rule.methods or ())
    ]
    return {re.sub(r"<[^>]+>", "1", rule.rule) for rule in rules}


def cookies_set(answer: TestResponse) -> set[str]:
    """The names of the cookies that an answer leaves behind."""
    return {line.partition("=")[0] for line in answer.headers.getlist("Set-Cookie")}


def test_every_page_of_the_desk_says_who_may_see_it(desk_app: Desk) -> None:
    assert unguarded(desk_app.app) == OPEN


def test_a_page_that_forgot_to_say_is_found(desk_app: Desk) -> None:
    desk_app.app.add_url_rule("/desk/secret", "forgotten", lambda: "secret")
    assert unguarded(desk_app.app) == OPEN | {"forgotten"}


@pytest.mark.parametrize(("language", "text"), [("en", "This page is not open to your account."), ("zh", "403")])
def test_the_wrong_role_is_told_so(desk_app: Desk, language: str, text: str) -> None:
    for role in ("analyst", "volunteer"):
        answer = desk_app.signed_in(role).get("/desk/accounts", language)
        assert answer.status_code == 403
        assert text in answer.text


def test_the_wrong_role_changes_nothing(desk_app: Desk) -> None:
    organiser = desk_app.people["organiser"]
    answer = desk_app.signed_in("analyst").post(f"/desk/accounts/{organiser.id}/disable")
    assert answer.status_code == 403
    answer = desk_app.signed_in("analyst").post("/desk/accounts", name="new", role="organiser", password=PASSWORD)
    assert answer.status_code == 403
    assert [record.disabled for record in list_accounts(desk_app.db)] == [False] * 3


def forms_taken_without_token(desk: Desk) -> set[str]:
    """The addresses that take an organiser's form although it carries no token of the session."""
    visitor = desk.signed_in()
    return {
        path
        for path in forms(desk.app)
        for token in ("", "made up", desk.visitor().csrf_token())
        if visitor.post(path, csrf_token=token).status_code != 400
    }


def test_no_form_of_the_desk_is_taken_without_its_token(desk_app: Desk) -> None:
    assert len(forms(desk_app.app)) > 5
    assert forms_taken_without_token(desk_app) == set()
    assert desk_app.signed_in().post("/desk/sign-out").status_code == 303


def test_forms_that_are_taken_without_a_token_are_found(desk_app: Desk) -> None:
    desk_app.app.extensions["csrf"].protect = lambda: None
    assert "/desk/accounts" in forms_taken_without_token(desk_app)


def test_a_form_without_token_says_what_to_do(desk_app: Desk) -> None:
    answer = desk_app.visitor().post("/desk/sign-in", csrf_token="", name="organiser", password=PASSWORD)
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text


def test_residents_need_no_session_to_answer(field: Field) -> None:
    resident = field.app.test_client()
    path = f"/r/{field.point.code}"
    page = resident.get(path)
    sent = resident.post(path, data=as_form(valid_answers(), token_in(page.text)))
    assert sent.status_code == 303
    assert field.app.test_client().post(path, json={}).status_code == 422
    for answer in (page, resident.get("/static/x/css/tokens.css")):
        assert cookies_set(answer) == set()
    assert cookies_set(sent) == {COOKIE}, "the device counts its forms, without a session"
    assert "Cookie" not in resident.get("/static/x/css/tokens.css").headers["Vary"]


def test_pages_of_the_desk_are_not_kept_by_the_browser(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    for path in ("/desk/account", "/desk/accounts", "/desk/sign-in", "/desk/nothing"):
        assert visitor.get(path).headers["Cache-Control"] == "no-store"


def test_an_organiser_may_send_a_large_file_and_nobody_else(desk_app: Desk) -> None:
    large = b"x" * 100_000
    assert desk_app.signed_in().post("/desk/sign-out", file=(BytesIO(large), "a.csv")).status_code == 303
    assert desk_app.signed_in("analyst").post("/desk/sign-out", file=(BytesIO(large), "a.csv")).status_code == 413
    assert desk_app.visitor().post("/desk/sign-in", file=(BytesIO(large), "a.csv")).status_code == 413
