"""The tables, and the two column types that make SQLite and PostgreSQL behave alike."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Dialect, Index, Integer, MetaData, Table, Text, TypeDecorator
from typing_extensions import override


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite keeps no zone: it is dropped on the way in and put back after."""

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
    """Text from outside: half surrogates and NULs, which one of the databases refuses, become U+FFFD."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        units = str(value).replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass")
        return units.decode("utf-16-le", "replace")


metadata = MetaData()

invocations = Table(
    "invocations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("team_id", AnyText),
    Column("enterprise_id", AnyText),
    Column("channel_id", AnyText),
    Column("user_id", AnyText, nullable=False),
    Column("text", AnyText, nullable=False),
    Column("room_id", AnyText),
    Column("region", AnyText),
    Column("room_type", AnyText),
    Column("client_id", AnyText),
    Column("status", Text, nullable=False),
    Column("reason", AnyText),
    Column("http_status", Integer),
    Column("error_code", AnyText),
    Column("error_msg", AnyText),
    Column("request_id", AnyText),
    Column("job_id", AnyText),
    Column("latency_ms", Integer),
    Column("trigger_id", AnyText, unique=True),
    Column("response_url", AnyText),
    Column("message_channel", AnyText),
    Column("message_ts", AnyText),
    Column("announced_at", UtcDateTime),
    Column("deadline", UtcDateTime),
    Index("invocations_by_time", "created_at"),
)
