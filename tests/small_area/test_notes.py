"""Every note that a small-area result can carry is explained, and none is explained that no result carries."""

import re
from pathlib import Path

import analysis.small_area.notes as module
from analysis.small_area.notes import NOTES

FOLDER = Path(module.__file__).parent
# The modules that write notes: as the last argument of a result, or in a list of (note, whether it holds).
MODELS = ("beta_binomial", "estimate", "fay_herriot", "logistic_normal", "maximum", "mixed")


def test_every_note_is_explained() -> None:
    text = "\n".join((FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in MODELS)
    used = set(re.findall(r"\(+\"([a-z]+(?:_[a-z]+)+)\",", text))
    assert used == set(NOTES)
