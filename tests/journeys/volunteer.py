"""A volunteer with a tablet, from the office's preparations to the last record: what is pressed, and what is shown.

The journeys that break networks and kill browsers use the same driver; it never waits for the server by itself.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import ColumnElement, select
from sqlmodel import col

from survey.db import migrate
from survey.domain.account import Role
from survey.domain.wave import Mode
from survey.services.accounts import add_account
from survey.services.tablets import list_tablets, new_enrolment
from survey.services.volunteer_pins import set_pin
from survey.tables.assignment import TurnRow
from survey.tables.paradata import ParadataRow
from tests import browser
from tests.browser import Server
from tests.field import AREA, CHINA, Field, open_field, plan_text, questionnaire_text
from tests.journeys.staff import PASSWORD

ENGLISH: dict[str, Any] = browser.TABLET | {"locale": "en-GB"}
PIN = "418305"
ANSWERS: dict[str, object] = {
    "age": "18-34",
    "sex": "F",
    "home": AREA,
    "parks": "satisfied",
    "activities": ["cleaning", "traffic"],
    "times": 3,
    "comment": "More trees",
}

# Every record that the app calls saved, in order: what the app says is on the disk.
_LISTEN = """
sessionStorage.saved ??= "[]";
document.addEventListener("minsheng:saved", ({ detail }) => {
  sessionStorage.saved = JSON.stringify([...JSON.parse(sessionStorage.saved), detail]);
});
"""

# Writes ever smaller pieces until not even a small one finds room; what the last one was refused with.
_FILL = """async () => {
  const database = await new Promise((resolve) => {
    const opening = indexedDB.open("filler");
    opening.onupgradeneeded = () => opening.result.createObjectStore("pieces");
    opening.onsuccess = () => resolve(opening.result);
  });
  let refused = null;
  for (let size = 65536, n = 0; size >= 1; size /= 2) {
    for (let ended = null; ended === null; n += 1) {
      const piece = crypto.getRandomValues(new Uint8Array(size));
      ended = await new Promise((resolve) => {
        const transaction = database.transaction("pieces", "readwrite", { durability: "strict" });
        transaction.objectStore("pieces").put(piece, n);
        transaction.oncomplete = () => resolve(null);
        transaction.onabort = () => resolve(transaction.error.name);
      });
      refused = ended;
    }
  }
  database.close();
  return refused;
}"""


class Square:
    """An opened wave behind a server of its own, and an office that knows its volunteers and tablets."""

    def __init__(self, field: Field, server: Server) -> None:
        self.field = field
        self.server = server
        self.names: dict[str, int] = {}
        self._labels = count(1)

    def hire(self, name: str, pin: str = PIN) -> str:
        """A volunteer with a PIN."""
        if name not in self.names:
            account = add_account(self.field.db, name, Role.VOLUNTEER.value, PASSWORD, datetime.now(UTC))
            set_pin(self.field.db, account.id, pin)
            self.names[name] = account.id
        return name

    def new_label(self) -> str:
        """A label that no tablet has."""
        return f"平板{next(self._labels)}"

    def code(self, label: str) -> str:
        """A code to enrol one tablet with."""
        return new_enrolment(self.field.db, label, datetime.now(UTC)).code

    def device(self, label: str) -> UUID:
        """The enrolled tablet of this label."""
        (device,) = [each for each in list_tablets(self.field.db, datetime.now(UTC))[0] if each.label == label]
        return device.id

    def response(self, record: str) -> dict[str, Any]:
        """What the server has stored of a record."""
        return self.field.row(UUID(record))

    def paradata(self, record: str) -> dict[str, Any]:
        """What the server knows of how a record came about."""
        (row,) = self._rows(ParadataRow, col(ParadataRow.response_id) == UUID(record))
        return row

    def paradata_of(self, assignment: UUID) -> list[dict[str, Any]]:
        """The same of every record of an assignment."""
        return self._rows(ParadataRow, col(ParadataRow.assignment_id) == assignment)

    def turns_of(self, assignment: UUID) -> list[dict[str, Any]]:
        """Whose turn it was in an assignment."""
        return self._rows(TurnRow, col(TurnRow.assignment_id) == assignment)

    def _rows(self, table: type[ParadataRow] | type[TurnRow], where: ColumnElement[bool]) -> list[dict[str, Any]]:
        columns = [col(getattr(table, name)) for name in table.model_fields]
        with self.field.db.reading() as connection:
            return [dict(row) for row in connection.execute(select(*columns).where(where)).mappings()]


@contextmanager
def open_square(
    folder: Path,
    *,
    protocol: Mapping[str, object] | None = None,
    n: int = 1200,
    closes_after: timedelta = timedelta(days=20),
) -> Iterator[Square]:
    """A wave around the present moment with these rules of the street; `n` interviews over its twelve cells."""
    now, url = datetime.now(CHINA), f"sqlite:///{folder}/square.sqlite"
    migrate(url)
    plan = plan_text(now, samples={Mode.INTERCEPT: n}, closes_after=closes_after)
    rules = "".join(f"\n  {name}: {value}" for name, value in (protocol or {}).items())
    field = open_field(
        url,
        now=now,
        plan=f"{plan}\nintercept:{rules}" if rules else plan,
        questionnaire=questionnaire_text(valid_until=f"{now + timedelta(days=90):%Y-%m-%d}"),
    )
    told = {"DATABASE_URL": url, "MINSHENG_HOME": str(folder), "SECRET_KEY": field.settings.secret_key}
    told["WEB_CONCURRENCY"] = "1"
    try:
        with browser.gunicorn(folder / "gunicorn.log", told) as server:
            yield Square(field, server)
    finally:
        field.close()


class Volunteer:
    """The app on one tablet."""

    def __init__(self, page: Page, square: Square, name: str = "li-lei", pin: str = PIN) -> None:
        self.page = page
        self.square = square
        self.name = square.hire(name, pin)
        self.pin = pin
        self.label = square.new_label()
        page.add_init_script(_LISTEN)

    # --- getting ready ------------------------------------------------------------------------------------------

    def open(self, fragment: str = "", language: str = "en") -> None:
        """Open the app."""
        self.page.goto(f"{self.square.server.url}/tablet/?lang={language}{fragment}")

    def enrol(self) -> None:
        """Scan the office's code with the tablet's camera."""
        self.open(f"#enrol={self.square.code(self.label)}")
        self.at("sign_in")

    def sign_in(self, name: str = "", pin: str = "") -> None:
        """Choose a name, where one is to be chosen, and type the PIN."""
        self.at("sign_in")
        if self.page.locator("#names").is_visible():
            self.page.locator("#names").get_by_role("button", name=name or self.name, exact=True).tap()
        self.type_pin(pin or self.pin)
        self.page.wait_for_function('() => document.body.dataset.screen !== "sign_in"')

    def take_over(self, name: str, pin: str) -> None:
        """Another volunteer gives a PIN at the lock, and ends the turn of the one before."""
        self.at("sign_in")
        self.page.locator("#take-over").tap()
        self.page.locator("#names").get_by_role("button", name=name, exact=True).tap()
        self.type_pin(pin)
        self.page.locator("#handing-over button.primary").tap()
        self.at("street")

    def type_pin(self, pin: str) -> None:
        """Six taps on the pad."""
        for digit in pin:
            self.page.locator(f'.keys [data-digit="{digit}"]').tap()

    def take(self, number: int | None = None) -> None:
        """Take the point of this number in the shift that runs now; None: the square's first."""
        self.at("take")
        wanted = number or self.square.field.point.number
        self.page.locator("#find").fill(str(wanted))
        expect(self.page.locator("#points label")).to_have_count(1)
        self.page.locator("#points label").tap()
        self.page.get_by_role("button", name=re.compile("Take this point|领取")).tap()
        self.at("street")

    def ready(self) -> "Volunteer":
        """Enrolled, signed in, at the point."""
        self.enrol()
        self.sign_in()
        self.take()
        return self

    def limit_storage(self, size: int) -> None:
        """Give the app this many bytes of the tablet's storage. To be done before anything is stored."""
        self.open()
        self._devtools = self.page.context.new_cdp_session(self.page)
        told = {"origin": self.square.server.url, "quotaSize": size}
        self._devtools.send("Storage.overrideQuotaForOrigin", told)

    def fill_storage(self) -> None:
        """Fill what is left of it with something else."""
        assert self.page.evaluate(_FILL) == "QuotaExceededError"

    def clear_storage(self) -> None:
        """Remove what filled it."""
        self.page.evaluate("() => new Promise((gone) => (indexedDB.deleteDatabase('filler').onsuccess = gone))")

    # --- in the street ------------------------------------------------------------------------------------------

    def at(self, screen: str) -> None:
        """Wait until this screen is shown."""
        expect(self.page.locator("body")).to_have_attribute("data-screen", screen, timeout=20_000)

    @property
    def passed(self) -> int:
        """How many passers-by the button shows."""
        return int(self.page.locator("#passer b").text_content() or 0)

    @property
    def approaching(self) -> bool:
        """Whether somebody is to be approached now."""
        return self.page.locator("#approach").is_visible()

    def wait_for_somebody(self) -> int:
        """Count passers-by until one is to be approached; how many it took."""
        self.at("street")
        taps = 0
        while not self.approaching:
            before = self.passed
            self.page.locator("#passer").tap()
            self.page.wait_for_function(
                "before => Number(document.querySelector('#passer b').textContent) > before", arg=before
            )
            taps += 1
        return taps

    def outcome(self, finish: str, reason: str = "", **observed: str) -> None:
        """One tap for what came of an approach, and perhaps more about it."""
        saved = len(self.saved)
        self.page.locator(f'#approach [data-finish="{finish}"]').tap()
        self.wait_for_saved(saved + 1)
        expect(self.page.locator("#after")).to_be_visible()
        chips = [f'[data-reasons="{finish}"] [data-reason="{reason}"]'] if reason else []
        chips += [f'[data-observe="{dimension}"] [data-code="{code}"]' for dimension, code in observed.items()]
        for chip in chips:
            self.page.locator(f"#after {chip}").tap()
            expect(self.page.locator(f"#after {chip}")).to_have_attribute("aria-pressed", "true")

    def refuse(self, reason: str = "no_time", **observed: str) -> None:
        """The next one refuses."""
        self.wait_for_somebody()
        self.outcome("refused", reason, **observed)

    # --- the interview ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin with the next one who is to be approached, up to the first question."""
        self.wait_for_somebody()
        self.page.locator("#begin").tap()
        self.page.locator('[data-stage="opening"] [data-ask]').tap()

    def item(self, code: str) -> Locator:
        """One question with its control."""
        return self.page.locator(f'fieldset[id="{code}"]')

    @property
    def question(self) -> str:
        """The code of the question on the screen."""
        return self.page.locator("fieldset.current").get_attribute("id") or ""

    def answer(self, code: str, *categories: str, text: str = "") -> None:
        """Answer the question that is shown: tap its categories, or type."""
        item = self.item(code)
        for category in categories:
            item.locator(f'label:has(input[value="{category}"])').tap()
        if text:
            item.locator("input, textarea").first.fill(text)

    def live_in(self, code: str, area: str) -> None:
        """Choose a neighbourhood by its code, list by list."""
        for name, value in ((f"{code}__district", area[:6]), (f"{code}__street", area[:9]), (code, area)):
            choice = self.page.locator(f'select[name="{name}"]')
            expect(choice.locator(f'option[value="{value}"]')).to_have_count(1)
            if choice.input_value() != value:
                choice.select_option(value)

    def next(self) -> None:
        """The next question."""
        self.page.locator("[data-next]").tap()

    def answer_one(self, code: str, given: object) -> None:
        """Answer the question that is shown as its type wants it; None: not at all."""
        if self.item(code).get_attribute("data-type") == "area" and isinstance(given, str):
            self.live_in(code, given)
        elif self.item(code).locator("label").count() and isinstance(given, str | list):
            self.answer(code, *([given] if isinstance(given, str) else given))
        elif given is not None:
            self.answer(code, text=str(given))

    def answer_all(self, answers: Mapping[str, object]) -> None:
        """Answer question after question up to the last; what is not in `answers` is passed over."""
        while True:
            code = self.question
            self.answer_one(code, answers.get(code))
            if self.page.locator("[data-finish]").is_visible():
                return
            self.next()
            expect(self.page.locator(f'fieldset.current:not([id="{code}"])')).to_have_count(1)

    def wait_for_draft(self) -> None:
        """Wait until everything answered so far is on the disk."""
        expect(self.page.locator(".interview")).to_have_attribute("data-kept", "yes")

    def finish(self) -> dict[str, str]:
        """Finish the interview; what the app called saved."""
        saved = len(self.saved)
        self.page.locator("[data-finish]").tap()
        return self.wait_for_saved(saved + 1)[-1]

    def interview(self, answers: Mapping[str, object]) -> dict[str, str]:
        """A whole interview with the next one who is to be approached."""
        self.begin()
        self.answer_all(answers)
        saved = self.finish()
        self.at("street")
        return saved

    # --- what is known ------------------------------------------------------------------------------------------

    @property
    def saved(self) -> list[dict[str, str]]:
        """{id, finish} of every record that the app has called saved in this tab."""
        told: list[dict[str, str]] = self.page.evaluate('() => JSON.parse(sessionStorage.saved ?? "[]")')
        return told

    def wait_for_saved(self, count: int) -> list[dict[str, str]]:
        """Wait until so many are saved."""
        self.page.wait_for_function('count => JSON.parse(sessionStorage.saved ?? "[]").length >= count', arg=count)
        return self.saved

    def counts(self, finish: str, number: int) -> None:
        """Wait until the street screen counts so many of these in this shift."""
        expect(self.page.locator(f'[data-count="{finish}"]')).to_have_text(str(number))

    def wait_until_sent(self) -> None:
        """Wait until nothing is left to send."""
        expect(self.page.locator("#to-box")).to_contain_text(re.compile(r"(to send: |待发：)0"), timeout=20_000)

    def lock(self) -> None:
        """Lock the tablet by its button."""
        self.page.locator("#lock").tap()
        self.at("sign_in")
