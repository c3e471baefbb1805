"""The command line. Exit status: 0 done, 1 failed, 2 wrong usage or settings."""

import asyncio
import errno
import os
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot.app import reload_requested, running_bot, stop_requested
from bot.cli.failures import failures_in_words, write_no_more
from bot.cli.log import database_url, log_cli
from bot.cli.policy_check import WRONG_USAGE, check, wrong_id
from bot.cli.terminal import readable
from bot.domain.correction import START_COMMAND
from bot.domain.policy_question import Act, Question
from bot.environment.database_url import SqliteUrl, read_database_url
from bot.runtime.outlet import unblocked_stderr
from bot.runtime.private_files import warn_of_open_files
from bot.runtime.process_log import configure_logging
from bot.settings import LogFormat, LogLevel, PolicySettings, Settings
from bot.store.connect import open_database
from bot.store.migrate import migrate

PAGE_PORT = 8008

cli = typer.Typer(
    name="avatar-bot",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

policy_cli = typer.Typer(name="policy", no_args_is_help=True)
cli.add_typer(policy_cli)
cli.add_typer(log_cli)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer passes it by position
    if wanted:
        typer.echo(f"avatar-bot {metadata.version('avatar-bot')}")
        raise typer.Exit


@cli.callback()
def about(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Start Huawei Cloud MetaStudio virtual avatars from Slack."""
    del version


def main() -> None:
    """Run the command line; the entry point of `avatar-bot`."""
    try:
        cli(readable(sys.argv[1:]))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EIO}:
            raise
        write_no_more()
        sys.exit(f"The output cannot be written: {os.strerror(error.errno)}.")


@cli.command()
def run() -> None:
    """Run the bot, until SIGTERM or Ctrl-C."""
    with unblocked_stderr(), failures_in_words():
        settings = Settings.load()
        handler = configure_logging(
            level=settings.AVATAR_LOG_LEVEL, style=settings.AVATAR_LOG_FORMAT, secrets=settings.secrets
        )
        warn_of_open_files(_private_files(settings.AVATAR_DATABASE_URL.get_secret_value()))
        try:
            asyncio.run(_serve(settings))
        finally:
            handler.close()


@cli.command()
def sandbox(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the page; 0 for any port.")
    ] = PAGE_PORT,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the page in a browser.")] = False,
    once: Annotated[
        str | None, typer.Option(help="Run this command and exit: 0 if a job started, 1 if not.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="With --once: print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Try the bot with no account and no network: stand-ins play Slack and MetaStudio."""
    if json and once is None:
        raise typer.BadParameter("--json goes with --once")
    if once is not None and (no_open or port != PAGE_PORT):
        raise typer.BadParameter("--port and --no-open are for the page, and --once serves no page")
    if once is not None and once.split(maxsplit=1)[:1] != [START_COMMAND]:
        raise typer.BadParameter(f"--once takes a start command, such as: {START_COMMAND} busy cn-north-4")
    from bot.cli.sandbox import play_once, stay_up  # noqa: PLC0415 - `run` needs no stand-ins

    with failures_in_words():
        if once is None:
            asyncio.run(stay_up(port, Console(), open_page=not no_open))
            return
        played = asyncio.run(play_once(once))
        if json:
            sys.stdout.write(played.as_json() + "\n")
        else:
            played.print_to(Console())
    raise typer.Exit(0 if played.started else 1)


@policy_cli.callback()
def policy() -> None:
    """Explain the policy file."""


@policy_cli.command(name="check")
def policy_check(
    user: Annotated[str, typer.Argument(metavar="USER", help="A Slack user ID.")],
    action: Annotated[Act, typer.Argument(metavar="ACTION", help=f"One of {', '.join(Act)}.")],
    *,
    channel: Annotated[str | None, typer.Option(help="The Slack channel ID where they ask.")] = None,
    room: Annotated[str | None, typer.Option(help="The room that it is about.")] = None,
    region: Annotated[
        str | None, typer.Option(help="The region of a start; AVATAR_DEFAULT_REGION by default.")
    ] = None,
    quick_start: Annotated[str | None, typer.Option(help="The quick start that they start.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Take them for a member of this user group alone; repeatable.")
    ] = None,
    own: Annotated[bool, typer.Option("--own", help="They started the job that it is about.")] = False,
    guest: Annotated[bool, typer.Option("--guest", help="They are of another workspace.")] = False,
    file: Annotated[Path | None, typer.Option(help="A policy file in place of AVATAR_POLICY_FILE.")] = None,
) -> None:
    """Say whether the policy allows something, and why. Exit status: 0 allowed, 1 refused, 2 wrong usage."""
    given = [
        ("USER", user),
        ("--channel", channel),
        ("--room", room),
        *(("--group", each) for each in group or ()),
    ]
    for name, value in given:
        if value is not None and (wrong := wrong_id(name, value)):
            raise typer.BadParameter(f"{name}: {wrong}")
    question = Question(
        act=action,
        user_id=user,
        channel_id=channel,
        is_foreign=guest,
        room_id=room,
        region=region,
        quick_start=quick_start,
        is_starter=own,
    )
    with failures_in_words():
        settings = PolicySettings.load()
        token = settings.SLACK_BOT_TOKEN
        secrets = [token.get_secret_value()] if token else []
        handler = configure_logging(level=LogLevel.WARNING, style=LogFormat.CONSOLE, secrets=secrets)
        try:
            verdict = asyncio.run(check(settings, file, question, group or ()))
        finally:
            handler.close()
        typer.echo(verdict.text, err=verdict.status == WRONG_USAGE)
    raise typer.Exit(verdict.status)


@cli.command(name="migrate")
def migrate_command() -> None:
    """Upgrade the database to the newest schema. `run` does this itself."""

    async def bring_up_to_date() -> None:
        async with open_database(database_url()) as database:
            await migrate(database)
            typer.echo(f"The database {database.url.database} has the newest schema.")

    with failures_in_words():
        asyncio.run(bring_up_to_date())


async def _serve(settings: Settings) -> None:
    """Run until a stop is requested; a stop during startup takes effect at once.

    With a policy file SIGHUP reads that again, else it is one more way to stop.
    """
    has_policy = settings.AVATAR_POLICY_FILE is not None
    stop, started = stop_requested(on_hangup=not has_policy), asyncio.Event()
    reload_asked = reload_requested() if has_policy else None

    async def serve() -> None:
        async with running_bot(settings, reload_asked=reload_asked):
            started.set()
            await stop.wait()

    serving, stopping = asyncio.create_task(serve()), asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not started.is_set():
        serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def _private_files(database_url: str) -> list[Path]:
    database = read_database_url(database_url)
    return [Path(".env"), *(database.files if isinstance(database, SqliteUrl) else ())]
