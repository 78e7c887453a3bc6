"""That a tablet may be killed at any moment: what was said to be saved is there afterwards, and arrives exactly once.

The browser has a profile on the disk, is killed as the system kills it, and is started again on the same profile.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import BrowserContext, Playwright
from playwright.sync_api import Error as BrowserError

from tests import browser, machine
from tests.tablet.conftest import Device
from tests.tablet.street import B, Street

# One interview after the other; the server's side of the page is told each id when its save has resolved.
_ENDLESS = """
  for (let sequence = 1; ; sequence++) {
    const record = { format: 1, id: crypto.randomUUID(), sequence, answers: { q1: "a" } };
    await m.outbox.keep(db, await m.outbox.seal(record, given, 1_000_000 + sequence));
    await fetch(`/tablet/saved/${record.id}`);
  }
"""


class Tablet:
    """A browser on a profile; `kill` and `start` as often as one likes."""

    def __init__(self, playwright: Playwright, folder: Path, street: Street) -> None:
        self._playwright = playwright
        self._folder = folder
        self._street = street
        self._context: BrowserContext | None = None

    def start(self) -> Device:
        """The app is opened, with both its copies: after a kill Chromium may throw a whole database away."""
        options = browser.TABLET | browser.launch_options(machine.DESKTOP_BROWSER)
        self._context = self._playwright.chromium.launch_persistent_context(self._folder, **options)
        device = Device(self._context.pages[0], self._street).load()
        device.run("db.close(); window.db = await m.two_copies.openTwoCopies()")
        return device

    def kill(self) -> None:
        """The whole browser, at once."""
        running = [one for one in psutil.Process().children(recursive=True) if self._is_ours(one)]
        assert running
        for process in running:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(running, timeout=10)
        self.close()

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return any(str(self._folder) in part for part in process.cmdline())
        except psutil.Error:
            return False

    def close(self) -> None:
        """No browser is left behind."""
        with suppress(BrowserError):
            if self._context is not None:
                self._context.close()


@pytest.fixture
def tablet_on_disk(playwright: Playwright, tmp_path: Path, street: Street) -> Iterator[Tablet]:
    """A tablet with a profile of its own."""
    tablet = Tablet(playwright, tmp_path / "profile", street)
    yield tablet
    tablet.close()


def saved(street: Street) -> set[str]:
    """The ids of which the page has said that they are saved."""
    return {path.rsplit("/", 1)[1] for _, path in street.requests if path.startswith("/tablet/saved/")}


def lost_and_doubled(
    tablet: Tablet, street: Street, meanwhile: Callable[[Device], None], times: int = 2
) -> tuple[set[str], list[str]]:
    """Kills the tablet so often and sends what it holds; what was saved and did not arrive, and what arrived twice."""
    for _ in range(times):
        device = tablet.start()
        device.start(_ENDLESS, street.assignment())
        meanwhile(device)
        tablet.kill()
    device = tablet.start()
    device.run("await m.outbox.release(db, 0, { all: true })")
    while device.sync()["sent"]:
        pass
    assert device.states() == []
    return saved(street) - set(street.records), [one for one, kept in street.records.items() if len(kept) > 1]


def wait(device: Device) -> None:
    """Until some interviews are saved."""
    device.page.wait_for_timeout(400)


def wait_while_sending(device: Device) -> None:
    """The same, and the outbox is being sent meanwhile, by a network that breaks off."""
    device.page.evaluate("setInterval(() => m.sync.syncOnce(db, device).catch(() => {}), 50) && undefined")
    for mood in ("well", "cut", "hung up", "well"):
        device.street.mood = mood
        device.page.wait_for_timeout(150)
    device.street.mood = "well"


@pytest.mark.parametrize("meanwhile", [wait, wait_while_sending], ids=["while saving", "while saving and sending"])
def test_nothing_saved_is_lost_and_nothing_arrives_twice(
    tablet_on_disk: Tablet, street: Street, meanwhile: Callable[[Device], None]
) -> None:
    assert lost_and_doubled(tablet_on_disk, street, meanwhile) == (set(), [])
    assert len(saved(street)) > 20


def test_killed_between_storing_and_the_receipt_it_sends_the_same_bytes_again(
    tablet_on_disk: Tablet, street: Street
) -> None:
    device = tablet_on_disk.start()
    made = device.keep(3)
    street.mood = "held"
    device.start("return m.sync.syncOnce(db, device)")
    assert street.arrived.wait(10)
    tablet_on_disk.kill()
    street.mood = "well"
    device = tablet_on_disk.start()
    assert device.states() == ["frozen"] * 3  # since before the first byte was sent
    device.sync()
    assert [one["outcome"] for one in device.sent()] == ["repeated"] * 3
    assert street.records == {one["id"]: [one["sealed"]] for one in made}


def test_saving_that_is_promised_too_early_would_be_found(tablet_on_disk: Tablet, street: Street) -> None:
    street.release = B
    street.plant(B, "tablet/database.mjs", "    await complete;\n", "    transaction.abort();\n")
    lost, _ = lost_and_doubled(tablet_on_disk, street, wait, times=1)
    assert lost
