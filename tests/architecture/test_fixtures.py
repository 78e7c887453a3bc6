"""The test machinery itself: fresh databases, pages that report errors, servers that end."""

import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import psutil
import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import create_engine, inspect, text

from tests import machine, postgresql
from tests.browser import REPOSITORY, BrowserErrors


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_a_migrated_database_of_its_own(database_url: str, turn: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert "alembic_version" in inspect(connection).get_table_names()
        connection.execute(text("CREATE TABLE only_mine (x integer)"))
    engine.dispose()


def test_a_database_is_dropped_though_somebody_still_speaks_with_it(
    postgresql_databases: postgresql.Databases,
) -> None:
    with postgresql_databases.fresh() as url:
        engine = create_engine(url)
        lingering = engine.connect()
        lingering.execute(text("SELECT 1"))
    lingering.invalidate()
    lingering.close()
    engine.dispose()
    with postgresql_databases.fresh() as other:
        listing = create_engine(other)
        with listing.connect() as connection:
            names = connection.execute(text("SELECT datname FROM pg_database")).scalars().all()
        listing.dispose()
    assert url.split("/")[-1].split("?")[0] not in names


def test_the_server_of_a_killed_run_is_ended_by_the_next_run() -> None:
    machine.need(machine.POSTGRESQL)
    program = """
        import sys
        import time
        from pathlib import Path
        from tests.postgresql import own_server
        with own_server(Path(sys.argv[1])) as server:
            print(server.url.query["host"], flush=True)
            time.sleep(60)
    """
    # the server's account must reach its folder, and pytest's folders are closed to it
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        killed = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), shared],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert killed.stdout
        with killed.stdout as output:
            folder = Path(output.readline().strip())
        server = psutil.Process(int((folder / "data/postmaster.pid").read_text("ascii").split()[0]))
        postgresql.remove_abandoned_folders(Path(shared))
        assert server.is_running(), "a run that is alive keeps its server"
        killed.kill()
        killed.wait()
        postgresql.remove_abandoned_folders(Path(shared))
        server.wait(10)
        assert not folder.exists()


def test_a_crashed_server_starts_again_with_everything_that_was_committed() -> None:
    with postgresql.own_server() as server:
        address = f"host={server.url.query['host']} user=postgres"
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS x")
        server.stop(signal.SIGQUIT)
        server.start()
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT x FROM kept").fetchall() == [(7,)]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("throw new Error('thrown on load')", "thrown on load"),
        ("console.error('said on load')", "said on load"),
        ("Promise.reject(new Error('promised'))", "promised"),
    ],
)
def test_an_error_of_a_page_fails_its_test(
    phone: Page, browser_errors: BrowserErrors, script: str, complaint: str
) -> None:
    phone.set_content(f"<title>page</title><script>{script}</script>")
    phone.wait_for_timeout(50)
    assert [complaint in error for error in browser_errors.unexpected()] == [True]
    browser_errors.allow(complaint)


def test_a_quiet_page_passes(phone: Page, browser_errors: BrowserErrors) -> None:
    phone.set_content("<title>page</title><script>console.log('fine')</script>")
    phone.wait_for_timeout(50)
    assert browser_errors.seen == []


def test_the_phone_is_narrow_touched_and_chinese(phone: Page) -> None:
    phone.set_content("<meta name=viewport content='width=device-width'>")
    assert phone.evaluate("[innerWidth, navigator.maxTouchPoints > 0, navigator.language]") == [390, True, "zh-CN"]


def test_scripts_do_not_run_without_javascript(context_without_javascript: BrowserContext) -> None:
    page = context_without_javascript.new_page()
    page.set_content("<title>before</title><script>document.title = 'after'</script>")
    assert page.title() == "before"
