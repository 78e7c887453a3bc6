"""CSV files as tables: a file whose cells do not lie under its columns is refused, not read askew."""

import csv
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd


class TableError(ValueError):
    """The file is no table; the message names the file, the row or the column, and the way out."""


def read_csv(
    path: Path, dtype: Mapping[str, Any] | type | None = None, na_values: Sequence[str] = ("",)
) -> pd.DataFrame:
    """The table of a CSV file (UTF-8, with a header). dtype: of its columns; na_values: the cells that are missing.

    Raises TableError for rows with more cells than there are columns and for two columns of one name, and what pandas
    raises for a file that it cannot read.
    """
    frame = pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values=list(na_values))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *first = islice(filter(None, csv.reader(file)), 2)
    except csv.Error as problem:
        raise TableError(f"{path.name} cannot be read as a table: {problem}") from None
    # What row 1 has too much pandas takes for names of the rows, and shifts all columns; later rows it refuses itself.
    if first and len(first[0]) > len(header):
        raise TableError(
            f"{path.name}, row 1 has more cells than there are columns. Take the last comma away, or name its column."
        )
    # Of two equal names pandas renames the second.
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise TableError(f"{path.name} has two columns {twice[0]}. Rename one of them.")
    return frame
