"""`avatar-bot log prune`: say how many rows would go, ask, remove them, and shrink the file."""

import asyncio
from datetime import datetime

import typer
from rich.console import Console

from bot.durable.retention import prune
from bot.errors import StartupError
from bot.store.connect import open_database
from bot.store.file_lock import lock_file
from bot.store.pruning import OldRows, Pruning
from bot.store.sqlite_driver import SqliteDatabase
from bot.store.sqlite_space import Space

WORTH_IT = 0.1
"""The part of a file that must be free before it is worth while to write the file anew."""


def prune_log(url: str, before: datetime, *, asks: bool) -> None:
    """Remove the rows that are older than `before`. With `asks`, only if a person says yes.

    Raises:
        StartupError: the database cannot be opened.
        DatabaseUnavailable: it fails. What was removed until then stays removed.
    """
    old = asyncio.run(_count(url, before))
    typer.echo(_what_would_go(old, before))
    if old.removable:
        if asks and not _agrees("Remove them for ever?"):
            typer.echo("Nothing was removed.")
            raise typer.Exit(1)
        typer.echo(f"Removed: {_rows(asyncio.run(_remove(url, before)))}.")
    space = asyncio.run(_space(url))
    if space and not space.shrinks and space.free > space.size * WORTH_IT:
        _offer_to_write_anew(url, space, asks=asks)


def _what_would_go(old: OldRows, before: datetime) -> str:
    would_go = f"To be removed from before {before:%Y-%m-%d %H:%M} UTC: {_rows(old.removable)}."
    stays = (
        f" Still needed, so not removed: {_rows(old.needed)}. Their jobs run or have just ended, nobody "
        "knows what came of a start, or a message is to be sent or edited."
    )
    return would_go + (stays if old.needed else "")


def _agrees(question: str) -> bool:
    """Ask. Where nobody answers, that is a no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        typer.echo()
        return False


def _offer_to_write_anew(url: str, space: Space, *, asks: bool) -> None:
    """Shrink a file that was made before files could shrink bit by bit: once, while no bot runs."""
    typer.echo(
        f"{_mib(space.free)} of the file's {_mib(space.size)} are free, and it cannot give them back: an "
        "earlier version of the bot made it."
    )
    try:
        with lock_file(url):
            pass
    except StartupError as error:
        typer.echo(f"{error} Stop the bot and repeat this command: it then offers to write the file anew.")
        return
    needed = _mib(2 * (space.size - space.free))
    typer.echo(
        f"The file can be written anew, once. Until that is done no bot can start, and it needs {needed} "
        "more on the disk. From then on the file shrinks by itself."
    )
    if asks and not _agrees("Write it anew now?"):
        return
    with lock_file(url):
        now = asyncio.run(_write_anew(url))
    typer.echo(f"The file now has {_mib(now.size)}.")


async def _count(url: str, before: datetime) -> OldRows:
    async with open_database(url, read_only=True) as database:
        return await Pruning(database).count(before)


async def _remove(url: str, before: datetime) -> int:
    rows = 0
    with Console(stderr=True).status("Removing …") as status:
        async with open_database(url) as database:
            async for rows in prune(Pruning(database), before):
                status.update(f"Removed: {_rows(rows)} …")
    return rows


async def _space(url: str) -> Space | None:
    """Return what an SQLite file takes."""
    async with open_database(url, read_only=True) as database:
        return await database.space() if isinstance(database, SqliteDatabase) else None


async def _write_anew(url: str) -> Space:
    async with open_database(url) as database:
        if not isinstance(database, SqliteDatabase):
            raise TypeError("only SQLite has a file")
        await database.write_anew()
        await database.clear_traces()
        return await database.space()


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
