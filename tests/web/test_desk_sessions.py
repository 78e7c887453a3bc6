"""What a session at the desk holds, and what ends it."""

from collections.abc import Callable

from werkzeug.test import TestResponse

from survey.services.accounts import disable_account
from tests.field import NOW
from tests.web.desk import OTHER_PASSWORD, PASSWORD, Desk, Visitor


def cookie_attributes(response: TestResponse) -> dict[str, set[str]]:
    """name -> attributes, for each cookie that the response sets"""
    found = {}
    for header in response.headers.getlist("Set-Cookie"):
        first, *attributes = header.split("; ")
        found[first.split("=")[0]] = set(attributes)
    return found


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(desk_app: Desk) -> None:
    set_cookies = cookie_attributes(desk_app.visitor().sign_in("organiser"))
    assert set(set_cookies) == {"minsheng", "minsheng_browser"}
    for attributes in set_cookies.values():
        assert {"HttpOnly", "SameSite=Lax"} <= attributes
        assert "Secure" not in attributes
    assert not any(attribute.startswith(("Expires", "Max-Age")) for attribute in set_cookies["minsheng"])
    assert {"Path=/desk", "Max-Age=31536000"} <= set_cookies["minsheng_browser"]


def test_behind_tls_cookies_are_for_tls_only_and_forms_need_no_referer(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(public_url="https://survey.example")
    visitor = Visitor(desk.app.test_client(), "https://survey.example")
    entered = visitor.sign_in("organiser")
    assert entered.status_code == 303
    assert all("Secure" in attributes for attributes in cookie_attributes(entered).values())
    assert visitor.is_signed_in


def test_the_session_holds_no_name_and_no_digest_of_an_address(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    visitor.get("/desk/account")
    held = visitor.session(desk_app.app)
    assert set(held) == {"_user_id", "_fresh", "began_at", "seen_at", "csrf_token"}
    assert held["_user_id"] == f"{desk_app.people['organiser'].id}.0"


def test_a_session_ends_after_its_hours_however_busy_it_is(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    for _ in range(47):
        desk_app.clock.forward(minutes=10)
        assert visitor.is_signed_in
    desk_app.clock.forward(minutes=10)
    assert not visitor.is_signed_in


def test_a_session_ends_after_an_hour_of_silence(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    desk_app.clock.forward(minutes=59)
    assert visitor.is_signed_in
    desk_app.clock.forward(minutes=59)
    assert visitor.is_signed_in
    desk_app.clock.forward(minutes=60)
    assert not visitor.is_signed_in


def test_the_hour_of_silence_is_a_setting(new_desk: Callable[..., Desk]) -> None:
    desk = new_desk(idle_minutes=5)
    visitor = desk.signed_in()
    desk.clock.forward(minutes=5)
    assert not visitor.is_signed_in


def test_disabling_an_account_signs_it_out_everywhere(desk_app: Desk) -> None:
    first, second = desk_app.signed_in("analyst"), desk_app.signed_in("analyst")
    disable_account(desk_app.db, desk_app.people["analyst"].id)
    assert not first.is_signed_in
    assert not second.is_signed_in
    assert desk_app.visitor().sign_in("analyst").status_code == 422


def test_changing_the_password_signs_out_everywhere_else(desk_app: Desk) -> None:
    here, elsewhere = desk_app.signed_in("analyst"), desk_app.signed_in("analyst")
    changed = here.post("/desk/account", current=PASSWORD, password=OTHER_PASSWORD, again=OTHER_PASSWORD)
    assert (changed.status_code, changed.location) == (303, "/desk/account")
    assert "Your password is changed" in here.get("/desk/account").text
    assert not elsewhere.is_signed_in
    assert elsewhere.sign_in("analyst").status_code == 422
    assert elsewhere.sign_in("analyst", OTHER_PASSWORD).status_code == 303


def test_a_session_planted_before_signing_in_gains_nothing(desk_app: Desk) -> None:
    visitor = desk_app.visitor()
    token = visitor.csrf_token()
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["language"] = "en"
    visitor.sign_in("organiser")
    held = visitor.session(desk_app.app)
    assert "planted" not in held
    assert held["language"] == "en"
    assert visitor.post("/desk/sign-out", csrf_token=token).status_code == 400
    assert visitor.is_signed_in


def test_a_session_that_somebody_made_up_signs_nobody_in(desk_app: Desk) -> None:
    visitor = desk_app.visitor()
    moment = int(NOW.timestamp())
    organiser = desk_app.people["organiser"].id
    for user, began in ((f"{organiser}.1", moment), ("99.0", moment), ("x", moment), (f"{organiser}.0", None)):
        with visitor.client.session_transaction() as session:
            session.clear()
            session["_user_id"] = user
            if began:
                session["began_at"] = session["seen_at"] = began
        assert not visitor.is_signed_in


def test_signing_out_is_a_form_and_ends_the_session(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    assert visitor.get("/desk/sign-out").status_code == 405
    assert visitor.is_signed_in
    assert visitor.post("/desk/sign-out").location == "/desk/sign-in"
    assert not visitor.is_signed_in
