"""CPU time of one web response, the form fetched and sent, beside the floor that any such form pays.

The floor is the same server with the same page and the same POST, parsed and checked and thanked for, without any
database: nothing is stored, and whether the wave is open is asked once. What is measured is the CPU time of the worker
process (user and system) behind real HTTP; PostgreSQL's own processes are not in it. The rounds of server and floor
alternate; the median of the rounds' ratios counts. The second table is how long a response takes when more phones come
at once; they are played on the same machine.
"""

import gzip
import http.client
import re
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode, urlsplit

import psutil
import pytest
from flask import Flask

from survey.app import create_app
from survey.config import read_settings
from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Wave
from survey.domain.submission import Outcome, Receipt, Submission, content_digest, receipt_code
from survey.domain.validation import check_answers
from survey.domain.wave import Admission
from survey.services.read_wave import admission_of
from survey.services.receive_submission import Door
from survey.web.resident import taking
from tests import browser, postgresql
from tests.browser import Server
from tests.civic_field import civic_field
from tests.field import AREAS, SECRET, Field, as_form, first_answers

Admitted = tuple[Wave, Admission]

ROUNDS = 15  # a single one wavers by a tenth
RESPONSES = 300  # in each round; the kernel counts CPU time in hundredths of a second
AIMS = {"sqlite": 1.6, "postgresql": 2.5}
AT_ONCE = (1, 8, 32)  # phones
WAITS, WAIT_ROUNDS = 640, 5  # responses in each round
CALM = {"FORMS_AT_ONCE": "100000"}  # forms are counted, and so many of them are still usual
_TOKEN = re.compile(rb'name="_token" value="([^"]+)"')


def _remembered(ask: Callable[..., Admitted]) -> Callable[..., Admitted]:
    known: dict[int, Admitted] = {}

    def once(db: Database, wave_id: int, now: datetime) -> Admitted:
        if wave_id not in known:
            known[wave_id] = ask(db, wave_id, now)
        return known[wave_id]

    return once


def floor() -> Flask:
    """The application without its store: what gunicorn runs for the floor."""

    def thank_without_storing(door: Door, submission: Submission) -> Receipt:
        point = door.catalogue.point(submission.point_code)
        questionnaire = door.catalogue.questionnaire(submission.questionnaire_code, submission.questionnaire_version)
        checked = check_answers(questionnaire, submission.answers, door.catalogue.ground(point.wave_id).homes)
        assert not checked.problems
        digest = content_digest(checked.answers, submission.finish)
        code = receipt_code(door.secret, submission.id)
        return Receipt(submission.id, code, Outcome.STORED, Disposition.COMPLETE, digest)

    vars(taking)["receive_submission"] = thank_without_storing
    vars(taking)["admission_of"] = _remembered(admission_of)
    return create_app(read_settings())


