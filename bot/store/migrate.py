"""Bringing the database to the newest schema at start, by however many processes at once."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import LogUnavailable, StartupError
from bot.store.database import log_failures

_ADVISORY_LOCK = 0x6176617461722D62  # "avatar-b" in ASCII: any number will do that nobody else takes


async def migrate(engine: AsyncEngine) -> None:
    """Run the migrations that are missing, in one transaction that only one process has at a time.

    Raises:
        StartupError: the schema cannot be brought up to date.
    """
    try:
        with log_failures():
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade)
    except LogUnavailable as error:
        raise StartupError(
            f"The database cannot be migrated. {error}", advice="Check the rights of the bot's user."
        ) from None


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and only needed here
    from alembic.config import Config  # noqa: PLC0415

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
    except Exception:
        connection.invalidate()  # the transaction goes with it, and the lock
        raise
