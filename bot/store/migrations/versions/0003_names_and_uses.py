"""Room names, kinds of channels, and what each start came from and came to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("invocations", sa.Column("channel_kind", sa.Text))
    op.add_column("invocations", sa.Column("room_name", sa.Text))
    op.add_column("invocations", sa.Column("previous_id", sa.Text))
    op.add_column("invocations", sa.Column("started_at", sa.DateTime(timezone=True)))
    op.add_column("invocations", sa.Column("adopted_at", sa.DateTime(timezone=True)))
    op.add_column("invocations", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.create_index("invocations_by_previous", "invocations", ["previous_id"], unique=True)
