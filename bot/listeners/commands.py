"""Slash commands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.errors import InvalidArguments, LogUnavailable, Refused
from bot.intake import Intake
from bot.messages.message import Message
from bot.messages.replies import declined, starting, usage
from bot.model import Action, Invocation, Source, Status
from bot.parsing import HelpWanted, Regions, parse_start
from bot.policy import Policy
from bot.starts import Starts

START_COMMAND = "/avatar-start"
START_DESCRIPTION = "Start a virtual avatar in a room and tell this channel"
START_USAGE_HINT = "room_id [region] [room_type=RTC|METALINK] [client_id=…]"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands' listeners and what they need."""

    starts: Starts
    intake: Intake
    policy: Policy
    regions: Regions
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def register(self, app: AsyncApp) -> None:
        """Listen to the commands."""
        app.command(START_COMMAND)(self.avatar_start)

    async def avatar_start(self, ack: AsyncAck, command: dict[str, Any]) -> None:
        """`/avatar-start room_id [region] [room_type=…] [client_id=…]`"""
        invocation = self._invocation(command)
        with structlog.contextvars.bound_contextvars(invocation_id=invocation.id):
            try:
                await self._start(invocation, ack)
            except LogUnavailable as error:
                _log.error("refused, for the log cannot be written", reason=str(error))
                await _say(ack, declined(error, START_COMMAND))

    async def _start(self, invocation: Invocation, ack: AsyncAck) -> None:
        try:
            request = parse_start(invocation.text, self.regions)
            if isinstance(request, HelpWanted):
                await self._close(invocation, Action.HELP, Status.HELP)
                await _say(ack, usage(START_COMMAND, self.regions))
                return
            invocation = invocation.asking_for(request)
            self.policy.check_start(invocation, request)
        except (InvalidArguments, Refused) as error:
            status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
            await self._close(invocation, Action.START, status, str(error))
            await _say(ack, declined(error, START_COMMAND))
            return
        accepted = await self.starts.commit(invocation, request)
        if accepted is None:
            await ack()
            return
        await _say(ack, starting(request))
        self.starts.begin(accepted, request)

    async def _close(
        self, invocation: Invocation, action: Action, status: Status, reason: str | None = None
    ) -> None:
        """Log what is answered at once; nobody will need its response_url."""
        _log.info("answered", status=status.value, reason=reason)
        await self.intake.commit(
            replace(invocation, action=action, status=status, reason=reason, response_url=None)
        )

    def _invocation(self, command: dict[str, Any]) -> Invocation:
        return Invocation(
            id=self.new_id(),
            created_at=self.now(),
            action=Action.START,
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


async def _say(ack: AsyncAck, reply: Message) -> None:
    await ack(response_type="ephemeral", **reply.arguments())
