"""The stage of the scenarios: the real bot between the stand-ins, as people and the cloud see it."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from bot.app import Bot, running_bot
from bot.domain.invocation import Invocation
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import Act, CommandResult, Interacted, Message, SlackStandIn
from bot.sandbox.slack.block_ids import elements_in
from bot.settings import Mode, Settings

ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
MEI, JONAS, AMARA = "U0MEI00001", "U0JONAS001", "U0AMARA001"
AVATARS, GENERAL = "C0AVATARS1", "C0GENERAL1"

HURRY = 3
"""On the stage the bot retries, reads jobs and edits messages this many times faster than normal."""

Console = Callable[[str], Awaitable[str]]
"""Starts a job in a room without the bot, and returns its ID."""


@dataclass
class Clock:
    """A clock that can be set and runs on from there. A call returns Unix seconds."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def now(self) -> datetime:
        """Return the time for the bot."""
        return datetime.fromtimestamp(self(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.ahead += seconds


@dataclass
class Stage:
    """The bot between the stand-ins, as the people in the channel and the cloud see it."""

    slack: SlackStandIn
    metastudio: MetaStudioStandIn
    bot: Bot
    clock: Clock = field(default_factory=Clock)

    async def types(self, text: str, command: str = "/avatar-start", **where: Any) -> CommandResult:
        """Let a person type `command text`. Return when the bot has no work left."""
        result = await self.slack.command(command, text, **where)
        await self.bot.tasks.idle()
        return result

    async def clicks(self, button: str, message: Message, *, user: str = MEI) -> Interacted:
        """Let a person click a button, named by its label or action, and confirm if they are asked."""
        result = await self.slack.actions.in_message(
            user, message.channel, message.ts, _find(button, message.blocks)
        )
        await self.bot.tasks.idle()
        return result

    async def opens_home(self, user: str = MEI) -> None:
        """Let a person open the Home tab. Return when it is drawn."""
        await self.slack.open_home(user)
        await self.bot.tasks.idle()

    def home(self, user: str = MEI) -> str:
        """Return everything that stands on a person's Home tab."""
        view = self.slack.views.home(user)
        return json.dumps(view.blocks, ensure_ascii=False) if view else ""

    async def presses(self, button: str, *, user: str = MEI) -> Interacted:
        """Let a person click the first button with this label on their Home tab."""
        view = self.slack.views.home(user)
        assert view is not None, "no Home tab is drawn"
        act = _find(button, view.blocks)
        result = await self.slack.actions.in_view(user, view.id, act)
        await self.bot.tasks.idle()
        return result

    async def starts(self, text: str = ROOM, **where: Any) -> Message:
        """Let a person start a job. Return its announcement, which changes with each edit."""
        await self.types(text, **where)
        announcements = [message for message in self.slack.messages() if is_announcement(message)]
        return announcements[-1]

    async def runs(self, text: str = ROOM, **where: Any) -> Message:
        """Let a person start a job, and wait until the bot has seen it run: 3 s in an ordinary room."""
        announcement = await self.starts(text, **where)
        self.clock.advance(3)
        await until(lambda: "is running" in announcement.text)
        return announcement

    def said(self, viewer: str = MEI, channel: str = AVATARS) -> list[Message]:
        """Return the messages that a person sees in a channel."""
        return self.slack.messages(channel=channel, viewer=viewer)

    def news(self, viewer: str = MEI, channel: str = AVATARS) -> list[Message]:
        """Return these messages without acks."""
        return [message for message in self.said(viewer, channel) if message.origin != "ack"]

    def told_directly(self, user: str) -> list[str]:
        """Return the bot's direct messages to a person."""
        return [message.text for message in self.slack.messages(channel=f"D0{user[1:]}")]

    def announced(self, channel: str = AVATARS) -> list[Message]:
        """Return the messages that everybody sees in a channel, without threads."""
        return [
            message
            for message in self.slack.messages(channel=channel)
            if message.visible_to is None and message.thread_ts is None
        ]

    def asked(self, operation: Literal["start", "stop", "state", "jobs", "room"]) -> int:
        """Return how many calls of an operation MetaStudio has received."""
        return sum(_operation(call.method, call.path) == operation for call in self.metastudio.calls)

    async def log(self) -> list[Invocation]:
        """Return the invocation log, oldest first."""
        return [row async for row in self.bot.invocations.find()][::-1]

    async def until_logged(self, condition: Callable[[list[Invocation]], bool]) -> list[Invocation]:
        """Wait until the rows meet the condition, and return them."""
        async with asyncio.timeout(15):
            rows = await self.log()
            while not condition(rows):
                await asyncio.sleep(0.05)
                rows = await self.log()
        return rows


class StagedWith(Protocol):
    """Runs bots with given settings, one after the other, between the same stand-ins."""

    def __call__(self, *, policy: str = "", **overrides: Any) -> AbstractAsyncContextManager[Stage]: ...


@asynccontextmanager
async def staged(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings: Settings, clock: Clock | None = None
) -> AsyncIterator[Stage]:
    """Run the bot on its stage, connected to Slack. Without a clock it uses the real time."""
    clock = clock or Clock()
    async with running_bot(settings, now=clock.now, clock=_in_a_hurry, sleep=_sleep_in_a_hurry) as bot:
        if settings.mode is Mode.SOCKET:
            await slack.wait_until_connected()
        else:
            slack.request_url = f"{bot.web_url}/slack/events"
        with suppress(TimeoutError):  # a fault of the test must not hit the check of the credentials
            await until(lambda: len(metastudio.calls) > 0, seconds=0.5)
        yield Stage(slack, metastudio, bot, clock)


def _in_a_hurry() -> float:
    return time.monotonic() * HURRY


async def _sleep_in_a_hurry(seconds: float) -> None:
    await asyncio.sleep(seconds / HURRY)


def is_announcement(message: Message) -> bool:
    """Whether the message tells a channel of a job."""
    return "\nJob `" in message.text and " · started by <@" in message.text


def buttons(message: Message) -> list[str]:
    """Return the labels of a message's buttons."""
    return [element["text"]["text"] for _, element in _elements(message.blocks)]


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until a condition holds, but not longer than `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the stand-ins have no event for each condition
            await asyncio.sleep(0.02)


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _elements(blocks: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return all clickable elements, each with the ID of its block."""
    return [
        (block["block_id"], element)
        for block in blocks
        if any(elements_in(block))
        for element in elements_in(block)
    ]


def _find(button: str, blocks: list[dict[str, Any]]) -> Act:
    found = _elements(blocks)
    for block_id, element in found:
        if button in {element["text"]["text"], element["action_id"]}:
            return Act(block_id, element["action_id"])
    raise LookupError(f"{button!r} is not among {[element['text']['text'] for _, element in found]}")


def _operation(method: str, path: str) -> str:
    last = path.rpartition("/")[2]
    if last == "smart-chat-jobs":
        return "start" if method == "POST" else "jobs"
    return "room" if path.endswith(f"/smart-chat-rooms/{last}") else last
