"""A wave that is open now, and real servers on it: two processes with sixteen threads each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from survey.domain.wave import Mode
from tests import browser
from tests.browser import Server
from tests.field import SECRET, Field, open_field_now
from tests.frames.excerpt import YUECHI


@pytest.fixture
def field(database_url: str) -> Iterator[Field]:
    """A wave that is open by the real clock, with fifty wanted in each cell; once for each engine."""
    yield from _opened(database_url)


@pytest.fixture
def sqlite_field(sqlite_url: str) -> Iterator[Field]:
    """The same on SQLite alone."""
    yield from _opened(sqlite_url)


def _opened(database_url: str) -> Iterator[Field]:
    field = open_field_now(database_url, samples={Mode.INTERCEPT: 6 * 50}, districts=[YUECHI])
    yield field
    field.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server on a database: `serve(url, "tests.faults.planted:count_then_insert()")`."""
    with ExitStack() as servers:

        def start(database_url: str, application: str = "wsgi:app", **environment: str) -> Server:
            log = tmp_path / f"gunicorn-{len(list(tmp_path.glob('gunicorn-*')))}.log"
            told = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(tmp_path)}
            told |= {"FORMS_AT_ONCE": "0", **environment}  # hundreds of phones at one point are no attack here
            return servers.enter_context(browser.gunicorn(log, told, application))

        yield start
