"""The tablet's browser is killed again and again while the app saves and while it sends. What was called saved is never
lost, nothing comes twice, and the outbox ends empty.

A robot in the page taps as fast as the app lets it. The kills come at random moments of a seeded chance; what they hit
is up to the machine.
"""

import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.browser import BrowserErrors
from tests.field import AREA
from tests.journeys.tablet_browser import Handset, bring_home, discrepancies, new_handset, open_office
from tests.journeys.volunteer import Volunteer

KILLS = 52
LONGEST_LIFE = 700  # ms of saving, offline
LONGEST_SENDING = 120  # ms after records were on their way
PATIENCE = 20  # seconds
BLOCK = 32_768  # bytes of a log's blocks
COPIES = {"first": "IndexedDB/*.leveldb", "second": "WebStorage/*/IndexedDB/*.leveldb"}
FEW = 15  # kills within which a planted fault must have been found

# Whatever there is to tap is tapped: everybody is approached, every third one is interviewed, of all six cells in turn.
_ROBOT = """(area) => {
  const tap = (root, selector) => root.querySelector(selector)?.click();
  const shown = (selector) => document.querySelector(selector)?.checkVisibility();
  let number = 0;

  function fillIn(form) {
    form.dataset.filled = "yes";
    const [age, sex] = [["18-34", "35-54", "55+"][number % 3], ["F", "M"][number % 2]];
    const answers = { age, sex, parks: "neutral", activities: "none" };
    for (const [item, value] of Object.entries(answers)) {
      tap(form, `input[name="${item}"][value="${value}"]:not(:checked)`);
    }
    const home = form.querySelector('select[name="home"]');
    home.value = area;
    home.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function inTheStreet() {
    const passed = Number(document.querySelector("#passer b").textContent);
    number = Math.floor(passed / 3);
    if (shown("#unfinished")) tap(document, "#go-on");
    else if (!shown("#approach")) tap(document, "#passer");
    else tap(document, passed % 3 ? '#approach [data-finish="refused"]' : "#begin");
  }

  function atTheQuestions() {
    const form = document.querySelector(".interview form");
    const shown = document.querySelector("[data-stage]:not([hidden])");
    if (!form || !shown) return;
    if (shown.dataset.stage !== "questions") tap(shown, "[data-ask], [data-end]");
    else if (!form.dataset.filled) fillIn(form);
    else tap(shown, shown.querySelector("[data-finish]").checkVisibility() ? "[data-finish]" : "[data-next]");
  }

  setInterval(() => ({ street: inTheStreet, interview: atTheQuestions })[document.body.dataset.screen]?.(), 3);
}"""

# Five passers-by at one blow, and the interview begins while four of the taps still wait for the disk.
_TOO_FAST = """async () => {
  for (let tap = 0; tap < 5; tap += 1) document.querySelector("#passer").click();
  while (document.querySelector("#approach").hidden) await new Promise((next) => setTimeout(next));
  document.querySelector("#begin").click();
}"""


@pytest.fixture
def go_out(
    playwright: Playwright, sqlite_url: str, tmp_path: Path, browser_errors: BrowserErrors
) -> Iterator[Callable[[str], Handset]]:
    """A tablet at its point, whose office serves the app in this state: `go_out("wsgi:app")`."""
    with ExitStack() as ends:

        def make(application: str) -> Handset:
            office = ends.enter_context(open_office(sqlite_url, tmp_path, protocol={"every": 1, "slots": 480}, n=6000))
            if application != "wsgi:app":
                office.stop()
                office.start(application)
            handset = ends.enter_context(new_handset(playwright, tmp_path / "profile", office, browser_errors))
            handset.start().open().ready()
            handset.page.wait_for_function("navigator.serviceWorker.controller !== null")
            handset.close()
            return handset

        yield make


def a_life(handset: Handset, chance: random.Random, *, online: bool) -> set[str]:
    """The browser is started, the robot taps, and the browser is killed. Returns what an earlier life has lost."""
    road = handset.office.road
    volunteer = handset.start(offline=not online).open()
    lost = handset.forgotten()
    volunteer.sign_in()
    handset.page.evaluate(_ROBOT, AREA)
    if online:
        road.loses = chance.choice(["", "records", "receipts"])
        road.busy.clear()
        assert road.busy.wait(PATIENCE), "the tablet sends nothing"
        handset.page.wait_for_timeout(chance.uniform(0, LONGEST_SENDING))
    else:
        handset.page.wait_for_timeout(chance.uniform(0, LONGEST_LIFE))
    handset.kill()
    return lost


