"""The tables, and the two column types that make SQLite and PostgreSQL behave alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TextClause,
    TypeDecorator,
    event,
    text,
)
from typing_extensions import override

from bot.domain.invocation import Status


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite stores no time zone, so it is removed for writing and added back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if isinstance(value, datetime) else None


class AnyText(TypeDecorator[str]):
    """Text from outside. Lone surrogates and NULs become U+FFFD, because not both databases take them."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        text = str(value)
        if text.isascii() and "\0" not in text:
            return text
        units = text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "replace")


FAR_AHEAD = timedelta(minutes=15)
"""No claim and no pause is this long. A time further ahead was noted before a clock was set back."""

metadata = MetaData()

VERSION_TABLE = "avatar_bot_version"
"""The table of the schema's revision. Alembic's default name may already belong to another application."""

invocations = Table(
    "invocations",
    metadata,
    Column("id", AnyText, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("team_id", AnyText),
    Column("enterprise_id", AnyText),
    Column("channel_id", AnyText),
    Column("channel_kind", Text),
    Column("user_id", AnyText, nullable=False),
    Column("foreign_team_id", AnyText),
    Column("text", AnyText, nullable=False),
    Column("room_id", AnyText),
    Column("room_name", AnyText),
    Column("region", AnyText),
    Column("room_type", AnyText),
    Column("client_id", AnyText),
    Column("previous_id", AnyText),
    Column("after_job_id", AnyText),
    Column("status", Text, nullable=False),
    Column("reason_code", Text),
    Column("reason_args", AnyText),
    Column("http_status", Integer),
    Column("error_code", AnyText),
    Column("error_msg", AnyText),
    Column("request_id", AnyText),
    Column("job_id", AnyText),
    Column("job_state", Text),
    Column("configuration", AnyText),
    Column("latency_ms", Integer),
    Column("started_at", UtcDateTime),
    Column("adopted_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("trigger_id", AnyText, unique=True),
    Column("response_url", AnyText),
    Column("message_channel", AnyText),
    Column("message_ts", AnyText),
    Column("announced_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Index("invocations_by_time", "created_at"),
    Index("invocations_by_room", "room_id", "created_at"),
    Index("invocations_by_user", "user_id", "created_at"),
    Index("invocations_by_status", "status", "created_at"),
    Index("invocations_by_job", "job_id", info={"postgresql_using": "hash"}),
    Index("invocations_by_previous", "previous_id", unique=True),
)

is_open = text("invocations.status IN ('received', 'starting', 'unknown')")
"""Rows that are not settled yet. It is literal SQL, like `followed` below."""

followed = text("job_state IN ('accepted', 'running')")
"""Rows whose jobs are not known to be over. It is literal SQL: SQLite uses the index only with literals."""


def _index_some(
    name: str, *columns: Column[Any], where: ColumnElement[bool] | TextClause, unique: bool = False
) -> None:
    """Add a partial index: it stays small while the table grows."""
    Index(name, *columns, unique=unique, sqlite_where=where, info={"postgresql_where": where})


@event.listens_for(metadata, "before_create")
def _take_options_of_postgresql(_metadata: MetaData, connection: Connection, **_: object) -> None:
    """Set the index options that only SQLAlchemy's PostgreSQL dialect knows.

    They stay in `info` until tables are created on PostgreSQL, because that dialect would cost 2 MiB, and
    20 ms of every start on SQLite. The migrations repeat these options, and a test compares both.
    """
    if connection.dialect.name == "postgresql":
        for table in metadata.tables.values():
            for index in table.indexes:
                index.dialect_kwargs.update(index.info)


_index_some("invocations_by_lease", invocations.c.lease_until, where=invocations.c.lease_until.is_not(None))
_index_some(
    "invocations_with_response_url",
    invocations.c.created_at,
    where=invocations.c.response_url.is_not(None),
)
_index_some(
    "invocations_open",
    invocations.c.room_id,
    where=text("status IN ('received', 'starting', 'unknown')"),
)
_index_some(
    "invocations_by_start",
    invocations.c.room_id,
    invocations.c.started_at,
    where=invocations.c.started_at.is_not(None),
)
_index_some("invocations_running", invocations.c.room_id, where=followed)
_index_some("invocations_ended", invocations.c.ended_at, where=invocations.c.ended_at.is_not(None))

UNSETTLED = frozenset({Status.RECEIVED, Status.STARTING})
is_settled = text("status NOT IN ('received', 'starting')")
"""A start passes through the other two statuses in a moment, and the index below need not be written for
that. It is literal SQL, like `followed`."""

_index_some(
    "invocations_by_user_and_status",
    invocations.c.user_id,
    invocations.c.status,
    invocations.c.created_at,
    where=is_settled,
)

is_allowed_start = text("action = 'start' AND status NOT IN ('refused', 'invalid')")
"""Starts that were understood and allowed. It is literal SQL, like `followed`."""

_index_some(
    "invocations_by_channel", invocations.c.channel_id, invocations.c.created_at, where=is_allowed_start
)
_index_some("invocations_followed", invocations.c.created_at, invocations.c.announced_at, where=followed)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

posts = Table(
    "posts",
    metadata,
    Column("id", AnyText, primary_key=True),
    Column("invocation_id", AnyText, nullable=False),
    Column("job_id", AnyText),
    Column("purpose", Text, nullable=False),
    Column("channel", AnyText),
    Column("ts", AnyText),
    Column("thread_of", AnyText),
    Column("state", Text),
    Column("shown_state", Text),
    Column("facts", AnyText),
    Column("revision", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("posts_by_invocation", "invocation_id"),
)

_index_some("posts_due", posts.c.next_attempt_at, where=posts.c.next_attempt_at.is_not(None))

quick_starts = Table(
    "quick_starts",
    metadata,
    Column("id", AnyText, primary_key=True),
    Column("team_id", AnyText, nullable=False),
    Column("channel_id", AnyText),
    Column("name", Text, nullable=False),
    Column("room_id", AnyText, nullable=False),
    Column("region", AnyText),
    Column("room_type", AnyText),
    Column("client_id", AnyText),
    Column("user_id", AnyText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

_index_some(
    "quick_starts_of_channels",
    quick_starts.c.team_id,
    quick_starts.c.channel_id,
    quick_starts.c.name,
    where=text("channel_id IS NOT NULL"),
    unique=True,
)
_index_some(
    "quick_starts_of_everywhere",
    quick_starts.c.team_id,
    quick_starts.c.name,
    where=text("channel_id IS NULL"),
    unique=True,
)
_index_some("posts_panels", posts.c.channel, where=text("purpose = 'panel'"))
