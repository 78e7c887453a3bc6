"""Residents: how a response came in, slots held for people who are answering, codes in letters, replaced responses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
GIVEN = sa.text("change_digest IS NOT NULL")


def upgrade() -> None:
    op.add_column("response", sa.Column("channel", sa.String(8), nullable=False, server_default="web"))
    op.execute("UPDATE response SET channel = 'tablet' WHERE id IN (SELECT response_id FROM paradata)")
    op.add_column("response", sa.Column("earlier_forms", sa.Integer(), nullable=True))
    op.add_column("response", sa.Column("proof", sa.String(8), nullable=True))
    op.add_column("response", sa.Column("change_digest", sa.String(64), nullable=True))
    op.create_index("response_by_point", "response", ["point_code", "received_at"])
    op.create_index(
        "response_by_change", "response", ["change_digest"], sqlite_where=GIVEN, postgresql_where=GIVEN, unique=True
    )
    op.create_table(
        "slot_hold",
        sa.Column("submission_id", sa.Uuid(), primary_key=True),
        sa.Column("cell_id", sa.Integer(), sa.ForeignKey("quota_cell.id"), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_index("slot_hold_by_cell", "slot_hold", ["cell_id", "expires_at"])
    op.create_table(
        "letter_batch",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("wave.id"), nullable=False),
        sa.Column("point_code", sa.String(24), sa.ForeignKey("point.code"), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
    )
    op.create_index("ix_letter_batch_wave_id", "letter_batch", ["wave_id"])
    op.create_table(
        "letter_code",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("batch_id", sa.Uuid(), sa.ForeignKey("letter_batch.id"), nullable=False),
        sa.Column("spent", sa.Boolean(), nullable=False),
        sqlite_with_rowid=False,  # kept by digest, so that not even the order of the rows says which came first
    )
    op.create_index("ix_letter_code_batch_id", "letter_code", ["batch_id"])
    op.create_table(
        "replaced_response",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("wave.id"), nullable=False),
        sa.Column("point_code", sa.String(24), sa.ForeignKey("point.code"), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("replaced_at", MOMENT, nullable=False),
    )
    op.create_index("ix_replaced_response_wave_id", "replaced_response", ["wave_id"])
    op.execute("UPDATE point SET mode = 'sampled' WHERE mode = 'coded'")
    op.execute("UPDATE response SET mode = 'sampled' WHERE mode = 'coded'")
    op.execute("UPDATE quota_cell SET mode = 'sampled' WHERE mode = 'coded'")
    op.execute("""UPDATE wave SET plan = replace(plan, '"mode":"coded"', '"mode":"sampled"')""")
