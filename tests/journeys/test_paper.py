"""Paper: a sheet is printed, and typed in without a mouse."""

import re

from playwright.sync_api import Page, expect

from survey.services.accounts import add_account
from tests.browser import BrowserErrors
from tests.field import WAVE
from tests.journeys import album
from tests.journeys.conftest import Street
from tests.journeys.staff import sign_in, speak
from tests.web.desk import PASSWORD


def test_a_sheet_is_printed_and_typed_in_by_keyboard(desk: Page, street: Street, browser_errors: BrowserErrors) -> None:
    browser_errors.allow("422")
    add_account(street.field.db, "typist", "analyst", PASSWORD, street.field.clock.now)
    sign_in(desk, street.server.url, "typist", PASSWORD)
    desk.wait_for_url("**/desk/**")
    speak(desk, "en")
    desk.goto(f"{street.server.url}/desk/waves/{WAVE}/paper")
    album.keep(desk, "paper")
    desk.locator("#language").select_option("zh-Hans")
    desk.locator("#copies").fill("2")
    desk.locator("button.primary").click()
    desk.wait_for_url("**/paper/sheets**")
    serials = desk.locator(".serial b").all_inner_texts()
    assert len(serials) == 2
    album.keep(desk, "paper-sheets")
    desk.emulate_media(media="print")
    expect(desk.locator(".no-print")).to_be_hidden()
    pages = len(re.findall(rb"/Type */Page\b", desk.pdf(prefer_css_page_size=True)))
    assert 3 <= pages <= 7, "two sheets and the office's page"
    desk.emulate_media(media="screen")
    desk.goto(f"{street.server.url}/desk/waves/{WAVE}/paper/entry")
    keys = desk.keyboard
    for serial in serials:
        expect(desk.locator("#serial")).to_be_focused()
        keys.type(serial)
        keys.press("Enter")
        expect(desk.locator('[name="item-age"]')).to_be_focused()
        for typed in ("2", "2", "nowhere", "1", "1 2", "a"):
            keys.type(typed)
            keys.press("Enter")
        expect(desk.locator(".chosen")).to_have_count(6)
        keys.type("Bäume")
        keys.press("Tab")
        keys.press("Enter")
        expect(desk.locator('[name="item-home"]')).to_be_focused()
        assert "Question 3: Choose the place from the list." in desk.locator("[role=alert]").inner_text()
        album.keep(desk, "paper-entry")
        name = desk.locator("#areas option").first.get_attribute("value")
        assert name is not None
        keys.press("Control+A")
        keys.type(name)
        desk.locator("button.primary").focus()
        keys.press("Enter")
        expect(desk.locator(".notice")).to_contain_text(serial)
    ours = [row for row in street.field.rows() if row["channel"] == "desk"]
    assert [row["answers"]["times"] for row in ours] == ["dont_know"] * 2
    assert {row["disposition"] for row in ours} == {"complete"}
