"""CPU time of one record from a tablet, alone and in batches of fifty, beside the same POST that stores nothing; and
the time that tablets wait when many send at once.

The POST without storage authenticates the tablet from memory, reads the JSON, opens the seal, reads the record, checks
every answer and thanks; it asks no database. What is measured is the CPU time of the worker process (user and system)
behind real HTTP; PostgreSQL's own processes are not in it. Rounds alternate; the median of the rounds' ratios counts.
"""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import UUID

import psutil
from flask import Flask

from survey.app import create_app
from survey.config import read_settings
from survey.db import migrate
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Device
from survey.domain.submission import Outcome
from survey.domain.wave import Mode
from survey.queries import grants
from survey.services import receive_records as service
from survey.services.receive_records import RecordResult, SealedRecord
from survey.services.receive_submission import Door, receipt_of
from survey.services.sealing import digest_of
from survey.services.tablets import new_enrolment
from survey.web.tablet import submissions
from tests import browser
from tests.benchmarks.web_response import databases
from tests.browser import REPOSITORY, Server
from tests.field import AREAS, CHINA, SECRET, Field, first_answers, open_field, plan_text, questionnaire_text
from tests.services.outing import shift_now
from tests.tablet_client import Json, Tablet, over_network

ROUNDS = 5
SINGLE, BATCH = 300, 50  # records of a round, and of a batch; the kernel counts CPU time in hundredths of a second
BATCHES = 12  # of a round
CONCURRENCY = (8, 32)
WAITS = 640  # exchanges whose time is taken at each concurrency
AIM = 1.5
FLOOR = "tests.benchmarks.tablet_submission:floor()"


def floor() -> Flask:
    """The application without its store: what gunicorn runs for the POST without storage."""

    def thank_without_storing(
        door: Door, device: Device, records: Sequence[SealedRecord], device_now: datetime | None, now: datetime
    ) -> list[RecordResult]:
        results = []
        for sealed in records:
            digest = digest_of(sealed.sealed)
            assert device_now is not None
            checked = service._opened(door, device, sealed, digest, now - device_now, now)
            receipt = receipt_of(door, checked, Outcome.STORED, Disposition.COMPLETE)
            results.append(RecordResult(sealed.id, digest, receipt, ()))
        return results

    vars(submissions)["receive_records"] = thank_without_storing
    return create_app(read_settings())


