"""How the server runs: read by gunicorn from the folder it is started in.

Threads rather than single-request workers, because nothing need stand in front of us: a phone on a bad network takes
seconds to send a form, and with one request per worker two such phones would stop everybody else. The threads spend
their time waiting (for the phone, for the disk, for the lock that SQLite's writers share), so sixteen of them cost
little; the processes bring the second core. The application is not loaded before the fork: a database connection
must not be shared by two processes, so each worker makes its own engine.

Nothing here writes down who called. There is no access log, and the address of a caller and the path of a request,
which may carry somebody's code, are taken out of the server's own messages.
"""

import errno
import logging
import multiprocessing
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", min(2, multiprocessing.cpu_count())))
threads = 16
preload_app = False

# Two servers on one machine would share gunicorn's control socket, and one would obey the other's commands.
control_socket_disable = True

# A phone that leaves the network in the middle of a form says nothing more. gunicorn would wait for it for ever, and
# so lose one thread after another. The kernel ends the wait, for every connection that these listeners accept.
STALL_SECONDS = 10


def when_ready(server: Arbiter) -> None:
    """Gives the listening sockets, and through them each connection, the longest silence that we wait for."""
    for listener in server.LISTENERS:
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, direction, struct.pack("ll", STALL_SECONDS, 0))


# After a broadcast more residents come than two cores can answer. Whoever has waited for a thread longer than this is
# told to come back in a moment, which costs us next to nothing; the form's page does so by itself. A form that is sent
# may wait longer than one that is fetched, for somebody has filled it in.
PATIENCE_SECONDS = {"GET": 2.0, "POST": 8.0}
COME_BACK_SECONDS = (2, 8)  # chance spreads those who were sent away
ALWAYS_ANSWERED = ("/healthz", "/readyz")
BUSY = """<!doctype html><html lang="zh-Hans"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>请稍后再试</title>
<h1>请稍后再试</h1><p>现在访问的人较多，请过几秒钟再试。如果您刚才提交了问卷，答案还没有保存，请返回上一页再次提交。</p>
<p lang="en">Many people are here just now. Please try again in a few seconds. If you have just sent a form, it has not
been stored yet: please go back and send it again.</p></html>""".encode()

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class PatientThreads(ThreadPoolExecutor):
    """Threads that know how long what they begin has waited for them."""

    begun = threading.local()

    def submit(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> "Future[Any]":
        return super().submit(self._begin, time.monotonic(), work, *args, **named)

    def _begin(self, asked: float, work: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        self.begun.waited = time.monotonic() - asked
        return work(*args, **named)


class PatientWorker(ThreadWorker):
    """gunicorn's threaded worker over such threads."""

    def get_thread_pool(self) -> PatientThreads:
        return PatientThreads(max_workers=self.cfg.threads)


worker_class = PatientWorker


def post_worker_init(worker: ThreadWorker) -> None:
    """Puts the turning away before the application."""
    worker.wsgi = turning_away(worker.wsgi)


def turning_away(application: Application) -> Application:
    """The application, but for requests that have waited too long."""

    def answer(asked: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        patience = PATIENCE_SECONDS.get(asked["REQUEST_METHOD"], PATIENCE_SECONDS["GET"])
        if PatientThreads.begun.waited <= patience or asked["PATH_INFO"] in ALWAYS_ANSWERED:
            return application(asked, start_response)
        # A body that nobody reads would break the connection before the answer has arrived.
        asked["wsgi.input"].read(min(int(asked.get("CONTENT_LENGTH") or 0), 65_536))
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(BUSY))),
            ("Retry-After", str(random.randint(*COME_BACK_SECONDS))),  # noqa: S311 (spreads load, guards nothing)
            ("Cache-Control", "no-store"),
        ]
        start_response("503 Service Unavailable", headers)
        return [BUSY]

    return answer


# The matrices here are small: threads of the linear algebra mostly wait for each other. Read when NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

timeout = 30  # a worker that does not report for so long hangs and is replaced
graceful_timeout = 30  # what is being answered when the server is told to stop may take so long
keepalive = 5  # a form and its stylesheet come over one connection; an idle phone does not hold it
max_requests = 0  # a worker that must be replaced now and then has a fault that should be found
# Workers report by touching a file, which must not wait for a slow disk; gunicorn names and opens it safely.
MEMORY = "/dev/shm"  # noqa: S108
worker_tmp_dir = MEMORY if os.access(MEMORY, os.W_OK) else None

# Our own addresses are short; the longest are the filters of the desk.
limit_request_line = 2048
limit_request_fields = 64
# Only a proxy on the same machine may say that the visitor came over TLS, unless the variable names another.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

accesslog = None
errorlog = "-"


class NamesNobody(logging.Filter):
    """Takes the caller's address and the request's path out of messages; leaves out phones that went silent."""

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith("Invalid request from ip="):
            record.msg = "Invalid request"
        elif str(record.msg).startswith("Error handling request"):
            record.msg, record.args = "Error handling request", ()
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, OSError) and error.errno == errno.EAGAIN)


class Log(Logger):
    """Gunicorn's log without anybody in it."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.addFilter(NamesNobody())


logger_class = Log
