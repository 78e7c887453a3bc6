"""CPU time of one web response, the form fetched and sent, beside the floor that any such form pays.

The floor is the same server with the same page and the same POST, parsed and checked and thanked for, without any
database: nothing is stored, and whether the wave is open is asked once. What is measured is the CPU time of the worker
process (user and system) behind real HTTP; PostgreSQL's own processes are not in it. The rounds of server and floor
alternate; the median of the rounds' ratios counts.
"""

import gzip
import http.client
import re
import statistics
from collections.abc import Callable, Iterator
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
from survey.db import Database, migrate
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Wave
from survey.domain.submission import Outcome, Receipt, Submission, content_digest, receipt_code
from survey.domain.validation import check_answers
from survey.domain.wave import Admission, Mode
from survey.services.read_wave import admission_of
from survey.services.receive_submission import Door
from survey.web.resident import taking
from tests import browser, postgresql
from tests.browser import REPOSITORY, Server
from tests.field import AREAS, CHINA, SECRET, Field, as_form, first_answers, open_field, plan_text, questionnaire_text

Admitted = tuple[Wave, Admission]

ROUNDS = 5
RESPONSES = 300  # in each round; the kernel counts CPU time in hundredths of a second
AIMS = {"sqlite": 1.8, "postgresql": 2.5}
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
        (worker,) = psutil.Process(server.process.pid).children()
        self._worker = worker

    def cpu_ms(self) -> float:
        """CPU milliseconds of the server for one response, over a round."""
        # The server does not hold the connection while the other one is measured; http.client opens it anew.
        self._connection.close()
        before = self._cpu_seconds()
        for number in range(RESPONSES):
            self._respond(self._forms[number % len(self._forms)])
        return (self._cpu_seconds() - before) / RESPONSES * 1000

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
        times = self._worker.cpu_times()
        return float(times.user + times.system)


def measure(name: str, url: str, folder: Path) -> None:
    """Prints one line of the table."""
    now = datetime.now(CHINA)
    civic = (REPOSITORY / "questionnaires/civic/1.yaml").read_text("utf-8")
    field = open_field(
        url,
        now=now,
        questionnaire=questionnaire_text(text=civic, valid_until=f"{now.year + 1}-12-31"),
        plan=plan_text(now, questionnaire=("civic", 1), samples={Mode.INTERCEPT: 12 * 100_000}),
    )
    told = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(folder), "WEB_CONCURRENCY": "1"}
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
            migrate(url)
            measure(engine, url, Path(name))
