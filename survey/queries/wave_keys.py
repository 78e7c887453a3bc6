"""SQL about the key pairs to which tablets seal."""

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from survey.tables.wave_key import WaveKeyRow


def insert_wave_key(connection: Connection, wave_id: int, public: bytes, private: bytes, at: datetime) -> None:
    """Keep a wave's key pair; where it has one already, that one stays."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(WaveKeyRow).on_conflict_do_nothing(index_elements=["wave_id"]),
        {"wave_id": wave_id, "public": public, "private": private, "made_at": at},
    )


def public_key(connection: Connection, wave_id: int) -> tuple[int, bytes] | None:
    """(id, public key) of a wave; None where no tablet has asked for it yet."""
    row = connection.execute(
        select(col(WaveKeyRow.id), col(WaveKeyRow.public)).where(col(WaveKeyRow.wave_id) == wave_id)
    ).one_or_none()
    return None if row is None else (row[0] or 0, row[1])


def private_key(connection: Connection, key_id: int) -> tuple[int, bytes] | None:
    """(wave id, private key) of a key; None where there is none of this id."""
    row = connection.execute(
        select(col(WaveKeyRow.wave_id), col(WaveKeyRow.private)).where(col(WaveKeyRow.id) == key_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])
