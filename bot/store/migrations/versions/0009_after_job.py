"""Add the job that is stopped before a start is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("invocations", sa.Column("after_job_id", sa.Text))
