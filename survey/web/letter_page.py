"""Printed letters: one to a sheet of A4 or A5, in Chinese with a shorter part in English, each with its own code.

The desk shows them once, as the answer to the form that made them; the command line writes them to a file.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import render_template

from survey.config import OFFICE_ZONE
from survey.domain.fieldwork import Wave
from survey.domain.letters import shown
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire, text_in
from survey.domain.wave_json import plan_from_json
from survey.services.make_letters import NewLetters, letter_url
from survey.web.languages import N_, words
from survey.web.qr import qr_svg

LONGEST_CONTACT = 100

_GREETING = N_("Dear resident,")
_WHAT = N_(
    "{office} is asking residents for “{title}”. Your household is one of those that were drawn at random, so nobody "
    "else can answer in its place, whatever you think of our city."
)
_HOW = N_(
    "Scan the QR code with WeChat or your phone's camera. Or open {address} in any browser and type the code of this "
    "letter; small letters and missing hyphens do not matter, and “O”, “I”, “L”, “0” and “1” do not occur."
)
_WHO = N_("If several people in your household can answer, please let it be the one whose birthday was last.")
_UNTIL = N_(
    "It takes about three minutes. Please answer by {until}. Taking part is voluntary; who does not wish to need do "
    "nothing, and nothing follows from it."
)
_CHANGE = N_(
    "For {hours} hours after sending, but not after {until}, you can as a rule still change your answers; the page "
    "that thanks you says how. Only the last ones count."
)
_ANONYMOUS = N_(
    "No name, telephone number or house number is asked. The code only sees to it that each household counts once. Of "
    "the code we keep whether it was used; with the answers we keep the letter's area, the day they came and how long "
    "they took, but not the code. Which answers came with which letter is written down nowhere, and the receipt at the "
    "end does not hold the code."
)
_ASK = N_("Questions or complaints: {office}, {contact}")
_CODE = N_("Code of this letter")
_LEGAL = N_("Form number {number}, issued by {office}, approval {approval}, valid until {date}")
_QR = N_("QR code of this letter")
_MOMENT = {"zh-Hans": "{0.month}月{0.day}日{0:%H:%M}", "en": "{0:%H:%M on %d %B}"}


class Sheet(StrEnum):
    """The paper that letters are printed on."""

    A4 = "A4"
    A5 = "A5"


@dataclass(frozen=True, slots=True)
class LetterWords:
    """The text of a letter in one language."""

    language: str
    title: str
    greeting: str
    paragraphs: tuple[str, ...]
    ask: str
    code: str
    qr: str
    legal: str


@dataclass(frozen=True, slots=True)
class PrintedLetter:
    """What differs from letter to letter."""

    code: str = field(repr=False)
    svg: str = field(repr=False)
    point: int


def read_sheet(text: str) -> Sheet:
    """Raises Invalid naming `size`."""
    if text not in set(Sheet):
        raise Invalid([Problem("letter_size", "size")])
    return Sheet(text)


def read_contact(text: str) -> str:
    """Whom to ask, as the organiser typed it: one printable line. Raises Invalid naming `contact`."""
    contact = " ".join(text.split())
    if not 5 <= len(contact) <= LONGEST_CONTACT or not contact.isprintable():
        raise Invalid([Problem("letter_contact", "contact", (("high", str(LONGEST_CONTACT)),))])
    return contact


def letters_html(
    wave: Wave,
    questionnaire: Questionnaire,
    made: Iterable[NewLetters],
    *,
    public_url: str,
    sheet: Sheet,
    contact: str,
    style: str = "",
) -> str:
    """The page to print. With `style`, the page brings its stylesheet along, for a file."""
    return render_template(
        "desk/letters_print.html",
        letters=tuple(_printed(made, public_url)),
        words=tuple(_words(wave, questionnaire, public_url, contact)),
        sheet=sheet,
        address=f"{public_url}/c".partition("://")[2],
        style=style,
        wave=wave,
    )


def letters_style(sheet: Sheet) -> str:
    """The stylesheet of a file of letters."""
    folder = Path(__file__).parent.parent / "static" / "css"
    return "".join((folder / name).read_text("utf-8") for name in ("letters.css", f"letters_{sheet.value.lower()}.css"))


def _say(language: str, values: Mapping[str, object], text: str) -> str:
    return words(language).gettext(text).format(**values)


def _printed(made: Iterable[NewLetters], public_url: str) -> Iterator[PrintedLetter]:
    for each in made:
        for code in each.codes:
            yield PrintedLetter(shown(code), qr_svg(letter_url(public_url, code)).decode("utf-8"), each.point.number)


def _words(wave: Wave, questionnaire: Questionnaire, public_url: str, contact: str) -> Iterator[LetterWords]:
    plan = plan_from_json(wave.plan)
    closes = wave.closes_at.astimezone(ZoneInfo(OFFICE_ZONE))
    legal = questionnaire.legal
    for language, moment in _MOMENT.items():
        values: Mapping[str, object] = {
            "office": legal.issued_by,
            "title": text_in(questionnaire.title, language),
            "address": f"{public_url}/c",
            "until": moment.format(closes),
            "hours": plan.replace_hours,
            "contact": contact,
            "number": legal.form_number,
            "approval": legal.approval_number,
            "date": legal.valid_until.isoformat(),
        }
        say = partial(_say, language, values)
        change = (_CHANGE,) if plan.replace_hours else ()
        yield LetterWords(
            language=language,
            title=str(values["title"]),
            greeting=say(_GREETING),
            paragraphs=tuple(say(text) for text in (_WHAT, _HOW, _WHO, _UNTIL, *change, _ANONYMOUS)),
            ask=say(_ASK),
            code=say(_CODE),
            qr=say(_QR),
            legal=say(_LEGAL),
        )
