"""An index for a filter of the log: a person's rows with a status.

A start is `received` and `starting` for a moment only, so it leaves these two statuses out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    settled = sa.text("status NOT IN ('received', 'starting')")
    op.create_index(
        "invocations_by_user_and_status",
        "invocations",
        ["user_id", "status", "created_at"],
        sqlite_where=settled,
        postgresql_where=settled,
    )
