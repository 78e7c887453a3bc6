"""Rows in Parquet files, read by DuckDB in this process. Extra `scale`."""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.engines.engine import MissingExtra, literal

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class DuckDb:
    """One Parquet file, or all `*.parquet` of a folder. memory: what DuckDB may use; threads: None = all cores."""

    source: Path
    memory: str = "512MB"
    threads: int | None = None

    @property
    def relation(self) -> str:
        """See `Engine`."""
        files = self.source / "*.parquet" if self.source.is_dir() else self.source
        return f"read_parquet({literal(files.as_posix())})"

    def run(self, sql: str) -> pd.DataFrame:
        """See `Engine`. Raises MissingExtra without DuckDB."""
        table: Any = self._connection.sql(sql).to_arrow_table()
        frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
        return frame

    @cached_property
    def _connection(self) -> "duckdb.DuckDBPyConnection":
        try:
            import duckdb  # noqa: PLC0415  (only this engine needs it)
            import pyarrow  # noqa: F401, PLC0415  (DuckDB hands its results over through it)
        except ImportError as absent:
            raise MissingExtra("DuckDB or PyArrow", "scale", "duckdb pyarrow") from absent
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self.memory,
            "preserve_insertion_order": False,
            # What does not fit into memory is written there, and removed again.
            "temp_directory": tempfile.gettempdir(),
        }
        if self.threads is not None:
            settings["threads"] = self.threads
        connection = duckdb.connect(config=settings)
        # Comparisons are not answered from a file's statistics: those leave out floats that are not numbers.
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        connection.execute("SET enable_progress_bar = false")
        return connection
