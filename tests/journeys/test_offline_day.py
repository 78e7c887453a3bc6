"""A day without a network: the app opens by itself, interviews and refusals are saved, the browser is reloaded, closed
and killed, and in the end the server has everything that was called saved, once and as it was."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect

from tests.browser import BrowserErrors
from tests.field import AREA, AREAS
from tests.journeys.tablet_browser import Handset, Office, bring_home, discrepancies, new_handset, open_office
from tests.journeys.volunteer import Volunteer

EVERY = 3
SLOTS = 4  # in each of the six cells of the point's district: all that the wave wants there
ANSWERS: dict[str, object] = {
    "age": "18-34",
    "sex": "F",
    "home": AREA,
    "parks": "satisfied",
    "activities": ["cleaning", "traffic"],
    "times": 3,
    "comment": "树多一点",
}
DONE = {
    "complete": 9,  # four women of 18 to 34, a hand-over, one resumed, one killed while it was saved, two others
    "over_quota": 1,
    "cell_full": 2,  # one after three questions, one by a tap
    "ineligible": 2,  # the same
    "partial": 1,
    "refused": 4,
    "language": 1,
    "non_contact": 1,
}


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """A wave in which each cell of the first point's district has as many slots as a tablet gets."""
    protocol = {"every": EVERY, "slots": 6 * SLOTS}
    with open_office(sqlite_url, tmp_path, protocol=protocol, n=12 * SLOTS) as opened:
        yield opened


@pytest.fixture
def handset(playwright: Playwright, office: Office, tmp_path: Path, browser_errors: BrowserErrors) -> Iterator[Handset]:
    """A tablet out of its box."""
    with new_handset(playwright, tmp_path / "profile", office, browser_errors) as tablet:
        yield tablet


def test_everything_saved_in_a_day_without_a_network_comes_home_once(handset: Handset, office: Office) -> None:
    handset.start().open().ready()
    office.stop()
    handset.context.set_offline(True)
    the_morning(handset)
    the_afternoon(handset)
    assert handset.forgotten() == set()
    kept = handset.kept()
    handset.close()

    office.start()
    office.road.loses = "receipts"
    handset.start().open()
    assert office.road.busy.wait(30), "the tablet sends nothing"
    handset.kill()  # the server has the first batch, and the tablet does not know it
    assert office.records()
    office.road.loses = ""
    handset.start().open().sign_in()
    assert handset.kept() == kept
    bring_home(handset)

    assert discrepancies(handset) == []
    assert Counter(entry["outcome"] for entry in handset.all("sent"))["repeated"] > 0, "the first batch came again"
    assert {str(row["id"]) for row in office.records()} == kept
    what_the_server_has(office)
    the_end_of_the_shift(handset)


