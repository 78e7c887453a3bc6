"""The supervisors' board in a browser: it keeps itself fresh without taking anything out of its reader's hands."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from survey.domain.call_back import is_drawn
from survey.services.accounts import add_account
from tests.browser import DESK, PHONE, REPOSITORY, BrowserErrors
from tests.field import AREA, WAVE, Field, valid_answers
from tests.journeys.conftest import Street
from tests.journeys.looks import breaches, overflow, small_targets
from tests.journeys.staff import PASSWORD, sign_in
from tests.services.outing import out
from tests.tablet_client import Tablet

ORGANISER = "王芳"
EVERY = 15_000
LIVE = (REPOSITORY / "survey/static/desk/live.mjs").read_text("utf-8")
KEPT = """() => ({
  untouched: window.mark === 1,
  open: document.getElementById("cells-intercept-511681").open,
  focus: document.activeElement.closest("details")?.id,
  scrolled: Math.round(scrollY),
})"""


class Board:
    """A wave with a tablet out, behind a server of its own; and somebody at its board."""

    def __init__(self, field: Field, url: str) -> None:
        self.field = field
        self.url = f"{url}/desk/waves/{WAVE}/fieldwork"
        self.office = url
        self.tablet: Tablet = out(field, "平板 1")
        for _ in range(12):
            self.refusal()

    def interview(self) -> None:
        """One more interview arrives."""
        assert self.tablet.send(self.tablet.record(valid_answers(area=AREA)))[0] == 201

    def drawn_interview(self) -> None:
        """One more that the system draws."""
        secret = self.field.settings.secret_key
        chosen = next(each for each in iter(uuid4, None) if is_drawn(secret, each))
        assert self.tablet.send(self.tablet.record(valid_answers(area=AREA), id=str(chosen)))[0] == 201

    def refusal(self) -> None:
        assert self.tablet.send(self.tablet.record({}, finish="refused", reason="no_time"))[0] == 201

    def interviews_at(self, page: Page) -> int:
        """How many interviews the page shows at the first point."""
        return int(page.locator(f"#point-{self.field.point.code} td").first.inner_text())

    def open(self, page: Page) -> Page:
        """Sign in and open the board, with a clock that the test moves on."""
        sign_in(page, self.office, ORGANISER)
        page.wait_for_url("**/desk/**")
        page.clock.install(time=datetime.now(UTC))
        page.goto(self.url)
        return page


@pytest.fixture(scope="module")
def board(open_street: Callable[..., Street]) -> Board:
    """A board that the tests share: each looks at what changes."""
    street = open_street()
    add_account(street.field.db, ORGANISER, "organiser", PASSWORD, datetime.now(UTC))
    return Board(street.field, street.server.url)


def what_is_kept(board: Board, page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a reader had in hand before an interview arrived, and after the page showed it."""
    board.open(page)
    before = board.interviews_at(page)
    page.evaluate("window.mark = 1")
    page.locator("#cells-intercept-511681 > summary").click()
    page.locator("#outcomes").evaluate("place => place.scrollIntoView()")
    page.locator("#cells-intercept-511681 > summary").evaluate("summary => summary.focus({ preventScroll: true })")
    had: dict[str, Any] = page.evaluate(KEPT)
    board.interview()
    page.clock.fast_forward(EVERY)
    expect(page.locator(f"#point-{board.field.point.code} td").first).to_have_text(str(before + 1))
    return had, page.evaluate(KEPT)


def test_an_interview_appears_by_itself_and_the_reader_keeps_everything(
    board: Board, new_context: Callable[..., BrowserContext]
) -> None:
    had, has = what_is_kept(board, new_context(**PHONE).new_page())
    assert has == had
    assert had["open"]
    assert had["scrolled"] > 0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("bringUpToDate(part, newer)", "part.innerHTML = newer.innerHTML"),
        ('if (name === "open" && element.nodeName === "DETAILS") return;', ""),
        ("bringUpToDate(part, newer)", "location.reload()"),
    ],
)
def test_a_refresh_that_takes_things_away_is_found(
    board: Board, new_context: Callable[..., BrowserContext], right: str, wrong: str
) -> None:
    assert right in LIVE
    page = new_context(**PHONE).new_page()
    faulty = LIVE.replace(right, wrong)
    page.route("**/desk/live.mjs", lambda route: route.fulfill(body=faulty, content_type="text/javascript"))
    had, has = what_is_kept(board, page)
    assert has != had


