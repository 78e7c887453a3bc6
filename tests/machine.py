"""Which parts outside Python the tests need on this machine, and where they are: a browser, a Chinese font, PostgreSQL,
Java, Node.

`python -m tests.machine` looks for them and installs what is missing where it may (Debian's apt, as root or with sudo
that asks no password). Where it may not, it says what is missing, and the tests that need it skip with that reason.
With REQUIRE_ALL=1 a missing part is a failure, so that an automatic run cannot pass by skipping.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest


@dataclass(frozen=True, slots=True)
class Part:
    """Something the tests need: how to find it (None where it is absent) and the Debian package that brings it."""

    name: str
    package: str
    find: Callable[[], Path | None]


def _first(*programs: str) -> Path | None:
    return next((Path(found) for name in programs if (found := shutil.which(name))), None)


def find_browser() -> Path | None:
    """The Chromium that the browser tests start: the one without a screen, as it is lighter."""
    return _first("chromium-headless-shell") or find_desktop_browser()


def find_desktop_browser() -> Path | None:
    """A Chromium, or a close relative of it, that also writes down what people's own browsers do of their pages."""
    return _first("chromium", "chromium-browser", "google-chrome")


def find_chinese_font() -> Path | None:
    """Any font that fontconfig offers for simplified Chinese; without one a screenshot shows boxes."""
    if not shutil.which("fc-list"):
        return None
    listed = subprocess.run(["fc-list", ":lang=zh-cn", "file"], capture_output=True, text=True, check=False)
    return next((Path(line.rstrip(": ")) for line in listed.stdout.splitlines()), None)


def find_postgresql() -> Path | None:
    """The folder of the PostgreSQL server programs; the newest version where there are several."""
    versions = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    on_path = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    folders = sorted(versions, key=lambda p: int(p.parent.name), reverse=True) + on_path
    return next((p for p in folders if (p / "initdb").exists() and (p / "postgres").exists()), None)


def find_java() -> Path | None:
    """The Java that starts the tests' Spark cluster; 17 is the oldest that Spark 4 takes."""
    if not (found := shutil.which("java")):
        return None
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return Path(found) if version and int(version[1]) >= 17 else None


def find_node() -> Path | None:
    """The Node that runs scripts of the pages and reads them as a browser of another year would."""
    return _first("node")


BROWSER = Part("a browser (Chromium)", "chromium-headless-shell", find_browser)
DESKTOP_BROWSER = Part("a desktop browser (Chromium)", "chromium", find_desktop_browser)
CHINESE_FONT = Part("a Chinese font", "fonts-noto-cjk", find_chinese_font)
POSTGRESQL = Part("the PostgreSQL server", "postgresql", find_postgresql)
JAVA = Part("Java 17 or newer", "default-jre-headless", find_java)
NODE = Part("Node", "nodejs", find_node)
PARTS = (BROWSER, DESKTOP_BROWSER, CHINESE_FONT, POSTGRESQL, JAVA, NODE)


def all_parts_required() -> bool:
    """Whether a missing part is a failure."""
    return os.environ.get("REQUIRE_ALL") == "1"


def need(part: Part) -> Path:
    """Where the part is; skips the test, or fails it where all parts are required, when it is not here."""
    return part.find() or go_without(f"{part.name} is not on this machine (apt-get install {part.package})")


def go_without(reason: str) -> NoReturn:
    """Skips the test for this reason, or fails it where all parts are required."""
    if all_parts_required():
        pytest.fail(f"REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@functools.cache
def _as_root() -> tuple[str, ...] | None:
    """What to put before a command so that root runs it; None where we may not."""
    if os.geteuid() == 0:
        return ()
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ("sudo", "-n")
    return None


def _install(parts: Sequence[Part]) -> None:
    """Installs the parts through apt; what apt says is shown only where it fails."""
    prefix = _as_root()
    if prefix is None or not shutil.which("apt-get"):
        return
    packages = [part.package for part in parts]
    print(f"installing {', '.join(packages)}", flush=True)
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*apt, "update"], capture_output=True, check=False)  # an old list is often good enough
    command = [*apt, "install", "-y", "--no-install-recommends", *packages]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        print(installed.stdout + installed.stderr)


def main() -> int:
    """Finds every part, installs what is missing where it may, and says what stays missing."""
    missing = [part for part in PARTS if part.find() is None]
    if missing:
        _install(missing)
        missing = [part for part in missing if part.find() is None]
    for part in missing:
        print(f"missing: {part.name} (apt-get install {part.package}); the tests that need it skip")
    return 1 if missing and all_parts_required() else 0


if __name__ == "__main__":
    sys.exit(main())
