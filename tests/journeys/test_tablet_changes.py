"""What may change while a tablet is out: its clock, who holds it, the wave, the questionnaire, its slots, its access,
the network, the app itself, the room on its disk. Nothing saved is lost, and the server knows what to make of it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Playwright, expect
from sqlalchemy import update

from survey.domain.submission import Outcome
from survey.services.import_rescue import import_rescue
from survey.services.move_wave import close_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.recount import recount
from survey.services.supersede_questionnaire import supersede_questionnaire
from survey.services.tablets import revoke_tablet
from survey.tables.assignment import AssignmentRow
from tests.browser import BrowserErrors
from tests.field import WAVE, questionnaire_text, valid_answers
from tests.journeys.tablet_browser import (
    Handset,
    Office,
    bring_home,
    discrepancies,
    new_handset,
    open_office,
)
from tests.journeys.volunteer import ANSWERS, Volunteer

FIRST, SECOND = "li-lei", "han-meimei"
SECOND_PIN = "770264"
SLOTS = 4  # in each of the six cells of the point's district: all that the wave wants there
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def new_tablet(
    playwright: Playwright, sqlite_url: str, tmp_path: Path, browser_errors: BrowserErrors
) -> Iterator[Callable[[], Handset]]:
    """A tablet out of its box, and an office with two volunteers: `new_tablet()`."""
    with ExitStack() as ends:

        def make() -> Handset:
            protocol = {"every": 1, "slots": 6 * SLOTS}
            office = ends.enter_context(open_office(sqlite_url, tmp_path, protocol=protocol, n=12 * SLOTS))
            office.hire(FIRST)
            office.hire(SECOND, SECOND_PIN)
            return ends.enter_context(new_handset(playwright, tmp_path / "profile", office, browser_errors))

        yield make


@pytest.fixture
def tablet(new_tablet: Callable[[], Handset]) -> Handset:
    """A tablet at its point, with a network."""
    handset = new_tablet().start()
    handset.open().ready()
    return handset


def in_the_hands_of(tablet: Handset, name: str = FIRST) -> Volunteer:
    """Whoever works with the tablet now."""
    return Volunteer(tablet.page, tablet.office, name, *([SECOND_PIN] if name == SECOND else []))


def come_home(tablet: Handset) -> list[dict[str, Any]]:
    """The tablet has a network again and sends everything; what the server has then."""
    tablet.context.set_offline(False)
    tablet.page.reload()
    in_the_hands_of(tablet).sign_in()
    bring_home(tablet)
    assert discrepancies(tablet) == []
    return tablet.office.records()


# --- the clock --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [timedelta(days=-400), timedelta(days=3 * 365)], ids=["400 days late", "3 years early"])
def test_a_clock_that_is_years_off_is_put_right_and_flagged(new_tablet: Callable[[], Handset], off: timedelta) -> None:
    tablet = new_tablet().start()
    tablet.context.clock.install(time=datetime.now(UTC) + off)
    tablet.open().ready()
    tablet.wait_until(lambda: tablet.page.evaluate("document.querySelector('#online').checkVisibility()"))
    tablet.context.set_offline(True)
    volunteer = in_the_hands_of(tablet)
    volunteer.refuse()
    volunteer.interview(ANSWERS)
    rows = come_home(tablet)
    assert [row["disposition"] for row in rows] == ["refused", "complete"]
    for row in rows:
        assert row["clock"] == "off"
        assert abs(timedelta(milliseconds=row["clock_offset_ms"]) + off) < A_MINUTE
        assert row["received_at"] - 3 * A_MINUTE < row["started_at"] <= row["ended_at"] <= row["received_at"]


def test_a_clock_that_is_set_back_while_the_tablet_is_offline_is_flagged(tablet: Handset) -> None:
    tablet.close()
    tablet.start(offline=True).context.clock.install(time=datetime.now(UTC) - timedelta(days=400))
    volunteer = tablet.open()
    volunteer.sign_in()
    volunteer.refuse()
    volunteer.interview(ANSWERS)
    rows = come_home(tablet)
    assert [row["disposition"] for row in rows] == ["refused", "complete"]
    assert {row["clock"] for row in rows} <= {"set", "unknown"}
    assert all(row["received_at"] - 3 * A_MINUTE < row["started_at"] <= row["received_at"] for row in rows)


def test_a_clock_that_is_set_years_forward_while_the_tablet_is_offline_ends_nothing(tablet: Handset) -> None:
    tablet.close()
    tablet.start(offline=True).context.clock.install(time=datetime.now(UTC) + timedelta(days=3 * 365))
    volunteer = tablet.open()
    volunteer.sign_in()
    expect(tablet.page.get_by_text("This wave is over.")).to_have_count(0)
    expect(tablet.page.locator("#notices")).not_to_contain_text("expired")
    volunteer.refuse()
    volunteer.interview(ANSWERS)
    rows = come_home(tablet)
    assert [row["disposition"] for row in rows] == ["refused", "complete"]
    assert rows[1]["granted"]


# --- who holds the tablet ---------------------------------------------------------------------------------------


def test_a_second_volunteer_sees_nothing_of_the_first_ones_unfinished_interview(tablet: Handset) -> None:
    tablet.context.set_offline(True)
    page, office = tablet.page, tablet.office
    first = in_the_hands_of(tablet)
    first.begin()
    first.answer("age", "55+")
    first.next()
    first.answer("sex", "M")
    first.wait_for_draft()
    page.reload()
    first.take_over(SECOND, SECOND_PIN)
    second = in_the_hands_of(tablet, SECOND)
    expect(page.locator("#unfinished")).to_be_hidden()
    assert tablet.all("drafts") == []
    second.refuse()
    tablet.context.set_offline(False)
    page.reload()
    second.sign_in()
    bring_home(tablet)
    assert discrepancies(tablet) == []
    broken, refused = office.records()
    assert (broken["disposition"], broken["answers"]) == ("partial", {"age": "55+", "sex": "M"})
    assert refused["disposition"] == "refused"
    assert [row["account_id"] for row in (broken, refused)] == [office.names[FIRST], office.names[SECOND]]
    turns = {turn["account_id"]: turn for turn in office.turns_of(broken["assignment_id"])}
    assert turns[office.names[FIRST]]["ended_at"] is not None
    assert turns[office.names[SECOND]]["ended_at"] is None


# --- the wave, the questionnaire, the slots ---------------------------------------------------------------------


def test_a_wave_that_was_closed_meanwhile_counts_what_was_begun_before(tablet: Handset) -> None:
    tablet.context.set_offline(True)
    office = tablet.office
    volunteer = in_the_hands_of(tablet)
    volunteer.interview(ANSWERS)
    close_wave(office.field.db, WAVE, datetime.now(UTC))
    volunteer.interview(ANSWERS)
    volunteer.refuse()
    rows = come_home(tablet)
    assert [row["disposition"] for row in rows] == ["complete", "too_late", "too_late"]
    assert all(row["late"] for row in rows)
    assert office.field.cell().completed == 1
    tablet.page.locator("#leave").tap()
    expect(tablet.page.locator("#notices")).to_contain_text("This wave is over.")
    expect(tablet.page.locator("#passer")).to_be_disabled()


def supersede(office: Office) -> None:
    """The wave gets a second version of its questionnaire, in which one answer has another code and another text."""
    text = questionnaire_text(2, valid_until=f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}")
    changed = text.replace(
        "{code: neutral, text: {zh-Hans: 一般, en: Neither}}", "{code: so, text: {zh-Hans: 尚可, en: So so}}"
    )
    assert changed != text
    publish_questionnaire(office.field.db, changed, "field.yaml", datetime.now(UTC))
    supersede_questionnaire(office.field.db, office.field.catalogue, WAVE, 2)


def test_what_was_asked_in_a_superseded_version_stays_what_it_is_and_the_next_assignment_has_the_new_one(
    tablet: Handset,
) -> None:
    tablet.context.set_offline(True)
    page, office = tablet.page, tablet.office
    volunteer = in_the_hands_of(tablet)
    volunteer.interview(ANSWERS | {"parks": "neutral"})
    supersede(office)
    volunteer.interview(ANSWERS | {"parks": "neutral"})
    rows = come_home(tablet)
    assert [(row["questionnaire_version"], row["superseded"]) for row in rows] == [(1, True), (1, True)]
    assert [row["answers"]["parks"] for row in rows] == ["neutral", "neutral"]

    page.locator("#leave").tap()
    page.locator("#end").tap()
    page.locator("#ending button.primary").tap()
    volunteer.take()
    tablet.context.set_offline(True)
    volunteer.interview(ANSWERS | {"parks": "so"})
    (later,) = [row for row in come_home(tablet) if row["assignment_id"] != rows[0]["assignment_id"]]
    assert (later["questionnaire_version"], later["superseded"], later["answers"]["parks"]) == (2, False, "so")
    assert later["disposition"] == "complete"


def test_an_assignment_that_goes_on_after_its_questionnaire_was_superseded_names_the_version_that_was_asked(
    tablet: Handset,
) -> None:
    middle = {"1": "neutral", "2": "so"}  # the same answer in each version
    tablet.context.set_offline(True)
    supersede(tablet.office)
    tablet.context.set_offline(False)
    tablet.page.reload()  # the tablet hears of it
    volunteer = in_the_hands_of(tablet)
    volunteer.sign_in()
    tablet.page.wait_for_load_state("networkidle")
    tablet.context.set_offline(True)
    volunteer.begin()
    asked = tablet.page.locator(".interview").get_attribute("data-version") or ""
    volunteer.answer_all(ANSWERS | {"parks": middle[asked]})
    volunteer.finish()
    volunteer.at("street")
    (row,) = come_home(tablet)
    assert str(row["questionnaire_version"]) == asked
    assert row["answers"]["parks"] == middle[asked]
    assert row["superseded"] is (asked == "1")


def test_slots_that_expired_meanwhile_are_asked_for_again_when_the_interviews_arrive(tablet: Handset) -> None:
    tablet.context.set_offline(True)
    field = tablet.office.field
    volunteer = in_the_hands_of(tablet)
    for _ in range(2):
        volunteer.interview(ANSWERS)
    with field.db.writing() as connection:
        connection.execute(update(AssignmentRow).values(expires_at=datetime.now(UTC) - A_MINUTE))
    assert recount(field.db, datetime.now(UTC))[1] == []
    assert field.cell().granted == 0
    for _ in range(SLOTS - 1):
        field.receive(valid_answers())
    rows = come_home(tablet)
    assert [(row["disposition"], row["granted"]) for row in rows] == [("complete", False), ("over_quota", False)]
    assert (field.cell().completed, field.cell().target) == (SLOTS, SLOTS)
    tablet.page.locator("#leave").tap()
    expect(tablet.page.locator("#notices")).to_contain_text("The slots of this shift have expired.")


# --- the tablet's access ----------------------------------------------------------------------------------------


def test_a_tablet_that_was_withdrawn_meanwhile_keeps_everything_for_the_rescue_file(tablet: Handset) -> None:
    tablet.context.set_offline(True)
    page, office = tablet.page, tablet.office
    volunteer = in_the_hands_of(tablet)
    volunteer.refuse()
    volunteer.interview(ANSWERS)
    device = tablet.all("device")
    (identity,) = [each["device"] for each in device if isinstance(each, dict) and "secret" in each and "label" in each]
    revoke_tablet(office.field.db, UUID(identity), datetime.now(UTC))
    tablet.context.set_offline(False)
    page.reload()
    volunteer = in_the_hands_of(tablet)
    volunteer.sign_in()
    expect(page.locator("#notices")).to_contain_text("The office has withdrawn this tablet.")
    expect(page.locator("#begin, #passer").first).to_be_disabled()
    page.locator("#notices [data-go=box]").tap()
    with page.expect_download() as download:
        page.locator("#rescue").tap()
    file = Path(download.value.path()).read_bytes()
    assert tablet.forgotten() == set()
    assert office.records() == []
    assert len(json.loads(file)["records"]) == 2

    rescued = import_rescue(office.field.door, file, datetime.now(UTC))
    assert (rescued.records, rescued.refused, rescued.outcomes[Outcome.STORED]) == (2, {}, 2)
    again = import_rescue(office.field.door, file, datetime.now(UTC))
    assert again.outcomes[Outcome.REPEATED] == 2
    assert discrepancies(tablet) == []
    assert [row["disposition"] for row in office.records()] == ["refused", "complete"]


# --- the network, the app, the disk -----------------------------------------------------------------------------


def test_a_portal_that_answers_everything_takes_nothing_and_erases_nothing(
    tablet: Handset, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("MIME type")  # the portal's page in the place of the worker's script
    page, office = tablet.page, tablet.office
    with office.road.through_a_portal():
        page.reload()
        volunteer = in_the_hands_of(tablet)
        volunteer.sign_in()
        volunteer.refuse()
        volunteer.interview(ANSWERS)
        expect(page.locator("#offline")).to_be_visible()
        page.locator("#to-box").tap()
        page.locator("#send").tap()
        expect(page.locator("[data-problem=offline]")).to_be_visible()
        page.locator("#compare").tap()
        expect(page.locator("[data-problem=offline]")).to_be_visible()
        expect(page.locator('[data-told="equal"]')).to_be_hidden()
        assert len(tablet.all("outbox")) == 2
        assert tablet.all("sent") == []
    rows = come_home(tablet)
    assert [row["disposition"] for row in rows] == ["refused", "complete"]


def test_a_new_release_waits_for_the_end_of_an_interview_and_finds_every_unsent_record(tablet: Handset) -> None:
    page, office = tablet.page, tablet.office
    release = page.locator("body").get_attribute("data-release")
    tablet.context.set_offline(True)
    volunteer = in_the_hands_of(tablet)
    volunteer.refuse()
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.wait_for_draft()
    page.evaluate("() => navigator.serviceWorker.addEventListener('controllerchange', () => (window.taken = true))")
    office.stop()
    office.start("tests.journeys.planted_tablet:another_release()")
    office.road.loses = "records"
    tablet.context.set_offline(False)
    waits = "async () => Boolean((await navigator.serviceWorker.getRegistration('/tablet/')).waiting)"
    tablet.wait_until(lambda: page.evaluate(waits))
    assert page.evaluate("window.taken") is None
    assert page.locator("body").get_attribute("data-release") == release
    assert volunteer.question == "age", "the interview is not disturbed"
    volunteer.answer_all(ANSWERS)
    volunteer.finish()
    volunteer.at("street")
    unsent = {entry["id"] for entry in tablet.all("outbox")}
    assert len(unsent) == 2
    page.locator("#notices [data-update]").tap()
    expect(page.locator(f'body:not([data-release="{release}"])')).to_have_count(1)
    volunteer.sign_in()
    assert {entry["id"] for entry in tablet.all("outbox")} == unsent
    tablet.context.set_offline(True)
    volunteer.interview(ANSWERS | {"sex": "M"})
    office.road.loses = ""
    rows = come_home(tablet)
    assert Counter(row["disposition"] for row in rows) == {"complete": 2, "refused": 1}


def test_a_full_disk_begins_nothing_new_and_loses_nothing_old(new_tablet: Callable[[], Handset]) -> None:
    tablet = new_tablet().start()
    page = tablet.page
    volunteer = in_the_hands_of(tablet)
    volunteer.limit_storage(12_000_000)
    volunteer.ready()
    tablet.context.set_offline(True)
    volunteer.refuse()
    volunteer.interview(ANSWERS)
    volunteer.wait_for_somebody()
    volunteer.fill_storage()
    saved = list(tablet.saved)
    page.locator('#approach [data-finish="refused"]').tap()
    expect(page.locator(".work > [data-problem=full]")).to_be_visible()
    expect(page.locator("#notices")).to_contain_text("The storage of this tablet is full.")
    expect(page.locator("#begin")).to_be_disabled()
    assert tablet.saved == saved
    assert {entry["id"] for entry in tablet.all("outbox")} == {one.id for one in saved}
    tablet.context.set_offline(False)
    tablet.wait_until(lambda: len(tablet.office.records()) == 2 and tablet.all("outbox") == [])
    volunteer.clear_storage()
    page.locator('#approach [data-finish="refused"]').tap()
    volunteer.wait_for_saved(3)
    page.reload()
    tablet.wait_until(lambda: tablet.all("outbox") == [])
    rows = tablet.office.records()
    assert [(row["sequence"], row["disposition"]) for row in rows] == [(1, "refused"), (2, "complete"), (3, "refused")]
    assert {str(row["id"]) for row in rows} == {one.id for one in tablet.saved}
    assert recount(tablet.office.field.db)[1] == []
    volunteer.sign_in()
    page.locator("#to-box").tap()
    page.locator("#compare").tap()
    expect(page.locator('[data-told="forgotten"]')).to_contain_text("Nothing is missing")
    expect(page.locator('[data-told="different"]')).to_be_hidden()
