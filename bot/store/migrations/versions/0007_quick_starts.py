"""Quick starts, and the panels that show them.

A NULL is equal to nothing in a unique index, so everywhere has an index of its own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "quick_starts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("team_id", sa.Text, nullable=False),
        sa.Column("channel_id", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("room_id", sa.Text, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("room_type", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    _index_some("quick_starts_of_channels", ["team_id", "channel_id", "name"], "channel_id IS NOT NULL")
    _index_some("quick_starts_of_everywhere", ["team_id", "name"], "channel_id IS NULL")
    where = sa.text("purpose = 'panel'")
    op.create_index("posts_panels", "posts", ["channel"], sqlite_where=where, postgresql_where=where)


def _index_some(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "quick_starts", columns, unique=True, sqlite_where=where, postgresql_where=where)