class Sender:
    """A tablet on one connection that stays open, and the worker that serves it."""

    def __init__(self, server: Server, tablet: Tablet) -> None:
        self._netloc = urlsplit(server.url).netloc
        self._connection = http.client.HTTPConnection(self._netloc, timeout=30)
        self._told = {
            "Authorization": f"Bearer {tablet.id}.{tablet.secret}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        (self._worker,) = psutil.Process(server.process.pid).children()

    def cpu_ms(self, path: str, bodies: Sequence[bytes]) -> float:
        """CPU milliseconds of the server for one body, over a round."""
        self._connection.close()  # the server does not hold it while the other one is measured
        before = self._cpu_seconds()
        for body in bodies:
            exchange(self._connection, path, body, self._told)
        return (self._cpu_seconds() - before) / len(bodies) * 1000

    def waits_ms(self, path: str, bodies: Sequence[bytes], concurrency: int) -> list[float]:
        """How long each of the exchanges took with so many at once."""
        shares = [bodies[start::concurrency] for start in range(concurrency)]

        def one_after_another(share: Sequence[bytes]) -> list[float]:
            connection, taken = http.client.HTTPConnection(self._netloc, timeout=30), []
            for body in share:
                began = time.perf_counter()
                exchange(connection, path, body, self._told)
                taken.append((time.perf_counter() - began) * 1000)
            connection.close()
            return taken

        with ThreadPoolExecutor(concurrency) as threads:
            return [ms for taken in threads.map(one_after_another, shares) for ms in taken]

    def _cpu_seconds(self) -> float:
        times = self._worker.cpu_times()
        return float(times.user + times.system)


def exchange(connection: http.client.HTTPConnection, path: str, body: bytes, told: dict[str, str]) -> None:
    """Send one body; every record in it is stored."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    connection.request("POST", f"/tablet/submissions{path}", body, told | {"Device-Time": now})
    answer = connection.getresponse()
    content: Json = json.loads(answer.read())
    statuses = {each["status"] for each in content["results"]} if path else {answer.status}
    assert statuses == {201}, (answer.status, content)


def records_of(tablet: Tablet, field: Field) -> Iterator[Json]:
    """Sealed interviews of a whole civic questionnaire, without end."""
    filled = [first_answers(field.questionnaire, area, age=age) for area in AREAS for age in ("18-34", "35-54", "55+")]
    timings = {code: [1000 * place, 1000 * place + 700] for place, code in enumerate(field.questionnaire.items)}
    for number in count():
        yield tablet.record(filled[number % len(filled)], timings=timings, clock_offset_ms=0)


def measure(engine: str, url: str, folder: Path) -> None:
    """Prints the lines of one engine."""
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
        browser.gunicorn(folder / f"{engine}-stores.log", told) as stores,
        browser.gunicorn(
            folder / f"{engine}-floor.log", told, "tests.benchmarks.tablet_submission:floor()"
        ) as storeless,
    ):
        tablet = Tablet(over_network(stores.url), lambda: datetime.now(UTC))
        assert tablet.enrol(new_enrolment(field.db, "平板 1", now).code)[0] == 201
        assert tablet.take(field.point.code, shift_now(field))[0] == 201
        with field.db.writing() as connection:  # a grant as large as the benchmark is long
            grants.grant(connection, UUID(tablet.outing["id"]), dict.fromkeys(tablet.free, 10_000), now)
        records = records_of(tablet, field)
        senders = Sender(stores, tablet), Sender(storeless, tablet)
        for name, path, bodies in (
            ("single", "", lambda: [json.dumps(next(records)).encode() for _ in range(SINGLE)]),
            ("batch of 50", "/batch", lambda: [_batch(records) for _ in range(BATCHES)]),
        ):
            _compare(f"{engine}, {name}", senders, path, bodies)
        for concurrency in CONCURRENCY:
            singles = [json.dumps(next(records)).encode() for _ in range(WAITS)]
            waits = sorted(senders[0].waits_ms("", singles, concurrency))
            p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
            print(f"{f'{engine}, {concurrency} at once':<26} p50 {p50:>7.1f} ms   p99 {p99:>7.1f} ms", flush=True)
    stored = sum(row["disposition"] == "complete" for row in field.rows())
    expected = (ROUNDS + 1) * (SINGLE + BATCH * BATCHES) + WAITS * len(CONCURRENCY)
    assert stored == expected, (stored, expected)
    field.close()


def _compare(name: str, senders: tuple[Sender, Sender], path: str, bodies: Callable[[], list[bytes]]) -> None:
    rounds: list[tuple[float, float]] = []
    per_body = BATCH if path else 1
    for _ in range(ROUNDS + 1):
        content = bodies()
        ours, least = (sender.cpu_ms(path, content) / per_body for sender in senders)
        rounds.append((ours, least))
    rounds = rounds[1:]  # the first one warms up
    ours, least = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(ours / least for ours, least in rounds)
    print(f"{name:<26} {ours:>10.3f} {least:>10.3f} {ratio:>8.2f} {AIM:>8.1f}", flush=True)


def _batch(records: Iterator[Json]) -> bytes:
    return json.dumps({"records": [next(records) for _ in range(BATCH)]}).encode()


def main() -> None:
    """Records of the civic questionnaire, with their quota and grant, on each engine."""
    print(f"{'CPU ms a record':<26} {'stored':>10} {'unstored':>10} {'ratio':>8} {'aim':>8}")
    with TemporaryDirectory(prefix="minsheng-benchmark-") as name, databases(Path(name)) as urls:
        for engine, url in urls.items():
            migrate(url)
            measure(engine, url, Path(name))
