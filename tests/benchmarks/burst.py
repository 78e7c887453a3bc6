"""A broadcast: ten thousand residents open one poster's form within three minutes, all from one address.

Most come at first: arrivals thin out exponentially. Each fetches the form, answers the first screen and asks for room,
goes on for a while, and sends it as the page's script does: with the same id until it is acknowledged, later each time,
and not before the moment that a busy server names. What counts is in the table: everybody acknowledged, as many rows,
none twice. The residents are played on the same machine, and take about as much of it as the server does.
"""

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode, urlsplit

import psutil

from survey.domain.wave import Mode
from tests import browser
from tests.civic_field import civic_field
from tests.field import AREAS, SECRET, as_form, first_answers

RESIDENTS = 10_000
SECONDS = 180  # within which they come
FIRST_WAVE = 60  # seconds in which two thirds of them come
FILLING = (10.0, 60.0)  # seconds from the first question to the last
PATIENCE = 600  # seconds after which a resident counts as lost
FIRST_RETRY, LONGEST_RETRY = 2.0, 300.0
SEED = 20261126

_TOKEN = re.compile(rb'name="_token" value="([^"]+)"')
_FORM = "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n"


@dataclass(slots=True)
class Told:
    """What the residents were told, and how long they waited (seconds)."""

    statuses: Counter[str] = field(default_factory=Counter)
    pages: list[float] = field(default_factory=list)
    sends: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    lost: int = 0


class Crowd:
    """Everybody who comes, in front of one server."""

    def __init__(self, address: tuple[str, int], path: str, forms: list[dict[str, object]]) -> None:
        self.address, self.path, self.forms = address, path, forms
        self.chance = random.Random(SEED)
        self.told = Told()

    async def come(self) -> None:
        """Until the last one is through."""
        moments = sorted(self._moment() for _ in range(RESIDENTS))
        began = time.monotonic()
        residents = []
        for number, moment in enumerate(moments):
            await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
            residents.append(asyncio.create_task(self._resident(number)))
        await asyncio.gather(*residents)

    def _moment(self) -> float:
        while (moment := self.chance.expovariate(1 / FIRST_WAVE)) > SECONDS:
            pass
        return moment

    async def _resident(self, number: int) -> None:
        answers = self.forms[number % len(self.forms)]
        began = time.monotonic()
        page = await self._insist("page", "GET", self.path, "", {200})
        if page is None:
            return
        self.told.pages.append(time.monotonic() - began)
        found = _TOKEN.search(page)
        assert found is not None
        token = found[1].decode()
        body = urlencode(as_form(answers, token), doseq=True)
        await self._exchange("room", "POST", f"{self.path}/room", body)
        await asyncio.sleep(self.chance.uniform(*FILLING))
        began = time.monotonic()
        receipt = await self._insist("send", "POST", f"{self.path}?send=1", body, {200, 201})
        if receipt is not None:
            self.told.sends.append(time.monotonic() - began)
            self.told.ids.append(json.loads(receipt)["id"])

    async def _insist(self, what: str, method: str, path: str, body: str, taken: set[int]) -> bytes | None:
        give_up, delay = time.monotonic() + PATIENCE, FIRST_RETRY
        while time.monotonic() < give_up:
            status, retry_after, content = await self._exchange(what, method, path, body)
            if status in taken:
                return content
            if 400 <= status < 500 and status != 429:
                break
            wait = max(delay * self.chance.uniform(0.5, 1), retry_after * self.chance.uniform(1, 1.25))
            delay = min(2 * delay, LONGEST_RETRY)
            await asyncio.sleep(wait)
        self.told.lost += 1
        return None

    async def _exchange(self, what: str, method: str, path: str, body: str) -> tuple[int, float, bytes]:
        """(status or 0, seconds of Retry-After, content)."""
        try:
            async with asyncio.timeout(15):
                status, head, content = await self._speak(method, path, body)
        except (OSError, TimeoutError, ValueError, IndexError) as error:
            self.told.statuses[f"{what} {type(error).__name__}"] += 1
            return 0, 0.0, b""
        self.told.statuses[f"{what} {status}"] += 1
        after = re.search(rb"(?i)retry-after: (\d+)", head)
        return status, float(after[1]) if after else 0.0, content

    async def _speak(self, method: str, path: str, body: str) -> tuple[int, bytes, bytes]:
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            asked = f"{method} {path} HTTP/1.1\r\nHost: {self.address[0]}\r\nConnection: close\r\n"
            if method == "POST":
                asked += f"{_FORM}Content-Length: {len(body)}\r\n"
            writer.write(f"{asked}\r\n{body}".encode())
            head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        return int(head.split(b" ", 2)[1]), head, content


def _cpu_seconds(workers: list[psutil.Process]) -> float:
    return sum(float(sum(worker.cpu_times()[:2])) for worker in workers)


def _percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else 0.0


def main() -> None:
    """The burst against SQLite with two workers."""
    with TemporaryDirectory(prefix="minsheng-burst-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'burst.db'}"
        opened = civic_field(url, Mode.OPEN_QR)
        forms = [
            first_answers(opened.questionnaire, area, age=age) for area in AREAS for age in ("18-34", "35-54", "55+")
        ]
        told = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(folder)}
        told["FORMS_AT_ONCE"] = "100000"  # the work of ten thousand phones would be done by this machine
        with browser.gunicorn(folder / "burst.log", told) as server:
            parts = urlsplit(server.url)
            assert parts.hostname is not None
            assert parts.port is not None
            crowd = Crowd((parts.hostname, parts.port), f"/r/{opened.points[Mode.OPEN_QR][0].code}", forms)
            workers = psutil.Process(server.process.pid).children()
            began, before = time.monotonic(), _cpu_seconds(workers)
            asyncio.run(crowd.come())
            took, cpu = time.monotonic() - began, _cpu_seconds(workers) - before
        stored = len(opened.rows())
        opened.close()
    heard = crowd.told
    print(f"residents {RESIDENTS}, within {SECONDS} s, the last acknowledged after {took:.0f} s")
    print(f"acknowledged {len(heard.ids)}, of them different {len(set(heard.ids))}, rows {stored}, lost {heard.lost}")
    print(f"CPU of the server {cpu:.0f} s")
    print("seconds             median       p99       max")
    for what, seconds in (("until the form", heard.pages), ("until the receipt", heard.sends)):
        print(f"{what:<17} {_percentile(seconds, 0.5):>8.2f}  {_percentile(seconds, 0.99):>8.2f}  {max(seconds):>8.2f}")
    print("; ".join(f"{answer}: {count}" for answer, count in sorted(heard.statuses.items())))
    if not len(heard.ids) == len(set(heard.ids)) == stored == RESIDENTS:
        sys.exit("somebody was lost or counted twice")
