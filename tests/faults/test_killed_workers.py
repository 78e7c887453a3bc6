"""Workers that are killed in the middle of requests: what was acknowledged is stored, once, and the counters hold."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import text

from survey.services.recount import recount
from tests.browser import Server
from tests.faults.clients import Told, send_all
from tests.faults.test_simultaneous_posts import posting
from tests.field import AREAS, Field, valid_answers

FORMS = 400
SHORTEST, LONGEST = 0.05, 0.25  # seconds between two kills
# New workers are forks of a master that has the application loaded, else most of the time there would be none.
PRELOADED = {"GUNICORN_CMD_ARGS": "--preload"}


class Killer(threading.Thread):
    """Kills a random worker again and again until it is stopped."""

    def __init__(self, server: Server, seed: int) -> None:
        super().__init__()
        self._master = psutil.Process(server.process.pid)
        self._random = random.Random(seed)
        self._stopped = threading.Event()
        self.killed = 0

    def run(self) -> None:
        while not self._stopped.wait(self._random.uniform(SHORTEST, LONGEST)):
            if workers := self._master.children():
                with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
                    self._random.choice(workers).kill()
                    self.killed += 1

    def stop(self) -> None:
        """Let the workers live."""
        self._stopped.set()
        self.join()


def send_under_fire(server: Server, field: Field) -> tuple[list[Told], int]:
    """What the phones were told while workers were killed, and how many were."""
    chance = random.Random(7)
    forms = [
        posting(
            field,
            valid_answers(
                sex=chance.choice("FM"), age=chance.choice(["18-34", "35-54", "55+"]), area=chance.choice(AREAS)
            ),
            uuid4(),
        )
        for _ in range(FORMS)
    ]
    killer = Killer(server, seed=11)
    killer.start()
    try:
        told = send_all(server.url, forms, until_taken=True)
    finally:
        killer.stop()
    return told, killer.killed


def losses(told: list[Told], field: Field) -> list[str]:
    """What does not hold after the fire."""
    time.sleep(0.5)  # whoever was answered may be in the middle of something else
    acknowledged = {one.id for one in told if one.status in {200, 201}}
    stored = [str(row["id"]) for row in field.rows()]
    wrong = []
    if lost := acknowledged - set(stored):
        wrong.append(f"{len(lost)} acknowledged forms are not stored")
    if len(stored) != len(set(stored)):
        wrong.append("a form is stored twice")
    if foreign := set(stored) - {one.id for one in told}:
        wrong.append(f"{len(foreign)} forms are stored that nobody sent")
    if miscounts := recount(field.db)[1]:
        wrong.append(f"{len(miscounts)} counters are wrong")
    return wrong


def test_nothing_acknowledged_is_lost_or_doubled_when_workers_are_killed(
    field: Field, serve: Callable[..., Server]
) -> None:
    server = serve(field.settings.database_url, **PRELOADED)
    told, killed = send_under_fire(server, field)
    assert killed >= 5, "the workers were hardly disturbed"
    assert losses(told, field) == []
    assert {one.status for one in told} <= {200, 201}, "every phone is heard in the end"
    assert len(field.rows()) == FORMS
    assert max(cell.completed for cell in field.cells().values()) == 50
    assert field.copies() == []
    if field.db.is_sqlite:
        with field.db.reading() as connection:
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


def test_thanks_before_the_commit_are_found(sqlite_field: Field, serve: Callable[..., Server]) -> None:
    field = sqlite_field
    server = serve(field.settings.database_url, "tests.faults.planted:acknowledge_before_commit()", **PRELOADED)
    for _ in range(5):
        told, _killed = send_under_fire(server, field)
        if any("not stored" in wrong for wrong in losses(told, field)):
            return
    pytest.fail("thanks before the commit were not found")
