"""That the app goes on pinging and sending by itself, waits longer after each failure, and comes when it is called."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.tablet.conftest import Device
from tests.tablet.street import A, B, Street
from tests.tablet.test_outbox import keep

pytestmark = pytest.mark.usefixtures("rough_network")

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
MINUTE = 60_000
# The loop's sleeps are written down. Chance always takes the longest wait it may.
_LOOP = """
  const { setTimeout } = window;
  window.delays = [];
  window.setTimeout = (wake, delay) => {
    delays.push(delay);
    return setTimeout(wake, delay);
  };
  window.heard = [];
  window.changes = 0;
  window.running = m.sync.loop(db, device, {
    state: async () => ({ assignment: "a1", app: given }),
    onState: (told) => heard.push(told),
    onChange: () => (changes += 1),
    random: () => 1,
  });
"""


def start(device: Device) -> Device:
    """A loop after its first round, in a page whose timers run only when a test lets time pass."""
    device.page.clock.install(time=NOW - timedelta(seconds=1))
    device.page.clock.pause_at(NOW)
    device.load().run(_LOOP, device.street.release)
    until(device, lambda: rounds(device) == 1)
    return device


def until(device: Device, holds: Callable[[], bool]) -> None:
    """Waits for what happens without the page's timers: requests and the disk."""
    give_up = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up, "it did not come to that"
        device.page.wait_for_timeout(20)
    device.page.wait_for_timeout(100)  # until the loop sleeps again


def rounds(device: Device) -> int:
    """How often the loop has heard something."""
    heard: int = device.page.evaluate("heard.length")
    return heard


def waits(device: Device, count: int) -> list[float]:
    """How many seconds it sleeps before each of the next rounds, which then take place."""
    seconds = []
    for _ in range(count):
        before, wait = rounds(device), device.page.evaluate("delays.at(-1)")
        device.page.clock.run_for(wait - 10)
        device.page.wait_for_timeout(50)
        assert rounds(device) == before
        device.page.clock.run_for(20)
        until(device, lambda before=before: rounds(device) > before)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        seconds.append(wait / 1000)
    return seconds


def last_heard(device: Device) -> dict[str, Any]:
    """What the screens were told."""
    told: dict[str, Any] = device.page.evaluate("heard.at(-1)")
    return told


def test_what_waits_is_sent_at_once_and_the_screens_are_told(device: Device, street: Street) -> None:
    device.load().keep(3)
    device.run(_LOOP, A)
    until(device, lambda: device.states() == [])
    assert len(street.records) == 3
    assert last_heard(device)["online"] is True
    assert device.page.evaluate("changes") == 1
    assert device.run("return db.read('device', 'clock')")["offset"] == pytest.approx(0, abs=2_000)


def test_the_server_is_told_how_the_tablet_stands(device: Device, street: Street) -> None:
    device.load().keep(2)
    street.mood = "refusing"
    device.sync()
    device.keep(1)
    street.mood = "busy"
    device.run(_LOOP, A)
    until(device, lambda: rounds(device) == 1)
    assert {name: value for name, value in street.pings[0].items() if name != "nonce"} == {
        "unsent": 1,
        "refused": 2,
        "assignment": "a1",
        "app": A,
    }


def test_a_record_that_was_held_goes_out_ten_seconds_later(device: Device, street: Street) -> None:
    keep(start(device), at=NOW.timestamp() * 1000)
    device.page.evaluate("running.poke()")
    until(device, lambda: rounds(device) == 2)
    assert street.received == []
    assert waits(device, 1) == [10]
    until(device, lambda: device.states() == [])


def test_without_anything_to_do_it_asks_once_a_minute(device: Device) -> None:
    assert waits(start(device), 2) == [60, 60]


def test_a_portal_makes_it_wait_ever_longer_and_loses_nothing(device: Device, street: Street) -> None:
    start(device).keep(2)
    street.portal = True
    device.page.evaluate("running.poke()")
    until(device, lambda: last_heard(device)["online"] is False)
    assert street.received == []
    assert waits(device, 4) == [2, 4, 8, 16]
    street.portal = False
    device.page.evaluate("running.poke()")
    until(device, lambda: device.states() == [])
    assert len(street.records) == 2


def test_a_busy_server_is_left_alone_for_as_long_as_it_wants(device: Device, street: Street) -> None:
    start(device).keep(1)
    street.mood = "busy"
    device.page.evaluate("running.poke()")
    until(device, lambda: len(street.received) == 1)
    assert waits(device, 1)[0] == pytest.approx(8.75)  # seven seconds, and what chance adds


def test_a_network_that_comes_back_wakes_it(device: Device, street: Street, context: BrowserContext) -> None:
    start(device).keep(1)
    context.set_offline(True)
    device.page.evaluate("running.poke()")
    until(device, lambda: last_heard(device)["online"] is False)
    context.set_offline(False)
    until(device, lambda: device.states() == [])


def test_being_called_in_the_middle_of_a_round_is_not_forgotten(device: Device, street: Street) -> None:
    start(device).keep(1)
    street.mood = "held"
    device.page.evaluate("running.poke()")
    assert street.arrived.wait(10)
    device.keep(1)
    device.page.evaluate("running.poke()")
    street.mood = "well"
    street.held.set()
    until(device, lambda: device.states() == [])
    assert len(street.records) == 2


def test_a_stopped_loop_is_quiet(device: Device, street: Street) -> None:
    start(device).page.evaluate("running.stop()")
    device.page.clock.run_for(10 * MINUTE)
    device.page.evaluate("dispatchEvent(new Event('online'))")
    device.page.wait_for_timeout(100)
    assert rounds(device) == 1


def test_a_page_of_an_old_release_says_so_and_stops(device: Device, street: Street, context: BrowserContext) -> None:
    end = "database.createObjectStore(store);\n  },\n];"
    street.plant(B, "tablet/database.mjs", end, end.replace("];", "  () => {},\n];"))
    start(device)
    street.release = B
    Device(context.new_page(), street).load()
    device.page.evaluate("running.poke()")
    until(device, lambda: last_heard(device)["problem"] == "Outdated")
    device.page.clock.run_for(10 * MINUTE)
    assert rounds(device) == 2


FAULTS = [
    ("success is not told from failure", "if (left) return waits.next(retryAfter);", ""),
    ("the server's wish is not heard", "if (left) return waits.next(retryAfter);", "if (left) return waits.next();"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(device: Device, street: Street, old: str, new: str) -> None:
    street.plant(A, "tablet/sync.mjs", old, new)
    start(device).keep(1)
    street.mood = "busy"
    device.page.evaluate("running.poke()")
    until(device, lambda: len(street.received) == 1)
    assert not 7 <= waits(device, 1)[0] <= 10