class Phone:
    """Fetches the form and sends it, over one connection that stays open."""

    def __init__(self, server: Server, field: Field) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
        self._path = f"/r/{field.point.code}"
        self._forms = [
            urlencode(as_form(first_answers(field.questionnaire, area, age=age), "@"), doseq=True)
            for area in AREAS
            for age in ("18-34", "35-54", "55+")
        ]
        self._workers = psutil.Process(server.process.pid).children()

    def cpu_ms(self) -> float:
        """CPU milliseconds of the server for one response, over a round."""
        # The server does not hold the connection while the other one is measured; http.client opens it anew.
        self._connection.close()
        before = self._cpu_seconds()
        for number in range(RESPONSES):
            self._respond(self._forms[number % len(self._forms)])
        return (self._cpu_seconds() - before) / RESPONSES * 1000

    def waits(self, number: int) -> list[float]:
        """Milliseconds of each of that many responses."""
        waits = []
        for at in range(number):
            began = time.perf_counter()
            self._respond(self._forms[at % len(self._forms)])
            waits.append((time.perf_counter() - began) * 1000)
        self._connection.close()
        return waits

    def _respond(self, form: str) -> None:
        page = self._exchange("GET", None, {"Accept-Encoding": "gzip"}, 200)
        token = _TOKEN.search(gzip.decompress(page))
        assert token is not None
        body = form.replace("_token=%40", f"_token={token[1].decode()}")
        self._exchange("POST", body, {"Content-Type": "application/x-www-form-urlencoded"}, 303)

    def _exchange(self, method: str, body: str | None, headers: dict[str, str], status: int) -> bytes:
        self._connection.request(method, self._path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == status, (answer.status, content[:2000])
        return content

    def _cpu_seconds(self) -> float:
        return sum(float(sum(worker.cpu_times()[:2])) for worker in self._workers)


def measure(name: str, url: str, folder: Path) -> None:
    """Prints one line of the table."""
    field = civic_field(url)
    told = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(folder), "WEB_CONCURRENCY": "1"} | CALM
    with (
        browser.gunicorn(folder / "stores.log", told) as stores,
        browser.gunicorn(folder / "floor.log", told, "tests.benchmarks.web_response:floor()") as storeless,
    ):
        phones = Phone(stores, field), Phone(storeless, field)
        rounds = [(phones[0].cpu_ms(), phones[1].cpu_ms()) for _ in range(ROUNDS + 1)][1:]  # the first one warms up
    stored = sum(row["disposition"] == "complete" for row in field.rows())
    assert stored == RESPONSES * (ROUNDS + 1), stored
    field.close()
    ours, least = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ours / least for ours, least in rounds)
    print(f"{name:<12} {ours:>10.2f} {least:>10.2f} {ratio:>8.2f} {AIMS[name]:>8.1f}", flush=True)


def compare_waits(url: str, folder: Path) -> None:
    """Prints how long a response takes with more and more phones at once, with two workers, beside the floor."""
    field = civic_field(url)
    told = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(folder), "WEB_CONCURRENCY": "2"} | CALM
    with (
        browser.gunicorn(folder / "stores-2.log", told) as stores,
        browser.gunicorn(folder / "floor-2.log", told, "tests.benchmarks.web_response:floor()") as storeless,
    ):
        servers = (stores, storeless)
        for at_once in AT_ONCE:
            rounds = [[_waits(server, field, at_once) for server in servers] for _ in range(WAIT_ROUNDS + 1)][1:]
            ours, least = (
                [statistics.median(column) for column in zip(*(each[which] for each in rounds), strict=True)]
                for which in range(2)
            )
            print(f"{at_once:<12} {ours[0]:>10.1f} {least[0]:>10.1f} {ours[1]:>10.1f} {least[1]:>10.1f}", flush=True)
    field.close()


def _waits(server: Server, field: Field, at_once: int) -> tuple[float, float]:
    """(median, p99) milliseconds of one response, the form fetched and sent."""
    with ThreadPoolExecutor(at_once) as phones:
        shares = phones.map(lambda _: Phone(server, field).waits(WAITS // at_once), range(at_once))
        waits = sorted(wait for share in shares for wait in share)
    return statistics.median(waits), waits[int(0.99 * len(waits))]


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """A fresh database of each engine that this machine has."""
    urls = {"sqlite": f"sqlite:///{folder / 'benchmark.db'}"}
    with ExitStack() as ended:
        try:
            cluster = ended.enter_context(postgresql.own_server())
            urls["postgresql"] = cluster.url.render_as_string(hide_password=False)
        except pytest.skip.Exception as reason:
            print(f"PostgreSQL is left out: {reason}")
        yield urls


def main() -> None:
    """GET and POST of the civic form, with its quota, on each engine."""
    print(f"{'CPU ms':<12} {'response':>10} {'floor':>10} {'x floor':>8} {'aim':>8}")
    with TemporaryDirectory(prefix="minsheng-benchmark-") as name, databases(Path(name)) as urls:
        for engine, url in urls.items():
            measure(engine, url, Path(name))
        print(f"{'ms, SQLite':<12} {'median':>10} {'floor':>10} {'p99':>10} {'floor':>10}")
        compare_waits(f"sqlite:///{Path(name) / 'waits.db'}", Path(name))
