"""Add room names, kinds of channels, guests' workspaces, previous invocations, and times of jobs."""

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
    # PostgreSQL's B-tree allows at most 2,700 bytes in a value, and job IDs from the cloud may be longer.
    op.create_index("invocations_by_job", "invocations", ["job_id"], postgresql_using="hash")
    _index_some("invocations_open", ["room_id"], "status IN ('received', 'starting', 'unknown')")
    _index_some("invocations_by_start", ["room_id", "started_at"], "started_at IS NOT NULL")


def _index_some(name: str, columns: list[str], which: str) -> None:
    where = sa.text(which)
    op.create_index(name, "invocations", columns, sqlite_where=where, postgresql_where=where)
