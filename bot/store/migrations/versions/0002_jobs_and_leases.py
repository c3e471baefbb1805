"""Add what is kept of a job after its start, and the table of leases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("invocations", sa.Column("job_state", sa.Text))
    op.add_column("invocations", sa.Column("configuration", sa.Text))
    op.execute("UPDATE invocations SET status = 'done' WHERE status = 'help'")
    op.create_index("invocations_by_room", "invocations", ["room_id", "created_at"])
    op.create_index("invocations_by_user", "invocations", ["user_id", "created_at"])
    op.create_index("invocations_by_status", "invocations", ["status", "created_at"])
    op.create_index("invocations_by_job", "invocations", ["job_id", "action", "created_at"])
    _index_some("invocations_by_deadline", ["deadline"], "deadline IS NOT NULL")
    _index_some("invocations_with_response_url", ["created_at"], "response_url IS NOT NULL")
    _index_some(
        "invocations_followed", ["created_at", "announced_at"], "job_state IN ('accepted', 'running')"
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def _index_some(name: str, columns: list[str], which: str) -> None:
    where = sa.text(which)
    op.create_index(name, "invocations", columns, sqlite_where=where, postgresql_where=where)
