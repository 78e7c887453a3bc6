"""What becomes of a form on somebody's phone when the office closes the wave meanwhile, or asks something else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import BrowserContext, expect

from survey.queries import waves
from survey.services.move_wave import close_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.supersede_questionnaire import supersede_questionnaire
from tests.browser import BrowserErrors
from tests.field import WAVE, questionnaire_text
from tests.journeys import album
from tests.journeys.conftest import Street
from tests.journeys.looks import breaches
from tests.journeys.resident import ENGLISH, Resident, fill_in


def test_a_form_that_arrives_within_the_grace_is_thanked_and_one_after_it_is_told_so(
    new_context: Callable[..., BrowserContext], open_street: Callable[..., Street], browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 410")
    street = open_street(grace_hours=1)
    residents = [Resident(new_context(**ENGLISH).new_page()) for _ in range(2)]
    for resident in residents:
        resident.page.goto(street.form)
        fill_in(resident)
    now = datetime.now(UTC)
    close_wave(street.field.db, WAVE, now)
    residents[0].send()
    residents[0].receipt()
    assert [row["late"] for row in street.field.rows()] == [True]
    with street.field.db.writing() as connection:
        waves.set_closing(connection, street.field.wave_id, now - timedelta(hours=2))
    residents[1].send()
    expect(residents[1].page.locator("h1")).to_have_text("The survey is over")
    assert len(street.field.rows()) == 1
    assert breaches(residents[1].page) == ""
    album.keep(residents[1].page, "resident-over-en")


def test_who_was_answering_when_another_version_came_is_stored_as_asked_and_a_draft_keeps_what_still_fits(
    new_context: Callable[..., BrowserContext], open_street: Callable[..., Street]
) -> None:
    street = open_street()
    sends, pauses = (Resident(new_context(**ENGLISH).new_page()) for _ in range(2))
    for resident in (sends, pauses):
        resident.page.goto(street.form)
        fill_in(resident)
        resident.tap("parks", "neutral")
    supersede(street)

    sends.send()
    sends.receipt()
    pauses.page.reload()
    expect(pauses.page.get_by_text("The questions have changed since.")).to_be_visible()
    assert pauses.chosen("age") == ["18-34"]
    assert pauses.chosen("activities") == ["none"]
    assert pauses.chosen("parks") == [], "this answer is not offered any more"
    pauses.tap("parks", "so")
    pauses.send()
    pauses.receipt()
    assert "draft:" not in pauses.page.evaluate("JSON.stringify(localStorage)")
    stored = [(row["questionnaire_version"], row["superseded"], row["answers"]["parks"]) for row in street.field.rows()]
    assert stored == [(1, True, "neutral"), (2, False, "so")]


def supersede(street: Street) -> None:
    """The wave gets a second version, in which one answer has another code."""
    now = datetime.now(UTC)
    text = questionnaire_text(2, valid_until=f"{now + timedelta(days=90):%Y-%m-%d}")
    changed = text.replace("{code: neutral, text: {zh-Hans: 一般,", "{code: so, text: {zh-Hans: 尚可,")
    publish_questionnaire(street.field.db, changed, "field.yaml", now)
    supersede_questionnaire(street.field.db, street.field.catalogue, WAVE, 2)
