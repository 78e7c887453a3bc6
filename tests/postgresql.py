"""A PostgreSQL for the tests, and a fresh database for each of them.

The server is the one that TEST_DATABASE_URL names, whose account must be allowed to create databases; or one of our
own, started from the installed programs in a temporary folder and spoken to through a socket that only we can reach.
Each run holds a lock on its folder: a folder whose lock is free belongs to a run that was killed, and the next run
stops what still runs there and removes it.

A fresh database is a copy of a template, which is much quicker than to migrate each time.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from tests import machine

FOLDER_PREFIX = "minsheng-postgresql-"
DATABASE_PREFIX = "minsheng_test_"
START_SECONDS = 30.0
STOP_SECONDS = 10.0

# Without fsync a crash of the machine loses data, a crash of the server does not: tests of crashes hold.
# The many connections are for tests of concurrent writers.
SETTINGS = {"listen_addresses": "", "max_connections": "250", "fsync": "off", "full_page_writes": "off"}
SETTINGS |= {"wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "128MB"}
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 2**30  # bytes, for each server; it uses a quarter of them


class OwnServer:
    """A server in a folder of its own. `create` once, then `start` and `stop` as often as a test likes."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    @property
    def url(self) -> URL:
        """The address of the server's maintenance database."""
        return URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(self._folder)})

    def create(self) -> None:
        """Makes the empty data folder."""
        command = [str(self._programs / "initdb"), "-D", "data", "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        made = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False, **self._identity)
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        command = [str(self._programs / "postgres"), "-D", "data", "-k", str(self._folder)]
        command += [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop the server afterwards
                **self._identity,
            )
        give_up = time.monotonic() + START_SECONDS
        while not _answers(self.url):
            if process.poll() is not None or time.monotonic() > give_up:
                self.stop(signal.SIGQUIT)
                raise RuntimeError("PostgreSQL did not start:\n" + (self._folder / "log").read_text("utf-8"))
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server: SIGINT closes in good order, SIGQUIT is a crash."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_SECONDS)
        self._process = None


@contextmanager
def own_server(parent: Path | None = None) -> Iterator[OwnServer]:
    """A running server of our own, in a folder below `parent`; skips where the programs are missing."""
    programs = machine.need(machine.POSTGRESQL)
    parent = parent or _roomy_parent()
    remove_abandoned_folders(parent)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = OwnServer(programs, folder)
        try:
            server.create()
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder)


def _roomy_parent() -> Path:
    """Memory where there is enough: each database is some three hundred files, and a file system that keeps them on a
    disk spends more on making and removing them than the tests do on what is in them."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
        return MEMORY
    return Path(tempfile.gettempdir())


def remove_abandoned_folders(parent: Path) -> None:
    """Ends the servers of killed runs and removes their folders."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        try:
            lock = (folder / "lock").open("r+")
        except OSError:  # it is being made, or being removed, or another account's
            continue
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _end_server_in(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _end_server_in(folder: Path) -> None:
    try:
        server = psutil.Process(int((folder / "data/postmaster.pid").read_text("ascii").split()[0]))
        if str(folder) in server.cmdline():  # the number may be another process's by now
            server.send_signal(signal.SIGQUIT)
            server.wait(STOP_SECONDS)
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return


@contextmanager
def maintenance_url() -> Iterator[URL]:
    """The maintenance database of the given server or of our own, while the context lasts."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given).set(drivername="postgresql+psycopg")
    else:
        with own_server() as server:
            yield server.url


class Databases:
    """Makes fresh databases on one server, as copies of one template."""

    def __init__(self, maintenance: URL) -> None:
        self._maintenance = maintenance
        self._template: str | None = None

    @contextmanager
    def template(self, migrate: Callable[[str], None]) -> Iterator[None]:
        """While the context lasts, fresh databases are copies of one that `migrate` has prepared."""
        name = _new_name()
        self._execute("CREATE DATABASE {}", name)
        try:
            migrate(self._url_of(name))
            self._template = name
            yield
        finally:
            self._template = None
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of a fresh database; it is dropped at the end, whoever still speaks with it."""
        name = _new_name()
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, self._template or "template0")
        try:
            yield self._url_of(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _url_of(self, name: str) -> str:
        return self._maintenance.set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(_libpq(self._maintenance), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _new_name() -> str:
    return DATABASE_PREFIX + uuid.uuid4().hex[:16]


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _answers(url: URL) -> bool:
    try:
        psycopg.connect(_libpq(url)).close()
    except psycopg.OperationalError:
        return False
    return True
