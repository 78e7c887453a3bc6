"""A tablet's browser that can be killed and started again, and the road from it to the office, which can be cut.

The profile is the tablet's memory: it stays when the browser is closed or killed. What the app calls saved is noted in
a ledger outside of it, at the moment it is said, so that afterwards nobody has to believe the tablet.
"""

import contextlib
import os
import select
import signal
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, Error, Page, Playwright, expect
from sqlalchemy import select as sql_select
from sqlmodel import col

from survey.domain.wave import Mode
from survey.services.recount import recount
from survey.tables.paradata import ParadataRow
from survey.tables.response import ResponseRow
from tests import browser, machine
from tests.browser import BrowserErrors
from tests.field import CHINA, Field, open_field, plan_text, questionnaire_text
from tests.journeys.volunteer import Square, Volunteer

PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 52\r\nConnection: close\r\n\r\n"
    b"<!doctype html><title>Wi-Fi</title><h1>Welcome</h1>\n\n"
)
PATIENCE = 30.0  # seconds
_SENDING = b"POST /tablet/submissions"

_TELL = "document.addEventListener('minsheng:saved', ({ detail }) => tellSaved(detail));"
_ALL = """async (store) => {
  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await answer(indexedDB.open("minsheng"));
  const all = await answer(database.transaction(store).objectStore(store).getAll());
  database.close();
  return all;
}"""


class Road:
    """The only way from the tablets to the office: it may be cut, lead to a hotel's page, or lose what comes back."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._carried: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.port: int | None = None  # of the office; None: cut
        self.portal = False
        self.loses = ""  # "records": they leave the tablet and don't arrive; "receipts": they don't come back
        self.busy = threading.Event()  # records were on their way; where receipts are lost, one was lost

    @contextmanager
    def up(self) -> Iterator["Road"]:
        """Carry for the length of the block."""
        carrier = threading.Thread(target=self._carry_all)
        carrier.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self.cut()
            carrier.join()

    def cut(self) -> None:
        """From now on nobody gets through, nor does what is under way."""
        self.port = None
        for end in list(self._carried):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def through_a_portal(self) -> Iterator[None]:
        """For the length of the block somebody else answers everything."""
        port, self.portal = self.port, True
        self.cut()
        yield
        self.port, self.portal = port, False

    def _carry_all(self) -> None:
        with suppress(OSError):
            while True:
                tablet, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(tablet,), daemon=True).start()

    def _carry(self, tablet: socket.socket) -> None:
        with tablet, suppress(OSError):
            if self.portal:
                tablet.sendall(PORTAL)
                tablet.shutdown(socket.SHUT_WR)
                while tablet.recv(65_536):
                    pass
            elif self.port is None:
                tablet.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            else:
                with socket.create_connection(("127.0.0.1", self.port)) as office:
                    ends = {tablet, office}
                    self._carried |= ends
                    try:
                        self._exchange(tablet, office)
                    finally:
                        self._carried -= ends

    def _exchange(self, tablet: socket.socket, office: socket.socket) -> None:
        records = False  # whether this is about records
        while True:
            for source in select.select([tablet, office], [], [])[0]:
                said = source.recv(65_536)
                if not said:
                    return
                if source is tablet and said.startswith((b"POST ", b"GET ")):
                    records = said.startswith(_SENDING)
                lost = records and self.loses == ("records" if source is tablet else "receipts")
                if not lost:
                    (office if source is tablet else tablet).sendall(said)
                if records and (lost or self.loses != "receipts"):
                    self.busy.set()


class Office(Square):
    """A wave behind the real server, at an address that stays while servers come and go."""

    def __init__(self, field: Field, folder: Path, road: Road) -> None:
        self._folder = folder
        self._running = ExitStack()
        self._started = 0
        self.road = road
        self.field = field
        self.start()
        super().__init__(field, replace(self._server, url=road.url))

    def start(self, application: str = "wsgi:app") -> None:
        """Serve, perhaps as another release or one with a fault."""
        self._started += 1
        home = self._folder / f"office-{self._started}"
        home.mkdir()
        told = {
            "DATABASE_URL": self.field.settings.database_url,
            "MINSHENG_HOME": str(home),
            "SECRET_KEY": self.field.settings.secret_key,
            "PUBLIC_URL": self.road.url,
            "WEB_CONCURRENCY": "1",
        }
        self._server = self._running.enter_context(browser.gunicorn(home / "log", told, application))
        self.road.port = int(self._server.url.rpartition(":")[2])

    def stop(self) -> None:
        """Nobody serves any more, and the road ends here."""
        self.road.cut()
        self._running.close()

    def records(self) -> list[dict[str, Any]]:
        """Every response that came from a tablet, with its paradata, in the order of the approaches."""
        columns = [col(getattr(table, name)) for table in (ResponseRow, ParadataRow) for name in table.model_fields]
        joined = sql_select(*columns).join(ParadataRow, col(ParadataRow.response_id) == col(ResponseRow.id))
        with self.field.db.reading() as connection:
            rows = [dict(row) for row in connection.execute(joined).mappings()]
        return sorted(rows, key=lambda row: (row["assignment_id"], row["sequence"]))


@contextmanager
def open_office(
    database_url: str,
    folder: Path,
    *,
    protocol: Mapping[str, object],
    questionnaire: str = "",
    n: int = 1200,
    closes_after: timedelta = timedelta(days=20),
) -> Iterator[Office]:
    """A wave around the present moment with these rules of the street; `n` interviews over its twelve cells."""
    now = datetime.now(CHINA)
    text = questionnaire or questionnaire_text(valid_until=f"{now + timedelta(days=90):%Y-%m-%d}")
    plan = plan_text(now, samples={Mode.INTERCEPT: n}, closes_after=closes_after)
    rules = "".join(f"\n  {name}: {value}" for name, value in protocol.items())
    field = open_field(database_url, now=now, plan=f"{plan}\nintercept:{rules}", questionnaire=text)
    with Road().up() as road:
        office = Office(field, folder, road)
        try:
            yield office
        finally:
            office.stop()
            field.close()


@dataclass(frozen=True, slots=True)
class Saved:
    """What the app called saved."""

    id: str
    finish: str


class Handset:
    """One tablet: its profile, its browser while that runs, and the ledger of what was called saved."""

    def __init__(self, playwright: Playwright, folder: Path, office: Office, errors: BrowserErrors) -> None:
        self._playwright = playwright
        self._errors = errors
        self._process: psutil.Process | None = None
        self.office = office
        self.profile = folder
        self.saved: list[Saved] = []
        self.kills = 0
        self.context: BrowserContext
        self.page: Page

    def start(self, *, offline: bool = False, **options: Any) -> "Handset":
        """The browser is started, with whatever its last life has left behind."""
        told = (
            browser.launch_options(machine.DESKTOP_BROWSER)
            | browser.TABLET
            | {"locale": "en-GB", "offline": offline}
            | options
        )
        self.context = self._playwright.chromium.launch_persistent_context(self.profile, **told)
        self._process = _browser_of(self.profile)
        self._errors.watch(self.context)
        self.context.expose_binding("tellSaved", lambda _source, told: self.saved.append(Saved(**told)))
        self.context.add_init_script(_TELL)
        self.page = self.context.pages[0]
        return self

    def close(self) -> None:
        """Closed as one closes a browser."""
        if self._process:
            self._process = None
            self.context.close()

    def kill(self) -> None:
        """Every process of this browser is killed, with whatever it is doing."""
        assert self._process
        family = [self._process, *self._process.children(recursive=True)]
        for process in family:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)  # the others hold no file that the next life needs
        self._process = None
        self.kills += 1
        with suppress(Error):
            self.context.close()  # hears the last of what was said

    def open(self, name: str = "li-lei", language: str = "en") -> Volunteer:
        """A volunteer opens the app."""
        volunteer = Volunteer(self.page, self.office, name)
        volunteer.open(language=language)
        return volunteer

    def all(self, store: str) -> list[dict[str, Any]]:
        """What lies in a store of the tablet's database."""
        found: list[dict[str, Any]] = self.page.evaluate(_ALL, store)
        return found

    def kept(self) -> set[str]:
        """The ids of all records that the tablet still has or has an acknowledgement of."""
        return {entry["id"] for store in ("outbox", "sent") for entry in self.all(store)}

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Let the tablet go on until this holds."""
        give_up = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < give_up, "it does not come to hold"
            self.page.wait_for_timeout(50)

    def forgotten(self) -> set[str]:
        """What was called saved and is not on the tablet."""
        return {one.id for one in self.saved} - self.kept()


def _browser_of(profile: Path) -> psutil.Process:
    """The browser's first process."""
    wanted = f"--user-data-dir={profile}"
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            line = process.cmdline()
            if wanted in line and not any(part.startswith("--type=") for part in line):
                return process
    raise RuntimeError(f"no browser runs on {profile}")


