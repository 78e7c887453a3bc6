"""Tablets: devices, assignments with granted slots, turns, paradata, call-backs, wave keys; new dispositions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
DISPOSITIONS = (
    "disposition IN ('complete','partial','ineligible','refused','over_quota',"
    "'non_contact','language','cell_full','too_late')"
)


def upgrade() -> None:
    _widen_dispositions()
    op.add_column("account", sa.Column("pin_salt", sa.String(32), nullable=True))
    op.add_column("account", sa.Column("pin_verifier", sa.String(64), nullable=True))
    op.add_column("quota_event", sa.Column("assignment_id", sa.Uuid(), nullable=True))
    op.create_table(
        "enrolment",
        sa.Column("code_digest", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("secret_digest", sa.String(64), nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("last_seen_at", MOMENT, nullable=True),
        sa.Column("unsent", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("clock_offset_ms", sa.Integer(), nullable=True),
        sa.Column("release", sa.String(20), nullable=False),
        sa.UniqueConstraint("label"),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("wave.id"), nullable=False),
        sa.Column("point_code", sa.String(24), sa.ForeignKey("point.code"), nullable=False),
        sa.Column("device_id", sa.Uuid(), sa.ForeignKey("device.id"), nullable=False),
        sa.Column("shift", sa.String(16), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("renewals", sa.Integer(), nullable=False),
    )
    op.create_index("ix_assignment_wave_id", "assignment", ["wave_id"])
    op.create_index("ix_assignment_device_id", "assignment", ["device_id"])
    op.create_table(
        "slot_grant",
        sa.Column("assignment_id", sa.Uuid(), sa.ForeignKey("assignment.id"), primary_key=True),
        sa.Column("cell_id", sa.Integer(), sa.ForeignKey("quota_cell.id"), primary_key=True),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND returned >= 0 AND used + returned <= slots"),
    )
    op.create_table(
        "turn",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("assignment_id", sa.Uuid(), sa.ForeignKey("assignment.id"), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("passed", sa.Integer(), nullable=False),
    )
    op.create_index("ix_turn_assignment_id", "turn", ["assignment_id"])
    op.create_table(
        "paradata",
        sa.Column("response_id", sa.Uuid(), sa.ForeignKey("response.id"), primary_key=True),
        sa.Column("device_id", sa.Uuid(), sa.ForeignKey("device.id"), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), sa.ForeignKey("assignment.id"), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("record_digest", sa.String(64), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(16), nullable=True),
        sa.Column("observed_sex", sa.String(24), nullable=True),
        sa.Column("observed_age_band", sa.String(24), nullable=True),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("elapsed_ms", sa.BigInteger(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("clock_offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.String(8), nullable=False),
        sa.Column("timings", JSON, nullable=False),
        sa.Column("place", sa.String(16), nullable=True),
        sqlite_with_rowid=False,  # on SQLite the key is the table, which saves each record a page
    )
    op.create_index("paradata_by_assignment", "paradata", ["assignment_id"])
    op.create_table(
        "call_back",
        sa.Column("response_id", sa.Uuid(), sa.ForeignKey("response.id"), primary_key=True),
        sa.Column("finding", sa.String(12), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("finding IN ('confirmed','doubtful','not_reached')"),
    )
    op.create_table(
        "wave_key",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("wave.id"), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.UniqueConstraint("wave_id"),
    )


def _widen_dispositions() -> None:
    """What a volunteer may record of somebody who was not interviewed. SQLite can't change a check, so there the table
    is made again with every row; nothing refers to it yet."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("response_disposition_check", "response", type_="check")
        op.create_check_constraint("response_disposition", "response", DISPOSITIONS)
        return
    op.create_table(
        "response_wider",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("wave_id", sa.Integer(), sa.ForeignKey("wave.id"), nullable=False),
        sa.Column("point_code", sa.String(24), sa.ForeignKey("point.code"), nullable=False),
        sa.Column("mode", sa.String(12), nullable=False),
        sa.Column("questionnaire_code", sa.String(40), nullable=False),
        sa.Column("questionnaire_version", sa.Integer(), nullable=False),
        sa.Column("disposition", sa.String(12), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("cell_id", sa.Integer(), sa.ForeignKey("quota_cell.id"), nullable=True),
        sa.Column("area_code", sa.String(24), nullable=True),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.CheckConstraint(DISPOSITIONS, name="response_disposition"),
    )
    op.execute("INSERT INTO response_wider SELECT * FROM response")
    op.drop_table("response")
    op.rename_table("response_wider", "response")
    op.create_index("ix_response_cell_id", "response", ["cell_id"])
    op.create_index("response_by_wave", "response", ["wave_id", "disposition"])
