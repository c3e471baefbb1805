"""What a start asks before its ack: the jobs that run in its room, and the last start of a channel."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    runs = sa.text("job_state IN ('accepted', 'running')")
    op.create_index(
        "invocations_running", "invocations", ["room_id"], sqlite_where=runs, postgresql_where=runs
    )
    starts = sa.text("action = 'start' AND status NOT IN ('refused', 'invalid')")
    op.create_index(
        "invocations_by_channel",
        "invocations",
        ["channel_id", "created_at"],
        sqlite_where=starts,
        postgresql_where=starts,
    )
