"""Continue a row by its action and its status, whether it is new or was left behind."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain import steps
from bot.domain.invocation import Action, Invocation, RoomInvocation, Status, has_job, has_room
from bot.domain.start_words import needs_look_up
from bot.errors import OutcomeUnknown, Refused
from bot.jobs.full_room import FullRooms, is_about_full_room
from bot.jobs.gate import Gate
from bot.jobs.named_by import NamedBy
from bot.jobs.named_starts import NamedStarts
from bot.jobs.outcome import CLAIM_TIME, Outcomes
from bot.jobs.panels import Panels
from bot.jobs.reconcile import Reconciliation
from bot.jobs.rtc_access import RtcAccess
from bot.jobs.start import Starts
from bot.jobs.stop import Stops
from bot.jobs.stop_first import StopFirst
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.invocations import Invocations

STILL_WANTED = timedelta(minutes=1)
"""A start that was never sent is sent if it is younger than this. Of an older one, its person is asked."""


class Worker:
    """Continues the rows that this process has claimed."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        starts: Starts,
        stops: Stops,
        rtc: RtcAccess,
        reconciliation: Reconciliation,
        outcomes: Outcomes,
        named_starts: NamedStarts,
        stop_first: StopFirst,
        full_rooms: FullRooms,
        named_by: NamedBy,
        panels: Panels,
        policy: Gate,
        now: Callable[[], datetime],
    ) -> None:
        self._invocations = invocations
        self._starts = starts
        self._stops = stops
        self._rtc = rtc
        self._reconciliation = reconciliation
        self._outcomes = outcomes
        self._named_starts = named_starts
        self._stop_first = stop_first
        self._full_rooms = full_rooms
        self._named_by = named_by
        self._panels = panels
        self._policy = policy
        self._now = now

    def lease_until(self, row: Invocation) -> datetime:
        """Return until when a row has to be claimed, so that it can be continued now."""
        if (row.action, row.status) == (Action.START, Status.RECEIVED):
            return self._starts.lease_until()
        return self._now() + CLAIM_TIME

    async def work_on(self, row: Invocation, *, resumed: bool = False) -> None:
        """Continue a row from where it stands.

        Args:
            resumed: the row was left behind. It may be old, the policy may be stricter by now, and whoever
                waited for an answer at that moment waits no more.
        """
        match row.action, row.status:
            case Action.START, Status.RECEIVED if has_room(row):
                await self._start(row, resumed=resumed)
            case Action.START, Status.STARTING if has_room(row):
                await self._reconcile(row)
            case Action.START, Status.UNKNOWN if has_room(row):
                await self._reconciliation.settle(row)
            case Action.START, Status.FAILED if has_room(row) and is_about_full_room(row.reason):
                await self._full_rooms.tell(row)
            case Action.STOP, Status.RECEIVED if has_job(row):
                await self._stops.carry_out(row, resumed=resumed)
            case Action.RTC_ACCESS, Status.RECEIVED if has_job(row) and not resumed:
                await self._rtc.carry_out(row)
            case Action.QUICK, Status.RECEIVED:
                await self._panels.post(row)
            case Action.QUICK, Status.DONE:
                await self._panels.refresh(row)
            case Action.START | Action.STOP, status if status is not Status.RECEIVED:
                await self._outcomes.leave_to_posts(row)
            case _:
                await self._close(row)

    async def _start(self, row: RoomInvocation, *, resumed: bool) -> None:
        job_id = row.after_job_id
        if resumed:
            if abs(self._now() - row.created_at) >= STILL_WANTED:
                if job_id:
                    await self._stop_first.give_up(row, job_id)
                await self._outcomes.interrupted(row)
                return
            try:
                self._policy.check(row, quick_start=await self._named_by.find(row))
            except Refused as error:
                await self._outcomes.not_started(row, error)
                return
        if job_id:
            await self._stop_first.carry_out(row, job_id)
        elif needs_look_up(row):
            await self._named_starts.carry_out(row)
        else:
            await self._starts.carry_out(row)

    async def _reconcile(self, starting: RoomInvocation) -> None:
        error = OutcomeUnknown(reason(Code.ANSWER_NOT_AWAITED))
        if unknown := await self._outcomes.unknown(starting, error):
            await self._reconciliation.settle(unknown)

    async def _close(self, row: Invocation) -> None:
        """Close a row whose person waited only at that moment."""
        if row.status is Status.RECEIVED:
            why = reason(Code.INTERRUPTED_WHILE_WAITED_FOR)
            await self._invocations.advance(row, steps.Failed(reason=why))
        else:
            await self._invocations.release(row.id, None)
