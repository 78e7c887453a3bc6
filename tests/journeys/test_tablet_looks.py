"""That the volunteer's app is for everybody: every screen in both languages and schemes, held upright or lying, by axe,
by the size of what is pressed, and from a keyboard."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import browser
from tests.browser import BrowserErrors
from tests.field import AREA, HUAYING_AREA
from tests.journeys.looks import breaches, overflow, small_targets, text_sizes
from tests.journeys.volunteer import ANSWERS, Square, Volunteer

UPRIGHT, LYING, PHONE = ((820, 1180), (1180, 820), (390, 844))
LEAST_TARGET, LEAST_TEXT = 60, 16


def walk(volunteer: Volunteer, language: str) -> Iterator[str]:
    """Every screen and state that can be reached by pressing, by name."""
    yield from _getting_ready(volunteer, language)
    yield from _in_the_street(volunteer)
    yield from _asking(volunteer)
    yield from _answering_alone(volunteer)
    volunteer.page.locator("#to-box").tap()
    volunteer.at("box")
    volunteer.page.locator("#compare").tap()
    volunteer.page.locator("[data-told=equal]").wait_for()
    yield "outbox"


def _getting_ready(volunteer: Volunteer, language: str) -> Iterator[str]:
    page = volunteer.page
    volunteer.open(language=language)
    volunteer.at("enrol")
    page.locator("form .primary").tap()
    yield "enrol"
    volunteer.open(f"#enrol={volunteer.square.code(volunteer.label)}", language)
    volunteer.at("sign_in")
    yield "names"
    page.locator("#names button").first.tap()
    volunteer.type_pin("000000")
    page.locator("[data-problem=wrong]").wait_for()
    yield "wrong-pin"
    page.locator("#another").tap()
    volunteer.sign_in()
    page.locator("#points label").first.wait_for()
    yield "take"
    volunteer.take()


def _in_the_street(volunteer: Volunteer) -> Iterator[str]:
    page = volunteer.page
    yield "street"
    volunteer.wait_for_somebody()
    yield "approach"
    volunteer.outcome("refused", "distrust", sex="F")
    yield "refused"
    volunteer.wait_for_somebody()
    page.locator("#begin").tap()
    page.locator("[data-ask]").wait_for()
    yield "opening"


def _asking(volunteer: Volunteer) -> Iterator[str]:
    page = volunteer.page
    page.locator("[data-ask]").tap()
    volunteer.next()
    yield "problem"
    volunteer.answer("age", "55+")
    volunteer.next()
    volunteer.answer("sex", "F")
    volunteer.next()
    yield "area"
    page.locator("[data-break]").tap()
    yield "breaking-off"
    page.locator('[data-stage="breaking_off"] [data-correct]').tap()
    page.locator('[data-mode="page"]').tap()
    yield "whole-page"
    volunteer.live_in("home", HUAYING_AREA)
    page.locator('[data-stage="cell_full"]').wait_for()
    yield "cell-full"
    page.locator("[data-go-on]").tap()
    page.locator('[data-mode="paged"]').tap()
    volunteer.wait_for_draft()
    page.reload()
    volunteer.sign_in()
    page.locator("#unfinished").wait_for()
    yield "unfinished"
    page.locator("#hand-over").tap()
    yield "handing-over"
    page.keyboard.press("Escape")
    page.locator("#give-up").tap()
    page.locator('[data-reason="interrupted"]').tap()
    volunteer.at("street")


def _answering_alone(volunteer: Volunteer) -> Iterator[str]:
    page = volunteer.page
    volunteer.wait_for_somebody()
    page.locator("#begin").tap()
    page.locator("[data-hand-over]").tap()
    yield "giving-the-tablet"
    page.locator("[data-begin-alone]").tap()
    page.locator("[data-stop]").wait_for()
    yield "alone"
    page.locator("[data-stop]").tap()
    yield "giving-it-back"
    page.locator("[data-volunteer]").tap()
    volunteer.at("sign_in")
    yield "locked"
    volunteer.sign_in()
    page.locator('[data-reason="objected"]').tap()
    volunteer.at("street")


def keep(page: Page, name: str) -> None:
    """A picture of what the screen shows; nothing where no folder is named."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_timeout(200)
        page.screenshot(path=Path(folder) / f"tablet-{name}.png")


