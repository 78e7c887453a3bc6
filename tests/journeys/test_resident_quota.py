"""Kind quotas at the phone: told before the rest, let in for certain, and nobody's slot kept by who wandered off."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import update

from survey.domain.wave import Mode
from survey.tables.quota import SlotHold
from tests import browser
from tests.field import SECRET, open_field_now
from tests.journeys.conftest import Street
from tests.journeys.resident import ENGLISH, Resident


@pytest.fixture
def narrow(sqlite_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A wave that wants one person of each kind."""
    field = open_field_now(sqlite_url, samples={Mode.INTERCEPT: 12})
    folder = tmp_path_factory.mktemp("narrow")
    told = {"DATABASE_URL": sqlite_url, "MINSHENG_HOME": str(folder), "SECRET_KEY": SECRET}
    with browser.gunicorn(folder / "gunicorn.log", told) as server:
        yield Street(field, server)
    field.close()


def answer_entry(page: Page, street: Street) -> Resident:
    """Open the form and answer its first screen; the neighbourhood is chosen last."""
    page.goto(street.form)
    resident = Resident(page)
    resident.tap("age", "18-34")
    resident.tap("sex", "F")
    page.locator('select[name="home"]').select_option(index=1)
    return resident


def finish(resident: Resident) -> None:
    """Answer the rest and send it."""
    resident.tap("parks", "satisfied")
    resident.tap("activities", "none")
    resident.page.locator('#rest button[value="send"]').tap()
    resident.receipt()


def wander_off(street: Street) -> None:
    """Whoever is answering has been away for very long."""
    with street.field.db.writing() as connection:
        connection.execute(update(SlotHold).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))


def dispositions(street: Street) -> list[str]:
    return sorted(row["disposition"] for row in street.field.rows())


def test_the_last_slot_is_kept_for_who_was_let_in_and_the_next_is_told_before_the_rest(
    new_context: Callable[..., BrowserContext], narrow: Street
) -> None:
    first, second, third = (new_context(**ENGLISH).new_page() for _ in range(3))
    with first.expect_response("**/room"):
        let_in = answer_entry(first, narrow)
    told = answer_entry(second, narrow)
    expect(second.locator("#full")).to_be_visible()
    assert told.asked() == ["age", "sex", "home"], "nothing more is asked"
    second.locator("#opinion").tap()
    finish(told)
    expect(second.locator("main")).to_contain_text("your answers are kept apart")
    answer_entry(third, narrow)
    third.locator('#full button[value="leave"]').tap()
    expect(third.locator("main")).to_contain_text("you were asked nothing more")
    finish(let_in)
    expect(first.locator("main")).to_contain_text("Your answers have been stored.")
    assert dispositions(narrow) == ["cell_full", "complete", "over_quota"]


def test_a_slot_is_not_kept_for_ever_by_who_wandered_off(
    new_context: Callable[..., BrowserContext], narrow: Street
) -> None:
    first, second = (new_context(**ENGLISH).new_page() for _ in range(2))
    with first.expect_response("**/room"):
        away = answer_entry(first, narrow)
    wander_off(narrow)
    with second.expect_response("**/room"):
        here = answer_entry(second, narrow)
    expect(second.locator("#full")).to_be_hidden()
    finish(here)
    finish(away)
    expect(second.locator("main")).to_contain_text("Your answers have been stored.")
    expect(first.locator("main")).to_contain_text("your answers are kept apart")
    assert dispositions(narrow) == ["complete", "over_quota"]


def test_who_is_not_asked_is_told_before_the_rest(english_phone: Page, street: Street) -> None:
    english_phone.goto(street.form)
    somebody = Resident(english_phone)
    somebody.tap("age", "under_18")
    somebody.tap("sex", "F")
    expect(english_phone.locator("#full")).to_contain_text("another group of people")
    expect(english_phone.locator("#opinion")).to_be_hidden()
    expect(english_phone.locator("#rest")).to_be_hidden()
    english_phone.locator("#full").get_by_role("button", name="Finish here").tap()
    expect(english_phone.get_by_text("another group of people")).to_be_visible()
    somebody.receipt()


def test_without_a_script_the_same_is_told_on_the_way(
    new_context: Callable[..., BrowserContext], narrow: Street
) -> None:
    first, second = (new_context(**ENGLISH | {"java_script_enabled": False}).new_page() for _ in range(2))
    residents = []
    for page in (first, second):
        residents.append(answer_entry(page, narrow))
        page.locator("#go-on").tap()
        page.wait_for_url("**?send=1*")
    expect(first.get_by_text("There is room for your answers.")).to_be_visible()
    expect(first.locator("#full")).to_be_hidden()
    expect(second.locator("#full")).to_be_visible()
    for resident in residents:
        finish(resident)
    expect(first.locator("main")).to_contain_text("Your answers have been stored.")
    expect(second.locator("main")).to_contain_text("your answers are kept apart")
    assert dispositions(narrow) == ["complete", "over_quota"]
