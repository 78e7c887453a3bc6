"""gunicorn.conf.py, tried with a small application: it serves, it ends, and it writes down nobody."""

import http.client
import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.browser import REPOSITORY, Server, gunicorn

APPLICATION = """
import time


def app(environ, start_response):
    if environ["PATH_INFO"] == "/healthz":
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.6)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"slow"]
    raise RuntimeError("the application fails")
"""
SETTINGS = (REPOSITORY / "gunicorn.conf.py").read_text("utf-8")
CALLER = "127.0.0.77"  # the whole of 127/8 is this machine, so a caller can have an address that nothing else has


@contextmanager
def _small_server(folder: Path, settings: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    (folder / "small.py").write_text(APPLICATION, "utf-8")
    (folder / "gunicorn.conf.py").write_text(settings, "utf-8")
    with gunicorn(folder / "log", environment or {}, "small:app", folder, folder / "gunicorn.conf.py") as started:
        yield started


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with _small_server(tmp_path, SETTINGS) as started:
        yield started


def _port(server: Server) -> int:
    return int(server.url.rsplit(":", 1)[1])


def test_a_failed_request_is_logged_without_its_caller_and_its_address(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", _port(server), source_address=(CALLER, 0))
    connection.request("GET", "/r/SECRETCODE?name=value")
    assert connection.getresponse().status == 500
    connection.close()
    written = server.log.read_text("utf-8")
    assert "the application fails" in written
    assert CALLER not in written
    assert "SECRETCODE" not in written


@pytest.mark.parametrize("request_line", [b"GET /r/SECRETCODE\r\n\r\n", b"SECRETCODE\x00 / HTTP/1.1\r\n\r\n"])
def test_a_malformed_request_is_logged_without_its_caller_and_its_content(server: Server, request_line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", _port(server)), source_address=(CALLER, 0)) as caller:
        caller.sendall(request_line)
        assert b"400" in caller.recv(4096)
    written = server.log.read_text("utf-8")
    assert "Invalid request" in written
    assert CALLER not in written
    assert "SECRETCODE" not in written


def test_an_address_line_that_is_too_long_is_refused(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", _port(server))
    connection.request("GET", "/" + "a" * 3000)
    assert connection.getresponse().status == 414
    connection.close()


def test_slow_phones_do_not_stop_the_others(server: Server) -> None:
    slow = [socket.create_connection(("127.0.0.1", _port(server))) for _ in range(10)]
    for phone in slow:
        phone.sendall(b"POST /r/x HTTP/1.1\r\nHost: x\r\nContent-Le")
    time.sleep(0.3)
    assert _healthy(server)
    for phone in slow:
        phone.close()


@pytest.mark.parametrize("settings", ["ours", "planted fault: no limit to silence"])
def test_phones_that_left_in_mid_request_do_not_hold_the_server(tmp_path: Path, settings: str) -> None:
    text = SETTINGS.replace("STALL_SECONDS = 10", "STALL_SECONDS = 1")
    if settings != "ours":
        text = text.replace("def when_ready", "def unused")
    with _small_server(tmp_path, text) as server, ExitStack() as gone:
        for _ in range(80):
            phone = gone.enter_context(socket.create_connection(("127.0.0.1", _port(server))))
            phone.sendall(b"POST /r/x HTTP/1.1\r\nHost: x\r\nContent-Le")
        if settings == "ours":
            assert _healthy(server)
            assert "Traceback" not in server.log.read_text("utf-8")
        else:
            assert not _healthy(server)


@pytest.mark.parametrize("settings", ["ours", "planted fault: nobody is turned away"])
def test_with_more_requests_than_threads_pages_are_put_off_and_forms_are_waited_for(
    tmp_path: Path, settings: str
) -> None:
    text = SETTINGS.replace("threads = 16", "threads = 1").replace('"GET": 2.0', '"GET": 0.3')
    if settings != "ours":
        text = text.replace("worker.wsgi = turning_away(worker.wsgi)", "pass")
    with (
        _small_server(tmp_path, text, {"WEB_CONCURRENCY": "1"}) as server,
        ThreadPoolExecutor(6) as phones,
    ):
        pages = [phones.submit(_status, server, "GET", "") for _ in range(3)]
        forms = [phones.submit(_status, server, "POST", "a=b") for _ in range(3)]
    put_off = [told for status, told in (page.result() for page in pages) if status == 503]
    assert [status for status, _ in (form.result() for form in forms)] == [200] * 3
    assert bool(put_off) == (settings == "ours")
    assert all(2 <= int(told) <= 8 for told in put_off)


def _status(server: Server, method: str, body: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", _port(server), timeout=30)
    connection.request(method, "/slow", body)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("Retry-After", "")


@pytest.mark.parametrize("settings", ["ours", "planted fault: with a control socket"])
def test_two_servers_share_no_control_socket(tmp_path: Path, settings: str) -> None:
    text = SETTINGS
    if settings != "ours":
        text = text.replace("control_socket_disable = True", "control_socket_disable = False")
    with _small_server(tmp_path, text, {"HOME": str(tmp_path)}) as server:
        time.sleep(1)  # gunicorn makes the socket a moment after it answers
        assert _healthy(server)
    assert ("Control socket" in server.log.read_text("utf-8")) == (settings != "ours")


def test_nothing_of_a_server_outlives_its_test(tmp_path: Path) -> None:
    with _small_server(tmp_path, SETTINGS) as started:
        give_up = time.monotonic() + 10
        while len(family := _family(started.process.pid)) < 3 and time.monotonic() < give_up:
            time.sleep(0.02)
        assert len(family) == 3, "the master and two workers"
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)


def _healthy(server: Server) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", _port(server), timeout=6)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except TimeoutError:
        return False
    finally:
        connection.close()


def _family(pid: int) -> list[psutil.Process]:
    master = psutil.Process(pid)
    return [master, *master.children(recursive=True)]
