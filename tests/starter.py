"""Starts servers without their longest part, which is to load what the application rests on.

One process for all of a test run loads it once, and forks for each server: what then runs is gunicorn as its command
line starts it, with the environment, the folder and the log that it is given, and nothing of the tests' own process.
When that process goes, so do the servers.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil

GUNICORN = "gunicorn.app.wsgiapp"
REPOSITORY = Path(__file__).resolve().parents[1]


class Starter:
    """The process that starts servers; it begins with the first of them."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> psutil.Process:
        """A gunicorn of these arguments; the leader of a group of its own."""
        told = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder), "log": str(log)}
        with self._one_at_a_time:
            process = self._process = self._process or _begin()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            return psutil.Process(int(process.stdout.readline()))


def _begin() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.starter"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    atexit.register(process.wait)
    atexit.register(process.stdin.close)  # runs first
    return process


def _serve() -> None:
    """Forks a server for each line of the input; ends them with it."""
    for module in (GUNICORN, "survey.app"):
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets a server that has ended
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever stops the tests closes our input
    started: list[int] = []
    for line in sys.stdin:
        if not (pid := os.fork()):
            _become_server(**json.loads(line))
        started.append(pid)
        print(pid, flush=True)
    for pid in started:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _become_server(arguments: list[str], environment: dict[str, str], folder: str, log: str) -> None:
    code: object = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["gunicorn", "--chdir", folder, *arguments]  # it has noted our own folder when it was loaded
        import_module(GUNICORN).run(prog="gunicorn")
        code = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