def the_morning(handset: Handset) -> None:
    """The app is reloaded, closed and opened again; women of 18 to 34 are interviewed until their slots are used up."""
    handset.page.reload()
    volunteer = Volunteer(handset.page, handset.office)
    volunteer.sign_in()
    volunteer.refuse("no_time", sex="F", age_band="35-54")
    for area in AREAS[:2]:
        volunteer.interview(ANSWERS | {"home": area})
    volunteer.wait_for_somebody()
    volunteer.outcome("language")
    handset.close()

    volunteer = handset.start(offline=True).open(language="zh-Hans")
    volunteer.sign_in()
    expect(handset.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(handset.page.locator("#offline")).to_be_visible()
    volunteer.refuse("distrust", sex="M")
    for area in AREAS[2:4]:
        volunteer.interview(ANSWERS | {"home": area})
    assert told_that_the_cell_is_full(volunteer) == ["age", "sex", "home"]
    handset.page.locator('[data-end="cell_full"]').tap()
    volunteer.at("street")
    assert told_that_the_cell_is_full(volunteer) == ["age", "sex", "home"]
    handset.page.locator("[data-go-on]").tap()
    volunteer.answer_all(ANSWERS)
    volunteer.finish()
    volunteer.wait_for_somebody()
    volunteer.outcome("cell_full")


def told_that_the_cell_is_full(volunteer: Volunteer) -> list[str]:
    """The questions that one more woman of 18 to 34 is asked before she is told that she is not needed."""
    volunteer.begin()
    asked = []
    while not volunteer.page.locator('[data-stage="cell_full"]').is_visible():
        asked.append(volunteer.question)
        if volunteer.question == "home":
            volunteer.live_in("home", AREA)
        else:
            volunteer.answer(volunteer.question, str(ANSWERS[volunteer.question]))
        volunteer.next()
    return asked


def the_afternoon(handset: Handset) -> None:
    """A person answers alone, one is too young, one breaks off; the page is reloaded in the middle of an interview, and
    the browser is killed in the middle of two savings."""
    page = handset.page
    volunteer = Volunteer(page, handset.office)
    answers_alone(volunteer, ANSWERS | {"sex": "M", "age": "35-54"})
    volunteer.begin()
    volunteer.answer_all(ANSWERS | {"age": "under_18"})
    page.locator("[data-finish]").tap()
    page.locator('[data-end="not_eligible"]').tap()
    volunteer.at("street")
    volunteer.begin()
    volunteer.answer("age", "55+")
    volunteer.next()
    page.locator("[data-break]").tap()
    page.locator('[data-reason="no_time"]:visible').tap()
    volunteer.at("street")
    volunteer.interview(ANSWERS | {"sex": "F", "age": "55+", "comment": None})

    volunteer.begin()
    volunteer.answer("age", "55+")
    volunteer.next()
    volunteer.answer("sex", "M")
    volunteer.wait_for_draft()
    page.reload()
    volunteer.sign_in()
    page.locator("#go-on").tap()
    assert volunteer.question == "sex", "it goes on where it was"
    volunteer.answer_all(ANSWERS | {"sex": "M", "age": "55+"})
    volunteer.finish()
    volunteer.at("street")

    killed_while_it_saves(handset, "[data-finish]", ANSWERS | {"sex": "M", "age": "18-34"})
    volunteer = Volunteer(handset.page, handset.office)
    volunteer.refuse("other")
    killed_while_it_saves(handset, '#approach [data-finish="refused"]', None)
    volunteer = Volunteer(handset.page, handset.office)
    volunteer.wait_for_somebody()
    volunteer.outcome("not_eligible", "not_resident")
    volunteer.wait_for_somebody()
    volunteer.outcome("not_reached")
    volunteer.interview(ANSWERS | {"sex": "F", "age": "35-54", "activities": ["none"], "times": None})


def answers_alone(volunteer: Volunteer, answers: dict[str, object]) -> None:
    """The tablet is handed over for an interview; afterwards only the PIN leads back."""
    page = volunteer.page
    volunteer.wait_for_somebody()
    page.locator("#begin").tap()
    page.locator("[data-hand-over]").tap()
    page.locator("[data-begin-alone]").tap()
    volunteer.answer_all(answers)
    volunteer.finish()
    page.locator("[data-volunteer]").tap()
    volunteer.sign_in()


def killed_while_it_saves(handset: Handset, button: str, answers: dict[str, object] | None) -> None:
    """The button is pressed and the browser killed at once. What it then has was saved or is still to be done."""
    volunteer = Volunteer(handset.page, handset.office)
    volunteer.wait_for_somebody()
    if answers:
        volunteer.begin()
        volunteer.answer_all(answers)
    before = len(handset.all("outbox"))
    handset.page.locator(button).dispatch_event("click")
    handset.kill()
    volunteer = handset.start(offline=True).open()
    assert handset.forgotten() == set()
    volunteer.sign_in()
    if len(handset.all("outbox")) > before:
        return
    if answers:
        handset.page.locator("#go-on").tap()
        volunteer.answer_all(answers)
        volunteer.finish()
        volunteer.at("street")
    else:
        volunteer.outcome("refused")


def what_the_server_has(office: Office) -> None:
    """What became of everybody: dispositions, slots, and what the tablet noted along with them."""
    rows = office.records()
    assert Counter(row["disposition"] for row in rows) == DONE
    of = {name: [row for row in rows if row["disposition"] == name] for name in DONE}
    assert {row["language"] for row in of["complete"]} == {"zh-Hans", "en"}
    assert {row["granted"] for row in of["complete"]} == {True}
    assert not of["over_quota"][0]["granted"]
    cell = office.field.cell(sex="F", age="18-34")
    assert (cell.completed, cell.target) == (SLOTS, SLOTS)
    assert sum(each.completed for each in office.field.cells().values()) == DONE["complete"]
    assert [row["answers"] for row in of["partial"]] == [{"age": "55+"}]
    assert of["partial"][0]["reason"] == "no_time"
    assert of["cell_full"][0]["answers"] == {"age": "18-34", "sex": "F", "home": AREA}
    assert [row["handed_over"] for row in of["complete"]].count(True) == 1
    assert [row["interruptions"] for row in of["complete"]].count(0) in {DONE["complete"] - 1, DONE["complete"] - 2}
    first: dict[str, Any] = of["refused"][0]
    assert (first["reason"], first["observed_sex"], first["observed_age_band"]) == ("no_time", "F", "35-54")
    assert {row["clock"] for row in rows} == {"right"}
    passed = [row["passed"] for row in rows]
    assert passed == [passed[0] + EVERY * number for number in range(len(rows))], "each third passer-by, and no other"
    assert 1 <= passed[0] <= EVERY


def the_end_of_the_shift(handset: Handset) -> None:
    """The slots that were not used go back to the office."""
    page, office = handset.page, handset.office
    page.locator("#leave").tap()
    page.locator("#end").tap()
    page.locator("#ending button.primary").tap()
    Volunteer(page, office).at("take")
    handset.wait_until(lambda: handset.all("assignments") == [])
    assert sum(cell.granted for cell in office.field.cells().values()) == 0
    assert discrepancies(handset) == []
