"""The table of quick starts. A change and the invocation that made it are one commit."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.domain.invocation import Invocation
from bot.domain.quick_start import QuickStart
from bot.store.database import Database
from bot.store.rows import NAMES as LOG_NAMES
from bot.store.rows import values_of
from bot.store.statements import execute_both, insert_into, placeholder, read
from bot.store.tables import invocations, quick_starts

NAMES = tuple(field.name for field in fields(QuickStart))
_COLUMNS = tuple(quick_starts.c[name] for name in NAMES)


class QuickStarts:
    """The table `quick_starts`. All methods raise DatabaseUnavailable.

    A place is a team and one of its channels; without a channel, it is everywhere in the team. Each change
    takes the invocation to log with it. Without a change, nothing is logged.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, quick_start: QuickStart, logged: Invocation, *, most: int) -> bool:
        """Add a quick start. Return False if its name is taken in its place, or if the place is full."""
        statement = _adding(self._database.dialect, everywhere=quick_start.is_everywhere)
        values = {f"new_{name}": getattr(quick_start, name) for name in NAMES}
        place = _place(quick_start.team_id, quick_start.channel_id)
        return await self._change(statement, values | place | {"most": most}, logged)

    async def rename(
        self, team_id: str, channel_id: str | None, old: str, new: str, logged: Invocation
    ) -> bool:
        """Change a name. Return False if this place has no such name, or if the new name is taken."""
        values = _place(team_id, channel_id) | {"old_name": old, "new_name": new}
        return await self._change(_renaming(everywhere=channel_id is None), values, logged)

    async def remove(self, team_id: str, channel_id: str | None, name: str, logged: Invocation) -> bool:
        """Remove a quick start. Return False if this place has no such name."""
        values = _place(team_id, channel_id) | {"old_name": name}
        return await self._change(_removing(everywhere=channel_id is None), values, logged)

    async def named(self, team_id: str, channel_id: str | None, name: str) -> list[QuickStart]:
        """Return those with this name that a channel knows: at most its own and that of everywhere."""
        return await self._read(_named(), _place(team_id, channel_id) | {"old_name": name})

    async def known_in(self, team_id: str, channel_id: str | None) -> list[QuickStart]:
        """Return all that a channel knows: its own and those of everywhere."""
        return await self._read(_known(), _place(team_id, channel_id))

    async def known_in_any(self, team_id: str, channel_ids: Sequence[str]) -> list[QuickStart]:
        """Return those of everywhere, and those of these channels."""
        values = {f"place_{number}": channel for number, channel in enumerate(channel_ids)}
        return await self._read(_known_in_any(len(channel_ids)), {"place_team": team_id, **values})

    async def _change(self, statement: Any, values: dict[str, Any], logged: Invocation) -> bool:
        row = {f"log_{name}": value for name, value in values_of(logged).items()}
        return await execute_both(self._database, statement, _logging, values | row) > 0

    async def _read(self, query: Any, values: dict[str, Any]) -> list[QuickStart]:
        return _quick_starts_of(await read(self._database, query, values))


def _quick_starts_of(rows: Iterable[Sequence[Any]]) -> list[QuickStart]:
    return [QuickStart(**dict(zip(NAMES, row, strict=True))) for row in rows]


def _place(team_id: str, channel_id: str | None) -> dict[str, Any]:
    return {"place_team": team_id, "place_channel": channel_id}


def _within(table: Any, *, everywhere: bool) -> list[ColumnElement[bool]]:
    in_channel = (
        table.c.channel_id.is_(None) if everywhere else table.c.channel_id == placeholder("place_channel")
    )
    return [table.c.team_id == placeholder("place_team"), in_channel]


@cache
def _adding(dialect: Dialect, *, everywhere: bool) -> Any:
    place = _within(quick_starts, everywhere=everywhere)
    count = select(func.count()).select_from(quick_starts).where(*place).scalar_subquery()
    is_room = count < placeholder("most", Integer())
    row = [placeholder(f"new_{name}", quick_starts.c[name].type) for name in NAMES]
    statement = insert_into(quick_starts, dialect).from_select(NAMES, select(*row).where(is_room))
    return statement.on_conflict_do_nothing()


@cache
def _renaming(*, everywhere: bool) -> Any:
    other = quick_starts.alias("other")
    is_taken = exists().where(*_within(other, everywhere=everywhere), other.c.name == placeholder("new_name"))
    return (
        update(quick_starts)
        .where(*_within(quick_starts, everywhere=everywhere), quick_starts.c.name == placeholder("old_name"))
        .where(~is_taken)
        .values(name=placeholder("new_name"))
    )


@cache
def _removing(*, everywhere: bool) -> Any:
    place = _within(quick_starts, everywhere=everywhere)
    return delete(quick_starts).where(*place, quick_starts.c.name == placeholder("old_name"))


@cache
def _known() -> Any:
    of_channel = quick_starts.c.channel_id == placeholder("place_channel")
    here = or_(of_channel, quick_starts.c.channel_id.is_(None))
    return select(*_COLUMNS).where(quick_starts.c.team_id == placeholder("place_team"), here)


@cache
def _known_in_any(number: int) -> Any:
    """Return the query. Few numbers occur: a person uses few channels."""
    channels = [placeholder(f"place_{each}") for each in range(number)]
    there = or_(quick_starts.c.channel_id.in_(channels), quick_starts.c.channel_id.is_(None))
    return select(*_COLUMNS).where(quick_starts.c.team_id == placeholder("place_team"), there)


@cache
def _named() -> Any:
    return _known().where(quick_starts.c.name == placeholder("old_name"))


def _logging(condition: ColumnElement[bool]) -> Any:
    """Return the statement that logs the invocation if the condition is true."""
    row = [placeholder(f"log_{name}", invocations.c[name].type) for name in LOG_NAMES]
    return insert(invocations).from_select(LOG_NAMES, select(*row).where(condition))
