"""The first wave of an office, from an empty database to counted answers: at the desk, at the poster, on two phones.

Everything is done as people do it: files are uploaded, the plan is filled in, the code is read off the screen by its
pixels, and forms are tapped. Only the first account and the list of addresses come from the command line.
"""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests import browser
from tests.browser import BrowserErrors, Server
from tests.field import CHINA, plan_text, questionnaire_text
from tests.frames import excerpt
from tests.journeys import album
from tests.journeys.looks import overflow
from tests.journeys.resident import Resident
from tests.journeys.staff import PASSWORD, sign_in, speak
from tests.reference_data import frames_folder

CODE = "first"
SIX_COUNTIES = ("511602", "511603", "511621", "511622", "511623", "511681")


@pytest.fixture(params=["excerpt-sqlite", "excerpt-postgresql", "guangan-sqlite"])
def city(request: pytest.FixtureRequest) -> str:
    """Which frame the office imports, and which engine it runs on."""
    name: str = request.param
    return name


@pytest.fixture
def frame_files(city: str) -> dict[str, FilePayload]:
    """The two files of the sampling frame."""
    if city.startswith("excerpt"):
        content = {"areas": excerpt.areas_csv(), "population": excerpt.population_csv()}
    else:
        folder = frames_folder() / "guangan"
        content = {name: (folder / f"{name}.csv").read_bytes() for name in ("areas", "population")}
    return {name: {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": body} for name, body in content.items()}


@pytest.fixture
def city_url(city: str, request: pytest.FixtureRequest) -> str:
    """The URL of the office's database, empty but for its tables."""
    url: str = request.getfixturevalue(f"{city.rpartition('-')[2]}_url")
    return url


@pytest.fixture
def office(city_url: str, frame_files: object, start_server: Callable[..., Server]) -> Server:
    """The running server."""
    return start_server(city_url)


def survey(server: Server, database_url: str, home: Path, *arguments: str, typed: str = "") -> Any:
    """What the command line answers."""
    told = {"DATABASE_URL": database_url, "MINSHENG_HOME": str(home), "PUBLIC_URL": server.url}
    command = [sys.executable, "-m", "survey", *arguments, "--json"]
    done = subprocess.run(
        command, cwd=browser.REPOSITORY, env=os.environ | told, input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_first_wave_from_an_empty_database_to_counted_answers(
    city: str,
    city_url: str,
    office: Server,
    frame_files: dict[str, FilePayload],
    new_context: Callable[..., BrowserContext],
    browser_errors: BrowserErrors,
    tmp_path: Path,
) -> None:
    browser_errors.allow("status of 422")
    survey(office, city_url, tmp_path, "account", "add", "organiser", "--role", "organiser", typed=PASSWORD + "\n")
    desk = new_context(**browser.DESK).new_page()
    sign_in(desk, office.url, "organiser")
    speak(desk, "en")
    expect(desk.locator("main")).to_contain_text("There are no waves yet.")

    import_the_frame(desk, frame_files)
    publish_the_questionnaire(desk)
    if city.startswith("excerpt"):
        plan_with_the_form(desk)
    else:
        plan_with_a_text(desk)
    expect(desk.locator(".notice").first).to_contain_text("The wave is a draft now.")
    album.keep(desk, f"desk-draft-{city}")
    desk.get_by_role("button", name="Open the wave").click()
    expect(desk.locator(".facts")).to_contain_text("Open")
    expect(desk.locator("main")).to_contain_text("No complete answers yet.")
    album.keep(desk, f"desk-no-answers-{city}")

    told = survey(office, city_url, tmp_path, "points", "list", CODE)
    posters = codes_on_the_screen(desk, city)
    assert sorted(posters) == sorted(point["url"] for point in told["points"])
    intercept, open_qr = (
        next(point["url"] for point in told["points"] if point["mode"] == mode) for mode in ("intercept", "open_qr")
    )

    answer_with_a_script(new_context(**browser.PHONE).new_page(), intercept, city)
    answer_without_a_script(
        new_context(**browser.PHONE | {"locale": "en-GB"}, java_script_enabled=False).new_page(), open_qr, city
    )
    read_the_results(desk, city)


def import_the_frame(desk: Page, files: dict[str, FilePayload]) -> None:
    """Two files and a date; the page says what it found in them."""
    desk.get_by_role("link", name="Sampling frames").click()
    for name, file in files.items():
        desk.locator(f"#{name}").set_input_files(file)
    desk.locator("#date").fill(excerpt.REFERENCE_DATE.isoformat())
    desk.get_by_role("button", name="Check and import").click()
    expect(desk.locator(".notice").first).to_have_text("The frame has been imported.")
    expect(desk.locator("main")).to_contain_text("Sums that could be checked")
    for row in desk.locator("table").first.locator("tbody tr").all():
        checked, held = row.locator("td.number").all_inner_texts()
        assert 0 < int(held) <= int(checked)


def publish_the_questionnaire(desk: Page) -> None:
    """The residents' questionnaire, with an approval that lasts beyond the wave."""
    text = (browser.REPOSITORY / "questionnaires" / "civic" / "1.yaml").read_text("utf-8")
    lasting = questionnaire_text(text=text, valid_until=f"{datetime.now(CHINA) + timedelta(days=365):%Y-%m-%d}")
    desk.get_by_role("link", name="Questionnaires").click()
    desk.locator("#file").set_input_files(
        {"name": "1.yaml", "mimeType": "application/yaml", "buffer": lasting.encode("utf-8")}
    )
    desk.get_by_role("button", name="Check and publish").click()
    expect(desk.locator(".notice")).to_contain_text("The version has been published")
    expect(desk.locator("tbody")).to_contain_text("civic/1")


def plan_with_the_form(desk: Page) -> None:
    """A plan with both modes in all districts. A first try leaves the title out, and loses nothing else."""
    now = datetime.now(CHINA)
    desk.get_by_role("link", name="Waves").click()
    desk.get_by_role("link", name="Plan a wave").click()
    desk.locator("#wave").fill(CODE)
    desk.locator("#opens").fill(f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}")
    desk.locator("#closes").fill(f"{now + timedelta(days=20):%Y-%m-%dT%H:%M}")
    desk.locator('input[name="mode"][value="open_qr"]').check()
    desk.get_by_role("button", name="Check and keep as a draft").click()
    expect(desk.locator(".problems")).to_be_focused()
    expect(desk.locator(".problems")).to_contain_text("title")
    assert desk.locator("#wave").input_value() == CODE
    assert desk.locator('input[name="mode"][value="open_qr"]').is_checked()
    album.keep(desk, "desk-plan-refused")
    desk.locator("#title_zh").fill("第一次调查")
    desk.locator("#title_en").fill("The first wave")
    desk.get_by_role("button", name="Check and keep as a draft").click()


def plan_with_a_text(desk: Page) -> None:
    """The same kind of plan, pasted as YAML."""
    desk.get_by_role("link", name="Waves").click()
    desk.get_by_role("link", name="Plan a wave").click()
    desk.get_by_text("Or paste a plan in YAML").click()
    generate = "generate:\n" + "".join(
        f"  - {{mode: {mode}, per_district: 2, places: [square, market]}}\n" for mode in ("intercept", "open_qr")
    )
    text = plan_text(datetime.now(CHINA), code=CODE, questionnaire=("civic", 1), districts=SIX_COUNTIES)
    desk.locator("#yaml").fill(re.sub(r"(?s)points:.*", generate, text))
    desk.get_by_role("button", name="Check and keep as a draft").click()


def codes_on_the_screen(desk: Page, city: str) -> list[str]:
    """The addresses in the QR codes of the page of points, read from its pixels."""
    desk.get_by_role("link", name="Points and posters").click()
    desk.wait_for_url("**/points")
    desk.wait_for_load_state("load")  # before it, images that are still to be parsed are nowhere to be waited for
    desk.evaluate("() => Promise.all([...document.images].map((image) => image.decode()))")
    picture = Image.open(io.BytesIO(desk.screenshot(full_page=True)))
    album.keep(desk, f"desk-points-{city}")
    desk.go_back()
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def answer_with_a_script(page: Page, url: str, city: str) -> None:
    """A resident taps through the whole form in Chinese; the phone reloads half-way."""
    page.goto(url)
    resident = Resident(page)
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator('select[name="area__district"]').input_value()
    assert page.locator('select[name="area__street"]').input_value()
    area = page.locator('select[name="area"]')
    if not area.input_value():
        area.select_option(index=1)
    chosen_area = area.input_value()
    assert resident.asked() == ["age", "residence", "sex", "area"]

    resident.tap("age", "under_18")
    assert resident.asked() == ["age", "residence", "sex"]
    for code, category in (("age", "35-54"), ("residence", "half_year_or_more"), ("sex", "F")):
        resident.tap(code, category)
    assert {"sources", "activities", "activity_count", "manager", "window"}.isdisjoint(resident.asked())
    resident.tap("campaign_known", "not_heard")
    assert "sources" not in resident.asked()
    resident.tap("campaign_known", "know")
    assert "sources" in resident.asked()
    resident.tap("campaign_part", "sometimes")
    half_way = resident.progress
    assert 0 < half_way < 0.5
    page.reload()
    expect(page.locator("#draft")).to_be_visible()
    assert resident.progress == half_way
    assert resident.chosen("age") == ["35-54"]
    assert area.input_value() == chosen_area

    answered = resident.answer_everything(
        {
            "age": "35-54",
            "residence": "half_year_or_more",
            "sex": "F",
            "campaign_known": "know",
            "campaign_part": "sometimes",
            "campaign_support": "strongly_support",
            "campaign_satisfaction": "satisfied",
            "sources": ("community", "other"),
            "activities": ("volunteering", "culture"),
            "has_manager": "managed",
            "window_visit": "visited",
        },
        {"activity_count": "３", "comment": "路灯再亮一点"},
    )
    assert {"sources", "activities", "activity_count", "manager", "window"} <= set(answered)
    assert resident.progress == 1
    assert overflow(page) == 0
    album.keep(page, f"resident-answered-{city}")
    resident.send()
    assert len(resident.receipt()) == 10
    for answer in ("路灯", "女", "35", chosen_area):
        assert answer not in page.locator("body").inner_text()
    album.keep(page, f"resident-thanks-{city}")


def answer_without_a_script(page: Page, url: str, city: str) -> None:
    """A resident in English without scripts: forgets answers, moves to another district, asks for larger Chinese."""
    page.goto(url)
    resident = Resident(page)
    assert page.locator("html").get_attribute("lang") == "en"
    resident.tap("age", "18-34")
    resident.tap("sex", "M")
    page.locator("#go-on").tap()

    summary = page.locator("#summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("nothing you filled in is lost")
    expect(resident.item("residence").locator(".problem")).to_have_text("Please answer this question.")
    expect(resident.item("age").locator(".problem")).to_have_count(0)
    assert resident.chosen("age") == ["18-34"]
    album.keep(page, f"resident-plain-errors-{city}")

    district, street, area = (page.locator(f'select[name="area{part}"]') for part in ("__district", "__street", ""))
    district.select_option(excerpt.HUAYING)
    page.locator(".show-areas").tap()
    expect(district).to_have_value(excerpt.HUAYING)
    expect(street.locator("option").nth(1)).to_have_attribute("value", re.compile(excerpt.HUAYING))
    street.select_option(index=1)
    page.locator(".show-areas").tap()
    expect(area.locator("option").nth(1)).to_have_attribute("value", re.compile(excerpt.HUAYING))
    area.select_option(index=1)
    chosen_area = area.input_value()
    resident.tap("residence", "half_year_or_more")
    page.locator("#go-on").tap()
    expect(page.locator("#rest")).to_be_visible()
    expect(resident.item("manager").locator(".condition")).to_contain_text("Only if")
    resident.item("comment").locator("textarea").fill("More buses, please.")

    page.get_by_role("button", name="中文", exact=True).tap()
    expect(page.locator('html[lang="zh-Hans"]')).to_be_attached()
    assert (resident.chosen("age"), resident.chosen("sex")) == (["18-34"], ["M"])
    assert area.input_value() == chosen_area
    assert resident.item("comment").locator("textarea").input_value() == "More buses, please."
    page.get_by_role("button", name="English", exact=True).tap()
    expect(page.locator('html[lang="en"]')).to_be_attached()

    for code in resident.asked():
        if not resident.chosen(code) and resident.item(code).get_attribute("data-type") in {"one", "scale", "several"}:
            resident.item(code).locator("label").last.tap()
    resident.tap("has_manager", "managed")
    resident.tap("activity_count", "dont_know")
    resident.send()
    assert len(resident.receipt()) == 10
    for answer in ("buses", "Male", "18", chosen_area):
        assert answer not in page.locator("body").inner_text()


def read_the_results(desk: Page, city: str) -> None:
    """Both answers are counted, each under its mode; no rate is shown for so few, in either language."""
    desk.reload()
    progress = desk.locator("#progress ~ div table").first
    for mode in ("Street intercept", "Open QR code"):
        row = progress.get_by_role("row").filter(has=desk.get_by_role("rowheader", name=mode))
        complete = row.get_by_role("cell").nth(1)
        expect(complete).to_have_text(re.compile(r"^1\b"))
    filled = [int(cell.partition("/")[0]) for cell in desk.locator("table.heat td").all_inner_texts() if "/" in cell]
    assert sorted(filled)[-3:] == [0, 1, 1]
    expect(desk.locator("main")).to_contain_text("not shown: too few answers")
    for language in ("en", "zh-Hans"):
        speak(desk, language)
        rates = desk.locator("table:has(.flag) tbody tr").all_text_contents()
        assert rates
        assert [row for row in rates if re.search(r"\d\.\d%", row)] == []
        assert overflow(desk) == 0
        album.keep(desk, f"desk-counted-{city}-{language}")
    expect(desk.locator("main")).to_contain_text("知晓率")
    expect(desk.locator("main")).to_contain_text("街头拦截访问")
