"""The examples of `analysis/README.md` run as they stand, and its table names every file there is."""

import re
from pathlib import Path

import pandas as pd
import pytest

import analysis
from tests.analysis.samples import margins, wave

FOLDER = Path(analysis.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = wave().assign(w=1.0)
    rows.to_csv(tmp_path / "interviews.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names = {
        "population": margins(),
        "first_wave": (rows.index < 300),
        "second_wave": (rows.index >= 300),
    }
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(blocks) == 2
    for block in blocks:
        # Only the last wave and the place shown are stand-ins for the reader's own.
        exec(block.replace("440103", "D1").replace("last_wave", "rates"), names)
    assert isinstance(names["rows"], pd.DataFrame)


def test_the_table_names_every_file_and_folder_and_no_other() -> None:
    table = " ".join(line.split("|")[1] for line in README.splitlines() if line.startswith("| "))
    named = set(re.findall(r"\w+", table)) - {"file"}
    here = {path.stem for path in FOLDER.glob("*.py")} | {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert named == here - {"__init__", "__main__"}
