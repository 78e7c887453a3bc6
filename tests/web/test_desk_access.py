"""Signing in at the desk, and who may see its pages."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.test import TestResponse

from survey.app import create_app
from survey.db import Database
from survey.domain.account import Account, Role
from survey.queries import accounts as account_queries
from survey.services import passwords
from survey.services.accounts import add_account, disable_account, list_accounts
from survey.services.installation import mark_demonstration
from survey.web.desk.access import local_path
from tests.browser import DESK, PHONE, BrowserErrors, Server
from tests.field import NOW, Clock, Field, as_form, settings, token_in, valid_answers

PASSWORD = "seven green bicycles"
OTHER_PASSWORD = "nine blue umbrellas"
OPEN = {"desk_sign_in.show", "desk_sign_in.enter", "desk_sign_in.sign_out", "desk_language.choose"}


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same Argon2 with the lowest parameters."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.nobodys_hash.cache_clear()
    yield
    passwords.nobodys_hash.cache_clear()


@dataclass(slots=True)
class Desk:
    """An application with one account of each role, and a clock."""

    app: Flask
    db: Database
    clock: Clock
    people: dict[str, Account]

    def visitor(self) -> "Visitor":
        """A browser that was never here."""
        return Visitor(self.app.test_client())

    def signed_in(self, role: str = "organiser") -> "Visitor":
        """A browser in which the account of this role is signed in."""
        visitor = self.visitor()
        assert visitor.sign_in(role).status_code == 303
        return visitor


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser, who reads English."""

    client: FlaskClient
    base_url: str = "http://localhost"

    def get(self, path: str, language: str = "en") -> TestResponse:
        """Open a page."""
        return self.client.get(path, base_url=self.base_url, headers={"Accept-Language": language})

    def post(self, path: str, language: str = "en", **fields: Any) -> TestResponse:
        """Send a form with the token that the pages of this session carry."""
        fields = {"csrf_token": self.csrf_token()} | fields
        return self.client.post(
            path, base_url=self.base_url, data=fields, headers={"Accept-Language": language, "Referer": ""}
        )

    def csrf_token(self) -> str:
        """The token in any of our forms."""
        page = self.get("/desk/account")
        page = page if page.status_code == 200 else self.get("/desk/sign-in")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found, page.text[:500]
        return found[1]

    def sign_in(self, name: str | bytes, password: str = PASSWORD, **fields: Any) -> TestResponse:
        """Fill in the form."""
        return self.post("/desk/sign-in", name=name, password=password, **fields)

    @property
    def is_signed_in(self) -> bool:
        """Whether one's own page opens."""
        return self.get("/desk/account").status_code == 200

    def cookies(self) -> dict[str, str]:
        """name -> value"""
        return {cookie.key: cookie.value for cookie in (self.client._cookies or {}).values()}

    def session(self, app: Flask) -> dict[str, Any]:
        """What the session cookie holds, which anybody with the browser can read."""
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer is not None
        return dict(serializer.loads(self.cookies()["minsheng"]))


