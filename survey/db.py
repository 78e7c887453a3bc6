"""The engine, and the one place that begins and commits transactions.

A service asks for `reading()` or `writing()` and gets a connection; leaving the block commits, an exception rolls
back. Acknowledged means on disk: `synchronous=FULL` on SQLite, `synchronous_commit=on` on PostgreSQL.

SQLite before 3.51.3 can lose commits when a checkpoint races a writer of another connection. So every writer holds one
file lock from BEGIN to COMMIT; the automatic checkpoint runs inside COMMIT and so inside the lock, nothing else
checkpoints, and closing a connection (the last one checkpoints) takes the lock too. The lock also queues writers in
the kernel in place of SQLite's busy polling.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

MIGRATIONS = Path(__file__).parent / "migrations"


class Unavailable(Exception):
    """The database cannot take or give anything now; trying again later may help. Nothing was kept."""


class WriterLock:
    """One writer at a time over all threads and processes that use one SQLite file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._descriptor = -1
        self._owner = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, hold it for the block. The same thread may nest."""
        with self._threads:
            if self._depth == 0:
                self._lock_file()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _lock_file(self) -> None:
        # A descriptor inherited through fork shares its lock with the parent, so each process opens its own.
        if self._owner != os.getpid():
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            self._owner = os.getpid()
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)


@dataclass(frozen=True, slots=True)
class _Engines:
    """One pool of connections, and how each kind of block begins: said once, for saying it anew to each connection is
    a good part of what a short block costs. Who listens to `all` hears every block."""

    all: Engine
    asking: Engine
    reading: Engine
    writing: Engine


class Database:
    """Transactions on one database. The engines are made on first use in each process, so after a fork."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lock = WriterLock(f"{self.url.database}.lock") if self.is_sqlite else None
        self._made: _Engines | None = None
        self._owner = 0
        self._making = threading.Lock()

    @property
    def engine(self) -> Engine:
        """This process's engine."""
        return self._engines.all

    @property
    def _engines(self) -> _Engines:
        if self._made is None or self._owner != os.getpid():
            with self._making:
                if self._made is None or self._owner != os.getpid():
                    if self._made is not None:
                        # The connections of the parent are not ours to close.
                        self._made.all.dispose(close=False)
                    self._made = self._sqlite_engines() if self.is_sqlite else self._postgresql_engines()
                    self._owner = os.getpid()
        return self._made

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """A connection for one SELECT. That sees one state of the data by itself and needs no transaction."""
        with _translated(), self._engines.asking.connect() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the data and changes nothing."""
        with _translated(), self._engines.reading.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on disk when the block is left, or leaves no trace."""
        alone = nullcontext() if self._lock is None else self._lock.held()
        # First the connection: who makes the first one of a process keeps others from theirs, and needs the lock in it.
        with _translated(), self._engines.writing.connect() as connection, alone, connection.begin():
            yield connection

    def answers(self) -> bool:
        """Whether the database answers a question now."""
        try:
            with self.reading() as connection:
                return bool(connection.scalar(text("SELECT 1")) == 1)
        except Unavailable:
            return False

    def close(self) -> None:
        """Close this process's connections."""
        if self._made is not None and self._owner == os.getpid():
            self._made.all.dispose()
        self._made = None

    def _postgresql_engines(self) -> _Engines:
        engine = create_engine(
            self.url,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,  # answers must not reach a log
            connect_args={"connect_timeout": 5, "options": "-c synchronous_commit=on -c timezone=UTC"},
        )
        return _Engines(
            engine,
            asking=engine.execution_options(isolation_level="AUTOCOMMIT"),
            reading=engine.execution_options(isolation_level="REPEATABLE READ"),
            writing=engine,
        )

    def _sqlite_engines(self) -> _Engines:
        assert self._lock is not None
        lock: WriterLock = self._lock

        class LockedClose(sqlite3.Connection):
            """The last connection to close checkpoints, so closing is writing."""

            def close(self) -> None:
                with lock.held():
                    super().close()

        engine = create_engine(
            self.url,
            pool_size=20,
            max_overflow=20,
            hide_parameters=True,  # answers must not reach a log
            connect_args={"factory": LockedClose, "check_same_thread": False, "timeout": 10},
        )

        @event.listens_for(engine, "connect")
        def configure(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves
            with lock.held():
                for pragma in (
                    "journal_mode=WAL",
                    "synchronous=FULL",
                    "foreign_keys=ON",
                    "temp_store=MEMORY",
                ):
                    connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            said = connection.get_execution_options().get("begin", "BEGIN")
            if said is not None:
                connection.connection.cursor().execute(said)

        return _Engines(
            engine,
            asking=engine.execution_options(begin=None),
            reading=engine,
            writing=engine.execution_options(begin="BEGIN IMMEDIATE"),
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Faults of the database's surroundings (gone, full, locked) become Unavailable; mistakes stay mistakes."""
    try:
        yield
    except (OperationalError, PoolTimeout, sqlite3.OperationalError) as error:
        raise Unavailable(str(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(str(error)) from error
        raise


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest shape, creating it where it is new."""
    database = Database(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        if database.is_sqlite:
            Path(database.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        with database.writing() as connection:
            if not database.is_sqlite:
                # Two processes that start at once must not both migrate; on SQLite the writer's lock sees to it.
                connection.execute(text("SELECT pg_advisory_xact_lock(7246001)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.close()
