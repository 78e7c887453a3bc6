"""An interview on a tablet: asked, answered alone, broken off, locked, left lying, handed to somebody else."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import BrowserErrors
from tests.field import AREA, HUAYING_AREA
from tests.journeys.volunteer import ANSWERS, PIN, Square, Volunteer

MINUTE = 60_000


def stored(page: Page) -> str:
    """Everything that the tablet's database and web storage hold, as text; bytes as Latin-1."""
    text: str = page.evaluate(
        """async () => {
          const database = await new Promise((resolve) => {
            indexedDB.open("minsheng").onsuccess = ({ target }) => resolve(target.result);
          });
          const bytes = (_, value) => {
            const raw = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
            if (value instanceof CryptoKey) return "a key of WebCrypto";
            return ArrayBuffer.isView(raw) ? String.fromCharCode(...raw) : value;
          };
          const parts = [];
          for (const store of database.objectStoreNames) {
            const all = database.transaction(store).objectStore(store).getAll();
            parts.push(await new Promise((resolve) => { all.onsuccess = () => resolve(all.result); }));
          }
          database.close();
          return JSON.stringify([parts, { ...localStorage }, { ...sessionStorage }], bytes);
        }"""
    )
    return text


# --- the interview ----------------------------------------------------------------------------------------------


def test_an_interview_is_one_record_with_its_times(volunteer: Volunteer) -> None:
    saved = volunteer.interview(ANSWERS)
    assert saved["finish"] == "finished"
    volunteer.counts("finished", 1)
    volunteer.wait_until_sent()
    row = volunteer.square.response(saved["id"])
    assert (row["disposition"], row["language"], row["answers"]) == ("complete", "en", ANSWERS)
    told = volunteer.square.paradata(saved["id"])
    assert told["sequence"] == 1
    assert told["passed"] >= 1
    assert told["interruptions"] == 0
    assert told["handed_over"] is False
    assert set(told["timings"]) == set(ANSWERS)
    firsts = [first for first, last in told["timings"].values() if first <= last]
    assert len(firsts) == len(ANSWERS)
    assert max(firsts) <= told["elapsed_ms"]


