"""What all listeners share: a payload becomes an invocation, and what is answered at once is logged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.intake import Intake
from bot.messages.message import Message
from bot.model import Action, Invocation, Source, Status

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reception:
    """Takes uses of the bot in."""

    intake: Intake
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def typed(self, command: dict[str, Any], action: Action) -> Invocation:
        """A slash command."""
        return Invocation(
            id=self.new_id(),
            created_at=self.now(),
            action=action,
            source=Source.COMMAND,
            status=Status.RECEIVED,
            team_id=command.get("team_id"),
            enterprise_id=command.get("enterprise_id"),
            channel_id=command.get("channel_id"),
            user_id=command["user_id"],
            text=command.get("text") or "",
            trigger_id=command.get("trigger_id"),
            response_url=command.get("response_url"),
        )

    def clicked(self, body: dict[str, Any], action: Action) -> Invocation:
        """A button in a message; its value stands for the text."""
        return Invocation(
            id=self.new_id(),
            created_at=self.now(),
            action=action,
            source=Source.BUTTON,
            status=Status.RECEIVED,
            team_id=(body.get("team") or {}).get("id"),
            enterprise_id=(body.get("enterprise") or {}).get("id"),
            channel_id=(body.get("channel") or {}).get("id"),
            user_id=body["user"]["id"],
            text=body["actions"][0].get("value") or "",
            trigger_id=body.get("trigger_id"),
            response_url=body.get("response_url"),
        )

    async def close(self, invocation: Invocation, status: Status, reason: str | None = None) -> bool:
        """Log what is answered at once; nobody will need its response_url.

        False where this very delivery is in the log already.

        Raises:
            LogUnavailable: it is not in the log.
        """
        _log.info("answered", action=invocation.action.value, status=status.value, reason=reason)
        named = self.intake.named(invocation)
        return await self.intake.commit(replace(named, status=status, reason=reason, response_url=None))


def named_by(start: Invocation | None, invocation: Invocation) -> Invocation:
    """The same with the name that the room had when its job was started, as far as that is known."""
    return replace(invocation, room_name=start.room_name) if start and start.room_name else invocation


async def say(ack: AsyncAck, reply: Message) -> None:
    """Acknowledge a command with words for the person alone."""
    await ack(response_type="ephemeral", **reply.arguments())
