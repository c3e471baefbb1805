"""Bring the database to the newest schema at start. Several processes may do this at the same time."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StartupError, Unreachable
from bot.store.database import Database
from bot.store.errors import failures, may_pass, reason_in
from bot.store.tables import VERSION_TABLE, invocations, metadata

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x6176617461722D62  # "avatar-b" in ASCII: a number that no other application uses
_NAMES = re.compile(r'^(revision|down_revision)\b.*=\s*"(\w+)"', re.MULTILINE)

_FORMER_TABLE = "alembic_version"
"""The table in which the first versions of the bot noted their revision. It is Alembic's default name, so it
may belong to another application."""

_FORMER_REVISIONS = frozenset({"0001", "0002", "0003"})
"""The revisions that those versions noted."""


async def migrate(database: Database) -> None:
    """Run the missing migrations, in one transaction and in one process at a time.

    Usually none is missing. Then Alembic, which is large and slow to import, is not imported.

    Raises:
        Unreachable: the connection to the database was lost.
        StartupError: the schema cannot be brought up to date.
    """
    try:
        async with database.connect() as connection:
            if await _revision(connection) != newest_revision():
                await connection.run_sync(_upgrade)
    except failures() as error:
        kind = Unreachable if may_pass(error) else StartupError
        raise kind(
            f"The database cannot be migrated: {reason_in(error)}.",
            advice="Check the rights of the bot's user, and whether there is room on the disk.",
        ) from None


@cache
def newest_revision() -> str:
    """Return the revision that no other one follows. It is read from the files, because Alembic is slow."""
    found = list(_named_in_migrations())
    [newest] = {name for kind, name in found if kind == "revision"} - {
        name for kind, name in found if kind == "down_revision"
    }
    return newest


def _named_in_migrations() -> Iterator[tuple[str, str]]:
    for file in (_MIGRATIONS / "versions").glob("*.py"):
        yield from _NAMES.findall(file.read_text(encoding="utf-8"))


async def _revision(connection: AsyncConnection) -> str | None:
    """Return the schema's revision; None if it has none yet."""
    try:
        revision = await connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a name of ours
    except DBAPIError:
        return None
    return None if revision is None else str(revision)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only needed here
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util import CommandError  # noqa: PLC0415 - as above

    try:
        if connection.dialect.name == "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))
        else:
            connection.execute(text("BEGIN"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        _adopt_former_revision(connection)
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(text("COMMIT"))
    except CommandError:
        connection.invalidate()
        raise StartupError(
            "The database was made by a newer version of the bot.", advice="Run that version, or a later one."
        ) from None
    except BaseException:
        connection.invalidate()  # this ends the transaction and releases the lock
        raise


def _adopt_former_revision(connection: Connection) -> None:
    """Move the revision of an earlier version of the bot to its new table, but not one of other applications.

    Raises:
        StartupError: another application has a table with a name that the bot needs.
    """
    there = set(inspect(connection).get_table_names())
    if VERSION_TABLE in there:
        return
    revision = _former_revision(connection, there)
    if revision is not None:
        connection.execute(text(_CREATE_VERSION_TABLE))
        connection.execute(
            text(f"INSERT INTO {VERSION_TABLE} (version_num) VALUES (:revision)"),  # noqa: S608 - a name of ours
            {"revision": revision},
        )
        connection.execute(text(f"DROP TABLE {_FORMER_TABLE}"))
        return
    for name in metadata.tables:
        if name in there:
            raise StartupError(
                f"The database cannot be migrated: it has a table {name} already, which is not the bot's.",
                advice="Give the bot a database of its own, or a schema (options=-csearch_path%3Dname).",
            )


_CREATE_VERSION_TABLE = (
    f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
    f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
)
"""The same statement as Alembic's own."""


def _former_revision(connection: Connection, there: set[str]) -> str | None:
    """Return the revision that an earlier version of the bot has noted; None if there was none."""
    if not {_FORMER_TABLE, invocations.name} <= there:
        return None
    columns = {column["name"] for column in inspect(connection).get_columns(invocations.name)}
    if not {"trigger_id", "response_url", "announced_at", "deadline"} <= columns:
        return None
    noted = connection.execute(text(f"SELECT version_num FROM {_FORMER_TABLE}")).scalars().all()  # noqa: S608 - a name of ours
    return str(noted[0]) if len(noted) == 1 and noted[0] in _FORMER_REVISIONS else None
