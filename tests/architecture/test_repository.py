"""Every check of the repository holds, and catches the fault that it is there for."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.architecture import repository as checks
from tests.browser import REPOSITORY

Check = Callable[[Path], list[str]]

MIGRATION = 'revision = "{}"\ndown_revision = {}\n'
PROJECT = '[project]\ndependencies = ["flask~=3.1"]\n[dependency-groups]\ndev = ["pytest"]\n'

# the check, files with a fault in them, and the complaint that they must bring
FAULTS: list[tuple[Check, Mapping[str, str], str]] = [
    (checks.package_files_stay_empty, {"survey/web/__init__.py": "import os\n"}, "survey/web/__init__.py is not empty"),
    (
        checks.nothing_of_this_machine,
        {"docs/a.md": "ok\nsee /ho" + "me/li/survey"},
        "a.md:2 names a path of somebody's machine",
    ),
    (
        checks.nothing_of_this_machine,
        {"Makefile": "pip --extra-in" + "dex-url x"},
        "Makefile:1 names a package registry",
    ),
    (
        checks.readmes_name_the_same_commands,
        {"README.md": "`make run`", "README.zh-CN.md": "`make test`", "Makefile": "run:\ntest:\n"},
        "different commands",
    ),
    (
        checks.readmes_name_the_same_commands,
        {"README.md": "`make run`", "Makefile": "run:\n"},
        "README.zh-CN.md names no command",
    ),
    (
        checks.readmes_name_the_same_commands,
        {"README.md": "`make fly`", "README.zh-CN.md": "`make fly`", "Makefile": "run:\n"},
        "make fly does not exist",
    ),
    (
        checks.migrations_are_one_line,
        {
            "survey/migrations/versions/0001_a.py": MIGRATION.format("0001", None),
            "survey/migrations/versions/0003_b.py": MIGRATION.format("0003", '"0001"'),
        },
        "0003_b.py should be number 0002",
    ),
    (
        checks.migrations_are_one_line,
        {
            "survey/migrations/versions/0001_a.py": MIGRATION.format("0001", None),
            "survey/migrations/versions/0002_b.py": MIGRATION.format("0002", '"0001"'),
            "survey/migrations/versions/0003_c.py": MIGRATION.format("0003", '"0001"'),
        },
        "2 migrations are the newest",
    ),
    (checks.decisions_are_numbered, {"docs/decisions/0002-b.md": "# B"}, "0002-b.md should be number 0001"),
    (
        checks.templates_are_used_and_exist,
        {"templates/desk/old.html": "<p>"},
        "templates/desk/old.html is rendered nowhere",
    ),
    (
        checks.templates_are_used_and_exist,
        {"survey/web/desk.py": 'render_template("desk/a.html")', "templates/desk/a.html": '{% include "gone.html" %}'},
        "templates/desk/a.html names gone.html",
    ),
    (checks.files_stay_short, {"survey/web/all.py": "x = 1\n" * 401}, "survey/web/all.py has 401 lines"),
    (checks.links_of_the_documents_resolve, {"docs/a.md": "[b](b.md#part)"}, "docs/a.md links to b.md"),
    (checks.documents_are_in_the_index, {"docs/README.md": "", "docs/lost.md": ""}, "does not lead to lost.md"),
    (checks.changelog_takes_the_next_change, {"CHANGELOG.md": "# Changes\n"}, "no section"),
    (
        checks.locks_hold_what_the_project_asks_for,
        {
            "pyproject.toml": PROJECT,
            "requirements.txt": "flask==2.0 \\\n    --hash=sha256:a\n",
            "requirements-dev.txt": "",
        },
        "requirements.txt has flask 2.0, pyproject.toml asks for flask~=3.1",
    ),
    (
        checks.locks_hold_what_the_project_asks_for,
        {"pyproject.toml": PROJECT, "requirements.txt": "flask==3.1.3\n", "requirements-dev.txt": ""},
        "requirements.txt: flask==3.1.3 has no hash",
    ),
    (
        checks.locks_hold_what_the_project_asks_for,
        {"pyproject.toml": PROJECT, "requirements.txt": "", "requirements-dev.txt": ""},
        "requirements-dev.txt has pytest None",
    ),
    (
        checks.nothing_is_mocked,
        {"tests/test_a.py": "from unittest import " + "mock\n"},
        "tests/test_a.py imports mocks",
    ),
    (
        checks.one_statement_is_asked,
        {"survey/a.py": "with db.asking() as connection:\n    a = one(connection)\n    b = two(connection, a)\n"},
        "survey/a.py:1 asks more than once",
    ),
    (
        checks.settings_are_documented,
        {"survey/config.py": 'environ.get("NEW_SETTING", "")', "docs/operations.md": "| `OLD_SETTING` |"},
        "docs/operations.md does not explain NEW_SETTING",
    ),
]
CHECKS = list(dict.fromkeys(check for check, _, _ in FAULTS))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_repository_holds(check: Check) -> None:
    assert check(REPOSITORY) == []


@pytest.mark.parametrize(("check", "files", "complaint"), FAULTS, ids=[check.__name__ for check, _, _ in FAULTS])
def test_a_planted_fault_is_caught(check: Check, files: Mapping[str, str], complaint: str, tmp_path: Path) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert any(complaint in found for found in check(tmp_path)), check(tmp_path)


def test_every_check_has_a_planted_fault() -> None:
    defined = {
        value
        for name, value in vars(checks).items()
        if callable(value) and getattr(value, "__module__", "") == checks.__name__ and not name.startswith("_")
    }
    assert defined == set(CHECKS)
