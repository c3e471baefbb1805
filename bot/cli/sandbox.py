"""The sandbox command: the real bot between two stand-ins, and a person who types commands.

Tokens, keys and the database are made up for this run and deleted afterwards. The sandbox uses no setting
from the environment, so it cannot touch a real account.
"""

import asyncio
import json
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import Bot, running_bot, stop_requested
from bot.cli.log_table import as_plain_data, write_row
from bot.domain.configuration import lacks_something, read
from bot.domain.correction import AVATAR_COMMAND, START_COMMAND
from bot.domain.invocation import Invocation, Status
from bot.errors import StartupError
from bot.listeners.commands import COMMANDS
from bot.listeners.shortcuts import SHORTCUTS
from bot.runtime.process_log import configure_logging
from bot.sandbox.environment import environment_for
from bot.sandbox.metastudio import MISBEHAVING_ROOMS, ORDINARY_LIFE, Credentials, MetaStudioStandIn
from bot.sandbox.page import Page
from bot.sandbox.slack import CommandResult, KnownShortcut, Message, SlackStandIn, SlashCommand, Tokens
from bot.sandbox.slack.afterwards import Afterwards
from bot.sandbox.slack.terminal import draw_message, draw_shortly, names_in
from bot.settings import LogFormat, LogLevel, Settings

FIRST_COMMAND = f"{START_COMMAND} 24bad716-87b1-45e5-8912-6102f7693265 cn-north-4"
_COMMANDS = tuple(SlashCommand(each.name, each.description, each.usage_hint) for each in COMMANDS)
_SHORTCUTS = tuple(
    KnownShortcut(each.callback_id, each.name, each.description, each.of_messages) for each in SHORTCUTS
)
_NAMES = tuple(each.name for each in COMMANDS)
ANSWER_SECONDS = 0.3
"""The time that MetaStudio's stand-in takes to answer; a real cloud takes about as long."""

COMPLETION_SECONDS = 5.0
"""Seconds to wait until an incomplete announcement is completed."""

LOOK_SECONDS = 0.05
"""Seconds between two checks whether it was completed."""

NEWS_SECONDS = 0.5
"""Seconds between two checks for news while nobody types in the terminal."""

_PAGE_ROWS = 200
_WAYS_OUT = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@dataclass(frozen=True, slots=True)
class Played:
    """The result of a typed command: Slack's ack, the messages that the person saw, and the log rows."""

    result: CommandResult
    messages: list[Message]
    rows: list[Invocation]
    jobs_made: int
    names: Mapping[str, str]

    @property
    def started(self) -> bool:
        """Return whether a job was started."""
        return any(row.status is Status.STARTED for row in self.rows)

    def as_json(self) -> str:
        """Return one JSON object: `ack`, `messages`, `log`."""
        return json.dumps(
            {
                "ack": self.result.ack,
                "messages": [asdict(message) for message in self.messages],
                "log": [as_plain_data(row) for row in self.rows],
            },
            indent=2,
        )

    def print_to(self, console: Console) -> None:
        """Print the messages in their order, then the log rows."""
        for message in self.messages:
            console.print(draw_message(message, self.names))
        for row in self.rows:
            write_row(row, console)
        made = "1 job" if self.jobs_made == 1 else f"{self.jobs_made} jobs"
        console.print(Text(f"MetaStudio's stand-in made {made}."))


@dataclass(slots=True)
class Stage:
    """The stand-ins and the bot between them.

    `afterwards` knows the messages of commands that were typed here. The page shows the other messages.
    """

    slack: SlackStandIn
    metastudio: MetaStudioStandIn
    bot: Bot
    database: Path
    afterwards: Afterwards = field(default_factory=Afterwards)

    async def play(self, typed: str) -> Played:
        """Type a command in the channel, and wait until the bot has nothing left to do."""
        command, _, text = typed.strip().partition(" ")
        before, jobs_before = [replace(message) for message in self._messages()], len(self.metastudio.jobs)
        result = await self.slack.command(command, text)
        await self.bot.tasks.idle()
        rows = [
            row async for row in self.bot.invocations.find() if row.origin.trigger_id == result.trigger_id
        ]
        messages = self._messages()[len(before) :]
        self.afterwards.seen(messages)
        self.afterwards.seen(message for message in before if _is_about(message, rows))
        jobs_made = len(self.metastudio.jobs) - jobs_before
        return Played(result, messages, rows, jobs_made, names_in(self.slack.workspace))

    async def completed(self, played: Played) -> Played:
        """Wait until an incomplete announcement is completed, a few seconds at most; return the result."""
        answered = [row.job.configuration for row in played.rows if row.job and row.status is Status.STARTED]
        if not any(lacks_something(read(configuration)) for configuration in answered):
            return played
        rows = played.rows
        with suppress(TimeoutError):
            async with asyncio.timeout(COMPLETION_SECONDS):
                while not any(message.edited for message in played.messages):  # noqa: ASYNC110 - edits have no event
                    await asyncio.sleep(LOOK_SECONDS)
                found = [await self.bot.invocations.get(row.id) for row in rows]
                rows = [row for row in found if row]
        return replace(played, rows=rows)

    def print_news_to(self, console: Console) -> None:
        """Print one line for each message of a typed command that has changed since."""
        news = self.afterwards.news(self._messages())
        if news:
            console.print()  # keep a half-typed line on a line of its own
        for message in news:
            console.print(draw_shortly(message, names_in(self.slack.workspace)))

    def _messages(self) -> list[Message]:
        """Return all messages that the person who types here sees."""
        return self.slack.messages(viewer=self.slack.workspace.first_person().id)


