"""Alembic's entry: runs the migrations on the connection that `survey.db.migrate` gives."""

from alembic import context
from sqlmodel import SQLModel

import survey.tables.all  # noqa: F401  (fills SQLModel.metadata)

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, transaction_per_migration=False)
context.run_migrations()
