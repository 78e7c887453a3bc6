"""A page that runs the tablet's modules against the little server of the street."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests import browser
from tests.browser import BrowserErrors
from tests.tablet.street import Street, open_street

_LOAD = """async ([folder, names]) => {
  const modules = await Promise.all(names.map((name) => import(`${folder}/${name}.mjs`)));
  window.m = Object.fromEntries(names.map((name, position) => [name, modules[position]]));
  window.device = { device: "6f0d7c4e-0000-4000-8000-0000000000dd", secret: "s" };
  window.db = await m.database.openDatabase(indexedDB, { onOutdated: () => (window.outdated = true) });
}"""
_DEVICE_SIDE = ["bytes", "comparison", "connection", "database", "drafts", "outbox", "persistence", "pin", "release"]
_DEVICE_SIDE += ["rescue", "seal", "sync", "two_copies"]
# Records that were just made, each with an id of its own.
_KEEP = """
  const made = [];
  for (let sequence = 1; sequence <= given.count; sequence++) {
    const record = { format: 1, id: crypto.randomUUID(), sequence, finish: "finished", answers: { q1: "a" } };
    const entry = await m.outbox.seal(record, given.assignment, 1_000_000 + sequence);
    await m.outbox.keep(db, entry);
    made.push({ id: entry.id, digest: entry.digest, sealed: entry.sealed });
  }
  await m.outbox.release(db, 0, { all: true });
  return made;
"""
# With `db`, `device` and every module as `m.name`; storage is emptied by nobody but the test.
_SCRIPT = "async (given) => {{ const {{ m, db, device }} = window; {} }}"


@dataclass
class Device:
    """One tab of a tablet's browser."""

    page: Page
    street: Street

    def load(self, path: str = "/tablet/?lang=zh-Hans", release: str | None = None) -> "Device":
        """Open the page anew with the modules of a release."""
        self.page.goto(self.street.url + path)
        self.page.evaluate(_LOAD, [f"/static/{release or self.street.release}/tablet", _DEVICE_SIDE])
        return self

    def run(self, script: str, given: object = None) -> Any:
        """What the body of an async function returns."""
        return self.page.evaluate(_SCRIPT.format(script), given)

    def start(self, script: str, given: object = None) -> None:
        """Begin something, and don't wait for its end."""
        self.page.evaluate(f"(given) => {{ window.begun = ({_SCRIPT.format(script)})(given) }}", given)

    def finish(self) -> Any:
        """What came of what was begun."""
        return self.page.evaluate("window.begun")

    def keep(self, count: int) -> list[dict[str, str]]:
        """So many records in the outbox, waiting to be sent."""
        made: list[dict[str, str]] = self.run(_KEEP, {"count": count, "assignment": self.street.assignment()})
        return made

    def sync(self, **options: object) -> dict[str, Any]:
        """One pass."""
        told: dict[str, Any] = self.run("return m.sync.syncOnce(db, device, given)", options)
        return told

    def states(self) -> list[str]:
        """The states of the outbox's records, oldest first."""
        states: list[str] = self.run("return (await m.outbox.entries(db)).map(({ state }) => state)")
        return states

    def sent(self) -> list[dict[str, Any]]:
        """What was acknowledged."""
        sent: list[dict[str, Any]] = self.run("return db.all('sent')")
        return sent


@pytest.fixture
def street() -> Iterator[Street]:
    """The server, well-meaning until told otherwise."""
    with open_street() as opened:
        yield opened


@pytest.fixture
def rough_network(browser_errors: BrowserErrors) -> None:
    """The browser itself reports every answer that is none; here that is no fault of the page."""
    browser_errors.allow("Failed to load resource")
    browser_errors.allow("net::ERR")


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    """A tablet's browser, with nothing in it yet."""
    return new_context(**browser.TABLET)


@pytest.fixture
def device(context: BrowserContext, street: Street) -> Device:
    """A tab of it; `device.load()` opens the page."""
    return Device(context.new_page(), street)
