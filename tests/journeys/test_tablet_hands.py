"""Whose hands the tablet is in: a person who answers alone, a colleague, its volunteer. Only a PIN changes anything."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import BrowserErrors
from tests.journeys.volunteer import ANSWERS, Volunteer

OTHER, OTHER_PIN = "han-meimei", "604193"
KEYS = [*"123456789", "Clear", "0", "⌫"]


@pytest.fixture
def volunteer(volunteer: Volunteer) -> Volunteer:
    """At a point, and a colleague has a PIN too."""
    volunteer.square.hire(OTHER, OTHER_PIN)
    page = volunteer.page
    page.reload()  # so that the tablet knows of the colleague
    volunteer.at("sign_in")
    expect(page.locator("#online")).to_be_visible()
    volunteer.sign_in()
    return volunteer


def entrust(volunteer: Volunteer) -> None:
    """Give the tablet to the next one who is to be approached."""
    volunteer.wait_for_somebody()
    volunteer.page.locator("#begin").tap()
    volunteer.page.locator("[data-hand-over]").tap()
    volunteer.page.locator("[data-begin-alone]").tap()
    expect(volunteer.page.locator("[data-stop]")).to_be_visible()


def buttons(page: Page) -> list[str]:
    """What can be pressed."""
    return page.locator("button:visible").all_inner_texts()


def turns(page: Page) -> list[bool]:
    """Of every turn on this tablet whether it has ended."""
    ended: list[bool] = page.evaluate(
        """async () => {
          const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
          const database = await answer(indexedDB.open("minsheng"));
          const turns = await answer(database.transaction("turns").objectStore("turns").getAll());
          database.close();
          return turns.map(({ ended }) => ended !== null);
        }"""
    )
    return ended


@pytest.mark.parametrize("stage", ["stopped", "finished"])
def test_who_answers_alone_finds_nothing_but_the_pin_of_the_volunteer(volunteer: Volunteer, stage: str) -> None:
    page = volunteer.page
    entrust(volunteer)
    volunteer.answer("age", "18-34")
    if stage == "stopped":
        page.locator("[data-stop]").tap()
    else:
        volunteer.answer_all(ANSWERS)
        volunteer.finish()
    page.locator("[data-volunteer]").tap()
    volunteer.at("sign_in")
    assert buttons(page) == ["中文", *KEYS]
    page.locator('[data-language="zh-Hans"]').tap()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert len(buttons(page)) == len(KEYS) + 1
    volunteer.sign_in()
    if stage == "stopped":
        volunteer.at("interview")
        page.locator('[data-reason="objected"]').tap()
    volunteer.at("street")
    assert turns(page) == [False]
    volunteer.lock()
    assert len(buttons(page)) > len(KEYS) + 1, "after a PIN the lock offers the usual again"


def test_after_a_reload_too_there_is_no_way_to_the_outbox_and_a_colleague_helps_only_with_a_pin(
    volunteer: Volunteer,
) -> None:
    page = volunteer.page
    entrust(volunteer)
    volunteer.answer("age", "18-34")
    volunteer.wait_for_draft()
    page.reload()
    volunteer.at("sign_in")
    assert buttons(page) == ["中文", *KEYS, "Somebody else takes over"]
    volunteer.take_over(OTHER, OTHER_PIN)
    volunteer.counts("broken_off", 1)
    expect(page.locator("#to-box")).to_be_visible()


def test_nobody_takes_over_from_a_lock_without_a_pin_of_their_own(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.wait_for_draft()
    page.reload()
    volunteer.at("sign_in")
    page.locator("#take-over").tap()
    page.locator("#names").get_by_role("button", name=OTHER, exact=True).tap()
    volunteer.type_pin("000000")
    expect(page.locator('[data-problem="wrong"]')).to_be_visible()
    assert turns(page) == [False]
    volunteer.type_pin(OTHER_PIN)
    expect(page.get_by_text(f"The turn of {volunteer.name} ends.")).to_be_visible()
    expect(page.get_by_text("nobody can go on with it")).to_be_visible()
    assert turns(page) == [False]
    page.locator('#handing-over button[value=""]').tap()
    expect(page.get_by_role("heading", name=volunteer.name)).to_be_visible()
    page.locator("#take-over").tap()
    page.locator("#names").get_by_role("button", name=volunteer.name, exact=True).tap()
    volunteer.type_pin(volunteer.pin)
    expect(page.locator("#unfinished")).to_be_visible()
    assert turns(page) == [False]
    volunteer.lock()
    volunteer.take_over(OTHER, OTHER_PIN)
    assert sorted(turns(page)) == [False, True]


def test_whoever_takes_over_can_be_chosen_without_a_network(
    volunteer: Volunteer, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    volunteer.page.context.set_offline(True)
    volunteer.lock()
    volunteer.take_over(OTHER, OTHER_PIN)
    expect(volunteer.page.locator("#who")).to_contain_text(OTHER)
