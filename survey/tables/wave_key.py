"""The key pair to which a wave's tablets seal their records.

The private key lies beside the answers it protects on the way: whoever holds this database holds the answers anyway,
and wrapping it in another secret would only add a way to lose what tablets still carry.
"""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from survey.tables.columns import UtcDateTime


class WaveKeyRow(SQLModel, table=True):
    __tablename__ = "wave_key"

    id: int | None = Field(default=None, primary_key=True)
    wave_id: int = Field(foreign_key="wave.id", unique=True)
    public: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # 65 bytes, an uncompressed point of P-256
    private: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  # PKCS #8, DER
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
