"""The fixtures that tests of several folders share: fresh databases, browser pages, a live server."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from survey.db import Database, migrate
from survey.services.demonstration import build_demonstration
from tests import browser, machine, postgresql
from tests.browser import BrowserErrors, Server
from tests.field import Field, open_field

# No test is about time: a busy machine must not fail one. Where everything is required, everybody tries the same
# examples; elsewhere each run tries new ones.
settings.register_profile(
    "project",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=machine.all_parts_required(),
)
settings.load_profile("project")
expect.set_options(timeout=20_000)  # milliseconds; what is there already is not waited for


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector of garbage need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    migrate(f"sqlite:///{folder}/template.sqlite")
    return folder


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[postgresql.Databases]:
    """The source of fresh, migrated PostgreSQL databases."""
    with postgresql.maintenance_url() as url:
        databases = postgresql.Databases(url)
        with databases.template(migrate):
            yield databases


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite database."""
    shutil.copytree(_sqlite_template, tmp_path / "database")
    return f"sqlite:///{tmp_path}/database/template.sqlite"


@pytest.fixture
def postgresql_url(postgresql_databases: postgresql.Databases) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    with postgresql_databases.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small demonstration, `demonstration.sqlite`. Copy it; nobody writes in this one."""
    folder = tmp_path_factory.mktemp("demonstration")
    url = f"sqlite:///{folder}/demonstration.sqlite"
    migrate(url)
    db = Database(url)
    build_demonstration(db, "a key for tests, as long as a key has to be", datetime.now(UTC), _unheard, share=0.15)
    db.close()
    return folder


def _unheard(what: str, done: int, of: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database; the test runs once for each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def new_field(database_url: str) -> Iterator[Callable[..., Field]]:
    """Opens a wave of its own shape: `new_field(plan=…, questionnaire=…)`."""
    with ExitStack() as fields:

        def make(**shape: Any) -> Field:
            field = open_field(database_url, **shape)
            fields.callback(field.close)
            return field

        yield make


@pytest.fixture
def field(new_field: Callable[..., Field]) -> Field:
    """An opened wave."""
    return new_field()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright itself, for tests that start a browser of their own."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The browser that all tests share; each makes its own context."""
    started = browser.launch(playwright)
    yield started
    started.close()


@pytest.fixture
def browser_errors() -> Iterator[BrowserErrors]:
    """What the pages complain about; anything that the test does not allow fails it."""
    errors = BrowserErrors()
    yield errors
    assert not errors.unexpected(), "the pages reported errors:\n" + "\n".join(errors.unexpected())


@pytest.fixture
def new_context(chromium: Browser, browser_errors: BrowserErrors) -> Iterator[Callable[..., BrowserContext]]:
    """Makes watched browser contexts: `new_context(**PHONE, color_scheme="dark")`."""
    with ExitStack() as contexts:

        def make(**options: Any) -> BrowserContext:
            context = chromium.new_context(**options)
            contexts.callback(context.close)
            browser_errors.watch(context)
            return context

        yield make


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext]) -> Page:
    """A page on a resident's phone."""
    return new_context(**browser.PHONE).new_page()


@pytest.fixture
def tablet(new_context: Callable[..., BrowserContext]) -> Page:
    """A page on a volunteer's tablet."""
    return new_context(**browser.TABLET).new_page()


@pytest.fixture
def desk(new_context: Callable[..., BrowserContext]) -> Page:
    """A page on an analyst's screen."""
    return new_context(**browser.DESK).new_page()


@pytest.fixture
def context_without_javascript(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    """A resident's phone that runs no scripts."""
    return new_context(**browser.PHONE, java_script_enabled=False)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts the real server, or another one, on a database: `start_server(database_url, SECRET_KEY="…")`."""
    with ExitStack() as servers:

        def start(database_url: str, application: str = "wsgi:app", **environment: str) -> Server:
            log = tmp_path / f"gunicorn-{len(list(tmp_path.glob('gunicorn-*')))}.log"
            told = {"DATABASE_URL": database_url, "MINSHENG_HOME": str(tmp_path), **environment}
            return servers.enter_context(browser.gunicorn(log, told, application))

        yield start


@pytest.fixture
def live_server(start_server: Callable[..., Server], database_url: str) -> Server:
    """The real server on a fresh database; the test runs once for each engine."""
    return start_server(database_url)
