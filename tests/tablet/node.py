"""The tablet's and the forms' modules that need no browser, run by node; and copies of them with a planted fault."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests import machine
from tests.browser import REPOSITORY

STATIC = REPOSITORY / "survey" / "static"
MODULES = STATIC / "tablet"
SHARED = STATIC / "instrument"


def in_node(modules: str, script: str, given: object = None, folder: Path = MODULES) -> Any:
    """What the script returns, which has the named modules as `modules.name` and what it is `given`."""
    node = machine.need(machine.NODE)
    told = json.dumps({"folder": str(folder), "modules": modules.split(), "script": script, "given": given})
    run = subprocess.run(
        [node, Path(__file__).parent / "node.mjs"], input=told, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def planted(folder: Path, module: str, old: str, new: str, of: Path = MODULES) -> Path:
    """A copy of the modules in which one is wrong."""
    copy = shutil.copytree(of, folder / of.name)
    (copy / module).write_text(changed((copy / module).read_text("utf-8"), old, new), "utf-8")
    return copy


def changed(source: str, old: str, new: str) -> str:
    """The source with the fault; it must have had what the fault replaces."""
    assert source.count(old) == 1, f"{source.count(old)} times: {old}"
    return source.replace(old, new)
