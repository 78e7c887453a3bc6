"""Sending a form from a phone: cut networks, strangers' answers, closed tabs, several tabs, browsers that keep nothing.

Whatever happens, the person reads what is going on, and in the end the form is stored once, under the id it was given.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import uuid4

from playwright.sync_api import BrowserContext, Page, Route, expect

from survey.domain.wave import Mode
from survey.web.assets import asset_url
from tests.browser import BrowserErrors
from tests.journeys import album
from tests.journeys.conftest import Street
from tests.journeys.looks import breaches
from tests.journeys.resident import ENGLISH, Resident, fill_in

SEND = re.compile(r"\?send=1$")
TOKEN = re.compile(r'<input type="hidden" name="_token"[^>]*>')


def ready(page: Page, street: Street) -> Resident:
    """Somebody whose form is filled in."""
    page.goto(street.form)
    resident = Resident(page)
    fill_in(resident)
    return resident


def waiting(page: Page, sentence: str) -> None:
    """The panel says why the form has not arrived, and no receipt is shown."""
    expect(page.locator("#sending-text")).to_contain_text(sentence)
    expect(page.locator("#form")).to_be_hidden()


def try_now(page: Page) -> None:
    """Press the button of the panel."""
    page.locator("#try-now").tap()


def answered_by(page: Page, *answers: dict[str, object]) -> list[str]:
    """The next posts get these answers, and those after them the server's. Returns the bodies of all of them."""
    bodies, left = [], list(answers)

    def answer(route: Route) -> None:
        bodies.append(route.request.post_data or "")
        if not left:
            route.continue_()
        elif left[0].get("lost"):
            left.pop(0)
            route.fetch()
            route.abort()
        else:
            route.fulfill(**left.pop(0))  # type: ignore[arg-type]  # what the test says

    page.route(SEND, answer)
    return bodies


def test_only_our_server_naming_our_id_acknowledges_a_form(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("Failed to load resource")
    page = english_phone
    page.clock.install()
    resident = ready(page, street)
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))  # no attempt but those that are asked for
    before = street.stored()
    json_type = "application/json"
    other = {"id": str(uuid4()), "receipt": "2222222222", "outcome": "stored", "thanks": "/r/stolen"}
    bodies = answered_by(
        page,
        {"status": 200, "content_type": "text/html", "body": "<h1>Hotel</h1>"},
        {"status": 200, "content_type": json_type, "body": "{}"},
        {"status": 201, "content_type": json_type, "body": json.dumps(other)},
        {"status": 303, "headers": {"Location": "/healthz"}},
        {
            "status": 503,
            "content_type": json_type,
            "headers": {"Retry-After": "120"},
            "body": '{"problems":[]}',
        },
        {"lost": True},
    )
    resident.send()
    waiting(page, "The network answered in place of the survey office.")
    album.keep(page, "resident-stranger-en")
    for sentence in ("in place of", "No receipt yet", "No receipt yet", "busy"):
        try_now(page)
        waiting(page, sentence)
    seconds = re.search(r"(\d+) seconds", page.locator("#sending-text").inner_text())
    assert seconds is not None
    assert int(seconds[1]) >= 120, "the server's Retry-After"
    assert street.stored() == before
    try_now(page)
    waiting(page, "No receipt yet")
    assert street.stored() == before + 1, "stored, and the answer lost"
    try_now(page)
    resident.receipt()
    assert street.stored() == before + 1
    assert len(bodies) == 7
    assert len(set(bodies)) == 1, "each attempt says the same"
    assert "parks" not in page.evaluate("JSON.stringify(localStorage)")


def sent_without_a_network(page: Page, street: Street, browser_errors: BrowserErrors) -> BrowserContext:
    """A form is sent while there is no network, and the tab is closed before it is back."""
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    resident, context = ready(page, street), page.context
    context.set_offline(True)
    resident.send()
    waiting(page, "There is no network just now.")
    page.close()
    context.set_offline(False)
    return context


