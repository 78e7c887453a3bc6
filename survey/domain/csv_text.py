"""Reading a table that a person saved as CSV: encoding, separator, header, and rows with their line numbers.

Offices save tables from many programs, so the encoding and the separator are recognised and reported. What cannot be
read for certain is refused, with the line; nothing is repaired by guessing.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from survey.domain.document import shown
from survey.domain.problems import Problem

_MARKED = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with BOM"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 LE with BOM"),  # before UTF-16 LE, which begins alike
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 BE with BOM"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE with BOM"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE with BOM"),
)
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")
_SEPARATORS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class Row:
    """The wanted cells of one row, trimmed, in the wanted order; `line` is where the row begins in the file.

    `whole` is False for a row that was reported: its cells only help to avoid complaints that follow from it.
    """

    line: int
    cells: tuple[str, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """What a file held. `problems` are reasons to refuse it, `notes` are not."""

    file: str
    encoding: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def plain(text: str) -> str:
    """A code or a header as it is meant: trimmed, compatibility characters made ordinary ones (NFKC)."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def read_table(data: bytes, columns: Sequence[str], file: str) -> Table:
    """Read the named columns of a CSV file; columns may stand in any order and others may stand beside them."""
    text, encoding, problem = decode(data, file)
    if problem is not None:
        return Table(file, encoding, (), (problem,), ())
    return _Reader(text, columns, file).table(encoding)


def decode(data: bytes, file: str) -> tuple[str, str, Problem | None]:
    """(text, name of the encoding, None), or ("", what it seemed to be, why it cannot be read)."""
    for mark, codec, name in _MARKED:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], codec, name, file)
    # The header begins with Latin letters, so in UTF-16 every other byte of it is zero.
    if data[1:8:2] == bytes(4):
        return _strictly(data, "utf-16-le", "UTF-16 LE", file)
    if data[0:7:2] == bytes(4):
        return _strictly(data, "utf-16-be", "UTF-16 BE", file)
    text, name, problem = _strictly(data, "utf-8", "UTF-8", file)
    if problem is None or _damaged_utf8(data):
        return text, name, problem
    return _strictly(data, "gb18030", "GB18030", file)


def _strictly(data: bytes, codec: str, name: str, file: str) -> tuple[str, str, Problem | None]:
    try:
        return data.decode(codec), name, None
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(codec, "replace").count("\n") + 1
        return "", name, Problem("csv_encoding", file, (("encoding", name),), line, file)


def _damaged_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8 with a few broken places. GB18030 would accept many of those as other characters."""
    beyond_ascii = [char for char in data.decode("utf-8", "replace") if char > "\x7f"]
    return beyond_ascii.count("\ufffd") * 4 < len(beyond_ascii)


class _Reader:
    """One pass over the text, collecting rows and everything that is wrong."""

    def __init__(self, text: str, columns: Sequence[str], file: str) -> None:
        self.file = file
        self.columns = tuple(columns)
        first = next((line for line in text.splitlines() if line.strip()), "")
        separator = max(_SEPARATORS, key=first.count)
        self.csv = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def table(self, encoding: str) -> Table:
        header = self._next()
        if header is None:
            self._problem("csv_empty", self.file)
        elif positions := self._positions(*header):
            width = len(header[1])
            while (record := self._next()) is not None:
                self._row(*record, positions, width)
        return Table(self.file, encoding, tuple(self.rows), tuple(self.problems), tuple(self.notes))

    def _next(self) -> tuple[int, list[str]] | None:
        """(line where it begins, cells) of the next row that is not blank."""
        while True:
            line = self.csv.line_num + 1
            try:
                cells = next(self.csv)
            except StopIteration:
                return None
            except csv.Error as error:
                self._problem("csv_quotes", "row", line)
                if "limit" in str(error):  # a quotation mark that is never closed: what follows is not rows
                    return None
                continue
            cells = [cell.strip() for cell in cells]
            if any(cells):
                return line, cells

    def _positions(self, line: int, header: list[str]) -> list[int]:
        names = [plain(name) for name in header]
        for name in self.columns:
            if name not in names:
                self._problem("csv_column_missing", name, line, found=", ".join(map(shown, names)))
            elif names.count(name) > 1:
                self._problem("csv_column_twice", name, line)
        for name in names:
            if name not in self.columns:
                self.notes.append(Problem("csv_column_unknown", shown(name) or "(blank)", (), line, self.file))
        return [] if self.problems else [names.index(name) for name in self.columns]

    def _row(self, line: int, cells: list[str], positions: list[int], width: int) -> None:
        whole = True
        if len(cells) != width:
            code = "csv_row_short" if len(cells) < width else "csv_row_long"
            self._problem(code, "row", line, expected=str(width), found=str(len(cells)))
            whole = False
            cells = cells + [""] * (width - len(cells))
        wanted = tuple([cells[position] for position in positions])
        if _UNREADABLE.search("\n".join(wanted)):
            whole = False
            for name, cell in zip(self.columns, wanted, strict=True):
                if _UNREADABLE.search(cell):
                    self._problem("unreadable_text", name, line)
        self.rows.append(Row(line, wanted, whole))

    def _problem(self, code: str, field: str, line: int | None = None, **params: str) -> None:
        self.problems.append(Problem(code, field, tuple(params.items()), line, self.file))
