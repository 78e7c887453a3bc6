"""Rows that a Spark cluster reads, asked through Spark Connect. Extra `spark`: the thin client, no Java here."""

import warnings
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.engines.engine import MissingExtra

# SQL as the standard has it: names in double quotes, errors instead of silent NULLs.
_STANDARD = {"spark.sql.ansi.enabled": "true", "spark.sql.ansi.doubleQuotedIdentifiers": "true"}


@dataclass(frozen=True, slots=True)
class Spark:
    """A table of a Spark cluster, or files as Spark names them: parquet."/a/folder". address: `sc://host:port`."""

    address: str
    relation: str

    def run(self, sql: str) -> pd.DataFrame:
        """See `Engine`. Raises MissingExtra without the client."""
        try:
            with warnings.catch_warnings():
                # It does not know pandas 3 yet; what we take from it are Arrow tables.
                warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
                from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415  (only this engine needs it)
        except ImportError as absent:
            raise MissingExtra("The client of Spark Connect", "spark", "pyspark-client") from absent
        session = SparkSession.builder.remote(self.address).create()
        try:
            for name, value in _STANDARD.items():
                session.conf.set(name, value)
            table: Any = session.sql(sql).toArrow()
            frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
            return frame
        finally:
            session.stop()
