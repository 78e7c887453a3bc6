"""Phones: processes that post forms to a server, many at once, and write down what they were told.

Only the standard library is needed here, so that a process starts quickly.
"""

import http.client
import json
import multiprocessing
import random
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

PROCESSES = 4
THREADS = 10  # of each process
PATIENCE = 90.0  # seconds for which a phone goes on trying: a busy machine takes long to start a worker


@dataclass(frozen=True, slots=True)
class Posting:
    """One form to send. `id` is the submission's, which the token in the body carries as well."""

    id: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """What a phone was told in the end; status 0 where nothing came. `seconds` is the time of the last exchange."""

    id: str
    status: int
    receipt: str
    disposition: str
    retry_after: str
    seconds: float


def send_all(url: str, postings: Sequence[Posting], *, until_taken: bool = False) -> list[Told]:
    """Post everything from several processes, neighbours in the list at the same time.

    `until_taken`: a phone that hears nothing or 503 tries again, as the page's script does.
    """
    shares = [postings[start::PROCESSES] for start in range(PROCESSES)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as processes:
        told = processes.starmap(_send_share, [(url, share, until_taken) for share in shares])
    return [one for share in told for one in share]


def _send_share(url: str, postings: Sequence[Posting], until_taken: bool) -> list[Told]:
    with ThreadPoolExecutor(THREADS) as threads:
        parts = threads.map(lambda start: _send_in_turn(url, postings[start::THREADS], until_taken), range(THREADS))
        return [one for part in parts for one in part]


def _send_in_turn(url: str, postings: Iterable[Posting], until_taken: bool) -> list[Told]:
    return [send_until_taken(url, posting) if until_taken else send(url, posting) for posting in postings]


def send_until_taken(url: str, posting: Posting) -> Told:
    """Send again and again until the server answers something other than 503."""
    give_up = time.monotonic() + PATIENCE
    told = send(url, posting)
    while told.status in {0, 503} and time.monotonic() < give_up:
        time.sleep(random.uniform(0.01, 0.1))
        told = send(url, posting)
    return told


def send(url: str, posting: Posting) -> Told:
    """Post once."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    status, retry_after, content = 0, "", b""
    try:
        connection.request("POST", posting.path, posting.body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        # What is not JSON is not our server: in a hotel, every address answers 200 with a page of the hotel's.
        ours = response.headers.get_content_type() == "application/json"
        status, retry_after = response.status if ours else 0, response.headers.get("Retry-After", "")
    except (OSError, http.client.HTTPException):
        status = 0
    finally:
        connection.close()
    receipt = json.loads(content) if status in {200, 201, 409} else {}
    return Told(
        posting.id,
        status,
        receipt.get("receipt", ""),
        receipt.get("disposition", ""),
        retry_after,
        time.monotonic() - began,
    )
