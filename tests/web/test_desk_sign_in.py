"""Signing in at the desk: where it leads, what its page tells, and how guessing is answered."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from survey.app import create_app
from survey.db import Database
from survey.domain.account import Role
from survey.queries import accounts as account_queries
from survey.services import passwords
from survey.services.accounts import add_account, disable_account
from survey.services.installation import mark_demonstration
from survey.web.desk.access import local_path
from tests.browser import DESK, PHONE, BrowserErrors, Server
from tests.field import NOW, Clock, settings
from tests.web.desk import PASSWORD, Desk, Visitor


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


@pytest.mark.parametrize("name", ["\0", "\ud800", "x" * 30_000, "' OR 1=1 --", "%s%s"])
def test_odd_input_is_a_wrong_name_and_never_an_error(desk_app: Desk, name: str) -> None:
    answer = desk_app.visitor().sign_in(name.encode("utf-8", "surrogatepass"), "\0")
    assert answer.status_code == 422


def test_a_demonstration_says_what_it_is_on_every_page(database_url: str, quick_hashing: None) -> None:
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
