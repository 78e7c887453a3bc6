"""A slow, full or dead disk and a dead database: thanks only for what is safe, a way out for everybody else."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import text

from survey.db import Database, migrate
from survey.services.recount import recount
from tests import machine, postgresql
from tests.browser import Server
from tests.faults.clients import send, send_until_taken
from tests.faults.test_simultaneous_posts import posting
from tests.field import Field, open_field_now, valid_answers

RECOVERY_SECONDS = 5.0


# --- the disk has it before the phone is thanked ----------------------------------------------------------------


@contextmanager
def watched_calls(server: Server, log: Path) -> Iterator[None]:
    """Writes down when the server's only worker reads and sends, and when it waits for the disk."""
    program = shutil.which("strace") or machine.go_without("strace is not on this machine (apt-get install strace)")
    (worker,) = psutil.Process(server.process.pid).children()
    calls = "trace=recvfrom,sendto,fsync,fdatasync"
    watcher = subprocess.Popen(
        [program, "-f", "-s", "40", "-e", calls, "-o", str(log), "-p", str(worker.pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert watcher.stderr is not None
    first_line = watcher.stderr.readline().decode()
    if "attached" not in first_line:
        watcher.wait()
        machine.go_without(f"strace may not watch another process here: {first_line.strip()}")
    try:
        yield
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.wait()
        watcher.stderr.close()


def synced_before_thanks(calls: str) -> list[bool]:
    """For each thanks that was sent: whether the disk was waited for between the request and it."""
    synced, told = False, []
    for line in calls.splitlines():
        if re.search(r'recvfrom\(.*"POST ', line) or ('"POST ' in line and "resumed" in line):
            synced = False
        elif re.search(r"f(data)?sync", line) and "= 0" in line:
            synced = True
        elif re.search(r'sendto\(.*"HTTP/1\.1 201', line):
            told.append(synced)
    return told


@pytest.mark.parametrize(
    ("application", "safe"), [("wsgi:app", True), ("tests.faults.planted:commit_without_sync()", False)]
)
def test_the_disk_is_waited_for_before_anybody_is_thanked(
    sqlite_field: Field, serve: Callable[..., Server], tmp_path: Path, application: str, safe: bool
) -> None:
    field = sqlite_field
    server = serve(field.settings.database_url, application, WEB_CONCURRENCY="1")
    # While another process has the database open, no last close brings a sync of its own.
    with field.db.engine.connect(), watched_calls(server, tmp_path / "calls"):
        for _ in range(5):
            assert send(server.url, posting(field, valid_answers(), uuid4())).status == 201
    told = synced_before_thanks((tmp_path / "calls").read_text("utf-8", "replace"))
    assert told[1:] == [safe] * 4, "the first one may have opened the database"
    assert len(told) == 5


# --- the disk is full -------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        machine.go_without(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_gives_no_false_thanks_and_needs_no_help_afterwards(
    small_disk: Path, serve: Callable[..., Server]
) -> None:
    url = f"sqlite:///{small_disk}/small.db"
    migrate(url)
    field = open_field_now(url)
    server = serve(url)
    assert send(server.url, posting(field, valid_answers(), uuid4())).status == 201
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"0" * 4096)
    refused, thanked = [], 1
    for _ in range(200):
        told = send(server.url, posting(field, valid_answers(comment="长" * 200), uuid4()))
        if told.status == 201:
            thanked += 1  # what the log had room for
        else:
            refused.append(told)
        if len(refused) == 20:
            break
    assert {one.status for one in refused} == {503}
    assert all(one.retry_after for one in refused)
    assert len(field.rows()) == thanked
    filler.unlink()
    assert send(server.url, posting(field, valid_answers(), uuid4())).status == 201
    assert len(field.rows()) == thanked + 1
    assert recount(field.db)[1] == []
    with field.db.reading() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    field.close()


# --- the database is dead, or busy with something long ----------------------------------------------------------


def test_a_database_that_crashes_and_comes_back_costs_five_seconds_and_no_thanks(
    serve: Callable[..., Server],
) -> None:
    with postgresql.own_server() as cluster:
        url = cluster.url.render_as_string(hide_password=False)
        migrate(url)
        field = open_field_now(url)
        server = serve(url)
        thanked = {uuid4() for _ in range(20)}
        for submission_id in thanked:
            assert send(server.url, posting(field, valid_answers(), submission_id)).status == 201
        cluster.stop(signal.SIGQUIT)
        form = posting(field, valid_answers(sex="M"), uuid4())
        for _ in range(8):
            told = send(server.url, form)
            assert (told.status, told.retry_after) == (503, "2")
        cluster.start()
        back = time.monotonic()
        assert send_until_taken(server.url, form).status == 201
        assert time.monotonic() - back < RECOVERY_SECONDS
        after = [send(server.url, posting(field, valid_answers(), uuid4())).status for _ in range(40)]
        assert set(after) == {201}, "no worker is left with dead connections"
        field.close()
        stored = {row["id"] for row in field.rows()}
        assert thanked <= stored
        assert len(stored) == 20 + 1 + 40
        log = server.log.read_text("utf-8")
        assert "database unavailable" in log
        assert not any(secret in log for secret in (field.point.code, str(form.id), "'M'"))
        assert recount(field.db)[1] == []
        field.close()


def test_a_long_look_at_the_data_keeps_nobody_waiting(field: Field, serve: Callable[..., Server]) -> None:
    server = serve(field.settings.database_url)
    analyst = Database(field.settings.database_url)
    with analyst.reading() as connection:
        count = text("SELECT count(*) FROM response")
        assert connection.scalar(count) == 0
        told = [send(server.url, posting(field, valid_answers(), uuid4())) for _ in range(20)]
        assert {one.status for one in told} == {201}  # they did not wait for the look to end, which is after them
        if analyst.is_sqlite:
            assert connection.scalar(count) == 0, "the analyst still sees one state of the data"
    analyst.close()
    assert len(field.rows()) == 20
