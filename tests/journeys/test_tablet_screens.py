"""The volunteer's app as people see it, but for the interview: enrolment, PIN, point, street, outbox, what is amiss."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from survey.services.tablets import revoke_tablet
from tests.browser import BrowserErrors
from tests.journeys.volunteer import ANSWERS, PIN, Square, Volunteer

MINUTE = 60_000


# --- getting ready ----------------------------------------------------------------------------------------------


def test_a_scanned_code_enrols_the_tablet_and_does_not_stay_in_the_address(
    tablet_of: Callable[..., Volunteer], square: Square
) -> None:
    volunteer = tablet_of(square)
    volunteer.enrol()
    assert "enrol" not in volunteer.page.url
    assert "enrol" not in volunteer.page.evaluate("() => JSON.stringify(history.state) + location.href")
    expect(volunteer.page.locator("#who")).to_contain_text(volunteer.label)
    volunteer.open()
    volunteer.at("sign_in")


def test_a_code_can_be_typed_and_what_is_wrong_with_it_is_said(
    tablet_of: Callable[..., Volunteer], square: Square, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 422")
    volunteer = tablet_of(square)
    page = volunteer.page
    volunteer.open()
    volunteer.at("enrol")
    for typed, said in (("ABC", "14 letters"), ("2222222222222A", "does not know this code")):
        page.locator("#code").fill(typed)
        page.get_by_role("button", name="Register").tap()
        expect(page.locator("[role=alert]:visible")).to_contain_text(said)
    code = square.code(volunteer.label).lower()
    page.locator("#code").fill(f" {code[:7]} {code[7:]} ")
    page.keyboard.press("Enter")
    volunteer.at("sign_in")


def test_an_enrolment_whose_answer_was_lost_is_repeated(
    tablet_of: Callable[..., Volunteer], square: Square, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_FAILED")
    volunteer = tablet_of(square)
    page = volunteer.page

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/tablet/enrol", lose, times=1)
    volunteer.open(f"#enrol={square.code(volunteer.label)}")
    expect(page.locator("[role=alert]:visible")).to_contain_text("The server does not answer")
    page.get_by_role("button", name="Register").tap()
    volunteer.at("sign_in")


def test_a_wrong_pin_opens_nothing_and_guesses_wait_also_after_a_reload(
    tablet_of: Callable[..., Volunteer], square: Square
) -> None:
    volunteer = tablet_of(square)
    page = volunteer.page
    volunteer.enrol()
    name = page.locator("#names").get_by_role("button", name=volunteer.name, exact=True)
    name.tap()
    for guess in range(5):
        for digit in "000000":
            expect(page.locator(f'.keys [data-digit="{digit}"]')).to_be_enabled()
            page.locator(f'.keys [data-digit="{digit}"]').tap()
        said = "is not the PIN" if guess < 4 else "Please wait"
        expect(page.locator("[role=alert]:visible")).to_contain_text(said)
    expect(page.locator('.keys [data-digit="1"]')).to_be_disabled()
    page.reload()
    name.tap()
    expect(page.locator("[role=alert]:visible")).to_contain_text("Please wait")
    expect(page.locator('.keys [data-digit="1"]')).to_be_enabled(timeout=8000)
    volunteer.type_pin(PIN)
    volunteer.at("take")


def test_points_are_found_by_number_or_name_and_say_what_is_free_and_who_has_them(
    tablet_of: Callable[..., Volunteer], square: Square, volunteer: Volunteer
) -> None:
    other = tablet_of(square)
    other.enrol()
    other.sign_in()
    page = other.page
    points = page.locator("#points label")
    expect(points).to_have_count(3)
    expect(points.first).to_contain_text(volunteer.label)
    expect(points.first).to_contain_text(re.compile(r"free slots: \d+"))
    expect(points.nth(2).locator("[data-taken]")).to_be_hidden()
    for typed, count in (("2", 1), ("subdistrict", 2), ("market", 1), ("nowhere", 0)):
        page.locator("#find").fill(typed)
        expect(points).to_have_count(count)
    expect(page.get_by_text("No point has this number or name.")).to_be_visible()


def test_without_a_network_a_point_cannot_be_taken_and_the_app_says_so(
    tablet_of: Callable[..., Volunteer], square: Square, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    volunteer = tablet_of(square)
    volunteer.enrol()
    volunteer.page.context.set_offline(True)
    volunteer.sign_in()
    volunteer.at("take")
    expect(volunteer.page.locator("[role=alert]:visible")).to_contain_text("only with a network")
    volunteer.page.context.set_offline(False)
    volunteer.page.get_by_role("button", name="Try again").tap()
    volunteer.take()


# --- the street -------------------------------------------------------------------------------------------------


def test_exactly_each_kth_passer_by_is_to_be_approached(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square]
) -> None:
    volunteer = tablet_of(make_square(protocol={"every": 3})).ready()
    assert 1 <= volunteer.wait_for_somebody() <= 3
    for _ in range(3):
        volunteer.outcome("not_reached")
        assert volunteer.wait_for_somebody() == 3
    expect(volunteer.page.locator("#passer")).to_be_hidden()


OUTCOMES = [
    ("refused", "no_time", {"sex": "F", "age_band": "35-54"}, "refused"),
    ("not_eligible", "not_resident", {}, "ineligible"),
    ("language", "", {}, "language"),
    ("cell_full", "", {}, "cell_full"),
    ("not_reached", "", {}, "non_contact"),
]


def test_one_tap_keeps_what_came_of_an_approach_and_more_can_be_told(volunteer: Volunteer) -> None:
    for finish, reason, observed, _ in OUTCOMES:
        volunteer.wait_for_somebody()
        volunteer.outcome(finish, reason, **observed)
        volunteer.counts(finish, 1)
    volunteer.wait_until_sent()
    saved = volunteer.saved
    assert [each["finish"] for each in saved] == [finish for finish, *_ in OUTCOMES]
    for each, (_, reason, observed, disposition) in zip(saved, OUTCOMES, strict=True):
        assert volunteer.square.response(each["id"])["disposition"] == disposition
        told = volunteer.square.paradata(each["id"])
        assert told["reason"] == (reason or None)
        assert {"sex": told["observed_sex"], "age_band": told["observed_age_band"]} == {
            "sex": observed.get("sex"),
            "age_band": observed.get("age_band"),
        }


def test_the_last_tap_can_be_taken_back_while_it_is_held(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.refuse()
    expect(page.locator("#to-box")).to_contain_text("to send: 1")
    page.get_by_role("button", name="Take back").tap()
    expect(page.locator("#approach")).to_be_visible()
    expect(page.locator("#to-box")).to_contain_text("to send: 0")
    volunteer.counts("refused", 0)
    volunteer.outcome("language")
    page.locator("#passer").tap()
    expect(page.locator("#after")).to_be_hidden()
    volunteer.wait_until_sent()
    refused, language = (each["id"] for each in volunteer.saved)
    assert volunteer.square.response(language)["disposition"] == "language"
    assert volunteer.square.paradata(language)["sequence"] == 1
    assert refused not in {str(row["id"]) for row in volunteer.square.field.rows()}


def test_more_slots_come_when_they_are_asked_for(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square]
) -> None:
    volunteer = tablet_of(make_square(protocol={"every": 1, "slots": 6}, n=12)).ready()
    page = volunteer.page
    left = page.locator("#slots tr").filter(has_text="Female 18 to 34")
    expect(left).to_contain_text("1")
    volunteer.interview(ANSWERS)
    expect(left).to_contain_text("none left")
    page.get_by_role("button", name="Ask for more slots").tap()
    expect(page.get_by_text("The office has no more slots for this point now.")).to_be_visible()


# --- what stands in the way -------------------------------------------------------------------------------------


def test_a_tablet_that_was_withdrawn_keeps_what_it_has_and_offers_a_rescue_file(
    tablet_of: Callable[..., Volunteer], square: Square, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("status of 403")
    volunteer = tablet_of(square).ready()
    page = volunteer.page
    page.route("**/tablet/submissions/batch", lambda route: route.abort())
    browser_errors.allow("ERR_FAILED")
    volunteer.interview(ANSWERS)
    revoke_tablet(square.field.db, square.device(volunteer.label), datetime.now(UTC))
    page.unroute("**/tablet/submissions/batch")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.get_by_text("The office has withdrawn this tablet.")).to_be_visible()
    page.get_by_role("button", name="To the outbox").tap()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a rescue file").tap()
    rescued = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert rescued["format"] == "minsheng-rescue-1"
    assert [record["id"] for record in rescued["records"]] == [volunteer.saved[0]["id"]]
    page.get_by_role("button", name="Go back").tap()
    volunteer.at("street")
    expect(page.locator("#passer")).to_be_disabled()


def test_a_full_storage_is_said_and_nothing_counts_as_saved(
    tablet_of: Callable[..., Volunteer], square: Square
) -> None:
    volunteer = tablet_of(square)
    volunteer.limit_storage(12_000_000)
    volunteer.ready()
    page = volunteer.page
    volunteer.begin()
    volunteer.answer_all(ANSWERS)
    volunteer.wait_for_draft()
    volunteer.fill_storage()
    page.locator("[data-finish]").tap()
    expect(page.locator("[role=alert]:visible")).to_contain_text("the storage of this tablet is full")
    assert volunteer.saved == []
    expect(volunteer.item("comment").locator("textarea")).to_have_value("More trees")
    volunteer.clear_storage()
    saved = volunteer.finish()
    volunteer.at("street")
    volunteer.wait_until_sent()
    assert square.response(saved["id"])["answers"] == ANSWERS


def test_without_room_for_a_shift_no_interview_begins(tablet_of: Callable[..., Volunteer], square: Square) -> None:
    volunteer = tablet_of(square)
    volunteer.limit_storage(3_000_000)
    volunteer.ready()
    page = volunteer.page
    expect(page.locator("#notices")).to_contain_text("The storage of this tablet is full.")
    volunteer.wait_for_somebody()
    expect(page.locator("#begin")).to_be_disabled()
    volunteer.outcome("not_reached")


def test_a_wave_that_closed_takes_no_new_people_but_what_is_recorded_is_sent(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square], browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    volunteer = tablet_of(make_square(protocol={"every": 1}, closes_after=timedelta(hours=2))).ready()
    page = volunteer.page
    volunteer.interview(ANSWERS)
    page.clock.install()
    page.reload()
    page.context.set_offline(True)
    page.clock.fast_forward(3 * 60 * MINUTE)
    volunteer.sign_in()
    expect(page.get_by_text("This wave is over.")).to_be_visible()
    expect(page.locator("#passer")).to_be_disabled()


def test_slots_that_expired_are_said_and_interviews_go_on(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square], browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    volunteer = tablet_of(make_square(protocol={"every": 1, "grant_hours": 0})).ready()
    page = volunteer.page
    page.clock.install()
    page.reload()
    page.context.set_offline(True)
    page.clock.fast_forward(25 * 60 * MINUTE)
    volunteer.sign_in()
    expect(page.locator("#notices")).to_contain_text("The slots of this shift have expired.")
    expect(page.locator("#slots")).not_to_contain_text(re.compile(r"\d$"))
    volunteer.begin()
    for code in ("age", "sex", "home"):
        volunteer.answer_one(code, ANSWERS[code])
        volunteer.next()
    page.get_by_role("button", name="Go on all the same").tap()
    volunteer.answer_all(ANSWERS)
    volunteer.finish()


@pytest.mark.parametrize(("wish", "place"), [("Note it", "30.54,106.43"), ("Do not note it", None)])
def test_the_place_is_noted_to_about_a_kilometre_only_where_the_volunteer_agrees(
    tablet_of: Callable[..., Volunteer], place_square: Square, wish: str, place: str | None
) -> None:
    here = {"latitude": 30.5412, "longitude": 106.4311}
    volunteer = tablet_of(place_square, geolocation=here, permissions=["geolocation"]).ready()
    page = volunteer.page
    page.get_by_role("button", name=wish, exact=True).tap()
    expect(page.locator("#place-consent")).to_be_hidden()
    page.wait_for_timeout(500)
    volunteer.wait_for_somebody()
    volunteer.outcome("not_reached")
    volunteer.wait_for_somebody()
    volunteer.wait_until_sent()
    assert place_square.paradata(volunteer.saved[0]["id"])["place"] == place


@pytest.fixture(scope="session")
def place_square(make_square: Callable[..., Square]) -> Square:
    """A wave whose office asks where tablets stand."""
    return make_square(protocol={"every": 1, "place": "true"})


def test_two_windows_of_the_app_do_not_work_at_the_same_time(volunteer: Volunteer) -> None:
    second = volunteer.page.context.new_page()
    second.goto(volunteer.page.url)
    expect(second.locator("#notices")).to_contain_text("The app is open in another window.")
    expect(second.locator("h1")).to_have_count(0)
    volunteer.page.close()
    expect(second.locator("body")).to_have_attribute("data-screen", "sign_in")


def test_the_outbox_compares_with_the_server(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.interview(ANSWERS)
    volunteer.wait_until_sent()
    page.locator("#to-box").tap()
    expect(page.get_by_text("Everything recorded on this tablet has been received.")).to_be_visible()
    page.get_by_role("button", name="Compare with the server").tap()
    expect(page.get_by_text("Equal: the server has each of the 1 records")).to_be_visible()