@pytest.fixture(scope="session")
def small_square(make_square: Callable[..., Square]) -> Square:
    """Few slots for a tablet, so that some groups have none."""
    return make_square(protocol={"every": 1, "slots": 3}, n=12_000)


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("zh-Hans", "light", UPRIGHT), ("en", "dark", LYING), ("zh-Hans", "dark", PHONE)],
    ids=["upright", "lying", "phone"],
)
def test_no_screen_breaks_a_rule_or_is_too_small_for_a_thumb(
    tablet_of: Callable[..., Volunteer],
    small_square: Square,
    browser_errors: BrowserErrors,
    language: str,
    scheme: str,
    size: tuple[int, int],
) -> None:
    browser_errors.allow("status of 422")
    volunteer = tablet_of(
        small_square, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
    )
    page, found, seen = volunteer.page, [], []
    for name in walk(volunteer, language):
        expect(page.locator(".waiting:visible, .loading:visible")).to_have_count(0)
        keep(page, f"{name}-{language}-{scheme}-{size[0]}")
        found += [f"{name}: {breach}" for breach in breaches(page).splitlines()]
        found += [f"{name}: {small}" for small in small_targets(page, LEAST_TARGET)]
        found += [f"{name}: {px} px {text}" for px, text in text_sizes(page).items() if px < LEAST_TEXT]
        found += [f"{name}: {overflow(page)} px too wide"] if overflow(page) else []
        seen.append(name)
    assert found == []
    assert len(seen) >= 20


def test_every_screen_speaks_the_language_that_was_chosen(
    tablet_of: Callable[..., Volunteer], small_square: Square
) -> None:
    volunteer = tablet_of(small_square).ready()
    page = volunteer.page
    volunteer.wait_for_somebody()
    page.locator('#bar [data-language="zh-Hans"]').tap()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    volunteer.at("street")
    expect(page.locator("#approach")).to_be_visible()
    assert "lang=zh-Hans" in page.url
    expect(page.locator("#slots")).to_contain_text("女")
    page.locator("#begin").tap()
    expect(page.locator(".interview")).to_have_attribute("lang", "zh-Hans")


_FOCUSED = """() => {
  const one = document.activeElement;
  return one === document.body ? "" : one.innerText.trim() || one.name || "";
}"""


def test_an_interview_can_be_made_from_a_keyboard(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square]
) -> None:
    square = make_square(protocol={"every": 1})
    volunteer = tablet_of(square, **browser.DESK | {"locale": "en-GB", "is_mobile": False})
    page, focused = volunteer.page, volunteer.page.locator(":focus")

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            # Not through a locator: a Tab that lands on nothing would make it wait for something.
            if name in page.evaluate(_FOCUSED):
                return
        raise AssertionError(f"the keyboard does not reach {name}")

    def press(*keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)

    volunteer.enrol()
    expect(page.locator("#names button").first).to_be_visible()
    tab_to(volunteer.name)
    press("Enter", *volunteer.pin)
    volunteer.at("take")
    expect(page.locator("#points label")).to_have_count(3)
    tab_to("point")
    press("Space")
    for button, shown in (
        ("Take this point", "#passer"),
        ("Somebody passes", "#approach h2"),
        ("Begin the interview", "[data-ask]"),
    ):
        tab_to(button)
        press("Enter")
        expect(page.locator(shown)).to_be_visible(timeout=20_000)
    tab_to("Ask the questions")
    press("Enter")
    for code, keys in (("age", ["Tab", "ArrowDown", "Enter"]), ("sex", ["Tab", "Space", "Enter"])):
        expect(volunteer.item(code)).to_be_focused()
        press(*keys)
    expect(volunteer.item("home")).to_be_focused()
    volunteer.live_in("home", AREA)
    tab_to("Next")
    assert focused.evaluate("element => getComputedStyle(element).outlineWidth") == "3px"
    press("Enter")
    for code in ("parks", "activities"):
        expect(volunteer.item(code)).to_be_focused()
        press("Tab", "Space", "Enter")
    expect(volunteer.item("times")).to_be_focused()
    press("Tab", "2", "Enter")
    expect(volunteer.item("comment")).to_be_focused()
    tab_to("Finish")
    press("Enter")
    (saved,) = volunteer.wait_for_saved(1)
    volunteer.at("street")
    volunteer.wait_until_sent()
    answers = square.response(saved["id"])["answers"]
    assert set(answers) == set(ANSWERS) - {"comment"}
    assert answers["times"] == 2
