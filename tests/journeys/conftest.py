"""What the journeys share: servers that several tests visit, and who is signed in at the desk."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from survey.db import migrate
from survey.domain.wave import Mode
from survey.services.demonstration import ACCOUNTS
from tests import browser
from tests.browser import Server
from tests.field import Field, open_field, plan_text, questionnaire_text
from tests.journeys.resident import ENGLISH, Resident
from tests.journeys.staff import sign_in
from tests.journeys.volunteer import ENGLISH as ENGLISH_TABLET
from tests.journeys.volunteer import PIN, Square, Volunteer, open_square


class Street:
    """An opened wave of the short questionnaire and the server that serves it."""

    def __init__(self, field: Field, server: Server) -> None:
        self.field = field
        self.server = server

    @property
    def form(self) -> str:
        """The address behind the first poster."""
        return f"{self.server.url}/r/{self.field.point.code}"

    def stored(self) -> int:
        """How many responses there are."""
        return len(self.field.rows())


@pytest.fixture(scope="session")
def open_street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Street]]:
    """Opens a wave around the present moment behind a server of its own: `open_street(grace_hours=0)`."""
    with ExitStack() as streets:

        def make(*, grace_hours: int = 48) -> Street:
            folder, now = tmp_path_factory.mktemp("street"), datetime.now(UTC)
            url = f"sqlite:///{folder}/street.sqlite"
            migrate(url)
            plan = plan_text(now, samples={Mode.INTERCEPT: 1200})
            field = open_field(
                url,
                now=now,
                plan=plan.replace("grace_hours: 48", f"grace_hours: {grace_hours}"),
                questionnaire=questionnaire_text(valid_until=f"{now + timedelta(days=90):%Y-%m-%d}"),
            )
            streets.callback(field.close)
            told = {"DATABASE_URL": url, "MINSHENG_HOME": str(folder), "SECRET_KEY": field.settings.secret_key}
            return Street(field, streets.enter_context(browser.gunicorn(folder / "gunicorn.log", told)))

        yield make


@pytest.fixture(scope="session")
def street(open_street: Callable[..., Street]) -> Street:
    """An opened wave that many tests share: each looks at its own form only."""
    return open_street()


@pytest.fixture
def english_phone(new_context: Callable[..., BrowserContext]) -> Page:
    """A phone that speaks English."""
    return new_context(**ENGLISH).new_page()


@pytest.fixture
def resident(english_phone: Page, street: Street) -> Resident:
    """Somebody who has just opened the form."""
    english_phone.goto(street.form)
    return Resident(english_phone)


@pytest.fixture(scope="session")
def make_square(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Square]]:
    """Opens a wave for volunteers with rules of its own: `make_square(protocol={"every": 3}, n=1200)`."""
    with ExitStack() as squares:
        yield lambda **rules: squares.enter_context(open_square(tmp_path_factory.mktemp("square"), **rules))


@pytest.fixture(scope="session")
def square(make_square: Callable[..., Square]) -> Square:
    """A wave that many tests share: each second passer-by is approached, and a tablet gets four slots a cell."""
    return make_square(protocol={"every": 2, "slots": 24}, n=12_000)


@pytest.fixture
def tablet_of(new_context: Callable[..., BrowserContext]) -> Callable[..., Volunteer]:
    """A new tablet in a volunteer's hands: `tablet_of(square, "han-meimei", color_scheme="dark")`."""

    def make(square: Square, name: str = "li-lei", pin: str = PIN, **options: Any) -> Volunteer:
        return Volunteer(new_context(**ENGLISH_TABLET | options).new_page(), square, name, pin)

    return make


@pytest.fixture
def volunteer(tablet_of: Callable[..., Volunteer], square: Square) -> Volunteer:
    """Somebody who has enrolled a tablet, signed in and gone to the first point."""
    return tablet_of(square).ready()


@pytest.fixture(scope="session")
def demonstration_server(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the demonstration, for tests that only read."""
    folder = tmp_path_factory.mktemp("demonstration-server")
    shutil.copytree(demonstration, folder / "database")
    told = {"DATABASE_URL": f"sqlite:///{folder}/database/demonstration.sqlite", "MINSHENG_HOME": str(folder)}
    told["WEB_CONCURRENCY"] = "1"  # what the pages work out is kept by each process for itself
    with browser.gunicorn(folder / "gunicorn.log", told) as server:
        yield server


@pytest.fixture(scope="session")
def sessions(demonstration_server: Server, chromium: Browser) -> dict[str, StorageState]:
    """The cookies of each of the demonstration's accounts, signed in once."""
    kept: dict[str, StorageState] = {}
    for name, _, password in ACCOUNTS:
        context = chromium.new_context(**browser.DESK)
        page = context.new_page()
        sign_in(page, demonstration_server.url, name, password)
        page.wait_for_url("**/desk/**")
        kept[name] = context.storage_state()
        context.close()
    return kept


@pytest.fixture
def at_desk(new_context: Callable[..., BrowserContext], sessions: dict[str, StorageState]) -> Callable[..., Page]:
    """A page at the demonstration's desk: `at_desk("analyst", color_scheme="dark")`."""

    def make(account: str, **options: object) -> Page:
        return new_context(**browser.DESK | {"storage_state": sessions[account]} | options).new_page()

    return make
