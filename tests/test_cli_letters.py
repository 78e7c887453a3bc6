"""The command line's part of letters: the numbers, and new letters in a file that is written once."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from survey.services.answer_letter import CodeState, find_letter
from survey.services.make_letters import letters_of_wave, void_letters
from tests.field import WAVE, Field, open_field_now
from tests.letters import POINTS, SAMPLES, answer
from tests.test_cli import PUBLIC_URL, Ran, Run
from tests.test_cli_tablet import run

__all__ = ["run"]  # a fixture

CODE = re.compile(r"<b>([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{2})</b>")


@pytest.fixture
def field(database_url: str) -> Iterator[Field]:
    """A wave that sends letters, open by the real clock."""
    opened = open_field_now(database_url, samples=SAMPLES, points=POINTS)
    yield opened
    opened.close()


def test_new_letters_stand_in_one_file_that_is_the_owners_alone(run: Run, field: Field, tmp_path: Path) -> None:
    file = tmp_path / "letters.html"
    arguments = ("--point", "3", "--point", "4", "--letters", "10", "--size", "A5", "--contact", "0826-2345678")
    made = run("letters", WAVE, *arguments, "--output", str(file), "--json")
    assert made.status == 0
    assert (made.json["made"], made.json["letters"], made.json["used"]) == (20, 20, 0)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = file.read_text("utf-8")
    codes = CODE.findall(page)
    assert len(set(codes)) == 20
    assert not [code for code in codes if code in made.out or code.replace("-", "") in made.out]
    assert {find_letter(field.door, code.replace("-", "")).state for code in codes} == {CodeState.FRESH}
    assert "size:A5" in page  # it brings its style along
    assert "0826-2345678" in page
    assert f"{PUBLIC_URL}/c".removeprefix("https://") in page
    assert not re.search(r"<script|<link rel=.stylesheet|src=", page)


def test_the_numbers_of_a_wave_are_told_without_codes(run: Run, field: Field, tmp_path: Path) -> None:
    assert run("letters", WAVE).out.splitlines()[-1] == "0 of 0 letters used"
    for point in ("3", "4"):
        new = ("--point", point, "--letters", "10", "--contact", "0826-2345678")
        run("letters", WAVE, *new, "--output", str(tmp_path / f"{point}.html"))
    (code, *_) = CODE.findall((tmp_path / "3.html").read_text("utf-8"))
    answer(field, code.replace("-", ""))
    voided = next(batch for batch in letters_of_wave(field.db, WAVE).batches if not batch.used)
    void_letters(field.db, WAVE, voided.id, field.clock.now)
    told = run("letters", WAVE, "--json").json
    assert {point["number"] for point in told["points"]} == {3, 4}
    assert sorted((batch["point"], batch["letters"], batch["used"]) for batch in told["batches"]) == [
        (3, 10, 1),
        (4, 10, 0),
    ]
    assert (told["letters"], told["used"]) == (10, 1)
    shown = run("letters", WAVE).out
    assert re.search(r"^batch  made \S+  point 3  1 of 10 used$", shown, re.MULTILINE)
    assert re.search(r"^batch  made \S+  point 4  0 of 10 used  voided \S+$", shown, re.MULTILINE)
    assert shown.endswith("1 of 10 letters used\n")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"--letters": "9"}, "letter_count"),
        ({"--letters": "2001"}, "letter_count"),
        ({"--point": "1"}, "letter_point_unknown"),
        ({"--point": None}, "letter_points"),
        ({"--contact": None}, "letter_contact"),
        ({"--contact": "x" * 101}, "letter_contact"),
        ({"--output": None}, "letter_output"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name_and_leaves_no_file(
    run: Run, field: Field, tmp_path: Path, changes: dict[str, str | None], code: str
) -> None:
    file = tmp_path / "letters.html"
    given = {"--point": "3", "--letters": "10", "--contact": "0826-2345678", "--output": str(file)} | changes
    refused = run("letters", WAVE, *(part for pair in given.items() if None not in pair for part in pair), "--json")
    assert (refused.status, [each["code"] for each in refused.json["problems"]]) == (1, [code])
    assert not file.exists()
    assert letters_of_wave(field.db, WAVE).batches == ()


def test_a_file_that_is_there_and_a_wave_that_is_not_are_said_in_one_sentence(
    run: Run, field: Field, tmp_path: Path
) -> None:
    file = tmp_path / "letters.html"
    file.write_text("last year's", "utf-8")
    new = ("--point", "3", "--letters", "10", "--contact", "0826-2345678", "--output")
    assert run("letters", WAVE, *new, str(file)) == Ran(1, "", f"{file}: File exists\n")
    assert file.read_text("utf-8") == "last year's"
    assert letters_of_wave(field.db, WAVE).batches == ()
    other = tmp_path / "other.html"
    assert run("letters", "2031-01", *new, str(other)) == Ran(1, "", "There is no wave 2031-01.\n")
    assert not other.exists()
    assert run("letters", "2031-01") == Ran(1, "", "There is no wave 2031-01.\n")
