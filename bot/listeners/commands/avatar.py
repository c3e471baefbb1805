"""`/avatar help | jobs | stop <job_id>`."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.arguments import HelpWanted, JobRef, JobsWanted, StopWanted, parse_avatar
from bot.domain.invocation import Action, Invocation, Status
from bot.domain.policy import Policy
from bot.errors import DatabaseUnavailable, InvalidArguments, Refused
from bot.jobs.stop import Stops
from bot.listeners.commands.avatar_start import START_COMMAND
from bot.listeners.incoming import Incoming, named_by, say
from bot.messages.jobs import MOST_JOBS, jobs_list
from bot.messages.replies import avatar_usage, declined
from bot.messages.stops import stopping
from bot.store.invocations import Invocations

AVATAR_COMMAND = "/avatar"
AVATAR_DESCRIPTION = "See which avatar jobs run, and stop them"
AVATAR_USAGE_HINT = "help | jobs | stop job_id"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AvatarCommand:
    """The command's listener and what it needs."""

    incoming: Incoming
    invocations: Invocations
    stops: Stops
    policy: Policy

    def register(self, app: AsyncApp) -> None:
        """Listen to the command."""
        app.command(AVATAR_COMMAND)(self.avatar)

    async def avatar(self, ack: AsyncAck, command: dict[str, Any]) -> None:
        """`/avatar help | jobs | stop <job_id> [room_id]`"""
        invocation = self.incoming.typed(command, Action.HELP)
        with structlog.contextvars.bound_contextvars(invocation_id=invocation.id):
            try:
                await self._answer(invocation, ack)
            except DatabaseUnavailable as error:
                _log.error("refused, for the log cannot be used", reason=str(error))
                await say(ack, declined(error, AVATAR_COMMAND, verdict=""))

    async def _answer(self, invocation: Invocation, ack: AsyncAck) -> None:
        try:
            match parse_avatar(invocation.text):
                case HelpWanted():
                    await self.incoming.close(invocation, Status.DONE)
                    await say(ack, avatar_usage(AVATAR_COMMAND, START_COMMAND))
                case JobsWanted():
                    invocation = replace(invocation, action=Action.JOBS)
                    await self._list(invocation, ack)
                case StopWanted() as wanted:
                    invocation = replace(invocation, action=Action.STOP, job_id=wanted.job_id)
                    await self._stop(invocation, wanted, ack)
        except (InvalidArguments, Refused) as error:
            status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
            await self.incoming.close(invocation, status, str(error))
            verdict = "Nothing was stopped." if invocation.text.split()[:1] == ["stop"] else ""
            await say(ack, declined(error, AVATAR_COMMAND, verdict=verdict))

    async def _list(self, invocation: Invocation, ack: AsyncAck) -> None:
        self.policy.check(invocation)
        listing = self.invocations.running(invocation, limit=MOST_JOBS)
        _, running = await asyncio.gather(
            self.incoming.close(invocation, Status.DONE),
            self.incoming.acceptance.ask(listing, beside_commit=True),
        )
        hidden_in = "other channels" if invocation.foreign_team_id else "private channels"
        await say(
            ack,
            jobs_list(
                running.jobs, running.total, invocation.created_at, hidden=running.hidden, hidden_in=hidden_in
            ),
        )

    async def _stop(self, invocation: Invocation, wanted: StopWanted, ack: AsyncAck) -> None:
        start = await self.incoming.acceptance.ask(self.invocations.find_start(wanted.job_id))
        room_id = start.room_id if start else wanted.room_id
        if room_id is None:
            raise InvalidArguments(
                f"The bot has not started a job `{wanted.job_id}`.",
                advice="For a job that was started elsewhere, name its room as well: `stop job_id room_id`.",
            )
        job = JobRef(room_id, wanted.job_id)
        self.policy.check(replace(invocation, room_id=room_id), start)
        received = await self.stops.commit(named_by(start, invocation), job)
        if received is None:
            await ack()
            return
        await say(ack, stopping(job.as_told(start, invocation), received.room_name))
        self.stops.begin(received)
