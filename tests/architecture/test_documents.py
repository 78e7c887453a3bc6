"""The documents name commands and files that exist, and the checks see it where they do not."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.architecture import documents as checks
from tests.browser import REPOSITORY

Check = Callable[[Path], list[str]]

FAULTS: list[tuple[Check, Mapping[str, str], str]] = [
    (checks.commands_exist, {"README.md": "`python -m survey frames import`"}, "invalid choice: 'frames'"),
    (checks.commands_exist, {"docs/a.md": "```sh\npython -m survey wave open\n```"}, "required: WAVE"),
    (checks.commands_exist, {"docs/a.md": "`python -m survey recount --quick`"}, "unrecognized arguments: --quick"),
    (
        checks.commands_exist,
        {"analysis/README.md": "```sh\ncd there && .venv/bin/python -m survey account add 王芳 --role king  # no\n```"},
        "invalid choice: 'king'",
    ),
    (checks.every_command_is_documented, {"README.md": "`python -m survey wave open A`"}, "survey wave close"),
    (checks.made_targets_exist, {"docs/a.md": "`make fly`", "Makefile": "run:\n"}, "docs/a.md names make fly"),
    (
        checks.readmes_name_the_same_modules,
        {"README.md": "`python -m analysis solve CASE`", "README.zh-CN.md": "`python -m survey init`"},
        "different commands",
    ),
    (checks.named_files_exist, {"docs/a.md": "See `services/gone.py`."}, "docs/a.md names services/gone.py"),
    (
        checks.named_files_exist,
        {"docs/a.md": "See `queries/quotas.py: take`.", "survey/queries/quotas.py": "def take_slot(): ..."},
        "docs/a.md names take of queries/quotas.py",
    ),
]
CHECKS = list(dict.fromkeys(check for check, _, _ in FAULTS))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_documents_hold(check: Check) -> None:
    assert check(REPOSITORY) == []


@pytest.mark.parametrize(("check", "files", "complaint"), FAULTS, ids=[check.__name__ for check, _, _ in FAULTS])
def test_a_planted_fault_is_caught(check: Check, files: Mapping[str, str], complaint: str, tmp_path: Path) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert any(complaint in found for found in check(tmp_path)), check(tmp_path)


def test_the_documents_show_commands_to_check() -> None:
    shown = [found for _, text in checks._documents(REPOSITORY) for found in checks.COMMAND.findall(text)]
    assert len(shown) > 10
