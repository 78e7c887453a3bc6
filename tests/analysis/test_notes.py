"""The notes: one wording for every code that the library can write, in the form that a table cell takes."""

import ast
from pathlib import Path

import pytest

import analysis
from analysis.notes import NOTES
from analysis.rates import wave_rates
from tests.analysis.samples import margins, wave
from tests.analysis.test_rates import INDICATORS


@pytest.mark.parametrize("code", NOTES)
def test_a_note_is_a_fragment_that_fits_a_cell(code: str) -> None:
    text = NOTES[code]
    assert text[0].islower()
    assert not text.endswith(".")
    assert len(text) <= 90


def test_every_note_is_written_somewhere_in_the_library() -> None:
    written: set[str] = set()
    for path in Path(analysis.__file__).parent.glob("*.py"):
        if path.stem != "notes":
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            written |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(NOTES) <= written


def test_notes_on_points_do_not_claim_that_there_are_too_few_where_only_the_answers_agree() -> None:
    rows = wave(n=1600)
    rows.loc[rows["neighbourhood"] == "N11", "aware"] = 1.0
    estimate = wave_rates(rows, margins(), INDICATORS).get("aware", "intercept", "neighbourhood", "N11")
    assert estimate is not None
    assert estimate.df >= 3
    assert "deff_of_district" in estimate.notes
    assert all("few" not in NOTES[note] for note in estimate.notes)
