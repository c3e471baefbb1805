"""Create the invocation log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "invocations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("team_id", sa.Text),
        sa.Column("enterprise_id", sa.Text),
        sa.Column("channel_id", sa.Text),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("room_id", sa.Text),
        sa.Column("region", sa.Text),
        sa.Column("room_type", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("http_status", sa.Integer),
        sa.Column("error_code", sa.Text),
        sa.Column("error_msg", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("job_id", sa.Text),
        sa.Column("latency_ms", sa.Integer),
        sa.Column("trigger_id", sa.Text, unique=True),
        sa.Column("response_url", sa.Text),
        sa.Column("message_channel", sa.Text),
        sa.Column("message_ts", sa.Text),
        sa.Column("announced_at", sa.DateTime(timezone=True)),
        sa.Column("deadline", sa.DateTime(timezone=True)),
    )
    op.create_index("invocations_by_time", "invocations", ["created_at"])
