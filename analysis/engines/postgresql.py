"""Rows in a PostgreSQL database."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Postgresql:
    """A table or view of a PostgreSQL database. address: as libpq takes it, `postgresql://…` or `host=… dbname=…`."""

    address: str
    relation: str

    def run(self, sql: str) -> pd.DataFrame:
        """See `Engine`."""
        import psycopg  # noqa: PLC0415  (only this engine needs it)

        with psycopg.connect(self.address, options="-c default_transaction_read_only=on") as connection:
            cursor = connection.execute(sql.encode())
            names = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)