@contextmanager
def new_handset(playwright: Playwright, folder: Path, office: Office, errors: BrowserErrors) -> Iterator[Handset]:
    """A tablet out of its box; at the end its browser is closed."""
    errors.allow("Failed to load resource")  # what a browser says of every network that is not there
    errors.allow("net::ERR")
    handset = Handset(playwright, folder, office, errors)
    with contextlib.closing(handset):
        yield handset


def bring_home(handset: Handset) -> None:
    """With a network again everything is sent, and the app finds itself equal with the server."""
    page = handset.page
    Volunteer(page, handset.office).wait_until_sent()
    page.locator("#to-box").tap()
    expect(page.locator("body")).to_have_attribute("data-screen", "box")
    page.locator("#compare").tap()
    expect(page.locator('[data-told="equal"]')).to_be_visible(timeout=20_000)
    assert handset.all("outbox") == []


def discrepancies(handset: Handset) -> list[str]:
    """What does not hold between what was called saved and what the server has."""
    office, wrong = handset.office, []
    records = office.records()
    stored = {str(row["id"]) for row in records}
    if lost := {one.id for one in handset.saved} - stored:
        wrong.append(f"{len(lost)} of {len(handset.saved)} saved records are not at the server")
    if not handset.kept() >= stored:
        wrong.append("the server has records that the tablet does not know")
    if office.field.copies() or any(entry["outcome"] == "conflict" for entry in handset.all("sent")):
        wrong.append("a record came in two versions")
    for assignment, count in Counter(row["assignment_id"] for row in records).items():
        sequences = [row["sequence"] for row in records if row["assignment_id"] == assignment]
        if sequences != list(range(1, count + 1)):
            wrong.append(f"approaches are numbered {sequences}")
    if miscounts := recount(office.field.db)[1]:
        wrong.append(f"{len(miscounts)} counters are wrong")
    return wrong
