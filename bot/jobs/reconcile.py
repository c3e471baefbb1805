"""Compare a start whose outcome is unknown with the room's jobs. The start is never sent again.

A job that is new, belongs to nobody, and can be no other start's is adopted and announced, if it is the only
one. Otherwise the person is told, and can choose a job, look again or start anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import structlog

from bot.domain import steps
from bot.domain.arguments import StartAnyway
from bot.domain.candidates import Candidates, Times, candidates
from bot.domain.invocation import Invocation, RoomInvocation, Status
from bot.domain.job import JobReport
from bot.domain.job_state import UNDER_WAY
from bot.errors import DatabaseUnavailable, MetaStudioError
from bot.jobs.outcome import CLAIM_TIME, Outcomes
from bot.messages.unknown import Look, no_such_job, not_looked, outcome_unknown, settled_already, somebodys
from bot.metastudio.client import READ_SECONDS, MetaStudio
from bot.posts.rendering import look_facts
from bot.posts.stored_errors import unknown_in
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.store.invocations import Invocations

LOOK_PAUSES = (2.0, 3.0)
"""Seconds between looks: a job may appear in the list late. MetaStudio asks for at least 2 s."""

LOOKS_AT_ONCE = 16
"""How many looks go on at once: four times as many as the watcher's, for a person waits for each of these.
They share a rate limiter with the watcher, which keeps a fifth of the reads."""

MOST_ASKED = 1000
"""How many questions about rival starts are remembered. To ask somebody twice does no harm."""

NOBODYS: frozenset[str] = frozenset()

_log = structlog.get_logger()


class Reconciliation:
    """The use case. `start_seconds` limits a start's wait for the rate limiter, and again its call."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        start_seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._invocations = invocations
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._start_seconds = start_seconds
        self._window = timedelta(seconds=2 * start_seconds + 60)
        self._now = now
        self._sleep = sleep
        self._asked: set[tuple[str, str]] = set()
        self._slots = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def settle(self, unknown: RoomInvocation, before: AbstractSet[str] = NOBODYS) -> None:
        """Find the start's job, or tell the person that the outcome is unknown.

        Args:
            before: jobs that were in the room before the start was sent.
        """
        for pause in (*LOOK_PAUSES, None):
            async with self._slots:
                claimed = await self._claim(unknown)
                look = claimed and await self._adopt_or_look(claimed, before)
            if not claimed or not look:
                return
            unknown = claimed
            if pause is None or len(look.found) > 1:
                await self._outcomes.tell_unknown(unknown, look)
                await self._ask_rivals(look)
                return
            await self._sleep(pause)

    async def look_again(self, unknown: RoomInvocation, asking: Invocation) -> None:
        """Look again because somebody asks; the answer replaces the message whose button they pressed."""
        look = await self._adopt_or_look(unknown, is_late=True)
        now = await self._invocations.get_start(unknown.id)
        if now is None:
            return
        if look and now.status is Status.UNKNOWN:
            message = outcome_unknown(now, unknown_in(now), look=look, again=self._now(), asking=asking)
        else:
            message = settled_already(now, asking)
        await self._outcomes.answer(asking, message, instead=True)
        if look:
            await self._ask_rivals(look)

    async def look_first(self, again: RoomInvocation, previous_id: str) -> bool:
        """Look at the room again, and return whether *Start anyway* is still to be sent.

        It is not sent where the job of the earlier start is found, or a job that may be its own and that
        the person has not seen. Then the button can be pressed again. Where MetaStudio cannot be asked, the
        start is sent: the person knows that the outcome is unknown. Starts in between that made no job are
        skipped; after them the person has asked twice, so only the earlier start's own job prevents it.

        Raises:
            DatabaseUnavailable: it is not known whether to send the start.
        """
        pressed = unknown = await self._invocations.get_start(previous_id)
        while unknown is not None and unknown.made_no_job and unknown.previous_id:
            unknown = await self._invocations.get_start(unknown.previous_id)
        if unknown is None or unknown.status not in {Status.UNKNOWN, Status.STARTED} or _is_over(unknown):
            return True
        look = await self._look(unknown) if unknown.status is Status.UNKNOWN else None
        now = await self._invocations.get_start(unknown.id) or unknown
        if now.status is Status.STARTED:
            found = steps.Refused(reason=reason(Code.EARLIER_JOB_FOUND), frees_button=True)
            facts = look_facts(Look(), about=now.id)
            await self._outcomes.conclude(again, found, settled_already(now, again), post_facts=facts)
            return False
        if look is None or unknown is not pressed or StartAnyway.parse(again.text).knows(look.found):
            return True
        message = outcome_unknown(now, unknown_in(now), look=look, again=self._now(), asking=again)
        possible = steps.Refused(reason=reason(Code.EARLIER_JOB_POSSIBLE), frees_button=True)
        await self._outcomes.conclude(again, possible, message, post_facts=look_facts(look, about=now.id))
        return False

    async def use(self, unknown: RoomInvocation, job_id: str, asking: Invocation) -> None:
        """Give a start the job that a person has chosen, if the job is in the room and belongs to nobody."""
        try:
            reports = await self._listed(unknown)
            report = next((report for report in reports if report.job_id == job_id), None)
            adopted = report is not None and await self._outcomes.adopt(unknown, report)
        except (MetaStudioError, DatabaseUnavailable, TimeoutError) as error:
            _log.warning("a job is not taken", job_id=job_id, reason=str(error))
            await self._outcomes.answer(asking, not_looked(job_id))
            return
        now = await self._invocations.get_start(unknown.id) or unknown
        if adopted or now.status is not Status.UNKNOWN:
            await self._outcomes.answer(asking, settled_already(now, asking), instead=True)
        elif report is None:
            await self._outcomes.answer(asking, no_such_job(unknown, job_id))
        else:
            owner = await self._invocations.find_start(job_id)
            told = owner if owner and owner.is_visible_to(asking) else None
            await self._outcomes.answer(asking, somebodys(unknown, job_id, told))

    async def _claim(self, unknown: RoomInvocation) -> RoomInvocation | None:
        return await self._invocations.claim(unknown, self._now() + CLAIM_TIME)

    async def _ask_rivals(self, look: Look) -> None:
        """Tell the people of rival starts, once each, of a job that may be theirs."""
        for rival_id in look.rivals:
            rival = await self._invocations.get_start(rival_id)
            if rival is None or rival.status is not Status.UNKNOWN or rival.lease_until is not None:
                continue  # settled, or its own handler is about to tell its person
            asked = {(rival_id, job_id) for job_id in look.found}
            if asked <= self._asked:
                continue
            if len(self._asked) >= MOST_ASKED:
                self._asked.clear()
            self._asked |= asked
            await self._outcomes.tell_unknown(rival, look)

    async def _adopt_or_look(
        self, unknown: RoomInvocation, before: AbstractSet[str] = NOBODYS, *, is_late: bool = False
    ) -> Look | None:
        """Look at the room; if the database fails, answer as if MetaStudio had not been asked."""
        try:
            return await self._look(unknown, before, is_late=is_late)
        except DatabaseUnavailable as error:
            _log.warning("the room's jobs are not compared", reason=str(error))
            return Look(found=(), asked=False)

    async def _look(
        self, unknown: RoomInvocation, before: AbstractSet[str] = NOBODYS, *, is_late: bool = False
    ) -> Look | None:
        """Compare the room's jobs with the start, and adopt the one that can only be its own.

        Return None where nothing is left to settle.

        Args:
            is_late: its call ended long ago, so a newer job may just as well be another start's.

        Raises:
            DatabaseUnavailable: the owners of the jobs are not known, or the start's own job is not adopted.
        """
        try:
            found = await self._candidates(unknown, before)
        except (MetaStudioError, TimeoutError) as error:
            _log.warning("the room's jobs are not known", reason=str(error))
            return Look(found=(), asked=False)
        rivals = await self._rivals(unknown, found.all, is_late=is_late)
        if (job := found.only_one) and not rivals:
            if await self._outcomes.adopt(unknown, job):
                return None
            found = Candidates()
        return Look(tuple(job.job_id for job in found.all), rivals=rivals)

    async def _candidates(self, unknown: RoomInvocation, before: AbstractSet[str]) -> Candidates:
        """Return the jobs that this start may have made: those under way, else any, for some end soon."""
        found = Candidates()
        for states in (tuple(UNDER_WAY), ()):
            reports = await self._ask(unknown, states)
            owned = await self._invocations.known_jobs([report.job_id for report in reports])
            found = candidates(unknown, reports, self._times(unknown), known=owned | before)
            if found.all:
                break
        return found

    async def _rivals(
        self, unknown: RoomInvocation, found: tuple[JobReport, ...], *, is_late: bool
    ) -> tuple[str, ...]:
        """Return the IDs of other unknown starts of the room that may have made one of the jobs.

        Right after the call, the start that this one repeats is no rival: it was compared just before.
        """
        others = await self._invocations.other_unknown_starts(unknown) if found else []
        return tuple(
            other.id
            for other in others
            if (is_late or other.id != unknown.previous_id)
            and candidates(other, found, self._times(other)).all
        )

    def _times(self, start: RoomInvocation) -> Times:
        offset = self._metastudio.clock_offset
        return Times.of(start, offset=offset, window=self._window, now=self._now())

    async def _listed(self, unknown: RoomInvocation) -> list[JobReport]:
        """Return the room's jobs, those under way first: the list may not hold all of them."""
        return [report for states in (tuple(UNDER_WAY), ()) for report in await self._ask(unknown, states)]

    async def _ask(self, unknown: RoomInvocation, states: tuple[str, ...]) -> tuple[JobReport, ...]:
        """List the room's jobs in these states; raise TimeoutError where too many such questions wait."""
        async with asyncio.timeout(READ_SECONDS + self._start_seconds):
            return await self._metastudio.jobs_of_room(
                unknown.request.room_id, states=states, seconds=READ_SECONDS
            )


def _is_over(start: Invocation) -> bool:
    state = start.job.state if start.job else None
    return state is not None and state.is_over
