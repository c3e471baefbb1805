"""Room names, kinds of channels, workspaces of guests, and what each start came from and came to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("invocations", sa.Column("channel_kind", sa.Text))
    op.add_column("invocations", sa.Column("foreign_team_id", sa.Text))
    op.add_column("invocations", sa.Column("room_name", sa.Text))
    op.add_column("invocations", sa.Column("previous_id", sa.Text))
    op.add_column("invocations", sa.Column("started_at", sa.DateTime(timezone=True)))
    op.add_column("invocations", sa.Column("adopted_at", sa.DateTime(timezone=True)))
    op.add_column("invocations", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.create_index("invocations_by_previous", "invocations", ["previous_id"], unique=True)
    op.drop_index("invocations_by_job", "invocations")
    # A B-tree of PostgreSQL takes no value of more than 2,700 bytes, and a cloud may give longer job IDs.
    op.create_index("invocations_by_job", "invocations", ["job_id"], postgresql_using="hash")
    _index_some("invocations_open", ["room_id"], "status IN ('received', 'starting', 'unknown')")
    _index_some("invocations_by_start", ["room_id", "started_at"], "started_at IS NOT NULL")


def _index_some(name: str, columns: list[str], which: str) -> None:
    where = sa.text(which)
    op.create_index(name, "invocations", columns, sqlite_where=where, postgresql_where=where)
