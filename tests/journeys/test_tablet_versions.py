"""A wave that gets a later version of its questionnaire while a tablet is out: each record names what was shown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.supersede_questionnaire import supersede_questionnaire
from tests.browser import BrowserErrors
from tests.field import WAVE, questionnaire_text
from tests.journeys.volunteer import ANSWERS, Square, Volunteer
from tests.tablet.node import in_node

_VERSIONS = """async () => {
  const answer = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const database = await answer(indexedDB.open("minsheng"));
  const assignments = await answer(database.transaction("assignments").objectStore("assignments").getAll());
  database.close();
  return assignments.map(({ questionnaire }) => questionnaire.version).join();
}"""
_FORGET_PAGES = """async () => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const kept of await cache.keys()) if (kept.url.includes("/tablet/interview/")) await cache.delete(kept);
  }
}"""


@pytest.fixture
def volunteer(tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square]) -> Volunteer:
    """Somebody at a point of a wave that no other test changes."""
    return tablet_of(make_square(protocol={"every": 1})).ready()


def supersede(square: Square) -> None:
    """The wave gets a second version, in which one answer has another code."""
    text = questionnaire_text(2, valid_until=f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}")
    changed = text.replace("{code: neutral, text: {zh-Hans: 一般,", "{code: so, text: {zh-Hans: 尚可,")
    assert changed != text
    publish_questionnaire(square.field.db, changed, "field.yaml", datetime.now(UTC))
    supersede_questionnaire(square.field.db, square.field.catalogue, WAVE, 2)


def hears_of_it(page: Page) -> None:
    """The tablet loses the network and finds it again."""
    page.context.set_offline(True)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("#offline")).to_have_js_property("hidden", False)
    page.context.set_offline(False)
    page.wait_for_function(f"async () => (await ({_VERSIONS})()) === '2'")


def stored(volunteer: Volunteer, record: dict[str, str]) -> tuple[int, bool, object]:
    """The version that the server has with a record, whether it is an earlier one, and the answer that changed."""
    row = volunteer.square.response(record["id"])
    return row["questionnaire_version"], row["superseded"], row["answers"]["parks"]


def test_an_interview_under_way_keeps_its_version_and_the_next_one_has_the_new_one(
    volunteer: Volunteer, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    page, shown = volunteer.page, volunteer.page.locator(".interview")
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.wait_for_draft()
    supersede(volunteer.square)
    hears_of_it(page)
    page.locator('.tools [data-language="zh-Hans"]').tap()
    expect(shown).to_have_attribute("lang", "zh-Hans")
    page.reload()
    volunteer.sign_in()
    page.locator("#go-on").tap()
    expect(shown).to_have_attribute("data-version", "1")
    page.context.set_offline(True)
    volunteer.answer_all(ANSWERS | {"parks": "neutral"})
    first = volunteer.finish()
    second = volunteer.interview(ANSWERS | {"parks": "so"})
    page.context.set_offline(False)
    volunteer.wait_until_sent()
    assert stored(volunteer, first) == (1, True, "neutral")
    assert stored(volunteer, second) == (2, False, "so")


def test_pages_that_come_late_are_those_of_the_assignment(volunteer: Volunteer) -> None:
    volunteer.page.evaluate(_FORGET_PAGES)
    supersede(volunteer.square)
    record = volunteer.interview(ANSWERS | {"parks": "neutral"})
    volunteer.wait_until_sent()
    assert stored(volunteer, record) == (1, True, "neutral")


def test_a_record_names_the_questionnaire_that_was_shown_and_without_one_that_of_the_assignment() -> None:
    script = """
      const assignment = { id: "a", point: { code: "P" }, questionnaire: { code: "q", version: 2 } };
      const duty = { assignment, turn: { id: "t", volunteer: 3 }, offset: null };
      const times = { started: new Date(0), ended: new Date(0) };
      const shown = { questionnaire: { code: "q", version: 1 } };
      return [{}, shown].map((more) => modules.record.recordOf(duty, { ...times, ...more }).questionnaire.version);
    """
    assert in_node("record", script) == [2, 1]
