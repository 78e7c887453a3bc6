"""A tablet that the server turns away becomes a new one, unless it holds what only its old id can bring home."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete
from sqlmodel import col

from survey.services.tablets import revoke_tablet
from survey.tables.device import DeviceRow
from tests.browser import BrowserErrors
from tests.journeys.volunteer import ANSWERS, Square, Volunteer


@pytest.fixture
def volunteer(tablet_of: Callable[..., Volunteer], square: Square, browser_errors: BrowserErrors) -> Volunteer:
    """Somebody with a tablet, which the server may turn away."""
    for said in ("status of 401", "status of 403", "ERR_FAILED"):
        browser_errors.allow(said)
    return tablet_of(square)


def turned_away(volunteer: Volunteer, standing: str) -> None:
    """The tablet hears that the server does not want it."""
    square = volunteer.square
    if standing == "device_revoked":
        revoke_tablet(square.field.db, square.device(volunteer.label), datetime.now(UTC))
    else:
        with square.field.db.writing() as connection:
            connection.execute(delete(DeviceRow).where(col(DeviceRow.id) == square.device(volunteer.label)))
    volunteer.page.reload()
    expect(volunteer.page.locator("#notices .risk")).to_be_visible()


def way_to_enrolment(volunteer: Volunteer) -> None:
    """From the notice over the outbox."""
    volunteer.page.locator("#notices [data-go=box]").tap()
    volunteer.page.locator("[data-anew]").tap()
    volunteer.at("enrol")


def register(volunteer: Volunteer) -> None:
    """With a new label and its code."""
    volunteer.label = volunteer.square.new_label()
    volunteer.page.locator("#code").fill(volunteer.square.code(volunteer.label))
    volunteer.page.get_by_role("button", name="Register", exact=True).tap()
    volunteer.at("sign_in")
    expect(volunteer.page.locator("#who")).to_have_text(volunteer.label)
    expect(volunteer.page.locator("#notices .risk")).to_be_hidden()


@pytest.mark.parametrize("standing", ["device_revoked", "device_unknown"])
def test_an_empty_tablet_becomes_a_new_one(volunteer: Volunteer, standing: str) -> None:
    volunteer.enrol()
    turned_away(volunteer, standing)
    way_to_enrolment(volunteer)
    register(volunteer)
    volunteer.sign_in()
    volunteer.take()
    saved = volunteer.interview(ANSWERS)
    volunteer.wait_until_sent()
    assert volunteer.square.paradata(saved["id"])["device_id"] == volunteer.square.device(volunteer.label)


def test_what_the_old_one_was_told_means_nothing_to_the_new_one(volunteer: Volunteer) -> None:
    page = volunteer.ready().page
    volunteer.interview(ANSWERS)
    volunteer.wait_until_sent()
    turned_away(volunteer, "device_revoked")
    way_to_enrolment(volunteer)
    page.get_by_role("button", name="Go back").tap()
    page.locator("[data-anew]").tap()
    register(volunteer)
    volunteer.sign_in()
    volunteer.at("take")
    page.locator("#to-box").tap()
    page.locator("#compare").tap()
    expect(page.get_by_text("Equal: the server has each of the 0 records")).to_be_visible()
    expect(page.locator("[data-anew]")).to_be_hidden()


@pytest.mark.parametrize("holding", ["a record", "an unfinished interview"])
def test_a_tablet_that_still_holds_something_asks_for_the_rescue_file_first(volunteer: Volunteer, holding: str) -> None:
    page = volunteer.ready().page
    page.route("**/tablet/submissions/batch", lambda route: route.abort())
    if holding == "a record":
        volunteer.interview(ANSWERS)
    else:
        volunteer.begin()
        volunteer.answer("age", "18-34")
        volunteer.wait_for_draft()
    turned_away(volunteer, "device_revoked")
    way_to_enrolment(volunteer)
    expect(page.locator("[data-occupied]")).to_contain_text("Save the rescue file first")
    expect(page.locator("#code")).to_be_hidden()
    page.locator("[data-occupied] [data-go=box]").tap()
    volunteer.at("box")
    volunteer.open(f"#enrol={volunteer.square.code(volunteer.square.new_label())}", language="zh-Hans")
    volunteer.at("enrol")
    expect(page.locator("[data-occupied]")).to_contain_text("请先保存救援文件")
