"""A network that breaks most exchanges: phones repeat, and in the end every form is stored, once, as it was given."""

import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from survey.services.recount import recount
from tests.browser import Server
from tests.faults.clients import send_all
from tests.faults.test_simultaneous_posts import posting
from tests.field import Field, valid_answers

FORMS = 80
BROKEN = 0.6  # share of the exchanges
HOTEL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<h1>Hotel</h1>"
WAYS = ("reset before", "request cut off", "answer lost", "answer cut off", "hotel")


class Network:
    """A proxy between phones and server that breaks exchanges, and counts how."""

    def __init__(self, server: Server, seed: int) -> None:
        host, _, port = urlsplit(server.url).netloc.partition(":")
        self._server = (host, int(port))
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
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
                way = self._random.choice(WAYS) if self._random.random() < BROKEN else "whole"
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
            if way == "whole":
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
        assert length is not None
        return head + b"Connection: close\r\n\r\n" + reading.read(int(length[1]))


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
