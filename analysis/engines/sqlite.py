"""Rows in an SQLite database."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, slots=True)
class Sqlite:
    """A table or view of an SQLite file, which is only read."""

    path: Path
    relation: str

    def run(self, sql: str) -> pd.DataFrame:
        """See `Engine`."""
        address = f"{self.path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)
