"""The languages of the interface: the shipped catalogues and those of the folder that the setting TRANSLATIONS names.

A catalogue is a PO file named after its language (`ug.po`, `zh_Hans.po`) whose header names the language in itself
(`X-Language-Name`). A text it lacks stands in Chinese. It is read at start; one that would break a page is refused.
"""

import gettext
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polib

from survey.config import SettingsError

DEFAULT = "zh-Hans"
_SHIPPED = Path(__file__).parent.parent / "translations"
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%|\{\w*\}|[<>]")


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the interface. `name` is what it calls itself."""

    code: str
    name: str
    words: gettext.NullTranslations

    @property
    def right_to_left(self) -> bool:
        """Whether it is written from right to left, as the first strong letter of its name tells."""
        directions = (unicodedata.bidirectional(letter) for letter in self.name)
        return next((way for way in directions if way in {"L", "R", "AL"}), "L") != "L"


@cache
def shipped_languages() -> Mapping[str, Language]:
    """The languages that staff work in too; English is the source text."""
    chinese = _read(_SHIPPED / "zh_Hans.po")
    return {DEFAULT: chinese, "en": Language("en", "English", gettext.NullTranslations())}


def all_languages(folder: str) -> Mapping[str, Language]:
    """The shipped languages and those of the office's folder; "" is none. Raises SettingsError."""
    languages = dict(shipped_languages())
    if not folder:
        return languages
    if not Path(folder).is_dir():
        raise SettingsError(f"TRANSLATIONS must be a folder with PO files; there is none at {folder}.")
    for path in sorted(Path(folder).glob("*.po")):
        try:
            language = _read(path)
        except (OSError, ValueError) as error:
            raise SettingsError(f"TRANSLATIONS: {path.name} cannot be read as a PO file ({error}).") from None
        if language.code in languages:
            raise SettingsError(f"TRANSLATIONS: {path.name} is a language that is there already.")
        language.words.add_fallback(languages[DEFAULT].words)
        languages[language.code] = language
    return languages


def _read(path: Path) -> Language:
    catalogue = polib.pofile(path.read_text("utf-8"))
    name = catalogue.metadata.get("X-Language-Name", "").strip()
    if not name:
        raise SettingsError(f"TRANSLATIONS: the header of {path.name} lacks X-Language-Name, as in “English”.")
    for entry in catalogue.translated_entries():
        for said in entry.msgstr_plural.values() if entry.msgid_plural else (entry.msgstr,):
            wanted, found = ({*_PLACEHOLDER.findall(text)} for text in (entry.msgid_plural or entry.msgid, said))
            if wanted != found:
                raise SettingsError(f"TRANSLATIONS: {path.name} has other placeholders than “{entry.msgid}”: {said}")
    words = gettext.GNUTranslations(io.BytesIO(catalogue.to_binary()))
    return Language(path.stem.replace("_", "-"), name, words)
