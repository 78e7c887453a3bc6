"""The real server as a phone meets it: the weight of the first page, what the wire may bring, what the log keeps."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import text

from survey.domain.guessing import BURST
from survey.domain.letters import KEY_LENGTH, shown
from survey.domain.wave import Mode
from tests.browser import PHONE, REPOSITORY, Server
from tests.field import CHINA, SECRET, Field, as_form, open_field, open_field_now, plan_text, valid_answers
from tests.field import questionnaire_text as with_dates
from tests.letters import POINTS, SAMPLES, print_letters

FIRST_LOAD_BYTES = 10_240
FIRST_LOAD_REQUESTS = 3
CIVIC = REPOSITORY / "questionnaires" / "civic" / "1.yaml"


@pytest.fixture
def served(database_url: str, start_server: Callable[..., Server]) -> Iterator[tuple[Server, Field]]:
    """A wave that is open now, and the real server on it; once for each engine."""
    field = open_field_now(database_url)
    yield start_server(database_url, SECRET_KEY=SECRET), field
    field.close()


def exchange(server: Server, sent: bytes) -> bytes:
    """What the server says to these bytes."""
    host, _, port = urlsplit(server.url).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        told = b""
        while part := connection.recv(65_536):
            told += part
    return told


def status_of(told: bytes) -> int:
    """The status in a raw answer."""
    return int(told.split(b" ", 2)[1])


def post(server: Server, field: Field, body: str, **headers: str) -> tuple[int, str]:
    """Status and text of a JSON post."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request("POST", f"/r/{field.point.code}", body.encode(), {"Content-Type": "application/json"} | headers)
    answer = connection.getresponse()
    told = answer.status, answer.read().decode()
    connection.close()
    return told


# --- the wire ---------------------------------------------------------------------------------------------------


