"""Start a job: from an accepted request to MetaStudio's answer.

received ─ rate limiter ─ starting ─ MetaStudio ─ started
                                                ├─ failed
                                                └─ unknown ─ reconciled with the room's jobs

Each step is committed before the next begins. So is the beginning of the call, so no crash leads to a second
start. A start from a button names that button's row, and each row is named only once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.invocation import Invocation, JobInvocation, RoomInvocation, Status
from bot.domain.steps import Starting
from bot.durable.accept import Acceptance
from bot.errors import DatabaseUnavailable, OutcomeUnknown, ReasonedError, Refused, Rejected, RoomUnknown
from bot.jobs.full_room import FullRooms, is_about_full_room
from bot.jobs.outcome import Outcomes
from bot.jobs.reconcile import Reconciliation
from bot.jobs.suggestions import Suggestions
from bot.metastudio.client import MetaStudio
from bot.reasons import Reason, reason
from bot.reasons import ReasonCode as Code
from bot.slack.ack_sent import acks_first
from bot.store.invocations import Invocations

LEASE_MARGIN = timedelta(seconds=10)
"""How long after the handler's own time limit another process may claim the row."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An equal start that is under way, is unknown, or has just started."""

    existing: RoomInvocation


@dataclass(frozen=True, slots=True)
class AlreadyRunning:
    """A job for the same wish that runs in the room. The person is asked about it."""

    existing: JobInvocation


@dataclass(frozen=True, slots=True)
class Used:
    """A button that was used before; `existing` is the start that it led to."""

    existing: RoomInvocation


@dataclass(frozen=True, slots=True)
class UnknownRoom:
    """A start that did nothing, because MetaStudio does not know its room."""

    start: RoomInvocation
    error: RoomUnknown


class Starts:
    """The use case. `acquire` waits for the rate limiter; `seconds` limits that wait, then the call.

    `asks_if_running`: where a job runs in the room, the person is asked before another one is started.
    """

    def __init__(
        self,
        *,
        invocations: Invocations,
        acceptance: Acceptance,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        reconciliation: Reconciliation,
        suggestions: Suggestions,
        full_rooms: FullRooms,
        acquire: Callable[[], Awaitable[object]],
        seconds: float,
        asks_if_running: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._invocations = invocations
        self._acceptance = acceptance
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._reconciliation = reconciliation
        self._suggestions = suggestions
        self._full_rooms = full_rooms
        self._acquire = acquire
        self._seconds = seconds
        self._asks_if_running = asks_if_running
        self._now = now

    async def commit(
        self,
        asked: RoomInvocation,
        *,
        previous_id: str | None = None,
        is_another: bool = False,
        knows_running: bool = False,
    ) -> RoomInvocation | Duplicate | AlreadyRunning | Used | None:
        """Write the start down as received; return None where Slack has delivered it before.

        Args:
            previous_id: the row of the button that was pressed.
            is_another: the person knows of an equal start and wants another one.
            knows_running: they know of a job that runs in the room.

        Raises:
            DatabaseUnavailable: it is not committed, so nothing may start; or what prevented it has ended.
        """
        received = self._acceptance.received(replace(asked, previous_id=previous_id), self.lease_until())
        asks = self._asks_if_running and not knows_running
        if await self._acceptance.commit(received, unless_duplicate=not is_another, unless_running=asks):
            return received
        if asks and (running := await self._acceptance.ask(self.running(asked))):
            return None if _is_same_delivery(running, asked) else AlreadyRunning(running)
        if previous_id and (used := await self._acceptance.ask(self._invocations.next_of(previous_id))):
            return None if _is_same_delivery(used, received) else Used(used)
        existing = await self._acceptance.ask(self._invocations.find_duplicate(received))
        if existing is None:
            raise DatabaseUnavailable(reason(Code.DATABASE_CHANGED))
        return None if _is_same_delivery(existing, received) else Duplicate(existing)

    async def running(self, asked: RoomInvocation) -> JobInvocation | None:
        """Return the job of the same wish that runs in the room, if the person is to be asked about it."""
        return await self._invocations.running_in_room(asked) if self._asks_if_running else None

    async def carry_out(self, invocation: RoomInvocation) -> None:
        """Send a committed start, and tell people the outcome."""
        if unknown := await self.send(invocation):
            await self.tell_unknown_room(unknown)

    async def tell_unknown_room(self, unknown: UnknownRoom) -> None:
        """Tell the person that MetaStudio does not know the room, with what may have been meant."""
        error = await self._suggestions.complete(unknown.start, unknown.error)
        await self._outcomes.not_started(unknown.start, error)

    async def send(self, invocation: RoomInvocation) -> UnknownRoom | None:
        """Send a committed start, and tell people the outcome, unless MetaStudio does not know the room."""
        before: frozenset[str] = frozenset()
        await acks_first()
        try:
            await self._await_turn()
            previous_id = invocation.previous_id
            if previous_id and not await self._is_still_wanted(invocation, previous_id):
                return None
            before = self._metastudio.seen_in(invocation.request.room_id)
            starting = await self._invocations.advance(invocation, Starting(lease_until=self.lease_until()))
            if starting is None:
                return None
            invocation = starting
            started = await self._metastudio.start(
                invocation.request, app_user_id=invocation.origin.user_id, seconds=self._seconds
            )
        except OutcomeUnknown as error:
            if unknown := await self._outcomes.unknown(invocation, error):
                await self._reconciliation.settle(unknown, before)
        except RoomUnknown as error:
            return UnknownRoom(invocation, error)
        except DatabaseUnavailable:
            raise  # it may or may not be marked as starting: recovery continues it either way
        except ReasonedError as error:
            if isinstance(error, Rejected) and is_about_full_room(error.reason):
                await self._full_rooms.refuse(invocation, error)
            else:
                await self._outcomes.not_started(invocation, error)
        else:
            await self._outcomes.started(invocation, started.job, started.answer)
        return None

    async def _is_still_wanted(self, invocation: RoomInvocation, previous_id: str) -> bool:
        """Look at the room again if an earlier start of it is unknown: its job may be listed by now."""
        claimed = await self._invocations.claim(invocation, self.lease_until())
        return claimed is not None and await self._reconciliation.look_first(claimed, previous_id)

    async def _await_turn(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._acquire()
        except TimeoutError:
            raise Refused(reason(Code.NO_TURN, seconds=self._seconds)) from None

    def lease_until(self) -> datetime:
        """Return when a step that begins now is over: the wait for the rate limiter, or the call."""
        return self._now() + timedelta(seconds=self._seconds) + LEASE_MARGIN


def _is_same_delivery(one: Invocation, other: Invocation) -> bool:
    return one.origin.trigger_id is not None and one.origin.trigger_id == other.origin.trigger_id


def why_not(found: "Duplicate | AlreadyRunning") -> Reason:
    """Return why a start is not sent, for the invocation log."""
    if isinstance(found, AlreadyRunning):
        return reason(Code.ALREADY_RUNNING, user_id=found.existing.origin.user_id)
    return duplicate_reason(found.existing)


def duplicate_reason(existing: Invocation) -> Reason:
    """Return why a duplicate was refused, for the invocation log."""
    match existing.status:
        case Status.STARTED:
            return reason(Code.DUPLICATE_STARTED, user_id=existing.origin.user_id)
        case Status.UNKNOWN:
            return reason(Code.DUPLICATE_UNKNOWN, user_id=existing.origin.user_id)
        case _:
            return reason(Code.DUPLICATE_UNDER_WAY, user_id=existing.origin.user_id)
