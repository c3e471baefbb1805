"""The jobs that have ended lately, for the list of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index(
        "invocations_ended", "invocations", ["ended_at"], sqlite_where=ended, postgresql_where=ended
    )
