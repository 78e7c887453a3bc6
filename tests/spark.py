"""A small Spark cluster of our own: a standalone master, two workers and a Connect server in front, all on 127.0.0.1.

The programs are those of the package `pyspark`; only Java has to be on the machine. Every process ends with the tests:
`cluster` stops them, workers with the executors that they started, and proves that none is left; should the tests be
killed, the kernel ends them (setpriv --pdeathsig), and executors end when their worker is gone.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from tests import machine

WORKERS = 2
START_SECONDS = 90.0
STOP_SECONDS = 15.0
# Short lives: start quickly on few cores rather than run fast in the end.
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.executor.extraJavaOptions": QUICK,
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.cores.max": str(WORKERS),
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster. address: of its Connect server, `sc://…`; office: where the master says what it knows."""

    address: str
    office: str

    def state(self) -> dict[str, Any]:
        """What the master knows: `aliveworkers`, and in `activeapps` what runs on them."""
        with urllib.request.urlopen(self.office, timeout=10) as answer:
            known: dict[str, Any] = json.load(answer)
        return known


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that works and logs in `folder`; skips where there is no Java."""
    java = machine.need(machine.JAVA)
    master, office, connect, *work = _free_ports(3 + WORKERS)
    url = f"spark://127.0.0.1:{master}"
    here = ["--host", "127.0.0.1"]
    deploy = "org.apache.spark.deploy"
    start = _Starter(java, folder)
    try:
        start(
            "master",
            "spark-class",
            f"{deploy}.master.Master",
            *here,
            "--port",
            str(master),
            "--webui-port",
            str(office),
        )
        for number, port in enumerate(work):
            given = ["--cores", "1", "--memory", "512m", "--webui-port", str(port), "--work-dir", str(folder / "work")]
            start(f"worker-{number}", "spark-class", f"{deploy}.worker.Worker", *here, *given, url)
        settings = SETTINGS | {"spark.connect.grpc.binding.port": str(connect)}
        options = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        start("connect", "spark-submit", "--master", url, "--class", server, *options, "spark-internal")
        found = Cluster(f"sc://127.0.0.1:{connect}", f"http://127.0.0.1:{office}/json/")
        give_up = time.monotonic() + START_SECONDS
        while not (_listens(connect) and found.state()["aliveworkers"] == WORKERS):
            if time.monotonic() > give_up or not start.all_run():
                logs = "\n".join(f"{log}:\n{log.read_text('utf-8')[-2000:]}" for log in folder.glob("*.log"))
                raise RuntimeError(f"The Spark cluster did not start.\n{logs}")
            time.sleep(0.1)
        yield found
    finally:
        start.end()


class _Starter:
    """Starts programs of Spark, and ends them with everything that they started."""

    def __init__(self, java: Path, folder: Path) -> None:
        spec = find_spec("pyspark")
        assert spec is not None
        assert spec.origin is not None
        self._home = Path(spec.origin).parent
        self._folder = folder
        self._processes: list[psutil.Popen] = []
        self._environment = {
            "PATH": os.environ["PATH"],
            "JAVA_HOME": str(java.resolve().parent.parent),
            "SPARK_HOME": str(self._home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / "local"),
            "SPARK_DAEMON_MEMORY": "640m",  # the Connect server's as well
            "SPARK_DAEMON_JAVA_OPTS": f"{QUICK} -Dspark.master.rest.enabled=false",
        }
        self._with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []

    def __call__(self, name: str, program: str, *words: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            process = psutil.Popen(
                [*self._with_us, str(self._home / "bin" / program), *words],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they stop the cluster afterwards
            )
        self._processes.append(process)

    def all_run(self) -> bool:
        return all(process.poll() is None for process in self._processes)

    def end(self) -> None:
        """Ends the programs and their descendants; RuntimeError should one survive."""
        alive: list[psutil.Process] = []
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                alive += [*process.children(recursive=True), process]
        for how in (signal.SIGTERM, signal.SIGKILL):
            for member in alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(how)
            _, alive = psutil.wait_procs(alive, STOP_SECONDS)
        if alive:
            raise RuntimeError(f"Spark's processes {[process.pid for process in alive]} cannot be ended.")


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [s.getsockname()[1] for s in sockets]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
