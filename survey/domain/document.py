"""What a parsed file looks like to the readers of questionnaires and wave plans, and how they walk it.

A document is plain data (mappings, lists, text, numbers, booleans, nothing else) with the line each part began on.
`Reading` walks it and collects every problem in one pass, so that an author sees all of them at once, each with its
file, its line and the way out. It never raises; the caller raises `Invalid` when the walk is over.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from survey.domain.problems import Problem

Path = tuple[str | int, ...]
T = TypeVar("T")

# what no database, spreadsheet or page can hold: controls other than tab and line feed, halves of surrogate pairs
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SHOWN = 60  # characters of a wrong value that are repeated in a sentence
_COMPARED = 300  # known words that a wrong one is compared with


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data read from `file`; `lines` maps a path into `tree` to the 1-based line where that part began."""

    file: str
    tree: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int | None:
        """The line of the part at `path`, or of the nearest part around it that has one."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def problem(self, path: Path, code: str, /, **params: object) -> Problem:
        """A problem of the part at `path`, with file and line."""
        told = tuple((name, str(value)) for name, value in params.items())
        return Problem(code, spell(path), told, self.line(path), self.file)


def spell(path: Path) -> str:
    """A path as an author reads it: ("sections", 0, "items", 2) is "sections[1].items[3]"."""
    words = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown(words.removeprefix(".")) or "file"


def shown(value: object) -> str:
    """A wrong value, short and printable, for repeating in a sentence."""
    text = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that an author most likely meant, if any is close."""
    among = list(known)[:_COMPARED]
    return next(iter(difflib.get_close_matches(word[:_SHOWN], among, n=1, cutoff=0.6)), None)


@dataclass(slots=True)
class Reading:
    """One walk over a document. Each method reads one part, notes what is wrong with it and returns None then."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: Path, code: str, /, **params: object) -> None:
        """Note a problem of the part at `path`."""
        self.problems.append(self.document.problem(path, code, **params))

    def mapping(
        self, path: Path, value: object, required: Collection[str] = (), optional: Collection[str] = ()
    ) -> Mapping[str, object] | None:
        """A mapping with exactly the keys allowed; unknown keys are named with the nearest known one."""
        if not isinstance(value, dict):
            self.wrong(path, "document_not_mapping")
            return None
        known = [*required, *optional]
        for key in value:
            if key in known:
                continue
            guess = nearest(key, known)
            if guess:
                self.wrong((*path, key), "document_unknown_key_nearest", key=shown(key), nearest=guess)
            else:
                self.wrong((*path, key), "document_unknown_key", key=shown(key), known=", ".join(known))
        for key in known:
            if value.get(key) is None and key in required:
                self.wrong((*path, key), "document_missing_key", key=key)
            elif key in value and value[key] is None:
                self.wrong((*path, key), "document_empty")
        return value

    def entries(self, path: Path, value: object, *, least: int = 1) -> Iterator[tuple[Path, object]]:
        """The entries of a list, each with its path."""
        if not isinstance(value, list):
            if value is not None or least:
                self.wrong(path, "document_not_list")
            return
        if len(value) < least:
            self.wrong(path, "document_too_few", least=least)
        for index, entry in enumerate(value):
            yield (*path, index), entry

    def text(self, path: Path, value: object) -> str | None:
        """Text that says something, without spaces around it."""
        if isinstance(value, bool | int | float):
            self.wrong(path, "document_quote_it", value=shown(str(value).lower()))
            return None
        if not isinstance(value, str):
            self.wrong(path, "document_not_text")
            return None
        if UNREADABLE.search(value):
            self.wrong(path, "unreadable_text")
            return None
        if not value.strip():
            self.wrong(path, "document_empty_text")
            return None
        return value.strip()

    def code(self, path: Path, value: object, pattern: re.Pattern[str], rule: str) -> str | None:
        """A short stable name that fits `pattern`; `rule` says the pattern in words."""
        text = self.text(path, value)
        if text is not None and not pattern.fullmatch(text):
            self.wrong(path, "document_bad_code", value=shown(text), rule=rule)
            return None
        return text

    def integer(self, path: Path, value: object, low: int, high: int) -> int | None:
        """A whole number from `low` to `high`."""
        if type(value) is not int:
            self.wrong(path, "document_not_integer")
            return None
        if not low <= value <= high:
            self.wrong(path, "document_out_of_range", low=low, high=high)
            return None
        return value

    def share(self, path: Path, value: object) -> float | None:
        """A share above 0 and up to 1, such as 0.85."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            self.wrong(path, "document_not_share")
            return None
        return float(value)

    def boolean(self, path: Path, value: object) -> bool | None:
        """true or false."""
        if not isinstance(value, bool):
            self.wrong(path, "document_not_boolean")
            return None
        return value

    def day(self, path: Path, value: object) -> date | None:
        """A date written as 2027-12-31."""
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.wrong(path, "document_not_date")
        return None

    def choice(self, path: Path, value: object, known: Mapping[str, T]) -> T | None:
        """One of the known words, as what it stands for."""
        text = self.text(path, value)
        if text is None:
            return None
        if text not in known:
            self.wrong(path, "document_not_known", value=shown(text), known=", ".join(known))
            return None
        return known[text]
