"""The whole stage: the real bot between the stand-ins, as people and the cloud see it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.app import Bot, running_bot
from bot.model import Invocation
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import CommandResult, Message, SlackStandIn
from bot.settings import Mode, Settings

ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
MEI = "U0MEI00001"
AVATARS = "C0AVATARS1"


@dataclass
class Stage:
    """The bot between the stand-ins, as the people in the channel and the cloud see it."""

    slack: SlackStandIn
    metastudio: MetaStudioStandIn
    bot: Bot

    async def types(self, text: str, **where: Any) -> CommandResult:
        """Somebody types `/avatar-start text`; back when the bot has nothing left to do."""
        result = await self.slack.command("/avatar-start", text, **where)
        await self.bot.tasks.idle()
        return result

    def said(self, viewer: str = MEI, channel: str = AVATARS) -> list[Message]:
        """What one person sees in a channel."""
        return self.slack.messages(channel=channel, viewer=viewer)

    def news(self, channel: str = AVATARS) -> list[Message]:
        """What Mei sees there beside acks."""
        return [message for message in self.said(channel=channel) if message.origin != "ack"]

    async def log(self) -> list[Invocation]:
        """The rows, oldest first."""
        return [row async for row in self.bot.invocations.find()][::-1]


@asynccontextmanager
async def staged(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings: Settings
) -> AsyncIterator[Stage]:
    """The bot on its stage, with the way from Slack to it open."""
    async with running_bot(settings) as bot:
        if settings.mode is Mode.SOCKET:
            await slack.wait_until_connected()
        else:
            slack.request_url = f"{bot.web_url}/slack/events"
        yield Stage(slack, metastudio, bot)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something that happens elsewhere has happened, ten seconds at the most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the stand-ins have no event for each thing to wait for
            await asyncio.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
