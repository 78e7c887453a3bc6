"""Paper sheets: the serial number of each, and how what is typed at the desk becomes answers.

A serial such as `P12-1-HK4T07-QX` names the point, the questionnaire's version, the printing and the copy; the last two
letters are a keyed check, so that a slip of the typist names no other sheet and nobody makes up sheets. On paper the
categories of an item are numbered from 1, those beside a number lettered from A: one key each, and no code to spell.
"""

import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from survey.domain.questionnaire import Item, ItemType
from survey.domain.submission import CODE_ALPHABET, code_from_number

MOST_COPIES = 50
BATCH_LETTERS, CHECK_LETTERS = 4, 2
_LETTER = f"[{CODE_ALPHABET}]"
_SERIAL = re.compile(
    r"P?(?P<point>[1-9][0-9]{0,5})-(?P<version>[1-9][0-9]{0,3})"
    rf"-(?P<batch>{_LETTER}{{4}})(?P<copy>[0-9]{{2}})-?(?P<check>{_LETTER}{{2}})"
)
_PARTS = re.compile(r"[\s,;，、；.]+")


@dataclass(frozen=True, slots=True)
class Serial:
    """One sheet: the number of its point, the version it prints, the printing's letters and the copy's number."""

    point_number: int
    version: int
    batch: str
    copy: int

    def text(self, secret: str, point_code: str) -> str:
        """As it is printed."""
        return f"P{self.point_number}-{self.version}-{self.batch}{self.copy:02d}-{self._check(secret, point_code)}"

    def agrees(self, secret: str, point_code: str, letters: str) -> bool:
        """Whether these are its check letters."""
        return hmac.compare_digest(self._check(secret, point_code), letters)

    def submission_id(self, point_code: str) -> UUID:
        """The same sheet has the same id, whoever types it and how often."""
        named = f"minsheng:paper:{point_code}:{self.version}:{self.batch}:{self.copy}"
        return uuid5(NAMESPACE_URL, named)

    def _check(self, secret: str, point_code: str) -> str:
        named = f"paper {point_code} {self.version} {self.batch} {self.copy}".encode()
        number = int.from_bytes(hmac.digest(secret.encode(), named, "sha256"))
        return code_from_number(number, CHECK_LETTERS)


def batch_letters(number: int) -> str:
    """The letters of a printing, from a random number."""
    return code_from_number(number, BATCH_LETTERS)


def read_serial(text: str) -> tuple[Serial, str] | None:
    """(serial, check letters) of what was typed, in any case and width; None where it has not the shape of one."""
    typed = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text[:60])).upper()
    typed = re.sub("[\u2010-\u2015\u2212]", "-", typed)  # what keyboards type for a hyphen
    found = _SERIAL.fullmatch(typed)
    if found is None:
        return None
    return Serial(int(found["point"]), int(found["version"]), found["batch"], int(found["copy"])), found["check"]


def mark_letter(place: int) -> str:
    """What stands beside a category that is chosen instead of a number: A for the first."""
    return chr(ord("A") + place)


def answer_of(item: Item, typed: str, area: Callable[[str], str | None]) -> object:
    """The answer that was typed, in the shape that the check of answers takes; None where nothing was. What names
    nothing stays as it was typed, for the check to refuse it. `area` finds an area by its code or name."""
    text = unicodedata.normalize("NFKC", typed).strip() if item.type is not ItemType.OPEN_TEXT else typed
    if not text:
        return None
    return _READERS.get(item.type, _one)(item, text, area)


def _one(item: Item, text: str, _: object) -> object:
    return _category(item, text)


def _several(item: Item, text: str, _: object) -> object:
    return list(dict.fromkeys(_category(item, part) for part in _PARTS.split(text) if part))


def _number(item: Item, text: str, _: object) -> object:
    letters = {mark_letter(place): category.code for place, category in enumerate(item.categories)}
    if text.upper() in letters:
        return letters[text.upper()]
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else text


def _area(_: Item, text: str, area: Callable[[str], str | None]) -> object:
    return area(text) or text


def _text(_: Item, text: str, __: object) -> object:
    return text


def _category(item: Item, text: str) -> str:
    codes = {str(place): category.code for place, category in enumerate(item.categories, start=1)}
    return codes.get(text.removeprefix("0"), text)


_READERS: Mapping[ItemType, Callable[[Item, str, Callable[[str], str | None]], object]] = {
    ItemType.SEVERAL: _several,
    ItemType.INTEGER: _number,
    ItemType.AREA: _area,
    ItemType.OPEN_TEXT: _text,
}
