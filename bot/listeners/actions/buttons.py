"""Buttons in the bot's messages. What a button carries in its value is enough; who clicks is checked anew."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.arguments import (
    HelpWanted,
    JobRef,
    Regions,
    UseJob,
    parse_job_value,
    parse_start,
    request_of,
    typed,
)
from bot.domain.invocation import Action, Invocation, JobState, Status
from bot.domain.policy import Policy
from bot.durable.claims import Claims
from bot.errors import DatabaseUnavailable, InvalidArguments, Refused, Undeliverable
from bot.jobs.reconcile import Reconciliation
from bot.jobs.rtc_access import RtcAccess
from bot.jobs.start import Duplicate, Starts, Used
from bot.jobs.stop import OVER_ALREADY, Stops
from bot.listeners.commands.avatar_start import duplicate_reason
from bot.listeners.incoming import Incoming, named_by
from bot.messages.buttons import (
    LOOK_AGAIN,
    RTC_ACCESS,
    START_AFTER_ALL,
    START_ANOTHER,
    STOP_JOB,
    USE_JOB,
)
from bot.messages.ended import over
from bot.messages.message import Message
from bot.messages.replies import declined, duplicate, starting, used, went_wrong
from bot.messages.stops import stopping
from bot.messages.unknown import settled_already
from bot.runtime.background import Tasks
from bot.slack.delivery import Delivery
from bot.store.invocations import Invocations

MANY_STOPS = 6
"""Behind so many, a stop takes long enough for whoever clicked to be told that it is on its way."""

_log = structlog.get_logger()

DOUBLE_CLICK = timedelta(seconds=2)

Body = dict[str, Any]
Use = Callable[[Invocation, AsyncAck], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The buttons' listeners and what they need. `rtc` is None where RTC access is switched off."""

    incoming: Incoming
    invocations: Invocations
    starts: Starts
    stops: Stops
    reconciliation: Reconciliation
    rtc: RtcAccess | None
    delivery: Delivery
    claims: Claims
    tasks: Tasks
    policy: Policy
    regions: Regions

    def register(self, app: AsyncApp) -> None:
        """Listen to the buttons."""
        for action_id, listener in (
            (STOP_JOB, self.stop_job),
            (RTC_ACCESS, self.rtc_access),
            (START_ANOTHER, self.start_another),
            (START_AFTER_ALL, self.start_after_all),
            (LOOK_AGAIN, self.look_again),
            (USE_JOB, self.use_job),
        ):
            app.action(re.compile(rf"^{action_id}(-\d+)?$"))(listener)

    async def stop_job(self, ack: AsyncAck, body: Body) -> None:
        """Stop, on an announcement and in the list of jobs."""
        await self._use(ack, body, Action.STOP, self._stop_job, "Nothing was stopped.")

    async def rtc_access(self, ack: AsyncAck, body: Body) -> None:
        """RTC access, on an announcement."""
        await self._use(ack, body, Action.RTC_ACCESS, self._rtc_access, "")

    async def start_another(self, ack: AsyncAck, body: Body) -> None:
        """Start another, where the same was started a moment ago."""
        await self._use(ack, body, Action.START, self._start_another, "Nothing was started.")

    async def start_after_all(self, ack: AsyncAck, body: Body) -> None:
        """Start anyway, where it is not known what came of a start; Start it now, where it never left."""
        await self._use(ack, body, Action.START, self._start_after_all, "Nothing was started.")

    async def look_again(self, ack: AsyncAck, body: Body) -> None:
        """Look again, where it is not known what came of a start."""
        await self._use(ack, body, Action.LOOK, self._look_again, "")

    async def use_job(self, ack: AsyncAck, body: Body) -> None:
        """Use this one, on a job that may be that of a start whose outcome is not known."""
        await self._use(ack, body, Action.ADOPT, self._use_job, "Nothing was changed.")

    async def _use(self, ack: AsyncAck, body: Body, action: Action, use: Use, verdict: str) -> None:
        """Log it, acknowledge it, and say why where it cannot be."""
        invocation = self.incoming.clicked(body, action)
        with structlog.contextvars.bound_contextvars(invocation_id=invocation.id):
            try:
                try:
                    await use(invocation, ack)
                except (InvalidArguments, Refused) as error:
                    status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
                    await self.incoming.close(_naming_its_job(invocation), status, str(error))
                    await self._answer(ack, invocation, declined(error, verdict=verdict))
            except DatabaseUnavailable as error:
                _log.error("refused, for the log cannot be used", reason=str(error))
                await self._answer(ack, invocation, declined(error, verdict=verdict))
            except Exception:  # noqa: BLE001 - Bolt's own answer to a click is seen by nobody
                _log.exception("a listener failed", reference=invocation.id)
                await self._answer(ack, invocation, went_wrong(invocation.id))

    async def _stop_job(self, invocation: Invocation, ack: AsyncAck) -> None:
        job, start = await self._job_of(invocation)
        self.policy.check(replace(invocation, room_id=job.room_id), start)
        if await self._is_over(invocation, start, ack):
            return
        received = await self.stops.commit(named_by(start, invocation), job)
        await ack()
        if received is not None:
            if self.stops.under_way >= MANY_STOPS:
                self.tasks.spawn(
                    self._tell(invocation, stopping(job.as_told(start, invocation), received.room_name))
                )
            self.stops.begin(received)

    async def _rtc_access(self, invocation: Invocation, ack: AsyncAck) -> None:
        job, start = await self._job_of(invocation)
        if self.rtc is None:
            raise Refused("RTC access is switched off.", advice="Ask whoever runs the bot.")
        self.policy.check(invocation, start)
        if await self._is_over(invocation, start, ack):
            return
        received = await self.rtc.commit(named_by(start, invocation), job)
        await ack()
        if received is not None:
            self.rtc.begin(received)

    async def _is_over(self, invocation: Invocation, start: Invocation | None, ack: AsyncAck) -> bool:
        """Whether the job of a button is over; then the press is answered with what became of it.

        A message that cannot be edited offers its buttons for ever.
        """
        if start is None or start.job_state is None or not start.job_state.is_over:
            return False
        stop = None
        if start.job_state is JobState.STOPPED:
            stop = await self.incoming.acceptance.ask(self.invocations.find_stop(start.job_id or ""))
        if await self.incoming.close(_naming_its_job(invocation), Status.DONE, OVER_ALREADY):
            told = start if start.is_visible_to(invocation) else replace(start, room_id=None, room_name=None)
            await self._answer(ack, invocation, over(told, stop))
        else:
            await ack()
        return True

    async def _start_another(self, invocation: Invocation, ack: AsyncAck) -> None:
        refused = await self._named_start(invocation)
        if refused.status is not Status.REFUSED:
            raise InvalidArguments("This button is about no start that was refused.")
        await self._start(invocation, refused, ack, is_another=True)

    async def _start_after_all(self, invocation: Invocation, ack: AsyncAck) -> None:
        start = await self._named_start(invocation)
        if start.status is Status.UNKNOWN or start.made_no_job:
            is_another = await self._is_of_an_unknown(start)
            await self._start(invocation, start, ack, is_another=is_another)
            return
        reason = f"The start was settled already: job {start.job_id}."
        await self.incoming.close(invocation.asking_for(request_of(start)), Status.REFUSED, reason)
        await ack()
        self._replace(invocation, settled_already(start))

    async def _start(
        self, invocation: Invocation, previous: Invocation, ack: AsyncAck, *, is_another: bool
    ) -> None:
        """Start what another row asked for."""
        request = parse_start(typed(request_of(previous)), self.regions)
        if isinstance(request, HelpWanted):
            raise InvalidArguments("The button says nothing of what to start.")
        there = _where_started(invocation, previous).asking_for(request)
        self.policy.check(there)
        match await self.starts.commit(there, request, previous_id=previous.id, is_another=is_another):
            case Invocation() as received:
                await ack()
                self._replace(invocation, starting(request, received.room_name))
                self.starts.begin(received)
            case Duplicate(existing) if await self.incoming.close(
                there, Status.REFUSED, duplicate_reason(existing)
            ):
                await ack()
                self._replace(invocation, duplicate(existing, there))
            case Used(existing):
                reason = f"The button was used already, by {existing.user_id}: log entry {existing.id}."
                is_new = await self.incoming.close(there, Status.REFUSED, reason)
                await ack()
                if is_new:
                    # The first of two clicks in a row has just said there that it starts.
                    instead = invocation.created_at - existing.created_at >= DOUBLE_CLICK
                    message = used(existing, invocation)
                    self.tasks.spawn(self._tell(invocation, message, instead=instead))
            case _:
                await ack()

    async def _use_job(self, invocation: Invocation, ack: AsyncAck) -> None:
        wanted = UseJob.parse(invocation.text)
        start = await self._named_start(invocation)
        there = _where_started(invocation, start).asking_for(request_of(start))
        self.policy.check(there)
        if not await self.incoming.close(there, Status.DONE):
            await ack()
            return
        await ack()
        work = self.reconciliation.use(start, wanted.job_id, asking=invocation)
        self.claims.take(invocation.id, work)

    async def _look_again(self, invocation: Invocation, ack: AsyncAck) -> None:
        start = await self._named_start(invocation)
        self.policy.check(_where_started(invocation, start).asking_for(request_of(start)))
        if not await self.incoming.close(invocation, Status.DONE):
            await ack()
            return
        await ack()
        if start.status is Status.UNKNOWN:
            self.claims.take(invocation.id, self.reconciliation.look_again(start, asking=invocation))
        else:
            self._replace(invocation, settled_already(start))

    async def _job_of(self, invocation: Invocation) -> tuple[JobRef, Invocation | None]:
        """The job that a button is about, and its start, if the log has it: its room then counts."""
        job = parse_job_value(invocation.text)
        start = await self.incoming.acceptance.ask(self.invocations.find_start(job.job_id))
        return job.as_logged(start), start

    async def _named_start(self, invocation: Invocation) -> Invocation:
        """The start that a button is about."""
        invocation_id = invocation.text.partition(" ")[0]
        start = await self.incoming.acceptance.ask(self.invocations.get(invocation_id))
        if start is None or start.action is not Action.START:
            raise InvalidArguments("This start is no longer in the log.", advice="Type the command again.")
        return start

    async def _is_of_an_unknown(self, start: Invocation) -> bool:
        """Whether it is unknown, or one that was wanted in spite of that and made no job."""
        before: Invocation | None = start
        while before is not None and before.made_no_job and before.previous_id:
            before = await self.incoming.acceptance.ask(self.invocations.get(before.previous_id))
        return before is not None and before.status is Status.UNKNOWN

    async def _answer(self, ack: AsyncAck, invocation: Invocation, message: Message) -> None:
        """A click's ack carries no words, so they follow it."""
        await ack()
        self.tasks.spawn(self._tell(invocation, message))

    def _replace(self, invocation: Invocation, message: Message) -> None:
        """Say it in place of the message with the button, which only the one who clicked has seen."""
        self.tasks.spawn(self._tell(invocation, message, instead=True))

    async def _tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> None:
        try:
            await self.delivery.tell(invocation, message, instead=instead)
        except Undeliverable as error:
            _log.warning("an answer to a click is not delivered", reason=str(error))


def _where_started(invocation: Invocation, start: Invocation) -> Invocation:
    """The click, as if made in the channel of the start: an answer to one person may be a direct message.

    That holds for whoever made the start. Others may be no members there, and stay where they click. The team
    is always that of the start, for starts are compared by it and a click may come without one.
    """
    there = replace(invocation, team_id=start.team_id)
    if invocation.user_id != start.user_id and invocation.channel_id is not None:
        return there
    return replace(there, channel_id=start.channel_id, channel_kind=start.channel_kind)


def _naming_its_job(invocation: Invocation) -> Invocation:
    """The same with the job of its button, if it is about one."""
    if invocation.action not in {Action.STOP, Action.RTC_ACCESS}:
        return invocation
    room_id, _, job_id = invocation.text.partition(" ")
    job = JobRef.of(room_id, job_id)
    return replace(invocation, room_id=job.room_id, job_id=job.job_id) if job else invocation
