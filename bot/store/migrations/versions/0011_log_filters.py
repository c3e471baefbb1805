"""Indexes for the log's filters: a person's and a room's rows with a status.

A start is `received` and `starting` for a moment only, so they leave these two statuses out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    settled = "status NOT IN ('received', 'starting')"
    _index_some("invocations_by_user_and_status", ["user_id", "status", "created_at"], settled)
    _index_some("invocations_by_room_and_status", ["room_id", "status", "created_at"], settled)


def _index_some(name: str, columns: list[str], which: str) -> None:
    where = sa.text(which)
    op.create_index(name, "invocations", columns, sqlite_where=where, postgresql_where=where)