@pytest.fixture
def new_desk(database_url: str) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with settings of its own."""
    opened: list[Desk] = []

    def make(**changes: Any) -> Desk:
        clock, db = Clock(), Database(database_url)
        people = {role.value: add_account(db, role.value, role.value, PASSWORD, NOW) for role in Role}
        opened.append(Desk(create_app(settings(database_url, **changes), clock), db, clock, people))
        return opened[-1]

    yield make
    for desk in opened:
        desk.db.close()
        desk.app.extensions["minsheng"].db.close()


@pytest.fixture
def desk_app(new_desk: Callable[..., Desk]) -> Desk:
    """A desk with the usual settings."""
    return new_desk()


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


def test_every_page_of_the_desk_says_who_may_see_it(desk_app: Desk) -> None:
    assert unguarded(desk_app.app) == OPEN


def test_a_page_that_forgot_to_say_is_found(desk_app: Desk) -> None:
    desk_app.app.add_url_rule("/desk/secret", "forgotten", lambda: "secret")
    assert unguarded(desk_app.app) == OPEN | {"forgotten"}


def test_whoever_is_not_signed_in_signs_in_and_comes_back(desk_app: Desk) -> None:
    visitor = desk_app.visitor()
    sent = visitor.get("/desk/accounts?lang=en")
    assert sent.status_code == 302
    parts = urlsplit(sent.location)
    assert parts.path == "/desk/sign-in"
    (wish,) = parse_qs(parts.query)["next"]
    page = visitor.get(sent.location).text
    assert f'name="next" value="{wish}"' in page
    entered = visitor.sign_in("organiser", next=wish)
    assert (entered.status_code, entered.location) == (303, "/desk/accounts?lang=en")
    assert visitor.get(entered.location).status_code == 200


@pytest.mark.parametrize("role", ["organiser", "analyst", "volunteer"])
def test_without_a_wish_everybody_lands_on_a_page_that_is_theirs(desk_app: Desk, role: str) -> None:
    visitor = desk_app.visitor()
    assert visitor.get(visitor.sign_in(role).location).status_code == 200
    again = visitor.get("/desk/sign-in")
    assert again.status_code == 302
    assert visitor.get(again.location).status_code == 200


EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "https://evil.example/desk/",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "desk",
    "",
    "/" + "x" * 2000,
]


@pytest.mark.parametrize("wish", EVIL)
def test_a_wish_to_leave_this_server_is_ignored(desk_app: Desk, wish: str) -> None:
    assert local_path(wish) is None
    assert desk_app.visitor().sign_in("organiser", next=wish).location == "/desk/"
    visitor = desk_app.signed_in()
    shown = visitor.client.get("/desk/sign-in", query_string={"next": wish})
    assert shown.location == "/desk/"


@pytest.mark.parametrize("wish", ["/desk/", "/desk/waves/2026-11?lang=en", "/desk/waves/一轮", "/desk/a%5Cb"])
def test_a_wish_on_this_server_is_followed(wish: str) -> None:
    assert local_path(wish) == wish


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
    for answer in (page, sent, resident.get("/static/x/css/tokens.css")):
        assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in resident.get("/static/x/css/tokens.css").headers["Vary"]


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


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"current": "a wrong guess"}, "current", "not your password"),
        ({"again": "seven"}, "again", "not the same"),
        ({"password": "short", "again": "short"}, "password", "at least 10 characters"),
        ({"password": "1234567890", "again": "1234567890"}, "password", "strangers try"),
    ],
)
def test_a_password_that_is_not_changed_says_why_at_its_field(
    desk_app: Desk, fields: dict[str, str], field: str, text: str
) -> None:
    visitor = desk_app.signed_in("analyst")
    whole = {"current": PASSWORD, "password": OTHER_PASSWORD, "again": OTHER_PASSWORD} | fields
    answer = visitor.post("/desk/account", **whole)
    assert answer.status_code == 422
    problem = re.search(rf'id="{field}-problem">([^<]+)<', answer.text)
    assert problem
    assert text in problem[1]
    assert f'href="#{field}"' in answer.text
    for value in whole.values():
        assert f'value="{value}"' not in answer.text
    assert desk_app.visitor().sign_in("analyst").status_code == 303


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


def without_what_was_sent(page: str, name: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page).replace(f'value="{name}"', "")


def test_the_page_does_not_tell_which_names_exist(desk_app: Desk) -> None:
    disable_account(desk_app.db, desk_app.people["volunteer"].id)
    pages = set()
    for name, password in (("organiser", "a wrong guess"), ("nobodyhas", PASSWORD), ("volunteer", PASSWORD)):
        visitor = desk_app.visitor()
        for status in (422, 422, 422, 422, 422, 429):
            answer = visitor.sign_in(name, password)
            assert answer.status_code == status
            pages.add((status, without_what_was_sent(answer.text, name)))
    assert len(pages) == 2


def test_an_empty_form_names_its_fields_and_counts_nothing(desk_app: Desk) -> None:
    visitor = desk_app.visitor()
    for _ in range(6):
        answer = visitor.sign_in("", "")
        assert answer.status_code == 422
        assert "Type your name." in answer.text
        assert "Type your password." in answer.text
    assert visitor.sign_in("organiser").status_code == 303


def test_after_five_failures_the_page_says_how_long_to_wait(desk_app: Desk) -> None:
    visitor = desk_app.visitor()
    for _ in range(5):
        assert visitor.sign_in("organiser", "a wrong guess").status_code == 422
    answer = visitor.sign_in("organiser")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "nothing is checked for 1 second." in answer.text
    assert f'value="{PASSWORD}"' not in answer.text
    desk_app.clock.forward(seconds=1)
    visitor.sign_in("organiser", "a wrong guess")
    assert visitor.sign_in("organiser").headers["Retry-After"] == "2"
    desk_app.clock.forward(seconds=2)
    assert visitor.sign_in("organiser").status_code == 303


def check_guesses_leave_the_owner_alone(desk: Desk) -> None:
    """A stranger and the owner of an account, behind one address; the owner signed in here before."""
    owner = desk.signed_in("organiser")
    owner.post("/desk/sign-out")
    stranger = desk.visitor()
    for _ in range(5):
        stranger.sign_in("organiser", "a wrong guess")
    assert stranger.sign_in("organiser").status_code == 429
    assert owner.sign_in("organiser").status_code == 303
    assert stranger.sign_in("organiser").status_code == 429


def test_guesses_of_a_stranger_leave_the_owner_alone(desk_app: Desk) -> None:
    check_guesses_leave_the_owner_alone(desk_app)


def test_a_count_for_all_browsers_together_is_found(desk_app: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey.web.desk.sign_in.known_device", lambda: None)
    with pytest.raises(AssertionError):
        check_guesses_leave_the_owner_alone(desk_app)


def test_a_known_browser_is_forgotten_after_a_year_and_cannot_be_made_up(desk_app: Desk) -> None:
    owner = desk_app.signed_in("organiser")
    owner.post("/desk/sign-out")
    stranger = desk_app.visitor()
    stranger.client.set_cookie("minsheng_browser", "W" + owner.cookies()["minsheng_browser"], path="/desk")
    for _ in range(5):
        stranger.sign_in("organiser", "a wrong guess")
    assert stranger.sign_in("organiser").status_code == 429
    assert owner.sign_in("organiser", "a wrong guess").status_code == 422
    desk_app.clock.now += timedelta(days=366)
    for _ in range(5):
        stranger.sign_in("organiser", "a wrong guess")
    assert owner.sign_in("organiser").status_code == 429


def test_pages_of_the_desk_are_not_kept_by_the_browser(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    for path in ("/desk/account", "/desk/accounts", "/desk/sign-in", "/desk/nothing"):
        assert visitor.get(path).headers["Cache-Control"] == "no-store"


def test_an_organiser_may_send_a_large_file_and_nobody_else(desk_app: Desk) -> None:
    large = b"x" * 100_000
    assert desk_app.signed_in().post("/desk/sign-out", file=(BytesIO(large), "a.csv")).status_code == 303
    assert desk_app.signed_in("analyst").post("/desk/sign-out", file=(BytesIO(large), "a.csv")).status_code == 413
    assert desk_app.visitor().post("/desk/sign-in", file=(BytesIO(large), "a.csv")).status_code == 413


def test_organisers_add_accounts(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    added = visitor.post("/desk/accounts", name="王芳", role="analyst", password=PASSWORD)
    assert (added.status_code, added.location) == (303, "/desk/accounts")
    assert "王芳" in visitor.get("/desk/accounts").text
    assert desk_app.visitor().sign_in("王芳").status_code == 303


def test_an_account_that_cannot_be_added_says_why_at_its_field(desk_app: Desk) -> None:
    answer = desk_app.signed_in().post("/desk/accounts", name="analyst", role="analyst", password=PASSWORD)
    assert answer.status_code == 422
    assert re.search(r'id="new-name-problem">There is an account of this name already', answer.text)
    assert 'href="#new-name"' in answer.text
    assert f'value="{PASSWORD}"' not in answer.text
    answer = desk_app.signed_in().post("/desk/accounts", name="y", role="king", password="short")
    assert answer.text.count('class="problem"') == 3


def test_organisers_disable_enable_and_give_new_passwords(desk_app: Desk) -> None:
    organiser, analyst = desk_app.signed_in(), desk_app.signed_in("analyst")
    where = f"/desk/accounts/{desk_app.people['analyst'].id}"
    assert organiser.post(f"{where}/disable").status_code == 303
    assert not analyst.is_signed_in
    assert "○ disabled" in organiser.get("/desk/accounts").text
    assert organiser.post(f"{where}/enable").status_code == 303
    refused = organiser.post(f"{where}/password", password="short")
    assert refused.status_code == 422
    assert "at least 10 characters" in refused.text
    assert organiser.get(f"{where}/password").location == where
    assert organiser.get(where).status_code == 200
    assert organiser.post(f"{where}/password", password=OTHER_PASSWORD).status_code == 303
    assert analyst.sign_in("analyst").status_code == 422
    assert analyst.sign_in("analyst", OTHER_PASSWORD).status_code == 303


def test_the_last_organiser_stays(desk_app: Desk) -> None:
    visitor = desk_app.signed_in()
    answer = visitor.post(f"/desk/accounts/{desk_app.people['organiser'].id}/disable")
    assert answer.status_code == 422
    assert "last organiser" in answer.text
    assert visitor.is_signed_in


@pytest.mark.parametrize("number", ["99", "999999999999999999999", "x", "-1"])
def test_an_account_that_is_not_there_is_not_found(desk_app: Desk, number: str) -> None:
    visitor = desk_app.signed_in()
    assert visitor.get(f"/desk/accounts/{number}").status_code == 404
    for change in ("disable", "enable", "password"):
        assert visitor.post(f"/desk/accounts/{number}/{change}", password=PASSWORD).status_code == 404


@pytest.mark.parametrize("name", ["\0", "\ud800", "x" * 30_000, "' OR 1=1 --", "%s%s"])
def test_odd_input_is_a_wrong_name_and_never_an_error(desk_app: Desk, name: str) -> None:
    answer = desk_app.visitor().sign_in(name.encode("utf-8", "surrogatepass"), "\0")
    assert answer.status_code == 422


def test_a_demonstration_says_what_it_is_on_every_page(database_url: str) -> None:
    db = Database(database_url)
    mark_demonstration(db)
    add_account(db, "demo", "organiser", PASSWORD, NOW, demonstration=True)
    app = create_app(settings(database_url), Clock())
    visitor = Visitor(app.test_client())
    assert 'class="banner"' in visitor.get("/desk/sign-in").text
    assert visitor.sign_in("demo").status_code == 303
    assert 'class="banner"' in visitor.get("/desk/accounts").text
    db.close()
    app.extensions["minsheng"].db.close()


def test_an_installation_shows_no_such_banner_and_lets_no_demonstration_account_in(desk_app: Desk) -> None:
    with desk_app.db.writing() as connection:
        account_queries.insert_account(
            connection, "demo", Role.ORGANISER, passwords.hash_password(PASSWORD), demonstration=True, at=NOW
        )
    visitor = desk_app.visitor()
    assert visitor.sign_in("demo").status_code == 422
    assert 'class="banner"' not in visitor.get("/desk/sign-in").text


def test_the_log_knows_nobody(
    desk_app: Desk, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    visitor = desk_app.signed_in("analyst")
    visitor.post("/desk/sign-out")
    visitor.sign_in("analyst", "a wrong guess")
    written = capsys.readouterr().err + caplog.text
    assert f"sign-in succeeded: account {desk_app.people['analyst'].id}" in written
    assert f"sign-in failed: account {desk_app.people['analyst'].id}" in written
    for secret in ("analyst", PASSWORD, "a wrong guess", "127.0.0.1", "/desk"):
        assert secret not in written


@pytest.fixture
def office_server(start_server: Callable[..., Server], sqlite_url: str) -> Server:
    """The real server with an organiser."""
    add_account(Database(sqlite_url), "王芳", "organiser", PASSWORD, NOW)
    return start_server(sqlite_url)


@pytest.mark.parametrize("shape", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_one_signs_in_with_the_keyboard_alone(
    new_context: Callable[..., BrowserContext],
    office_server: Server,
    browser_errors: BrowserErrors,
    shape: dict[str, Any],
    language: str,
) -> None:
    browser_errors.allow("422")
    page = new_context(**(shape | {"locale": language})).new_page()
    page.goto(f"{office_server.url}/desk/accounts")
    check_page(page)
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("王芳")
    page.keyboard.press("Tab")
    page.keyboard.type("a wrong guess")
    page.keyboard.press("Enter")
    page.locator("#name-problem").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    check_page(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "name"
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/accounts")
    check_page(page)
    for path in ("/desk/accounts/1", "/desk/account"):
        page.goto(f"{office_server.url}{path}")
        check_page(page)


def check_page(page: Page) -> None:
    """No part of the page is wider than the screen, and axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
