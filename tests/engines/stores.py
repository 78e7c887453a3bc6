"""The same rows in a table of each database, and in Parquet files."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from analysis.engines.postgresql import Postgresql
from analysis.engines.sqlite import Sqlite


def in_sqlite(frame: pd.DataFrame, folder: Path) -> Sqlite:
    with closing(sqlite3.connect(folder / "wave.sqlite")) as connection:
        frame.to_sql("wave", connection, index=False, if_exists="replace")
        connection.commit()
    return Sqlite(folder / "wave.sqlite", "wave")


def in_postgresql(frame: pd.DataFrame, url: str) -> Postgresql:
    """NaN goes in as the float NaN, which is not NULL there."""
    address = url.replace("postgresql+psycopg:", "postgresql:")
    kinds = {n: "double precision" if pd.api.types.is_numeric_dtype(frame[n]) else "text" for n in frame.columns}
    with psycopg.connect(address) as connection:
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in kinds.items()
        )
        connection.execute("DROP TABLE IF EXISTS interviews")
        connection.execute(sql.SQL("CREATE TABLE interviews ({})").format(columns))
        plain = frame.astype({n: object for n, kind in kinds.items() if kind == "text"})
        plain = plain.where(plain.notna() | plain.columns.isin([n for n in kinds if kinds[n] != "text"]), None)
        with connection.cursor().copy("COPY interviews FROM STDIN") as copy:
            for line in plain.itertuples(index=False, name=None):
                copy.write_row(line)
    return Postgresql(address, "interviews")


def in_parquet(frame: pd.DataFrame, folder: Path, parts: int = 2) -> Path:
    """A folder of files, with NaN kept as the float NaN beside the NULLs of the text columns."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.parquet"):
        old.unlink()
    text = {n for n in frame.columns if not pd.api.types.is_numeric_dtype(frame[n])}
    for number in range(parts):
        part = frame.iloc[number::parts]
        arrays = {
            n: pa.array([None if pd.isna(v) else v for v in part[n]], pa.string())
            if n in text
            else pa.array(part[n].to_numpy(np.float64), from_pandas=False)
            for n in frame.columns
        }
        pq.write_table(pa.table(arrays), folder / f"part-{number}.parquet")
    return folder