def test_a_form_sent_without_a_network_is_found_when_the_code_is_scanned_again(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    before, context = street.stored(), sent_without_a_network(english_phone, street, browser_errors)
    again = context.new_page()
    again.goto(street.form)
    Resident(again).receipt()
    assert street.stored() == before + 1
    again.goto(street.form)
    expect(again.get_by_text("have been sent from this phone already")).to_be_visible()
    expect(again.locator("#draft")).to_be_hidden()


def test_a_form_that_waits_is_sent_from_the_page_of_another_poster_while_somebody_answers_there(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    before, context = street.stored(), sent_without_a_network(english_phone, street, browser_errors)
    elsewhere = context.new_page()
    elsewhere.goto(f"{street.server.url}/r/{street.field.points[Mode.INTERCEPT][1].code}")
    expect(elsewhere.locator("#form")).to_be_visible()
    elsewhere.wait_for_function(
        "() => Object.keys(localStorage).every((name) => !localStorage[name].includes('parks'))"
    )
    assert street.stored() == before + 1
    other = Resident(elsewhere)
    fill_in(other)
    other.send()
    other.receipt()
    assert street.stored() == before + 2


def test_whoever_waits_is_woken_however_many_others_wait(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("503 (Service Unavailable)")
    english_phone.goto(street.form)
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.url.partition("/form/")[2])
        route.fulfill(status=503, body="busy")

    english_phone.route("**/form/**", refuse)
    with street.field.app.test_request_context():
        module = asset_url("resident/sending.mjs")
    woken = english_phone.evaluate(
        """async (module) => {
          const { deliver, tryNow } = await import(module);
          const waits = (...delays) => ({ next: () => (delays.length > 1 ? delays.shift() : delays[0]) });
          const heard = { slow: 0, quick: 0 };
          const send = (name, pauses) => deliver({ path: `/form/${name}`, id: name, body: "" },
            (news) => { if (news !== "sending") heard[name] += 1; }, { waits: pauses });
          send("slow", waits(600000));
          send("quick", waits(1, 600000));
          const until = async (holds) => { while (!holds()) await new Promise((next) => setTimeout(next, 5)); };
          await until(() => heard.slow === 1 && heard.quick === 2);
          tryNow();
          await until(() => heard.slow === 2 && heard.quick === 3);
          return heard;
        }""",
        module,
    )
    assert woken == {"slow": 2, "quick": 3}


def test_work_that_does_not_come_holds_nothing_up(english_phone: Page, street: Street) -> None:
    asked = []
    english_phone.route("**/work.mjs", lambda route: asked.append(route.request.url))  # and never answered
    english_phone.route(
        street.form,
        lambda route: route.fulfill(body=route.fetch().text().replace("data-check=", 'data-work="13" data-check=')),
    )
    resident = ready(english_phone, street)
    assert asked
    resident.send()
    resident.receipt()


def test_one_tab_sends_and_another_says_so_and_takes_over(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("Failed to load resource")
    resident = ready(english_phone, street)
    before = street.stored()
    answered_by(english_phone, *[{"status": 502, "body": ""}] * 9)
    resident.send()
    waiting(english_phone, "busy")
    other = english_phone.context.new_page()
    other.goto(street.form)
    waiting(other, "another tab")
    english_phone.close()
    Resident(other).receipt()
    assert street.stored() == before + 1


def test_a_page_that_was_open_for_too_long_comes_back_with_all_answers_and_the_same_id(
    english_phone: Page, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 422")
    submission_id, opened = uuid4(), datetime.now(UTC) - timedelta(days=4)
    token = street.field.token(submission_id, opened_at=opened)
    field = f'<input type="hidden" name="_token" value="{token}" data-id="{submission_id}" form="form">'
    english_phone.route(street.form, lambda route: route.fulfill(body=TOKEN.sub(field, route.fetch().text())))
    resident = ready(english_phone, street)
    resident.send()
    expect(english_phone.locator("#summary")).to_contain_text("open for very long")
    assert resident.chosen("parks") == ["satisfied"]
    expect(english_phone.locator("#sending")).to_be_hidden()
    resident.send()
    resident.receipt()
    assert submission_id in {row["id"] for row in street.field.rows()}


def test_a_browser_that_keeps_nothing_sends_the_form_and_says_to_leave_the_page_open(
    new_context: Callable[..., BrowserContext], street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("Failed to load resource")
    context = new_context(**ENGLISH)
    context.add_init_script(
        "for (const each of ['localStorage', 'sessionStorage']) "
        "Object.defineProperty(window, each, { get() { throw new DOMException('', 'SecurityError') } });"
    )
    resident = ready(context.new_page(), street)
    before = street.stored()
    answered_by(resident.page, {"status": 502, "body": ""})
    resident.send()
    waiting(resident.page, "leave this page open")
    try_now(resident.page)
    resident.receipt()
    assert street.stored() == before + 1


def test_whose_cell_is_full_is_told_at_once_and_may_still_leave_an_opinion(english_phone: Page, street: Street) -> None:
    page, rooms = english_phone, ["full", "open"]
    asked = []

    def answer(route: Route) -> None:
        asked.append(parse_qs(route.request.post_data or ""))
        route.fulfill(json={"room": rooms[len(asked) > 1]})

    page.route("**/room", answer)
    page.goto(street.form)
    resident = Resident(page)
    expect(page.locator("#rest")).to_be_hidden()
    resident.tap("age", "18-34")
    resident.tap("sex", "F")
    page.locator('select[name="home"]').select_option(index=1)
    expect(page.locator("#full")).to_be_visible()
    expect(page.locator("#rest")).to_be_hidden()
    assert breaches(page) == ""
    page.locator("#opinion").tap()
    expect(page.locator("#rest")).to_be_visible()
    expect(page.locator("#full")).to_be_hidden()
    assert len(asked) == 1
    assert (asked[0]["age"], asked[0]["sex"]) == (["18-34"], ["F"])


def test_questions_are_read_aloud_when_somebody_wants_it_and_stop_when_the_button_is_pressed_again(
    new_context: Callable[..., BrowserContext], street: Street
) -> None:
    context = new_context(**ENGLISH)
    context.add_init_script(
        """window.said = [];
        window.SpeechSynthesisUtterance = function (text) { this.text = text; };
        Object.defineProperty(window, "speechSynthesis", { value: {
          getVoices: () => [{ lang: "zh-CN" }, { lang: "en-GB" }],
          speak: (words) => said.push(words.text.trim().replace(/\\s+/g, " ")),
          cancel: () => (window.said = []) } });"""
    )
    page = context.new_page()
    page.goto(street.form)
    assert breaches(page) == ""
    page.locator("#aloud").tap()
    expect(Resident(page).item("age").get_by_role("button")).to_be_focused()
    assert page.evaluate("said.length") > 2
    button = Resident(page).item("sex").get_by_role("button")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    said = page.evaluate("said")
    assert said[1:3] == ["Male", "Female"]
    assert len(said) == 4
    assert breaches(page) == ""
    button.tap()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("said") == []
