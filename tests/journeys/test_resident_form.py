"""The resident's form on a phone: by thumb, by keyboard, in large letters, on bad networks, twice, and too late."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser import BrowserErrors
from tests.field import AREA, HUAYING_AREA
from tests.frames.excerpt import HUAYING
from tests.journeys import album
from tests.journeys.conftest import Street
from tests.journeys.resident import ENGLISH, Resident, enter, fill_in

# --- routing, drafts and progress -------------------------------------------------------------------------------


def test_questions_come_and_go_with_the_answers(resident: Resident) -> None:
    everything = ["age", "sex", "home", "parks", "activities", "comment"]
    assert resident.asked() == everything[:3]
    enter(resident)
    assert resident.asked() == everything
    resident.tap("activities", "cleaning")
    assert resident.asked() == [*everything[:5], "times", "comment"]
    resident.tap("activities", "cleaning")
    assert resident.asked() == everything
    resident.tap("age", "under_18")
    assert resident.asked() == everything[:2]
    resident.tap("age", "55+")
    assert resident.asked() == everything


def test_a_category_that_stands_alone_unticks_the_others_and_they_it(resident: Resident) -> None:
    enter(resident)
    resident.tap("activities", "cleaning", "traffic")
    assert resident.chosen("activities") == ["cleaning", "traffic"]
    resident.tap("activities", "none")
    assert resident.chosen("activities") == ["none"]
    resident.tap("activities", "cleaning")
    assert resident.chosen("activities") == ["cleaning"]


def test_progress_grows_with_each_answer(resident: Resident) -> None:
    seen = [resident.progress]
    enter(resident)
    for code, category in (("sex", "M"), ("parks", "neutral"), ("activities", "none")):
        resident.tap(code, category)
        seen.append(resident.progress)
    assert seen == sorted(set(seen))
    assert seen[0] == 0


def test_the_lists_of_areas_follow_each_other(resident: Resident) -> None:
    page = resident.page
    with page.expect_response("**/areas/**"):
        page.locator('select[name="home__district"]').select_option(HUAYING)
    streets = page.locator('select[name="home__street"]')
    expect(streets.locator("option").nth(1)).to_have_attribute("value", HUAYING_AREA[:9])
    expect(page.locator('select[name="home"] option')).to_have_count(1)
    with page.expect_response("**/areas/**"):
        streets.select_option(HUAYING_AREA[:9])
    expect(page.locator(f'select[name="home"] option[value="{HUAYING_AREA}"]')).to_have_count(1)
    page.locator('select[name="home"]').select_option(HUAYING_AREA)


@pytest.mark.parametrize("answers", [1, 5], ids=["one answer", "all answers"])
def test_what_was_filled_in_survives_a_reload_and_can_be_cleared(resident: Resident, answers: int) -> None:
    page = resident.page
    resident.tap("age", "35-54")
    if answers > 1:
        fill_in(resident)
        resident.item("comment").locator("textarea").fill("More trees")
    page.wait_for_function("() => localStorage.length > 0")
    page.reload()
    expect(page.locator("#draft")).to_be_visible()
    if answers > 1:
        assert resident.chosen("age") == ["18-34"]
        assert resident.item("comment").locator("textarea").input_value() == "More trees"
        assert page.locator('select[name="home"]').input_value() == AREA
    else:
        assert resident.chosen("age") == ["35-54"]
    before = page.locator('input[name="_token"]').get_attribute("data-id")
    with page.expect_navigation():
        page.locator("#draft").get_by_role("button", name="Clear them").tap()
    expect(page.locator("#progress")).to_be_attached()
    expect(page.locator("#draft")).to_be_hidden()
    assert resident.chosen("age") == []
    assert page.locator('input[name="_token"]').get_attribute("data-id") != before, "it is another form"
    assert page.evaluate("localStorage.length") == 0


def test_who_opens_the_form_anew_is_asked_before_a_draft_is_filled_in(english_phone: Page, street: Street) -> None:
    english_phone.goto(street.form)
    Resident(english_phone).tap("age", "18-34")
    tab = english_phone.context.new_page()
    tab.goto(street.form)
    somebody = Resident(tab)
    expect(tab.get_by_text("There are unfinished answers")).to_be_visible()
    assert somebody.chosen("age") == []
    tab.get_by_role("button", name="Go on with them").tap()
    expect(tab.get_by_text("are filled in again")).to_be_visible()
    assert somebody.chosen("age") == ["18-34"]


def test_a_draft_in_another_district_survives_a_reload(resident: Resident) -> None:
    page = resident.page
    for name, code in (("home__district", HUAYING), ("home__street", HUAYING_AREA[:9])):
        with page.expect_response("**/areas/**"):
            page.locator(f'select[name="{name}"]').select_option(code)
    page.locator('select[name="home"]').select_option(HUAYING_AREA)
    page.reload()
    expect(page.locator("#draft")).to_be_visible()
    for name, code in (("home__district", HUAYING), ("home__street", HUAYING_AREA[:9]), ("home", HUAYING_AREA)):
        expect(page.locator(f'select[name="{name}"]')).to_have_value(code)


def test_of_a_draft_of_another_version_what_still_fits_comes_back_and_the_change_is_told(resident: Resident) -> None:
    page = resident.page
    resident.tap("age", "35-54")
    page.evaluate(
        """() => { const [key] = Object.keys(localStorage), draft = JSON.parse(localStorage[key]);
        draft.fields.push(["parks", "a category that is gone"], ["gone", "yes"]);
        localStorage[key] = JSON.stringify({ ...draft, version: "another" }); }"""
    )
    page.reload()
    expect(page.get_by_text("The questions have changed since.")).to_be_visible()
    assert resident.chosen("age") == ["35-54"]
    assert resident.chosen("parks") == []


# --- sending ----------------------------------------------------------------------------------------------------


def test_a_double_tap_sends_once(resident: Resident, street: Street) -> None:
    fill_in(resident)
    before, sent = street.stored(), []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    resident.page.on("request", note)
    resident.page.locator("#rest .primary").dblclick()
    resident.receipt()
    assert len(sent) == 1
    assert street.stored() == before + 1


def test_the_thanks_page_shows_a_receipt_and_no_answer_and_the_draft_is_gone(
    resident: Resident, street: Street
) -> None:
    page = resident.page
    fill_in(resident)
    resident.item("comment").locator("textarea").fill("More trees, please")
    page.wait_for_function("() => localStorage.length > 0")
    resident.send()
    assert len(resident.receipt()) == 10
    shown = page.content()
    for answer in ("More trees", "Female", "Satisfied", "None of these", AREA):
        assert answer not in shown
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "draft:" not in kept
    assert "parks" not in kept
    album.keep(page, "resident-thanks-en")


def test_going_back_does_not_lead_to_the_form_that_was_sent(resident: Resident, street: Street) -> None:
    page = resident.page
    fill_in(resident)
    before = street.stored()
    resident.send()
    resident.receipt()
    page.go_back()
    assert page.url == "about:blank"
    page.goto(street.form)
    expect(page.get_by_text("have been sent from this phone already")).to_be_visible()
    assert resident.chosen("age") == []
    assert street.stored() == before + 1


def test_other_answers_from_a_copy_of_the_page_are_told_that_the_first_count(
    resident: Resident, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 409")
    page, token = resident.page, re.compile(r'<input type="hidden" name="_token"[^>]*>')
    copied = token.search(page.content())
    assert copied is not None
    fill_in(resident)
    before = street.stored()
    resident.send()
    resident.receipt()
    page.route(street.form, lambda route: route.fulfill(body=token.sub(copied[0], route.fetch().text())))
    page.goto(street.form)
    fill_in(resident)
    resident.tap("parks", "dissatisfied")
    resident.send()
    expect(page.locator("h1")).to_have_text("Already received")
    assert street.stored() == before + 1
    assert street.field.rows()[-1]["answers"]["parks"] == "satisfied"
    album.keep(page, "resident-conflict-en")


def test_a_lost_network_keeps_the_form_and_sends_it_when_it_is_back(
    resident: Resident, street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    page = resident.page
    fill_in(resident)
    before = street.stored()
    page.context.set_offline(True)
    resident.send()
    expect(page.locator("#sending-text")).to_contain_text("There is no network just now.")
    expect(page.locator("#sending h2")).to_be_focused()
    expect(page.locator("#form")).to_be_hidden()
    album.keep(page, "resident-offline-en")
    page.context.set_offline(False)
    resident.receipt()
    assert street.stored() == before + 1


def test_two_tabs_are_two_forms(english_phone: Page, street: Street) -> None:
    before = street.stored()
    tabs = [Resident(english_phone), Resident(english_phone.context.new_page())]
    for tab in tabs:
        tab.page.goto(street.form)
    for tab in tabs:
        tab.page.bring_to_front()
        fill_in(tab)
    tabs[1].tap("sex", "M")
    assert tabs[0].chosen("sex") == ["F"]
    receipts = set()
    for tab in tabs:
        tab.page.bring_to_front()
        tab.send()
        receipts.add(tab.receipt())
    assert len(receipts) == 2
    assert street.stored() == before + 2
    assert "draft:" not in english_phone.evaluate("JSON.stringify(localStorage)")


@pytest.mark.parametrize(
    ("button", "disposition", "said"),
    [
        ("Send what I have answered so far", "partial", "What you answered has been stored."),
        ("Take no part; send no answers", "refused", "No answers were kept."),
    ],
)
def test_who_does_not_want_to_go_on_can_stop_or_take_no_part(
    resident: Resident, street: Street, button: str, disposition: str, said: str
) -> None:
    page = resident.page
    resident.tap("age", "55+")
    page.get_by_text("I don't want to go on").tap()
    page.get_by_role("button", name=button).tap()
    resident.receipt()
    expect(page.locator("main")).to_contain_text(said)
    row = street.field.rows()[-1]
    assert row["disposition"] == disposition
    assert row["answers"] == ({"age": "55+"} if disposition == "partial" else {})


def test_full_width_digits_are_a_number(resident: Resident, street: Street) -> None:
    fill_in(resident)
    resident.tap("activities", "traffic")
    resident.item("times").locator("input").first.fill("１２")
    resident.send()
    resident.receipt()
    assert street.field.rows()[-1]["answers"]["times"] == 12


# --- refused, and shown again -----------------------------------------------------------------------------------


def test_missing_answers_are_named_where_they_are_at_once_and_nothing_is_lost(
    resident: Resident, street: Street
) -> None:
    page = resident.page
    enter(resident)
    resident.item("comment").locator("textarea").fill("More trees")
    before = street.stored()
    page.context.set_offline(True)
    resident.send()
    expect(page.locator("#summary")).to_be_focused()
    assert street.stored() == before
    links = page.locator("#summary a")
    assert [link.get_attribute("href") for link in links.all()] == ["#parks", "#activities"]
    expect(resident.item("parks").locator(".problem")).to_have_text("Please answer this question.")
    expect(resident.item("sex").locator(".problem")).to_have_count(0)
    assert resident.chosen("sex") == ["F"]
    assert resident.item("comment").locator("textarea").input_value() == "More trees"
    links.nth(0).tap()
    expect(resident.item("parks")).to_be_in_viewport()
    resident.tap("parks", "satisfied")
    expect(resident.item("parks").locator(".problem")).to_have_count(0)


# --- weight -----------------------------------------------------------------------------------------------------


def test_the_first_load_is_light(new_context: Callable[..., BrowserContext], street: Street) -> None:
    context = new_context(**ENGLISH)
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    loaded: list[float] = []
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(street.form)
    page.wait_for_load_state("networkidle")
    expect(page.locator("html.js")).to_be_attached()
    assert len(loaded) <= 3, loaded
    assert sum(loaded) <= 15_000, json.dumps(loaded)