def test_a_new_tablet_finds_its_place_among_the_others(
    board: Board, new_context: Callable[..., BrowserContext]
) -> None:
    page = board.open(new_context(**DESK).new_page())
    expect(page.locator(".tablets li")).to_have_count(1)
    board.field.clock.now = datetime.now(UTC)
    earlier = out(board.field, "平板 0")
    page.clock.fast_forward(EVERY)
    expect(page.locator(".tablets li")).to_have_count(2)
    shown = page.locator(".tablets li").evaluate_all("all => all.map((each) => each.id)")
    assert shown == [f"tablet-{earlier.id}", f"tablet-{board.tablet.id}"]


def test_a_page_that_nobody_sees_asks_for_nothing_until_it_is_seen_again(
    board: Board, new_context: Callable[..., BrowserContext]
) -> None:
    page = board.open(new_context(**DESK).new_page())
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hide = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    page.clock.fast_forward(20 * EVERY)
    assert asked == []
    with page.expect_response(board.url):
        page.evaluate(hide, False)


def test_only_a_page_that_is_used_gives_signs_of_life(board: Board, new_context: Callable[..., BrowserContext]) -> None:
    page = board.open(new_context(**DESK).new_page())
    with page.expect_request(board.url) as unused:
        page.clock.fast_forward(EVERY)
    assert unused.value.headers.get("unattended") == "1"
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Shift")
    with page.expect_request(board.url) as used:
        page.clock.fast_forward(EVERY)
    assert "unattended" not in used.value.headers


def test_when_the_server_does_not_answer_the_page_says_so_and_goes_on_trying(
    board: Board, new_context: Callable[..., BrowserContext], browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    page = board.open(new_context(**DESK).new_page())
    page.route(board.url, lambda route: route.abort())
    page.clock.fast_forward(EVERY)
    expect(page.locator("#stale")).to_be_visible()
    page.unroute(board.url)
    page.clock.fast_forward(EVERY)
    expect(page.locator("#stale")).to_be_hidden()


def test_whoever_is_signed_out_meanwhile_is_asked_to_sign_in(
    board: Board, new_context: Callable[..., BrowserContext]
) -> None:
    page = board.open(new_context(**DESK).new_page())
    page.context.clear_cookies()
    page.clock.fast_forward(EVERY)
    page.wait_for_url("**/desk/sign-in**")
    expect(page.locator("#board")).to_have_count(0)


def test_without_javascript_a_link_refreshes_and_a_finding_can_be_noted(
    board: Board, new_context: Callable[..., BrowserContext]
) -> None:
    board.drawn_interview()
    page = new_context(**PHONE, java_script_enabled=False).new_page()
    sign_in(page, board.office, ORGANISER)
    page.goto(board.url)
    before = board.interviews_at(page)
    board.interview()
    page.locator("#fresh a").click()
    assert board.interviews_at(page) == before + 1
    page.locator("button[value=doubtful]").first.click()
    expect(page.locator("#asked")).to_have_count(1)
    expect(page.locator(".notice.message")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_for_everybody_and_fits_a_phone(
    board: Board, new_context: Callable[..., BrowserContext], scheme: str
) -> None:
    board.drawn_interview()
    page = board.open(new_context(**PHONE, color_scheme=scheme).new_page())
    assert overflow(page) == 0
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    assert breaches(page) == ""
    assert overflow(page) == 0
    inside = [each for each in small_targets(page, 40) if "<a" not in each[1]]
    assert not [each for each in inside if "plain" not in each[1]]
    page.emulate_media(media="print")
    expect(page.locator(".chips")).to_be_hidden()
    expect(page.locator(".call-backs form").first).to_be_hidden()
