"""That the resident's form is for everybody: large letters, small phones, both schemes, both languages, a keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import browser
from tests.browser import BrowserErrors
from tests.field import AREA
from tests.journeys import album
from tests.journeys.conftest import Street
from tests.journeys.looks import breaches, overflow, small_targets, text_sizes
from tests.journeys.resident import ENGLISH, Resident, enter, fill_in


def test_larger_text_and_another_language_keep_the_answers(resident: Resident) -> None:
    page = resident.page
    fill_in(resident)
    resident.item("comment").locator("textarea").fill("树多一点")
    for button in ("Large text", "中文", "标准版", "English"):
        page.get_by_role("button", name=button, exact=True).tap()
        expect(page.get_by_role("button", name=button, exact=True)).to_have_count(0)
        assert resident.chosen("age") == ["18-34"]
        assert resident.chosen("activities") == ["none"]
        assert page.locator('select[name="home"]').input_value() == AREA
        assert resident.item("comment").locator("textarea").input_value() == "树多一点"
    resident.send()
    resident.receipt()


@pytest.mark.parametrize(("size", "text", "target"), [("normal", 18, 48), ("large", 24, 60)])
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_letters_and_targets_are_large_enough(
    english_phone: Page, street: Street, browser_errors: BrowserErrors, size: str, text: int, target: int, language: str
) -> None:
    browser_errors.allow("status of 422")
    english_phone.goto(f"{street.form}?lang={language}&size={size}")
    for state in ("empty", "with-errors"):
        if state == "with-errors":
            enter(Resident(english_phone))
            Resident(english_phone).send()
            expect(english_phone.locator("#summary")).to_be_focused()
        english_phone.locator("details summary").tap()
        assert {px: shown for px, shown in text_sizes(english_phone).items() if px < text} == {}
        assert small_targets(english_phone, target) == []


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("size", ["normal", "large"])
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_the_form_never_scrolls_sideways(
    english_phone: Page, street: Street, browser_errors: BrowserErrors, width: int, size: str, language: str
) -> None:
    browser_errors.allow("status of 422")
    english_phone.set_viewport_size({"width": width, "height": 700})
    english_phone.goto(f"{street.form}?lang={language}&size={size}")
    assert overflow(english_phone) == 0
    enter(Resident(english_phone))
    Resident(english_phone).send()
    expect(english_phone.locator("#summary")).to_be_focused()
    assert overflow(english_phone) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_the_form_and_its_errors_and_the_thanks_break_no_rule_of_accessibility(
    new_context: Callable[..., BrowserContext],
    street: Street,
    browser_errors: BrowserErrors,
    scheme: str,
    language: str,
) -> None:
    browser_errors.allow("status of 422")
    page = new_context(**ENGLISH, color_scheme=scheme).new_page()
    found = []
    page.goto(f"{street.form}?lang={language}")
    found.append(breaches(page))
    album.keep(page, f"resident-form-{language}-{scheme}")
    enter(Resident(page))
    page.locator('#activities input[value="cleaning"]').tap()
    Resident(page).send()
    expect(page.locator("#summary")).to_be_focused()
    page.locator("details summary").tap()
    found.append(breaches(page))
    album.keep(page, f"resident-errors-{language}-{scheme}")
    page.locator('button[value="stop"]').tap()
    expect(page.locator(".receipt")).to_be_visible()
    found.append(breaches(page))
    album.keep(page, f"resident-stopped-{language}-{scheme}")
    page.goto(f"{street.form}?lang={language}&size=large")
    found.append(breaches(page))
    album.keep(page, f"resident-large-{language}-{scheme}")
    assert "".join(found) == ""


# --- by keyboard ------------------------------------------------------------------------------------------------


def test_text_of_30_points_is_whole_and_nothing_is_lost_without_colours(
    new_context: Callable[..., BrowserContext], street: Street
) -> None:
    page = new_context(**ENGLISH, forced_colors="active", reduced_motion="reduce").new_page()
    page.goto(f"{street.form}?size=large")
    enter(Resident(page))
    page.evaluate("document.documentElement.style.fontSize = '40px'")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 256})
        assert overflow(page) == 0
    assert page.locator("#progress").evaluate("line => line.getBoundingClientRect().height") == 3
    assert breaches(page) == ""


def test_the_whole_form_can_be_answered_from_a_keyboard(
    new_context: Callable[..., BrowserContext], street: Street
) -> None:
    page = new_context(**browser.DESK | {"locale": "en-GB"}).new_page()
    page.goto(street.form)
    resident = Resident(page)
    focused = page.locator(":focus")

    def tab_to(name: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if focused.get_attribute("name") == name:
                return
        raise AssertionError(f"the keyboard does not reach {name}")

    tab_to("age")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert resident.chosen("age") == ["18-34"]
    tab_to("sex")
    page.keyboard.press("Space")
    tab_to("home")
    page.keyboard.press("ArrowDown")
    assert page.locator('select[name="home"]').input_value() == AREA
    tab_to("parks")
    page.keyboard.press("Space")
    tab_to("activities")
    page.keyboard.press("Space")
    tab_to("times")
    page.keyboard.type("2")
    outline = focused.evaluate("element => getComputedStyle(element).outlineWidth")
    assert outline == "3px"
    page.keyboard.press("Enter")
    resident.receipt()
    assert page.locator("html").get_attribute("lang") == "en"
    assert street.field.rows()[-1]["answers"] == {
        "age": "18-34",
        "sex": "M",
        "home": AREA,
        "parks": "satisfied",
        "activities": ["cleaning"],
        "times": 2,
    }


def test_enter_in_a_text_field_sends_and_does_not_switch_the_language(
    new_context: Callable[..., BrowserContext], street: Street, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 422")
    page = new_context(**ENGLISH, java_script_enabled=False).new_page()
    page.goto(street.form)
    enter(Resident(page))
    page.locator('input[name="age"]').first.press("Enter")
    expect(page.locator("#after-entry")).to_be_focused()
    expect(page.locator("#rest")).to_be_visible()
    page.locator('input[name="times"]').fill("2")
    page.keyboard.press("Enter")
    expect(page.locator("#summary")).to_be_focused()
    assert page.locator("html").get_attribute("lang") == "en"
