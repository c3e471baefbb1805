"""How a use is acknowledged and answered: a command in its ack, a click in a message after it."""

from dataclasses import dataclass
from typing import Protocol

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.invocation import Invocation
from bot.errors import Undeliverable
from bot.listeners.use import Services
from bot.messages.message import Message

_log = structlog.get_logger()


class Answers(Protocol):
    """The way to answer the person who used the bot."""

    async def give(self, words: Message | None = None, *, instead: bool = False) -> None:
        """Acknowledge the use, with or without a message for the person alone."""


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
            self.services.tasks.spawn(self._tell(words, instead=instead))

    async def _tell(self, words: Message, *, instead: bool) -> None:
        try:
            await self.services.delivery.tell(self.invocation, words, instead=instead)
        except Undeliverable as error:
            _log.warning("an answer to a click is not delivered", reason=str(error))
