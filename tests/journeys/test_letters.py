"""A letter from the desk's printer to a counted answer: its code is read off the page by its pixels and answered on a
phone, answered anew within the hours, and another is typed on a phone that runs no scripts."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from survey.services.accounts import add_account
from tests import browser
from tests.browser import BrowserErrors, Server
from tests.field import AREA, WAVE, Field, open_field, questionnaire_text
from tests.journeys import album
from tests.journeys.looks import breaches, overflow
from tests.journeys.resident import ENGLISH, Resident
from tests.journeys.staff import PASSWORD, sign_in, speak
from tests.letters import letters_plan

SHEETS = {"A4": (210, 297), "A5": (148, 210)}  # mm


def test_a_letter_from_the_printer_to_an_answer_that_is_changed(
    sqlite_url: str,
    start_server: Callable[..., Server],
    new_context: Callable[..., BrowserContext],
    browser_errors: BrowserErrors,
) -> None:
    browser_errors.allow("status of 410")
    browser_errors.allow("status of 404")
    browser_errors.allow("ERR_FAILED")  # the acknowledgement that is lost
    now = datetime.now(UTC)
    lasting = questionnaire_text(valid_until=f"{now + timedelta(days=90):%Y-%m-%d}")
    field = open_field(sqlite_url, now=now, plan=letters_plan(now=now), questionnaire=lasting)
    add_account(field.db, "organiser", "organiser", PASSWORD, now)
    server = start_server(sqlite_url, SECRET_KEY=field.settings.secret_key)

    desk = new_context(**browser.DESK).new_page()
    sign_in(desk, server.url, "organiser")
    speak(desk, "en")
    desk.goto(f"{server.url}/desk/waves/{WAVE}/letters")
    assert not breaches(desk)
    print_letters(desk, "A5")
    desk.go_back()
    urls = print_letters(desk, "A4")

    phone = new_context(**ENGLISH).new_page()
    answer(phone, urls[0], field, parks="neutral")
    key = phone.locator(".receipt").nth(1)
    expect(key).to_have_text(re.compile(r"^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{2}$"))
    assert not breaches(phone)
    phone.goto(urls[0])
    expect(phone.locator("h1")).to_have_text("This letter has been answered")
    assert not breaches(phone)
    phone.get_by_role("button", name="Answer once more").tap()
    answer(phone, phone.url, field, parks="satisfied")
    assert [row["answers"]["parks"] for row in field.rows()] == ["satisfied"]

    lose_the_acknowledgement(new_context(**ENGLISH), urls[2], field)
    type_a_code(new_context(**ENGLISH, java_script_enabled=False).new_page(), server.url, urls[1], field)
    desk.goto(f"{server.url}/desk/waves/{WAVE}/letters")
    expect(desk.locator(".facts")).to_contain_text("Codes used 3 (15.0%)")
    assert overflow(desk) == 0
    album.keep(desk, "desk-letters")
    field.close()


def print_letters(desk: Page, size: str) -> list[str]:
    """Make ten letters; each stands whole on a sheet of its own. Returns the addresses, read off three."""
    desk.locator('input[name=point][value="3"]').check()
    desk.get_by_label("Letters for each point").fill("10")
    desk.get_by_label("Paper").select_option(size)
    desk.get_by_label("Whom residents can ask").fill("0826-2345678")
    desk.get_by_role("button", name="Make the letters").click()
    letters = desk.locator("article.letter")
    expect(letters).to_have_count(10)
    spilt: int = letters.evaluate_all("all => all.filter((one) => one.scrollHeight > one.clientHeight).length")
    assert spilt == 0
    width: float = desk.locator(".qr svg").first.evaluate(
        "one => one.getBoundingClientRect().width * (1 - 8 / one.viewBox.baseVal.width) / 96 * 25.4"
    )
    assert width >= 30  # mm, without its quiet zone
    album.keep(desk, f"letters-{size}")
    pdf = desk.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert len(boxes) == 10
    assert {tuple(round(float(side) / 72 * 25.4) for side in box) for box in boxes} == {SHEETS[size]}
    seen = [Image.open(io.BytesIO(letters.nth(at).screenshot())) for at in (0, 4, 9)]
    return [code.text for picture in seen for code in zxingcpp.read_barcodes(picture)]


def answer(phone: Page, url: str, field: Field, **taps: str) -> None:
    """Open a letter's form and send it."""
    if phone.url != url:
        phone.goto(url)
    fill(phone, **taps)
    expect(phone.locator(".receipt").first).to_be_visible()
    assert field.rows()


def fill(phone: Page, **taps: str) -> None:
    """Fill the open form in and send it."""
    resident = Resident(phone)
    for code, category in ({"age": "35-54", "sex": "F", "parks": "neutral"} | taps | {"activities": "none"}).items():
        resident.tap(code, category)
    expect(phone.locator('select[name="home"]')).to_have_value(AREA)
    resident.send()


def lose_the_acknowledgement(household: BrowserContext, url: str, field: Field) -> None:
    """The tab is closed before the receipt comes. Scanning again finds a used letter, and its receipt comes."""
    phone, stored = household.new_page(), len(field.rows()) + 1

    def cut(route: Route) -> None:
        route.fetch()
        route.abort()

    phone.goto(url)
    phone.route("**/c/*?send=1", cut)
    fill(phone)
    expect(phone.locator("#sending-text")).to_contain_text("No receipt yet")
    phone.close()
    later = household.new_page()
    with later.expect_response("**/c/*?send=1") as told:
        later.goto(url)
    assert told.value.status == 200
    expect(later.locator("h1")).to_have_text("Thank you")
    expect(later.locator(".receipt").first).to_be_visible()
    assert later.evaluate("Object.keys(localStorage)") == [], "of a letter's form nothing is left on the phone"
    later.goto(url)
    expect(later.locator("h1")).to_have_text("This letter has been answered")
    expect(later.get_by_role("button", name="Answer once more")).to_be_visible()
    assert len(field.rows()) == stored


def type_a_code(phone: Page, server: str, url: str, field: Field) -> None:
    """Without scripts: a slip of the thumb, then the code in small letters."""
    code = url.rpartition("/")[2]
    phone.goto(f"{server}/c")
    phone.get_by_label("Code").fill(code[:-1])
    phone.get_by_role("button", name="Go to the questions").tap()
    expect(phone.locator("#summary")).to_contain_text("We do not know this code")
    phone.get_by_label("Code").fill(code.lower())
    phone.get_by_role("button", name="Go to the questions").tap()
    expect(phone).to_have_url(re.compile(code))
    answer(phone, phone.url, field, parks="dissatisfied")
    assert len(field.rows()) == 3
