"""The real server as a phone meets it: the weight of the first page, what the wire may bring, what the log keeps."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import text

from tests.browser import PHONE, REPOSITORY, Server
from tests.field import CHINA, SECRET, Field, as_form, open_field, open_field_now, plan_text, valid_answers
from tests.field import questionnaire_text as with_dates

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


def test_the_log_keeps_no_answers_codes_tokens_or_addresses(served: tuple[Server, Field]) -> None:
    server, field = served
    token = field.token()
    answers = valid_answers(comment="secretword")
    caller = {"X-Forwarded-For": "203.0.113.7", "User-Agent": "telltale-phone"}
    assert post(server, field, json.dumps({"token": token, "answers": answers}), **caller)[0] == 201
    assert post(server, field, json.dumps({"token": token, "answers": answers | {"parks": "secretword"}}))[0] == 422
    assert post(server, field, '{"secretword', **caller)[0] == 422
    exchange(server, f"GET /r/{field.point.code}?secretword=1 HTTP/1.1\r\nHost: evil\r\n\r\n".encode())
    exchange(server, b"GET /secretword HTTP/9.9\r\n\r\n")
    exchange(server, b"secretword\r\n\r\n")
    with field.db.writing() as connection:
        if field.db.is_sqlite:
            broken = "CREATE TRIGGER broken BEFORE INSERT ON response BEGIN SELECT RAISE(ABORT, 'broken'); END"
        else:
            broken = "ALTER TABLE response ADD CONSTRAINT broken CHECK (wave_id < 0) NOT VALID"
        connection.execute(text(broken))
    status, told = post(server, field, json.dumps({"token": field.token(), "answers": answers}), **caller)
    assert status == 500
    log = server.log.read_text("utf-8")
    assert "unhandled IntegrityError" in log
    assert "receive_submission.py" in log, "the log says where the fault is"
    for secret in ("secretword", field.point.code, token[:40], "203.0.113.7", "telltale-phone", "'F'", '"F"', "18-34"):
        assert secret not in log, secret
        assert secret not in told


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
