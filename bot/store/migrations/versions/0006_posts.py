"""Add a row for each message in Slack: where it is, what it shows, and when it is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_COLUMNS = (
    "id, invocation_id, job_id, purpose, channel, ts, state, shown_state, revision, attempts, "
    "next_attempt_at, created_at, done_at"
)


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("invocation_id", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("ts", sa.Text),
        sa.Column("thread_of", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("shown_state", sa.Text),
        sa.Column("facts", sa.Text),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
    )
    op.create_index("posts_by_invocation", "posts", ["invocation_id"])
    where = sa.text("next_attempt_at IS NOT NULL")
    op.create_index("posts_due", "posts", ["next_attempt_at"], sqlite_where=where, postgresql_where=where)
    _take_over_announcements()
    _take_over_what_is_to_be_told()


def _take_over_announcements() -> None:
    """Add the announcements that are in channels: their jobs may still run."""
    op.execute(
        f"INSERT INTO posts ({_COLUMNS}) "  # noqa: S608 - names of ours
        "SELECT id || '-announcement', id, job_id, 'announcement', message_channel, message_ts, "
        "job_state, job_state, 0, 0, NULL, created_at, announced_at FROM invocations "
        "WHERE action = 'start' AND status = 'started' AND announced_at IS NOT NULL"
    )


def _take_over_what_is_to_be_told() -> None:
    """Move the leases of settled rows to posts. Before, such a row kept its lease until people were told."""
    settled = (
        "lease_until IS NOT NULL AND (action = 'start' AND status IN ('started', 'failed', 'refused') "
        "OR action = 'stop' AND status IN ('done', 'failed', 'refused'))"
    )
    op.execute(
        f"INSERT INTO posts ({_COLUMNS}) "  # noqa: S608 - names of ours
        "SELECT id || '-told', id, job_id, "
        "CASE WHEN status = 'started' THEN 'announcement' ELSE 'private' END, "
        f"CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST(NULL AS TEXT), 0, 0, lease_until, "
        f"created_at, NULL FROM invocations WHERE announced_at IS NULL AND {settled}"
    )
    op.execute(f"UPDATE invocations SET lease_until = NULL WHERE {settled}")  # noqa: S608 - names of ours
