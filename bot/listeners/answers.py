"""How a use is acknowledged and answered: a command in its ack, a click in a message after it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.invocation import Invocation
from bot.errors import Undeliverable
from bot.listeners.use import Accepted, AnyView, Services, Use
from bot.messages.message import Message
from bot.messages.mrkdwn import unmarked

LATE_SECONDS = 2.0
"""How long a person waits without a word for what their command leads to."""

_log = structlog.get_logger()


class Answers(Protocol):
    """The way to answer the person who used the bot."""

    async def give(self, words: Message | None = None, *, instead: bool = False) -> None:
        """Acknowledge the use, with or without a message for the person alone."""

    async def refuse(self, refused: Accepted) -> None:
        """Acknowledge the use, and say why nothing was done."""


@dataclass(frozen=True, slots=True)
class CommandAnswers:
    """Answers in a command's ack. Slack reads only the first ack, so only the first call counts."""

    ack: AsyncAck

    async def give(self, words: Message | None = None, *, instead: bool = False) -> None:  # noqa: ARG002 - there is no message to replace
        """Acknowledge the command."""
        if self.ack.response is not None:
            return
        if words is None:
            await self.ack()
        else:
            await self.ack(response_type="ephemeral", **words.arguments())

    async def refuse(self, refused: Accepted) -> None:
        """Acknowledge the command, and say why nothing was done."""
        await self.give(refused.words)


@dataclass(frozen=True, slots=True)
class ClickAnswers:
    """Answers in a message after a click's ack, which itself carries no text."""

    ack: AsyncAck
    services: Services
    invocation: Invocation

    async def give(self, words: Message | None = None, *, instead: bool = False) -> None:
        """Acknowledge the click; send the message without waiting for it."""
        await self.ack()
        if words is not None:
            self.services.tasks.spawn(tell(self.services, self.invocation, words, instead=instead))

    async def refuse(self, refused: Accepted) -> None:
        """Acknowledge the click, and say why nothing was done."""
        await self.give(refused.words)


@dataclass(frozen=True, slots=True)
class FormAnswers:
    """Closes a modal and answers in a message, or leaves it open with a refusal under one of its fields."""

    ack: AsyncAck
    use: Use
    view: AnyView

    async def give(self, words: Message | None = None, *, instead: bool = False) -> None:  # noqa: ARG002 - there is no message to replace
        """Close the modal, and one below it; send the message without waiting for it."""
        await self.ack(response_action="clear")
        if words is not None:
            self.use.services.tasks.spawn(tell(self.use.services, self.use.invocation, words))

    async def refuse(self, refused: Accepted) -> None:
        """Say why nothing was done, or show another modal above; what was typed stays."""
        if self.ack.response is not None:
            return
        if refused.view is not None:
            await self.ack(response_action="push", view=refused.view)
        elif refused.words is not None:
            errors = {self.view.field_of(refused.why_not): unmarked(refused.words.text)}
            await self.ack(response_action="errors", errors=errors)


async def tell(services: Services, invocation: Invocation, words: Message, *, instead: bool = False) -> None:
    """Send a message to the person of a use, if Slack takes it."""
    try:
        await services.delivery.tell(invocation, words, instead=instead)
    except Undeliverable as error:
        _log.warning("an answer is not delivered", reason=str(error))


async def carry_out(
    services: Services, invocation: Invocation, work: Coroutine[Any, Any, None], late: Message
) -> None:
    """Carry out work that tells people its result; if it takes long, tell its person that it is under way."""
    working = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({working}, timeout=services.late_seconds)
        if not done:
            await services.delivery.remark(invocation, late)
        await working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
