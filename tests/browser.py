"""A real browser and a real server for the tests: Chromium through Playwright, gunicorn with our own settings.

A page that reports an error in its console, or throws one, fails its test. Where a test provokes one on purpose, it
says so with `browser_errors.allow("part of the message")`.
"""

import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Playwright

from tests import machine
from tests.starter import Starter

REPOSITORY = Path(__file__).resolve().parents[1]
_STARTER = Starter()
START_SECONDS = 30.0
STOP_SECONDS = 10.0

# No sandbox, since the tests may run as root; the rest keeps the browser from speaking to its maker.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What the browser says when it looks for a newer service worker while the network is away. It does so when it likes.
NO_NEWER_WORKER = "An unknown error occurred when fetching the script."
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
}
TABLET: dict[str, Any] = PHONE | {"viewport": {"width": 820, "height": 1180}}
DESK: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 800},
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
}


def launch(playwright: Playwright) -> Browser:
    """Starts the machine's Chromium; skips where there is none."""
    return playwright.chromium.launch(**launch_options())


def launch_options(part: machine.Part = machine.BROWSER) -> dict[str, Any]:
    """What every start of the browser needs; also for `launch_persistent_context`."""
    return {"executable_path": machine.need(part), "args": list(CHROMIUM_ARGUMENTS)}


@dataclass  # without slots: Playwright keeps its note of a listener on the object
class BrowserErrors:
    """What the pages of one test complained about."""

    seen: list[str] = field(default_factory=list)
    _allowed: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Listens to every page of the context, also to those that open later."""
        context.on("console", self._note_console)
        context.on("weberror", lambda event: self.seen.append(f"{event.page and event.page.url}: {event.error}"))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.seen.append(f"{message.location['url'] or (message.page and message.page.url)}: {message.text}")

    def allow(self, part: str) -> None:
        """An error that contains `part` is what this test is about."""
        self._allowed.append(part)
        if "ERR" in part:  # the network is away
            self._allowed.append(NO_NEWER_WORKER)

    def unexpected(self) -> list[str]:
        """What was seen and not allowed."""
        return [error for error in self.seen if not any(part in error for part in self._allowed)]


@dataclass(frozen=True, slots=True)
class Server:
    """A running gunicorn: where it answers, its master process, and what it wrote."""

    url: str
    process: psutil.Process
    log: Path


@contextmanager
def gunicorn(
    log: Path,
    environment: Mapping[str, str],
    application: str = "wsgi:app",
    folder: Path = REPOSITORY,
    settings: Path = REPOSITORY / "gunicorn.conf.py",
) -> Iterator[Server]:
    """Starts gunicorn with the project's settings on a free port and waits for /healthz; ends all of it afterwards.

    `environment` is all that the server is told (DATABASE_URL, …) besides what any process needs.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    told = {"HOST": "127.0.0.1", "PORT": port, "PUBLIC_URL": url, "WEB_CONCURRENCY": "2"} | dict(environment)
    process = _STARTER.start(["--config", str(settings), application], inherited | told, folder, log)
    try:
        _wait_for(url, process, log)
        yield Server(url, process, log)
    finally:
        _end(process)


def _wait_for(url: str, process: psutil.Process, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while process.is_running() and time.monotonic() < give_up:
        with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=5):
            return
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn did not answer at {url}/healthz:\n{log.read_text('utf-8')}")


def _end(process: psutil.Process) -> None:
    """Asks the master to end, then makes sure that no worker outlives it."""
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
