"""The log: one row for each use of the bot, and the one function that moves a row from state to state."""

from collections.abc import AsyncIterator
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.model import Action, Invocation, Source, Status
from bot.store.database import log_failures
from bot.store.tables import invocations

_NAMES = tuple(field.name for field in fields(Invocation))
_COLUMNS = tuple(invocations.c[name] for name in _NAMES)


class Invocations:
    """The table `invocations`. Each method is one statement, which commits by itself.

    All of them raise LogUnavailable where the database does not do its part.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    async def record(self, invocation: Invocation) -> bool:
        """Add a row. False where the same delivery (`trigger_id`) is in the log already."""
        statement = self._insert(invocations).values(**asdict(invocation))
        return await self._execute(statement.on_conflict_do_nothing(index_elements=["trigger_id"])) == 1

    async def advance(self, invocation: Invocation, to: Status, **facts: Any) -> Invocation | None:
        """Move a row on from the state that `invocation` has, with what became known.

        The update is conditional, so of two processes only one can take a step; None for the other.
        """
        statement = (
            update(invocations)
            .where(invocations.c.id == invocation.id, invocations.c.status == invocation.status)
            .values(status=to, **facts)
        )
        moved = await self._execute(statement) == 1
        return replace(invocation, status=to, **facts) if moved else None

    async def mark_announced(
        self, invocation: Invocation, at: datetime, *, channel: str | None, ts: str | None
    ) -> None:
        """Note that people have been told, and in which message; the response_url is not needed any more."""
        await self._execute(
            update(invocations)
            .where(invocations.c.id == invocation.id)
            .values(announced_at=at, message_channel=channel, message_ts=ts, response_url=None)
        )

    async def forget_response_urls(self, before: datetime) -> None:
        """Clear the response_urls of rows made before a time, when they no longer work."""
        await self._execute(
            update(invocations)
            .where(invocations.c.created_at < before, invocations.c.response_url.is_not(None))
            .values(response_url=None)
        )

    async def check_writable(self) -> None:
        """Write the oldest row once more as it is: a full disk shows only where something is written."""
        oldest = select(invocations.c.id).order_by(invocations.c.created_at).limit(1).scalar_subquery()
        same = {"text": invocations.c.text}
        await self._execute(update(invocations).where(invocations.c.id == oldest).values(same))

    async def find(
        self,
        *,
        since: datetime | None = None,
        user_id: str | None = None,
        status: Status | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Invocation]:
        """The rows that match, newest first, read as they are asked for."""
        query = select(*_COLUMNS).order_by(invocations.c.created_at.desc(), invocations.c.id).limit(limit)
        if since is not None:
            query = query.where(invocations.c.created_at >= since)
        if user_id is not None:
            query = query.where(invocations.c.user_id == user_id)
        if status is not None:
            query = query.where(invocations.c.status == status)
        with log_failures():
            async with self._engine.connect() as connection:
                # A cursor lives in a transaction, which autocommit does not give it on PostgreSQL.
                reader = await connection.execution_options(isolation_level="SERIALIZABLE")
                async for row in await reader.stream(query):
                    yield _invocation(row)

    async def _execute(self, statement: Any) -> int:
        with log_failures():
            async with self._engine.connect() as connection:
                result = await connection.execute(statement)
                return int(result.rowcount)


def _invocation(row: Row[Any]) -> Invocation:
    values = dict(zip(_NAMES, row, strict=True))
    for name, kind in (("action", Action), ("source", Source), ("status", Status)):
        values[name] = kind(values[name])
    return Invocation(**values)