def test_questions_come_one_by_one_or_on_a_whole_page_as_the_volunteer_likes(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    expect(page.locator("fieldset.item:visible")).to_have_count(1)
    volunteer.answer("age", "18-34")
    volunteer.next()
    assert volunteer.question == "sex"
    page.get_by_role("button", name="Back").tap()
    assert volunteer.question == "age"
    page.get_by_role("button", name="Whole page").tap()
    expect(page.locator("fieldset.item:visible")).to_have_count(6)
    while '"mode":"page"' not in stored(page):
        page.wait_for_timeout(50)  # the wish is written to disk beside the page
    page.reload()
    volunteer.sign_in()
    page.get_by_role("button", name="Go on with it").tap()
    expect(page.locator("fieldset.item:visible")).to_have_count(6)
    page.get_by_role("button", name="One question at a time").tap()
    expect(page.locator("fieldset.item:visible")).to_have_count(1)


def test_what_is_wrong_is_said_at_its_question_and_nothing_is_saved(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    volunteer.next()
    expect(volunteer.item("age").locator(".problem")).to_have_text("Please answer this question.")
    assert volunteer.question == "age"
    volunteer.answer("age", "18-34")
    expect(volunteer.item("age").locator(".problem")).to_have_count(0)
    page.get_by_role("button", name="Whole page").tap()
    volunteer.answer("activities", "traffic")
    volunteer.answer("times", text="a few")
    page.get_by_role("button", name="Finish").tap()
    expect(volunteer.item("times").locator(".problem")).to_have_text("Give one whole number in digits.")
    assert page.locator(".problem:visible").count() == 4
    expect(volunteer.item("sex")).to_be_focused()
    assert volunteer.saved == []


def test_another_language_keeps_the_answers_and_the_place(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.next()
    volunteer.answer("sex", "F")
    page.locator('.tools [data-language="zh-Hans"]').tap()
    expect(volunteer.item("sex").locator("legend")).to_contain_text("您的性别")
    assert volunteer.question == "sex"
    expect(volunteer.item("sex").locator('input[value="F"]')).to_be_checked()
    page.locator("[data-next]").tap()
    volunteer.answer_all(ANSWERS)
    saved = volunteer.finish()
    volunteer.at("street")
    volunteer.wait_until_sent()
    row = volunteer.square.response(saved["id"])
    assert (row["language"], row["answers"]) == ("zh-Hans", ANSWERS)


@pytest.mark.parametrize("choice", ["Thank and end", "Go on all the same"])
def test_who_finds_no_slot_left_is_told_before_more_time_is_spent(
    tablet_of: Callable[..., Volunteer], full_square: Square, choice: str
) -> None:
    volunteer = tablet_of(full_square).ready()
    page = volunteer.page
    volunteer.begin()
    for code in ("age", "sex"):
        volunteer.answer(code, str(ANSWERS[code]))
        volunteer.next()
    # a neighbourhood of the other district, of which this tablet has no slot
    volunteer.live_in("home", HUAYING_AREA)
    volunteer.next()
    expect(page.get_by_role("heading", name="No more people of this group")).to_be_focused()
    page.get_by_role("button", name=choice).tap()
    if choice.startswith("Go on"):
        volunteer.answer_all(ANSWERS)
        volunteer.finish()
    volunteer.at("street")
    volunteer.wait_until_sent()
    (saved,) = volunteer.saved
    row = volunteer.square.response(saved["id"])
    if choice.startswith("Go on"):
        assert row["answers"] == ANSWERS | {"home": HUAYING_AREA}
    else:
        assert row["disposition"] == "cell_full"


@pytest.fixture(scope="session")
def full_square(make_square: Callable[..., Square]) -> Square:
    """A wave with few slots for a tablet."""
    return make_square(protocol={"every": 1, "slots": 6}, n=1200)


def test_who_does_not_belong_to_the_survey_is_thanked_after_the_screening(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    volunteer.answer("age", "under_18")
    volunteer.next()
    volunteer.answer("sex", "M")
    page.locator("[data-finish]").tap()
    expect(page.get_by_role("heading", name="There are no further questions")).to_be_focused()
    page.locator('[data-stage="not_eligible"] [data-end]').tap()
    volunteer.at("street")
    volunteer.wait_until_sent()
    (saved,) = volunteer.saved
    assert volunteer.square.response(saved["id"])["disposition"] == "ineligible"
    volunteer.counts("not_eligible", 1)


def test_who_breaks_off_leaves_what_was_answered_and_a_reason(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    volunteer.answer("age", "55+")
    volunteer.next()
    page.get_by_role("button", name="Break off").tap()
    page.get_by_role("button", name="Back to the questions").last.tap()
    assert volunteer.question == "sex"
    page.get_by_role("button", name="Break off").tap()
    page.get_by_role("button", name="No time any more").tap()
    volunteer.at("street")
    volunteer.wait_until_sent()
    (saved,) = volunteer.saved
    row = volunteer.square.response(saved["id"])
    assert (row["disposition"], row["answers"]) == ("partial", {"age": "55+"})
    assert volunteer.square.paradata(saved["id"])["reason"] == "no_time"


# --- answering alone --------------------------------------------------------------------------------------------


def hand_over(volunteer: Volunteer) -> None:
    """Give the tablet to the next one who is to be approached."""
    volunteer.wait_for_somebody()
    volunteer.page.locator("#begin").tap()
    volunteer.page.get_by_role("button", name="Let the person answer alone").tap()
    volunteer.page.get_by_role("button", name="Begin", exact=True).tap()
    expect(volunteer.page.locator("[data-stop]")).to_be_visible()


def test_who_answers_alone_finds_no_way_to_other_screens_until_the_volunteer_s_pin(volunteer: Volunteer) -> None:
    page = volunteer.page
    hand_over(volunteer)
    expect(page.locator("#bar")).to_be_hidden()
    assert page.locator("button:visible").all_inner_texts() == ["中文", "I don't want to go on", "Back", "Next"]
    page.get_by_role("button", name="Back").tap()
    assert volunteer.question == "age"
    volunteer.answer_all(ANSWERS)
    saved = volunteer.finish()
    expect(page.get_by_role("heading", name="Please hand the tablet back")).to_be_visible()
    expect(page.locator("#bar")).to_be_hidden()
    assert page.locator("button:visible").all_inner_texts() == ["I am the volunteer"]
    assert "More trees" not in page.content()
    page.get_by_role("button", name="I am the volunteer").tap()
    volunteer.sign_in()
    volunteer.at("street")
    volunteer.wait_until_sent()
    assert volunteer.square.paradata(saved["id"])["handed_over"] is True
    assert volunteer.square.response(saved["id"])["answers"] == ANSWERS


def test_who_stops_alone_hands_the_tablet_back_and_the_volunteer_ends_it(volunteer: Volunteer) -> None:
    page = volunteer.page
    hand_over(volunteer)
    volunteer.answer("age", "35-54")
    page.get_by_role("button", name="I don't want to go on").tap()
    expect(page.get_by_text("You have stopped.")).to_be_visible()
    page.get_by_role("button", name="I am the volunteer").tap()
    volunteer.sign_in()
    page.get_by_role("button", name="Objected to a question").tap()
    volunteer.at("street")
    assert [each["finish"] for each in volunteer.saved] == ["broken_off"]


# --- the lock, and what is left lying ---------------------------------------------------------------------------


def test_a_minute_without_a_touch_locks_and_the_pin_leads_back_to_the_question(volunteer: Volunteer) -> None:
    page = volunteer.page
    page.clock.install()
    page.reload()
    volunteer.sign_in()
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.next()
    page.clock.run_for(MINUTE - 2000)
    volunteer.answer("sex", "F")
    page.clock.run_for(MINUTE - 2000)
    assert volunteer.question == "sex"
    page.clock.run_for(3000)
    volunteer.at("sign_in")
    assert "How old are you" not in page.locator("main").inner_text()
    volunteer.sign_in()
    volunteer.at("interview")
    expect(volunteer.item("sex").locator('input[value="F"]')).to_be_checked()
    assert volunteer.question == "sex"
    volunteer.next()
    volunteer.answer_all(ANSWERS)
    saved = volunteer.finish()
    page.clock.run_for(20_000)
    volunteer.wait_until_sent()
    assert volunteer.square.paradata(saved["id"])["interruptions"] == 1


def leaks(page: Page) -> set[str]:
    """What of the answers, of their home and of the PIN can be read on the tablet, or a key that would open them."""
    told = stored(page)
    secrets = ("More trees", "satisfied", "18-34", AREA, PIN, "a key of WebCrypto")
    return {secret for secret in secrets if secret in told}


def test_nothing_readable_of_an_unfinished_or_finished_interview_lies_on_the_tablet(
    volunteer: Volunteer, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    page = volunteer.page
    page.context.set_offline(True)
    volunteer.begin()
    volunteer.answer_all(ANSWERS)
    volunteer.wait_for_draft()
    assert "sealed" in stored(page)
    assert leaks(page) <= {"18-34"}, "only the names of the quota cells"
    volunteer.finish()
    assert leaks(page) <= {"18-34"}


def test_a_leak_would_be_found(volunteer: Volunteer) -> None:
    assert volunteer.label in stored(volunteer.page)
    volunteer.page.evaluate(
        """async (word) => {
          sessionStorage.word = word;
          const database = await new Promise((resolve) => {
            indexedDB.open("minsheng").onsuccess = ({ target }) => resolve(target.result);
          });
          const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
          const writing = database.transaction("device", "readwrite");
          writing.objectStore("device").put({ key, bytes: new TextEncoder().encode("More trees") }, "planted");
          await new Promise((resolve) => (writing.oncomplete = resolve));
          database.close();
        }""",
        "satisfied",
    )
    assert {"More trees", "satisfied", "a key of WebCrypto"} <= leaks(volunteer.page)


def test_an_interview_survives_a_reload_and_only_its_volunteer_can_go_on(volunteer: Volunteer) -> None:
    page = volunteer.page
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.next()
    volunteer.wait_for_draft()
    page.reload()
    volunteer.sign_in()
    expect(page.get_by_text("There is an unfinished interview")).to_be_visible()
    expect(page.locator("#passer")).to_be_hidden()
    page.get_by_role("button", name="Go on with it").tap()
    assert volunteer.question == "sex"
    page.get_by_role("button", name="Back").tap()
    expect(volunteer.item("age").locator('input[value="18-34"]')).to_be_checked()


def test_whoever_takes_the_tablet_over_ends_the_turn_and_the_interview(volunteer: Volunteer) -> None:
    page, square = volunteer.page, volunteer.square
    square.hire("han-meimei", "604193")
    volunteer.begin()
    volunteer.answer("age", "18-34")
    volunteer.wait_for_draft()
    page.reload()
    volunteer.take_over("han-meimei", "604193")
    expect(page.locator("#unfinished")).to_be_hidden()
    volunteer.counts("broken_off", 1)
    volunteer.refuse()
    page.locator("#passer").tap()
    volunteer.wait_until_sent()
    (refused,) = volunteer.saved
    told = square.paradata(refused["id"])
    assert (told["account_id"], told["sequence"]) == (square.names["han-meimei"], 2)
    (broken,) = [row for row in square.paradata_of(told["assignment_id"]) if row["sequence"] == 1]
    assert volunteer.square.response(str(broken["response_id"]))["answers"] == {"age": "18-34"}
    assert broken["account_id"] == square.names["li-lei"]
    assert len(square.turns_of(told["assignment_id"])) == 2


def test_the_end_of_a_shift_gives_the_unused_slots_back_also_later(
    tablet_of: Callable[..., Volunteer], make_square: Callable[..., Square], browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("ERR_INTERNET_DISCONNECTED")
    square = make_square(protocol={"every": 1, "slots": 24})
    volunteer = tablet_of(square).ready()
    page = volunteer.page
    volunteer.interview(ANSWERS)
    volunteer.wait_until_sent()
    assert sum(cell.granted for cell in square.field.cells().values()) == 23
    page.context.set_offline(True)
    page.get_by_role("button", name="End the shift").tap()
    page.locator("dialog[open]").get_by_role("button", name="End the shift").tap()
    volunteer.at("take")
    page.context.set_offline(False)
    page.wait_for_timeout(200)
    _eventually(lambda: sum(cell.granted for cell in square.field.cells().values()) == 0, page)
    assert square.field.cell().completed == 1


def _eventually(holds: Callable[[], bool], page: Page, seconds: int = 20) -> None:
    for _ in range(10 * seconds):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never came true")
