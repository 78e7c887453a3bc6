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
import socket
import struct

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
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
