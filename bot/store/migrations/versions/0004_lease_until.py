"""Rename `deadline` to `lease_until`: the time until which a row is claimed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_index("invocations_by_deadline", "invocations")
    op.execute("ALTER TABLE invocations RENAME COLUMN deadline TO lease_until")
    where = sa.text("lease_until IS NOT NULL")
    op.create_index(
        "invocations_by_lease", "invocations", ["lease_until"], sqlite_where=where, postgresql_where=where
    )
