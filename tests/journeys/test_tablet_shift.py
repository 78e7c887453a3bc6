"""How a shift begins and ends: what the tablet's storage is worth is said before, and records go before slots."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, Response, expect

from tests.browser import BrowserErrors
from tests.journeys.volunteer import ANSWERS, Square, Volunteer

PLENTY, LITTLE = 200_000_000, 12_000_000

# What a browser says of its storage; the tests' own one tells every site the same.
_PROMISES = """
navigator.storage.persisted = navigator.storage.persist = async () => %s;
navigator.storage.estimate = async () => ({ quota: %s, usage: 0 });
"""


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("size", [PLENTY, LITTLE])
def test_what_the_storage_is_worth_is_said_where_a_point_is_taken(
    tablet_of: Callable[..., Volunteer], square: Square, kept: bool, size: int
) -> None:
    volunteer = tablet_of(square)
    page = volunteer.page
    page.add_init_script(_PROMISES % (str(kept).lower(), size))
    volunteer.enrol()
    volunteer.sign_in()
    volunteer.at("take")
    expect(page.locator("[data-not-persisted]")).to_be_visible(visible=not kept)
    expect(page.locator("[data-low]")).to_be_visible(visible=size == LITTLE)
    expect(page.locator("#notices")).not_to_contain_text("The storage of this tablet is full.")


def test_without_room_for_a_shift_the_tablet_says_so_before_a_point_is_taken(
    tablet_of: Callable[..., Volunteer], square: Square
) -> None:
    volunteer = tablet_of(square)
    volunteer.limit_storage(3_000_000)
    volunteer.enrol()
    volunteer.sign_in()
    volunteer.at("take")
    expect(volunteer.page.locator("#notices")).to_contain_text("The storage of this tablet is full.")


@pytest.mark.parametrize("held", [False, True], ids=["an interview", "and a tap that is held"])
def test_the_records_of_a_shift_are_sent_before_its_slots_go_back(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square], browser_errors: BrowserErrors, held: bool
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    volunteer = tablet_of(make_square(protocol={"every": 1})).ready()
    page, events = volunteer.page, []

    def asked(request: Request) -> None:
        if request.url.endswith("/slots") and (request.post_data_json or {}).get("ended"):
            events.append("slots")

    def answered(response: Response) -> None:
        if response.url.endswith("/submissions/batch"):
            events.extend(["record"] * len((response.request.post_data_json or {})["records"]))

    page.context.set_offline(True)
    saved = volunteer.interview(ANSWERS)
    if held:
        volunteer.wait_for_somebody()
        volunteer.outcome("not_reached")
    page.locator("#end").tap()
    page.locator("#ending button.primary").tap()
    volunteer.at("take")
    page.on("request", asked)
    page.on("response", answered)
    page.context.set_offline(False)
    for _ in range(200):
        if "slots" in events:
            break
        page.wait_for_timeout(100)
    assert events[: 2 + held] == ["record"] * (1 + held) + ["slots"]
    assert volunteer.square.paradata(saved["id"])["granted"] is True