@pytest.mark.timeout(900)  # each life is one to three seconds long, and a machine may have other things to do
def test_nothing_saved_is_lost_or_doubled_when_the_browser_is_killed_at_random_moments(
    go_out: Callable[[str], Handset],
) -> None:
    handset, chance = go_out("wsgi:app"), random.Random(20261126)
    for life in range(KILLS):
        assert a_life(handset, chance, online=life % 2 == 1) == set()
    handset.office.road.loses = ""
    handset.start().open().sign_in()
    assert handset.forgotten() == set()
    bring_home(handset)
    assert discrepancies(handset) == []
    records = handset.office.records()
    unheard = len(records) - len(handset.saved)
    assert 0 <= unheard <= handset.kills == KILLS, "a kill cuts off at most one word of the app"
    finishes = Counter(one.finish for one in handset.saved)
    assert finishes["refused"] >= KILLS, "hardly anything was saved"
    assert finishes["finished"] >= KILLS / 4, "hardly anybody was interviewed"
    complete = [row for row in records if row["disposition"] == "complete"]
    counted = sum(cell.completed for cell in handset.office.field.cells().values())
    assert counted == len(complete) >= finishes["finished"]
    assert all(row["granted"] for row in complete)


@pytest.mark.parametrize("fault", ["saved_before_it_is", "erased_before_the_receipt"])
def test_the_kills_find_what_is_said_or_erased_too_early(fault: str, go_out: Callable[[str], Handset]) -> None:
    handset, chance = go_out(f"tests.journeys.planted_tablet:{fault}()"), random.Random(7)
    for _ in range(FEW):
        lost = a_life(handset, chance, online=fault == "erased_before_the_receipt")
        if lost - {str(row["id"]) for row in handset.office.records()}:
            return
    pytest.fail(f"{FEW} kills have not found the fault")


def test_who_taps_faster_than_the_disk_writes_upsets_nothing(go_out: Callable[[str], Handset]) -> None:
    handset = go_out("wsgi:app")
    volunteer = handset.start(offline=True).open()
    volunteer.sign_in()
    handset.page.evaluate(_TOO_FAST)
    volunteer.at("interview")
    handset.page.locator("[data-ask]").tap()
    volunteer.wait_for_draft()  # whatever was under way has ended, and the page has reported no error
    assert volunteer.question == "age"


# --- what a kill does to the database itself --------------------------------------------------------------------


def tear(handset: Handset, copy: str) -> None:
    """What a kill in the middle of a write leaves behind: the log of a database ends with a piece of a record.

    Chromium goes on in this log at the next start, finds it damaged at the one after, and throws the database away.
    """
    log = max((handset.profile / "Default").glob(f"{COPIES[copy]}/*.log"))
    left = BLOCK - log.stat().st_size % BLOCK
    with log.open("ab") as end:
        if left < 64:
            end.write(bytes(left))
            left = BLOCK
        end.write(struct.pack("<IHB", 0, left - 7, 1) + b"torn off here")


def thrown_away(handset: Handset, copy: str) -> bool:
    """Whether Chromium has begun this database anew."""
    (log,) = (handset.profile / "Default").glob(f"{COPIES[copy]}/LOG")
    return "since it was missing" in log.read_text("utf-8")


def refusals_around_a_torn_log(handset: Handset, copy: str) -> None:
    """Two are saved, the log is torn, two more are saved, and the browser is started once more."""
    for torn in (False, True):
        if torn:
            tear(handset, copy)
        volunteer = handset.start(offline=True).open()
        volunteer.sign_in()
        volunteer.refuse()
        volunteer.refuse()
        handset.close()
    handset.start(offline=True).open()
    handset.wait_until(lambda: handset.page.evaluate("document.body.dataset.screen") is not None)
    assert thrown_away(handset, copy)


@pytest.mark.parametrize("copy", COPIES)
def test_a_database_that_the_browser_throws_away_is_made_again_from_its_second_copy(
    copy: str, go_out: Callable[[str], Handset]
) -> None:
    handset = go_out("wsgi:app")
    refusals_around_a_torn_log(handset, copy)
    assert handset.forgotten() == set()
    Volunteer(handset.page, handset.office).sign_in()
    handset.close()
    handset.start().open().sign_in()
    bring_home(handset)
    assert discrepancies(handset) == []
    assert [row["disposition"] for row in handset.office.records()] == ["refused"] * 4


def test_without_a_second_copy_it_would_be_lost(go_out: Callable[[str], Handset]) -> None:
    handset = go_out("tests.journeys.planted_tablet:one_copy_only()")
    refusals_around_a_torn_log(handset, "first")
    assert len(handset.forgotten()) == len(handset.saved) == 4
    assert handset.page.locator("body").get_attribute("data-screen") == "enrol"
