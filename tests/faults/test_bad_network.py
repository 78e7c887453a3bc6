"""A network that breaks most exchanges: phones repeat, and in the end every form is stored, once, as it was given."""

import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page

from survey.services.recount import recount
from survey.web.assets import asset_text, static_digest
from tests.browser import BrowserErrors, Server
from tests.faults.clients import send_all
from tests.faults.test_simultaneous_posts import posting
from tests.field import Field, as_form, valid_answers

FORMS = 80
BROKEN = 0.6  # share of the exchanges
HOTEL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<h1>Hotel</h1>"
WAYS = ("reset before", "request cut off", "answer lost", "answer cut off", "hotel")
PAGE_FORMS, AT_ONCE = 200, 6
PATIENCE, LATE = 500, 0.7  # of the page in ms, of an answer that comes too late in s


class Network:
    """A proxy between phones and server that breaks exchanges, and counts how."""

    def __init__(self, server: Server, seed: int, ways: tuple[str, ...] = WAYS) -> None:
        host, _, port = urlsplit(server.url).netloc.partition(":")
        self._server = (host, int(port))
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.share, self.ways = BROKEN, ways
        self.broken: Counter[str] = Counter()

    @contextmanager
    def up(self) -> Iterator[None]:
        """Carry exchanges for the length of the block."""
        carrier = threading.Thread(target=self._carry_all)
        carrier.start()
        try:
            yield
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            carrier.join()

    def _carry_all(self) -> None:
        with suppress(OSError):
            while True:
                phone, _ = self._listener.accept()
                way = self._random.choice(self.ways) if self._random.random() < self.share else "whole"
                self.broken[way] += 1
                threading.Thread(target=self._carry, args=(phone, way)).start()

    def _carry(self, phone: socket.socket, way: str) -> None:
        with phone, suppress(OSError):
            if way == "reset before":
                _reset(phone)
                return
            request = _whole_request(phone)
            if way == "hotel":
                phone.sendall(HOTEL)
                return
            with socket.create_connection(self._server, timeout=10) as server:
                server.sendall(request[: -len(request) // 4] if way == "request cut off" else request)
                server.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: server.recv(65_536), b""))
            if way == "late":
                time.sleep(LATE)
            if way in {"whole", "late"}:
                phone.sendall(answer)
            elif way == "answer cut off":
                phone.sendall(answer[: len(answer) // 2])
                _reset(phone)


def _reset(phone: socket.socket) -> None:
    phone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _whole_request(phone: socket.socket) -> bytes:
    """A request with its body; it asks the server to close the connection afterwards."""
    with phone.makefile("rb") as reading:
        head = b"".join(iter(reading.readline, b"\r\n"))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return head + b"Connection: close\r\n\r\n" + reading.read(int(length[1]) if length else 0)


def test_every_form_gets_through_a_network_that_breaks_most_exchanges(
    field: Field, serve: Callable[..., Server]
) -> None:
    server = serve(field.settings.database_url)
    comments = {uuid4(): f"意见 {number}" for number in range(FORMS)}
    ages = ("18-34", "35-54", "55+")
    answers = {
        submission_id: valid_answers(age=ages[number % 3], comment=comment)
        for number, (submission_id, comment) in enumerate(comments.items())
    }
    network = Network(server, seed=5)
    with network.up():
        forms = [posting(field, each, submission_id) for submission_id, each in answers.items()]
        told = send_all(network.url, forms, until_taken=True)
    assert all(network.broken[way] > 5 for way in WAYS), network.broken
    assert {one.status for one in told} == {200, 201}, "a lost answer makes the next try a repeat"
    stored = {row["id"]: row["answers"] for row in field.rows()}
    assert stored == answers
    assert {UUID(one.id) for one in told} == set(answers)
    assert field.copies() == []
    assert recount(field.db)[1] == []


# --- the page's own sending -------------------------------------------------------------------------------------

_SEND = """async ([module, forms, patience]) => {
  const { deliver } = await import(module);
  const words = forms.map((form) => deliver(form, () => {}, { waits: { next: () => 5 }, patience }));
  return (await Promise.all(words)).map(({ status }) => status);
}"""


def sent_by_the_page(page: Page, field: Field, server: Server, forms: int, old: str = "", new: str = "") -> list[str]:
    """A browser sends forms with the module of the page, or with one in which `old` is `new`. What is wrong then."""
    address = f"/static/{static_digest()}/resident/sending.mjs"
    source = asset_text("resident/sending.mjs")
    assert not old or source.count(old) == 1, old
    page.route(
        f"**{address}", lambda route: route.fulfill(body=source.replace(old, new), content_type="text/javascript")
    )

    def form(comment: str) -> dict[str, object]:
        submission_id = uuid4()
        body = urlencode(as_form(valid_answers(comment=comment), field.token(submission_id)), doseq=True)
        return {"path": f"/r/{field.point.code}", "id": str(submission_id), "body": body}

    comments = [f"意见 {number}" for number in range(forms)]
    network = Network(server, seed=6, ways=(*WAYS, "late"))
    statuses: list[int] = []
    with network.up():
        network.share = 0.0
        page.goto(f"{network.url}/healthz")
        page.evaluate("(module) => import(module)", address)
        network.share = BROKEN
        for start in range(0, forms, AT_ONCE):
            batch = [form(comment) | {"spare": form(comment)} for comment in comments[start : start + AT_ONCE]]
            statuses += page.evaluate(_SEND, [address, batch, PATIENCE])
        network.share = 0.0
    assert all(network.broken[way] for way in (*WAYS, "late")), network.broken
    stored = Counter(row["answers"]["comment"] for row in field.rows())
    wrong = [f"acknowledged with {status}" for status in set(statuses) - {200, 201}]
    wrong += ["acknowledged and not stored"] * (set(comments) - set(stored) != set())
    return wrong + ["stored twice"] * (max(stored.values()) > 1 or field.copies() != [])


def test_the_page_s_script_gets_every_form_through_once(
    sqlite_field: Field, serve: Callable[..., Server], phone: Page, browser_errors: BrowserErrors
) -> None:
    browser_errors.allow("Failed to load resource")
    server = serve(sqlite_field.settings.database_url)
    assert sent_by_the_page(phone, sqlite_field, server, PAGE_FORMS) == []
    assert len(sqlite_field.rows()) == PAGE_FORMS
    assert recount(sqlite_field.db)[1] == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (" && plain(said.id) === plain(id)", "", "acknowledged and not stored"),
        ("await attempt(form, patience);", "await attempt(form, patience);form = form.spare || form;", "stored twice"),
    ],
    ids=["any 200 is an acknowledgement", "another attempt is another form"],
)
def test_a_planted_fault_of_the_script_is_found(
    sqlite_field: Field,
    serve: Callable[..., Server],
    phone: Page,
    browser_errors: BrowserErrors,
    old: str,
    new: str,
    found: str,
) -> None:
    browser_errors.allow("Failed to load resource")
    server = serve(sqlite_field.settings.database_url)
    assert found in sent_by_the_page(phone, sqlite_field, server, 30, old, new)