async def play_once(typed: str) -> Played:
    """Start the sandbox, run one command, wait until its announcement is complete, and stop."""
    async with _stage(port=0) as stage:
        return await stage.completed(await stage.play(typed))


async def stay_up(port: int, console: Console, *, open_page: bool) -> None:
    """Run a first command, then every command typed here or on the page, until Ctrl-C or SIGTERM."""
    stop = stop_requested()
    async with _stage(port) as stage:
        console.print(Text(f"A person types in #avatars:  {FIRST_COMMAND}", style="bold"))
        (await stage.play(FIRST_COMMAND)).print_to(console)
        _print_programme(stage, console)
        if open_page and _has_browser():
            webbrowser.open(stage.slack.url)
        typing = asyncio.create_task(_play_what_is_typed(stage, console))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({typing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if typing.done() and not sys.stdin.isatty():
            await stopping
        typing.cancel()


def _is_about(message: Message, rows: list[Invocation]) -> bool:
    """Return whether the message names the job of a row, as the announcement of a stopped job does."""
    return any(row.job.job_id in message.text for row in rows if row.job)


@asynccontextmanager
async def _stage(port: int) -> AsyncIterator[Stage]:
    for name in _WAYS_OUT:
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    configure_logging(level=LogLevel.ERROR, style=LogFormat.AUTO, secrets=())
    stage: Stage | None = None

    async def newest_rows() -> list[dict[str, Any]]:
        return (
            [as_plain_data(row) async for row in stage.bot.invocations.find(limit=_PAGE_ROWS)]
            if stage
            else []
        )

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="avatar-bot-")))
        tokens = Tokens.made_up()
        metastudio = await stack.enter_async_context(
            MetaStudioStandIn(Credentials(), answer_seconds=ANSWER_SECONDS)
        )
        slack = SlackStandIn(tokens, commands=_COMMANDS, known_shortcuts=_SHORTCUTS)
        Page(slack, metastudio=metastudio, log_rows=newest_rows).add_to(slack.application)
        stack.push_async_callback(slack.close)
        try:
            await slack.start(port=port)
        except OSError as error:
            raise StartupError(
                f"Port {port} cannot be used: {os.strerror(error.errno or 0)}.",
                advice="Choose another with --port, 0 for any.",
            ) from None
        database = folder / "sandbox.db"
        values: dict[str, Any] = environment_for(slack, tokens, metastudio) | {
            "AVATAR_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
            "AVATAR_HTTP_PORT": "0",
        }
        bot = await stack.enter_async_context(running_bot(Settings(**values)))
        await slack.wait_until_connected()
        stage = Stage(slack, metastudio, bot, database)
        yield stage


def _print_programme(stage: Stage, console: Console) -> None:
    console.print(Text("\nThese rooms misbehave and show what people are told then:", style="bold"))
    rooms = Table.grid(padding=(0, 2))
    for room, description in MISBEHAVING_ROOMS.items():
        rooms.add_row(f"  {START_COMMAND} {room}", description)
    console.print(rooms)
    console.print(Text(f"In all other rooms, and in these where nothing else is said, {ORDINARY_LIFE}."))
    console.print(
        Text(f"{AVATAR_COMMAND} jobs lists the running jobs, and {AVATAR_COMMAND} stop job_id stops a job.")
    )
    console.print(Text(f"\nThe database is {stage.database}; it is deleted at the end."))
    console.print(Text.assemble("The channel in your browser: ", (stage.slack.url, "bold underline")))
    here = "You can also type a command here and press Enter. " if sys.stdin.isatty() else ""
    console.print(Text(f"{here}Ctrl-C ends the sandbox."))


def _has_browser() -> bool:
    """Return whether a browser window can be opened; a text browser would take over the terminal."""
    windows = (
        sys.platform in {"darwin", "win32"} or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    )
    return windows and sys.stdout.isatty()


async def _play_what_is_typed(stage: Stage, console: Console) -> None:
    async for typed in _typed_lines():
        if typed is None:
            stage.print_news_to(console)
        elif typed.partition(" ")[0] in _NAMES:
            (await stage.play(typed)).print_to(console)
        elif typed in {"exit", "quit"}:
            return
        elif typed:
            console.print(
                Text(
                    f"The commands here are {' and '.join(_NAMES)}; try: {START_COMMAND} help",
                    "yellow",
                )
            )


async def _typed_lines() -> AsyncIterator[str | None]:
    """Yield each line typed on the terminal, and None now and then while nobody types.

    Without a terminal, end at once.
    """
    if not sys.stdin.isatty():
        return
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, lambda: lines.put_nowait(sys.stdin.readline()))
    try:
        while True:
            try:
                line = await asyncio.wait_for(lines.get(), NEWS_SECONDS)
            except TimeoutError:
                yield None
                continue
            if not line:
                return
            yield line.strip()
    finally:
        loop.remove_reader(sys.stdin)
