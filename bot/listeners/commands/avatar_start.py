"""`/avatar-start`."""

from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.arguments import HelpWanted, Regions, parse_start
from bot.domain.invocation import Action, Invocation, Status
from bot.domain.policy import Policy
from bot.errors import DatabaseUnavailable, InvalidArguments, Refused
from bot.jobs.start import Duplicate, Starts
from bot.listeners.incoming import Incoming, say
from bot.messages.replies import declined, duplicate, starting, usage
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code

START_COMMAND = "/avatar-start"
START_DESCRIPTION = "Start a virtual avatar in a room and tell this channel"
START_USAGE_HINT = "room_id [region] [room_type=RTC|METALINK] [client_id=…]"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StartCommand:
    """The command's listener and what it needs."""

    incoming: Incoming
    starts: Starts
    policy: Policy
    regions: Regions

    def register(self, app: AsyncApp) -> None:
        """Listen to the command."""
        app.command(START_COMMAND)(self.avatar_start)

    async def avatar_start(self, ack: AsyncAck, command: dict[str, Any]) -> None:
        """`/avatar-start room_id [region] [room_type=…] [client_id=…]`"""
        invocation = self.incoming.typed(command, Action.START)
        with structlog.contextvars.bound_contextvars(invocation_id=invocation.id):
            try:
                await self._start(invocation, ack)
            except DatabaseUnavailable as error:
                _log.error("refused, for the log cannot be written", reason=str(error))
                await say(ack, declined(error, START_COMMAND))

    async def _start(self, invocation: Invocation, ack: AsyncAck) -> None:
        try:
            request = parse_start(invocation.text, self.regions)
            if isinstance(request, HelpWanted):
                await self.incoming.close(replace(invocation, action=Action.HELP), Status.DONE)
                await say(ack, usage(START_COMMAND, self.regions))
                return
            invocation = invocation.asking_for(request)
            self.policy.check(invocation)
        except (InvalidArguments, Refused) as error:
            status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
            await self.incoming.close(invocation, status, error.reason)
            await say(ack, declined(error, START_COMMAND))
            return
        match await self.starts.commit(invocation, request):
            case Invocation() as received:
                await say(ack, starting(request, received.room_name))
                self.starts.begin(received)
            case Duplicate(existing) if await self.incoming.close(
                invocation, Status.REFUSED, duplicate_reason(existing)
            ):
                await say(ack, duplicate(existing, invocation))
            case _:
                await ack()


def duplicate_reason(existing: Invocation) -> Reason:
    """Why a duplicate was refused, for the invocation log."""
    match existing.status:
        case Status.STARTED:
            return reason(Code.DUPLICATE_STARTED, user_id=existing.user_id)
        case Status.UNKNOWN:
            return reason(Code.DUPLICATE_UNKNOWN, user_id=existing.user_id)
        case _:
            return reason(Code.DUPLICATE_UNDER_WAY, user_id=existing.user_id)
