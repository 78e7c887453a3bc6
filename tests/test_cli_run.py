"""The server as an office starts it: a process of its own, which loads everything anew."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.browser import REPOSITORY
from tests.field import SECRET

PATIENCE = 60.0


def test_the_command_starts_a_server_that_answers_and_ends_when_it_is_told(sqlite_url: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    told = {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(tmp_path), "PORT": port}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "survey", "run"]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, cwd=REPOSITORY, env=inherited | told, stdout=log, stderr=log) as server,
    ):
        try:
            assert answers(f"http://127.0.0.1:{port}/readyz", server)
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
    assert not (tmp_path / "log").read_text("utf-8").count("Traceback")


def answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Whether something comes while the server runs."""
    give_up = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < give_up:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
        time.sleep(0.1)
    return False
