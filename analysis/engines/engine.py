"""What the library asks of a place where rows lie: that it runs one plain SQL string."""

from typing import Protocol

import pandas as pd


class MissingExtra(ImportError):
    """A library that only some engines need is not installed; the message names the extra that brings it."""

    def __init__(self, library: str, extra: str, packages: str) -> None:
        super().__init__(
            f"{library} is not installed. It belongs to the extra `{extra}` of pyproject.toml: pip install {packages}"
        )


class Engine(Protocol):
    """Rows that are reduced where they lie. A pandas frame is no engine: `tally.tally` reads it directly."""

    @property
    def relation(self) -> str:
        """What stands after FROM: a table, or whatever the engine reads rows from."""

    def run(self, sql: str) -> pd.DataFrame:
        """The result of a SELECT; NULL is missing, and whole numbers beside a NULL stay whole."""


def quoted(identifier: str) -> str:
    """A name in SQL's double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL's single quotes. Raises ValueError for a backslash, which not all engines read alike."""
    if "\\" in text:
        raise ValueError(f"The value {text} has a backslash, which not all engines read alike. Recode it.")
    return "'" + text.replace("'", "''") + "'"
