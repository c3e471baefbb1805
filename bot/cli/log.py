"""`avatar-bot log`: show the invocation log. `avatar-bot log prune`: remove its old rows."""

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from bot.app import utc_now
from bot.cli.failures import failures_in_words
from bot.cli.log_table import write_csv, write_json, write_table
from bot.cli.pruning import prune_log
from bot.domain.invocation import Status
from bot.durable.retention import YOUNGEST
from bot.errors import DatabaseUnavailable, StartupError
from bot.messages.reasons import sentence
from bot.settings import DatabaseSettings
from bot.store.connect import open_database
from bot.store.invocations import Invocations

_AGO = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
TABLE_ROWS = 50
MOST_IDS = 5

log_cli = typer.Typer(name="log", invoke_without_command=True)


@log_cli.callback()
def log(
    context: typer.Context,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, with every column.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with every column.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Only newer rows: 90m, 24h, 7d, or 2026-01-31[T08:00].")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Only rows of this person: a Slack user ID.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only rows with this status.")] = None,
    room: Annotated[str | None, typer.Option(help="Only rows of this room: its ID.")] = None,
    job: Annotated[str | None, typer.Option(help="Only rows about this job: its ID.")] = None,
    entry: Annotated[
        str | None,
        typer.Option(help="Only this row: the log entry that a message names, or its beginning."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=10**9, help=f"The most rows to show; {TABLE_ROWS} by default in a table."),
    ] = None,
) -> None:
    """Show the invocation log, newest row first."""
    if context.invoked_subcommand is not None:
        if any(value not in {None, False} for value in context.params.values()):
            raise typer.BadParameter("prune takes none of the options of log")
        return
    if as_csv and as_json:
        raise typer.BadParameter("choose one of --csv and --json")
    after = _point_in_time("--since", since, utc_now()) if since else None

    async def show() -> None:
        async with open_database(database_url(), read_only=True) as database:
            as_table = not (as_csv or as_json)
            invocations = Invocations(database)
            rows = invocations.find(
                since=after,
                user_id=user,
                status=status,
                room_id=room,
                job_id=job,
                invocation_id=await _whole_id(invocations, entry) if entry is not None else None,
                limit=limit or (TABLE_ROWS if as_table else None),
            )
            if as_table:
                await write_table(rows, Console())
            else:
                await (write_csv if as_csv else write_json)(rows, sys.stdout)

    with failures_in_words(), _advice_on_old_schemas():
        asyncio.run(show())


@log_cli.command()
def prune(
    *,
    before: Annotated[
        str,
        typer.Option(help="Remove the rows before this: 90d, 12w, or 2026-01-31[T08:00]; a day ago or more."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; the answers are yes.")] = False,
) -> None:
    """Remove old rows for ever. Rows that the bot or a message still needs stay."""
    now = utc_now()
    until = _point_in_time("--before", before, now)
    if until > now - YOUNGEST:
        raise typer.BadParameter(f"--before {before}: give a time that is at least a day ago, such as 1d")
    with failures_in_words(), _advice_on_old_schemas():
        prune_log(database_url(), until, asks=not yes)


async def _whole_id(invocations: Invocations, beginning: str) -> str:
    """Return the only invocation ID that begins with this text; the text may be the whole ID.

    Raises:
        StartupError: several IDs begin with it.
    """
    wanted = beginning.strip().strip("`").lower()
    found = await invocations.ids_from(wanted, limit=MOST_IDS + 1)
    if len(found) < 2 or wanted in found:
        return found[0] if found else wanted
    more = " and more" if len(found) > MOST_IDS else ""
    raise StartupError(
        f"Several log entries begin with {wanted!r}: {', '.join(found[:MOST_IDS])}{more}.",
        advice="Give more characters of the entry that you mean.",
    )


def database_url() -> str:
    """Return the URL of the database in the environment or `.env`."""
    return DatabaseSettings.load().AVATAR_DATABASE_URL.get_secret_value()


def _point_in_time(option: str, text: str, now: datetime) -> datetime:
    try:
        if ago := _AGO.fullmatch(text.strip().lower()):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        point = datetime.fromisoformat(text.strip())
        return (point if point.tzinfo else point.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{option} {text}: give 90m, 24h, 7d, or 2026-01-31[T08:00]") from None


@contextmanager
def _advice_on_old_schemas() -> Iterator[None]:
    """Say of a database that fails, also what to do if it was never migrated."""
    try:
        yield
    except DatabaseUnavailable as error:
        advice = "`avatar-bot migrate` creates the tables in a new database and upgrades an older one."
        raise StartupError(sentence(error.reason), advice=advice) from None
