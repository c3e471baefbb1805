"""The sandbox command: the real bot between two stand-ins, and a person who types a command.

Everything is made up for the occasion and gone afterwards: tokens, keys, the database. Nothing of the
environment is used, so no real account can be touched.
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
from bot.domain.invocation import Invocation, Status
from bot.errors import StartupError
from bot.listeners.commands import COMMANDS
from bot.listeners.commands.avatar import AVATAR_COMMAND
from bot.listeners.commands.avatar_start import START_COMMAND
from bot.runtime.process_log import configure_logging
from bot.sandbox.environment import environment_for
from bot.sandbox.metastudio import MISBEHAVING_ROOMS, ORDINARY_LIFE, Credentials, MetaStudioStandIn
from bot.sandbox.page import Page
from bot.sandbox.slack import CommandResult, Message, SlackStandIn, SlashCommand, Tokens
from bot.sandbox.slack.afterwards import Afterwards
from bot.sandbox.slack.terminal import draw_message, draw_shortly, names_in
from bot.settings import LogFormat, LogLevel, Settings

FIRST_COMMAND = f"{START_COMMAND} 24bad716-87b1-45e5-8912-6102f7693265 cn-north-4"
_COMMANDS = tuple(SlashCommand(each.name, each.description, each.usage_hint) for each in COMMANDS)
_NAMES = tuple(each.name for each in COMMANDS)
ANSWER_SECONDS = 0.3
"""About as long as a cloud takes."""

COMPLETION_SECONDS = 5.0
"""How long what a start has left out is waited for."""

LOOK_SECONDS = 0.05
"""How often it is looked whether it has come."""

NEWS_SECONDS = 0.5
"""How often the terminal looks for news while nothing is typed."""

_PAGE_ROWS = 200
_WAYS_OUT = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a typed command: what Slack acknowledged, what the person saw, what the log holds."""

    result: CommandResult
    messages: list[Message]
    rows: list[Invocation]
    jobs_made: int
    names: Mapping[str, str]

    @property
    def started(self) -> bool:
        """Whether a job was started."""
        return any(row.status is Status.STARTED for row in self.rows)

    def as_json(self) -> str:
        """One JSON object: `ack`, `messages`, `log`."""
        return json.dumps(
            {
                "ack": self.result.ack,
                "messages": [asdict(message) for message in self.messages],
                "log": [as_plain_data(row) for row in self.rows],
            },
            indent=2,
        )

    def print_to(self, console: Console) -> None:
        """As on a screen: the messages in their order, then the rows."""
        for message in self.messages:
            console.print(draw_message(message, self.names))
        for row in self.rows:
            write_row(row, console)
        made = "1 job" if self.jobs_made == 1 else f"{self.jobs_made} jobs"
        console.print(Text(f"MetaStudio's stand-in made {made}."))


@dataclass(slots=True)
class Stage:
    """The stand-ins and the bot between them.

    `afterwards` knows the messages of what was played here; what people do on the page is shown there.
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
        rows = [row async for row in self.bot.invocations.find() if row.trigger_id == result.trigger_id]
        messages = self._messages()[len(before) :]
        self.afterwards.seen(messages)
        self.afterwards.seen(message for message in before if _is_about(message, rows))
        jobs_made = len(self.metastudio.jobs) - jobs_before
        return Played(result, messages, rows, jobs_made, names_in(self.slack.workspace))

    async def completed(self, played: Played) -> Played:
        """The same once an announcement that lacked something was completed, or after a few seconds."""
        answered = [row.configuration for row in played.rows if row.status is Status.STARTED]
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
        """What has become of the messages that were played, each in a line."""
        news = self.afterwards.news(self._messages())
        if news:
            console.print()  # what is half typed stays on a line of its own
        for message in news:
            console.print(draw_shortly(message, names_in(self.slack.workspace)))

    def _messages(self) -> list[Message]:
        """All that the person who types here sees."""
        return self.slack.messages(viewer=self.slack.workspace.first_person().id)


async def play_once(typed: str) -> Played:
    """Play one command from curtain to curtain, the completion of what was answered with little included."""
    async with _stage(port=0) as stage:
        return await stage.completed(await stage.play(typed))


async def stay_up(port: int, console: Console, *, open_page: bool) -> None:
    """Play a first command, then whatever is typed, here or on the page, until Ctrl-C or SIGTERM."""
    stop = stop_requested()
    async with _stage(port) as stage:
        console.print(Text(f"Somebody types in #avatars:  {FIRST_COMMAND}", style="bold"))
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
    """Whether the message names the job of a row, as the announcement does of a job that is stopped."""
    return any(row.job_id in message.text for row in rows if row.job_id)


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
        slack = SlackStandIn(tokens, commands=_COMMANDS)
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
    console.print(Text("\nRooms that misbehave, to see what people are told then:", style="bold"))
    rooms = Table.grid(padding=(0, 2))
    for room, description in MISBEHAVING_ROOMS.items():
        rooms.add_row(f"  {START_COMMAND} {room}", description)
    console.print(rooms)
    console.print(Text(f"In every other room, and where nothing else is said, {ORDINARY_LIFE}."))
    console.print(
        Text(f"{AVATAR_COMMAND} jobs lists what runs, and {AVATAR_COMMAND} stop job_id stops a job.")
    )
    console.print(Text(f"\nThe log is in {stage.database} until the end."))
    console.print(Text.assemble("The channel in your browser: ", (stage.slack.url, "bold underline")))
    here = "Or type a command here and press Enter; " if sys.stdin.isatty() else ""
    console.print(Text(f"{here}Ctrl-C ends."))


def _has_browser() -> bool:
    """Whether a window can be opened; elsewhere a text browser might take over the terminal."""
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
    """What is typed on the terminal, line by line, and None now and then while nothing is.

    Where there is no terminal it ends at once.
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
