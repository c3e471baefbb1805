"""Bringing the database to the newest schema at start, by however many processes at once."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import LogUnavailable, StartupError
from bot.store.database import Database
from bot.store.failures import log_failures

NEWEST = "0003"
"""The last revision in `migrations/versions`."""

_ADVISORY_LOCK = 0x6176617461722D62  # "avatar-b" in ASCII: any number will do that nobody else takes


async def migrate(database: Database) -> None:
    """Run the migrations that are missing, in one transaction that only one process has at a time.

    Mostly none is, and Alembic, which is slow to import and large, is left alone.

    Raises:
        StartupError: the schema cannot be brought up to date.
    """
    try:
        with log_failures():
            async with database.connect() as connection:
                if await _revision(connection) != NEWEST:
                    await connection.run_sync(_upgrade)
    except LogUnavailable as error:
        raise StartupError(
            f"The database cannot be migrated. {error}", advice="Check the rights of the bot's user."
        ) from None


async def _revision(connection: AsyncConnection) -> str | None:
    """The schema's revision; None where it has none yet."""
    try:
        revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError:
        return None
    return str(revision)


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
        config = Config()
        config.set_main_option(
            "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
        )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(text("COMMIT"))
    except CommandError:
        connection.invalidate()
        raise StartupError(
            "The log was made by a newer version of the bot.", advice="Run that version, or a later one."
        ) from None
    except Exception:
        connection.invalidate()  # the transaction goes with it, and the lock
        raise
