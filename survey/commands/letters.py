"""`letters`: how many letters of a wave are out and answered, and making more, into a file that is printed once."""

import argparse
import os
import secrets
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from survey.app import create_app
from survey.commands.command import Answer, command, named, opened
from survey.config import read_settings
from survey.domain.letters import CODE_LENGTH
from survey.domain.problems import Invalid, Problem
from survey.services.catalogue import Catalogue
from survey.services.make_letters import NewLetters, WaveLetters, letters_of_wave, make_letters
from survey.web.letter_page import Sheet, letters_html, letters_style, read_contact
from survey.web.office import utc_now


def add(commands: Any) -> None:
    """The command of letters."""
    about = f"letters with one-time codes of {CODE_LENGTH} letters: the numbers, or with --letters new ones in a file"
    made = command(commands, "letters", _letters, _show, about)
    made.add_argument("code", metavar="WAVE")
    made.add_argument("--point", type=int, action="append", metavar="NUMBER", help="a sampled point; may be repeated")
    made.add_argument("--letters", type=int, metavar="N", help="how many to make for each point")
    made.add_argument("--size", choices=[sheet.value for sheet in Sheet], default=Sheet.A4.value)
    made.add_argument("--contact", default="", metavar="TEXT", help="whom residents can ask, as it is to be printed")
    made.add_argument("--output", type=Path, metavar="FILE.html", help="a new file; it alone holds the codes")


def _letters(options: argparse.Namespace) -> Answer:
    if options.letters is None:
        with named(f"wave {options.code}"), opened() as db:
            return _numbers(letters_of_wave(db, options.code))
    contact = read_contact(options.contact)
    if options.output is None:
        raise Invalid([Problem("letter_output", "output")])
    # Before any code is made: where the file can't be written, the letters would be lost.
    descriptor = os.open(options.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    written = False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file, named(f"wave {options.code}"), opened() as db:
            secret, points = read_settings().secret_key, options.point or []
            made = make_letters(
                db, secret, options.code, points, options.letters, uuid4(), None, utc_now(), secrets.randbelow
            )
            file.write(_page(Catalogue(db), letters_of_wave(db, options.code), made, Sheet(options.size), contact))
            written = True
            return _numbers(letters_of_wave(db, options.code)) | {"made": options.letters * len(made)}
    finally:
        if not written:
            options.output.unlink()


def _page(catalogue: Catalogue, found: WaveLetters, made: list[NewLetters], sheet: Sheet, contact: str) -> str:
    settings, wave = read_settings(), found.wave
    app = create_app(settings)
    with closing(app.extensions["minsheng"].db), app.test_request_context(base_url=settings.public_url):
        return letters_html(
            wave,
            catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version),
            made,
            public_url=settings.public_url,
            sheet=sheet,
            contact=contact,
            style=letters_style(sheet),
        )


def _numbers(found: WaveLetters) -> dict[str, Any]:
    return {
        "wave": found.wave.code,
        "points": [{"number": point.number, "area": point.area_code} for point in found.points.values()],
        "batches": [
            {
                "point": found.points[batch.point_code].number,
                "made": batch.made_at.isoformat(),
                "letters": batch.letters,
                "used": batch.used,
                "voided": None if batch.voided_at is None else batch.voided_at.isoformat(),
            }
            for batch in found.batches
        ],
        "letters": found.out,
        "used": found.used,
    }


def _show(answer: Answer) -> str:
    points = [f"point {point['number']:>5}  {point['area']}" for point in answer["points"]]
    batches = [
        f"batch  made {batch['made']}  point {batch['point']}  {batch['used']} of {batch['letters']} used"
        + (f"  voided {batch['voided']}" if batch["voided"] else "")
        for batch in answer["batches"]
    ]
    return "\n".join([*points, *batches, f"{answer['used']} of {answer['letters']} letters used"])