def test_the_wire_brings_nothing_that_breaks_the_server(served: tuple[Server, Field]) -> None:
    server, field = served
    path, host = f"/r/{field.point.code}", urlsplit(server.url).netloc
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    chunks = "1000\r\n" + "[" * 4096 + "\r\n"
    for sent, status in (
        (f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
        (head + "Content-Length: 70000\r\n\r\n" + "x" * 70_000, 413),
        (head + "Transfer-Encoding: chunked\r\n\r\n" + chunks * 20 + "0\r\n\r\n", 413),
        (head + "Transfer-Encoding: chunked\r\n\r\n" + chunks * 2 + "0\r\n\r\n", 422),
        (head + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415),
        (head + "Content-Length: -1\r\n\r\n", 400),
        ("GET /" + "r" * 5000 + " HTTP/1.1\r\n\r\n", 414),
        ("nonsense\r\n\r\n", 400),
    ):
        told = exchange(server, sent.encode())
        assert status_of(told) == status, sent[:90]
    assert field.rows() == []
    assert post(server, field, json.dumps({"token": field.token(), "answers": valid_answers()}))[0] == 201


def test_a_form_that_was_cut_off_on_its_way_is_not_taken_for_a_whole_one(served: tuple[Server, Field]) -> None:
    server, field = served
    form = urlencode(as_form(valid_answers(times=None, comment=None), field.token()) | {"times": "365"}, doseq=True)
    program = json.dumps({"token": field.token(), "answers": valid_answers()}) + "  "
    for kind, whole, cut in (
        ("x-www-form-urlencoded", form, 1),
        ("x-www-form-urlencoded", form, 2),
        ("json", program, 1),
    ):
        head = f"POST /r/{field.point.code} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += f"Content-Type: application/{kind}\r\n"
        length = f"Content-Length: {len(whole)}\r\n\r\n"
        told = exchange(server, f"{head}{length}{whole[:-cut]}".encode())
        assert not told or status_of(told) == 400
        told = exchange(server, f"{head}Transfer-Encoding: chunked\r\n\r\n{len(whole):x}\r\n{whole[:-cut]}".encode())
        assert not told or status_of(told) == 400
        assert field.rows() == []
    assert status_of(exchange(server, f"{head}{length}{whole}".encode())) == 201


# --- the log ----------------------------------------------------------------------------------------------------

COMMENT, QUERY, TYPED, COOKIE, WORK = "secretword", "askedsecret", "typedsecret", "bakedsecret", "90817263544536271809"
WRONG = "SECRETCDE23456"  # might be a code, and nobody was given it
CALLER = {"X-Forwarded-For": "203.0.113.7", "User-Agent": "telltale-phone"}
NOTHING: Mapping[str, str] = MappingProxyType({})
DOORS = ("poster", "room", "letter")


class Caller:
    """Somebody whose every request bears words that nobody may find again; notes what was answered and given."""

    def __init__(self, server: Server, field: Field, letters: list[str]) -> None:
        self.server, self.field, self.letters = server, field, letters
        self.statuses: dict[str, set[int]] = {door: set() for door in DOORS}
        self.secrets = {COMMENT, QUERY, TYPED, COOKIE, WORK, WRONG, *CALLER.values(), "'F'", '"F"', "18-34"}
        self.secrets |= {code for points in field.points.values() for code in (point.code for point in points)}
        self.secrets |= {*letters, *map(shown, letters)}
        self.told = ""  # what came with the statuses of a fault

    def path(self, door: str, code: str | None = None) -> str:
        """The address of a door."""
        if door == "letter":
            return f"/c/{code or self.letters[0]}"
        return f"/r/{code or self.field.point.code}{'/room' if door == 'room' else ''}"

    def form(self, door: str, others: Mapping[str, str] = NOTHING, mode: Mode = Mode.INTERCEPT) -> bytes:
        """A filled form of a page that was given out."""
        filled = valid_answers(comment=None if door == "room" else COMMENT)
        point = self.field.points[Mode.SAMPLED if door == "letter" else mode][0]
        token = self.field.token(uuid4(), point_code=point.code, opened_at=datetime.now(CHINA))
        self.secrets.add(token[:40])
        return urlencode(as_form(filled, token) | dict(others), doseq=True).encode()

    def ask(self, door: str, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
        """Send it with all cookies; the status. What is stored is thanked for, and the thanks page is opened."""
        sent = CALLER | {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Cookie": f"forms={COOKIE}; size={COOKIE}; change={COOKIE}",
        }
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=20)
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"{path}?{QUERY}=1", body, sent | changed)
        answer = connection.getresponse()
        content = answer.read().decode()
        connection.close()
        given = (cookie.partition("=")[2].partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", ()))
        self.secrets |= set(filter(None, given))
        self.statuses[door].add(answer.status)
        if answer.status == 201:
            receipt = json.loads(content)
            thanks = receipt["thanks"].partition("?")[0]
            self.secrets |= {receipt["id"], receipt["receipt"], thanks.rpartition("/")[2]}
            self.ask(door, "GET", thanks)
        self.told += content if answer.status >= 500 else ""
        return answer.status

    def send(self, door: str) -> int:
        """Post a filled form to a door."""
        return self.ask(door, "POST", self.path(door), self.form(door))

    def try_everything(self) -> None:
        """What each door takes, and whatever it refuses."""
        for door in DOORS:
            here, word = self.path(door), COMMENT.encode()
            assert self.send(door) == (200 if door == "room" else 201)
            self.ask(door, "GET", here)
            self.ask(door, "PUT", here, word)
            self.ask(door, "POST", here, word * 7000)
            self.ask(door, "POST", here, word, Content_Type="text/plain")
            self.ask(door, "POST", here, word, Content_Encoding="gzip")
            self.ask(door, "POST", here, b'{"%s' % word, Content_Type="application/json")
            self.ask(door, "POST", here, self.form(door, {"sex": COMMENT, COMMENT: COMMENT}))
            self.ask(door, "POST", self.path(door, WRONG), self.form(door))
            self.ask(door, "GET", self.path(door, WRONG))
        letter = self.path("letter")
        for path, fields in (
            ("/c", {"code": TYPED}),
            ("/c", {"code": self.letters[0]}),
            (f"{letter}/key", {"key": TYPED}),
            (f"{letter}/key", {"key": WRONG[:KEY_LENGTH]}),
            (f"{letter}/again", {"comment": COMMENT}),
        ):
            self.ask("letter", "POST", path, urlencode(fields).encode())
        for door, thanks in (
            ("letter", f"/c/thanks/{TYPED}"),
            ("poster", f"{self.path('poster')}/thanks/{TYPED}"),
        ):
            self.ask(door, "GET", thanks)
        self.letters.pop(0)  # it is used up

    def work_in_vain(self) -> bool:
        """Send a wrong number where more forms arrive than are usual; whether it was refused."""
        path = self.path("poster", self.field.points[Mode.OPEN_QR][0].code)
        forms = (self.form("poster", {"_work": WORK}, Mode.OPEN_QR) for _ in range(5))
        return any(self.ask("poster", "POST", path, form) == 422 for form in forms)

    def guess(self) -> None:
        """Wrong codes until no more is looked up, at every door."""
        for door in DOORS:
            tries = (self.ask(door, "POST", self.path(door, WRONG), COMMENT.encode()) for _ in range(2 * BURST))
            assert 429 in tries

    def found(self) -> set[str]:
        """What the log keeps of all this."""
        log = self.server.log.read_text("utf-8")
        return {secret for secret in self.secrets if secret in log}


def refuse_rows(field: Field) -> None:
    """From here on no form can be stored and no slot held: a fault that nobody foresaw."""
    with field.db.writing() as connection:
        for table, column in (("response", "wave_id"), ("slot_hold", "cell_id")):
            broken = f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK ({column} < 0) NOT VALID"
            if field.db.is_sqlite:
                broken = f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END"
            connection.execute(text(broken))


@contextmanager
def waves_away(field: Field) -> Iterator[None]:
    """Meanwhile the database says of every wave that it can't be read now."""
    away = ["ALTER TABLE wave RENAME TO wave_away"]
    back = ["ALTER TABLE wave_away RENAME TO wave"]
    if not field.db.is_sqlite:  # there a missing table is no passing trouble, and a broken disk is
        broken = "BEGIN RAISE EXCEPTION 'could not read block' USING ERRCODE = 'io_error'; END"
        away.append(f"CREATE FUNCTION unreadable() RETURNS SETOF wave_away LANGUAGE plpgsql AS $${broken}$$")
        away.append("CREATE VIEW wave AS SELECT * FROM unreadable()")
        back = ["DROP VIEW wave", "DROP FUNCTION unreadable()", *back]
    for statements in (away, back):
        with field.db.writing() as connection:
            for statement in statements:
                connection.execute(text(statement))
        if statements is away:
            yield


@pytest.fixture
def by_letter_too(database_url: str) -> Iterator[Field]:
    """A wave that sends letters, open now."""
    field = open_field_now(database_url, samples=SAMPLES, points=POINTS)
    yield field
    field.close()


def test_the_log_keeps_no_answers_codes_tokens_receipts_cookies_or_addresses(
    by_letter_too: Field, start_server: Callable[..., Server]
) -> None:
    field = by_letter_too
    url = field.settings.database_url
    server = start_server(url, SECRET_KEY=SECRET, WEB_CONCURRENCY="1", FORMS_AT_ONCE="1")
    caller = Caller(server, field, print_letters(field))
    caller.try_everything()
    assert caller.work_in_vain()
    exchange(server, f"GET /r/{field.point.code}?{QUERY}=1 HTTP/1.1\r\nHost: evil\r\n\r\n".encode())
    exchange(server, f"GET /{QUERY} HTTP/9.9\r\n\r\n".encode())
    exchange(server, f"{COMMENT}\r\n\r\n".encode())
    refuse_rows(field)
    assert {caller.send(door) for door in DOORS} == {500}
    with waves_away(field):
        assert {caller.send(door) for door in DOORS} == {503}
    caller.guess()
    for door in DOORS:
        assert caller.statuses[door] >= {404, 405, 413, 415, 422, 429, 500, 503}, door
    log = server.log.read_text("utf-8")
    assert "unhandled IntegrityError" in log
    assert "keep_responses.py" in log, "the log says where the fault is"
    assert "database unavailable" in log
    assert len(caller.secrets) > 30, "tokens, receipts and cookies were given"
    assert caller.found() == set()
    assert [secret for secret in caller.secrets if secret in caller.told] == []


def test_a_log_that_names_paths_is_found(sqlite_url: str, start_server: Callable[..., Server]) -> None:
    """The planted fault."""
    field = open_field_now(sqlite_url, samples=SAMPLES, points=POINTS)
    server = start_server(sqlite_url, "tests.faults.planted:names_the_path()", SECRET_KEY=SECRET)
    caller = Caller(server, field, print_letters(field))
    letter = caller.letters[0]
    assert {caller.send("poster"), caller.send("letter")} == {201}
    found = caller.found()
    assert {QUERY, field.point.code, letter} < found
    assert len(found - {QUERY, field.point.code, letter}) == 2, "the addresses of both thanks pages"
    field.close()


# --- the first load ---------------------------------------------------------------------------------------------


def loaded(page: Page, url: str) -> dict[str, int]:
    """Bytes over the wire of each request of a first load, headers included."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    names: dict[str, str] = {}
    weights: dict[str, int] = {}
    devtools.on("Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]}))
    devtools.on(
        "Network.loadingFinished",
        lambda event: weights.update({names[event["requestId"]]: int(event["encodedDataLength"])}),
    )
    page.goto(url, wait_until="networkidle")
    return {name: weight for name, weight in weights.items() if not name.startswith("data:")}


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_the_first_load_of_the_civic_form_is_light(
    sqlite_url: str,
    start_server: Callable[..., Server],
    new_context: Callable[..., BrowserContext],
    locale: str,
) -> None:
    now = datetime.now(CHINA)
    field = open_field(
        sqlite_url,
        now=now,
        questionnaire=with_dates(text=CIVIC.read_text("utf-8"), valid_until=f"{now.year + 1}-12-31"),
        plan=plan_text(now, questionnaire=("civic", 1)),
    )
    server = start_server(sqlite_url, SECRET_KEY=SECRET)
    page = new_context(**PHONE | {"locale": locale}).new_page()
    weights = loaded(page, f"{server.url}/r/{field.point.code}")
    assert page.locator("fieldset.item").count() == len(field.questionnaire.items) >= 22
    assert page.locator("html").get_attribute("lang") == ("en" if locale == "en-GB" else "zh-Hans")
    print(f"\nfirst load, {locale}: {sum(weights.values())} bytes in {len(weights)} requests: {weights}")
    assert len(weights) <= FIRST_LOAD_REQUESTS, weights
    assert sum(weights.values()) <= FIRST_LOAD_BYTES, weights
    field.close()
