"""Tell a person who holds a room that takes no more jobs: each job of it, with buttons to stop it.

The failed start is committed first, with a lease, and the message when the room's jobs are known. So a crash
in between loses nothing: whoever claims the row looks again. If MetaStudio does not answer in time, the
message has the jobs that the invocation log knows, and says so.
"""

import asyncio
from collections.abc import Sequence

import structlog

from bot.domain.arguments import JobRef
from bot.domain.invocation import Invocation, JobInvocation, RoomInvocation
from bot.domain.job import JobReport
from bot.domain.job_state import UNDER_WAY
from bot.errors import MetaStudioError
from bot.jobs.gate import Gate
from bot.jobs.outcome import Outcomes
from bot.messages.full_room import FULL, MOST_HOLDERS, Holder, Holders, full_room
from bot.metastudio.client import MetaStudio
from bot.posts.rendering import holders_facts
from bot.posts.stored_errors import error_of_row
from bot.reasons import Reason
from bot.store.invocations import Invocations

LOOK_SECONDS = 3.0
"""How long the person waits for the list of the room's jobs, the rate limiter included."""

_log = structlog.get_logger()


class FullRooms:
    """The use case. `workspace_url` is for links to announcements."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        metastudio: MetaStudio,
        outcomes: Outcomes,
        policy: Gate,
        workspace_url: str | None,
    ) -> None:
        self._invocations = invocations
        self._metastudio = metastudio
        self._outcomes = outcomes
        self._policy = policy
        self._workspace_url = workspace_url

    async def refuse(self, start: RoomInvocation, error: MetaStudioError) -> None:
        """Note that MetaStudio refused the start, and tell its person who holds the room."""
        if failed := await self._outcomes.failed(start, error):
            await self.tell(failed)

    async def tell(self, failed: RoomInvocation) -> None:
        """Tell the person of a start that failed, and whose lease this process has.

        Raises:
            DatabaseUnavailable: nobody is told.
        """
        holders = await self._holders(failed)
        message = full_room(failed, error_of_row(failed), holders, workspace_url=self._workspace_url)
        await self._outcomes.tell(failed, message, post_facts=holders_facts(holders))

    async def _holders(self, failed: RoomInvocation) -> Holders:
        known = await self._invocations.holding_room(failed.request.room_id)
        reports = await self._reports(failed.request.room_id)
        own = {start.job.job_id for start in known}
        others = [report for report in reports or () if report.job_id not in own]
        seen = [self._known(start, failed) for start in known if start.is_visible_to(failed)]
        hidden, shown = len(known) - len(seen), seen[:MOST_HOLDERS]
        are_doubtful = bool(others and await self._invocations.other_unknown_starts(failed))
        for report in others[: MOST_HOLDERS - len(shown)]:
            start = await self._invocations.find_start(report.job_id)
            if start is None:
                shown.append(self._foreign(report, failed, is_doubtful=are_doubtful))
            elif start.is_visible_to(failed):
                shown.append(self._known(start, failed))
            else:
                hidden += 1
        more = len(known) + len(others) - hidden - len(shown)
        return Holders(tuple(shown), more=more, hidden=hidden, asked=reports is not None)

    async def _reports(self, room_id: str) -> Sequence[JobReport] | None:
        """Return the room's jobs; None if MetaStudio does not list them in time."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._metastudio.jobs_of_room(
                    room_id, states=tuple(UNDER_WAY), seconds=LOOK_SECONDS
                )
        except (MetaStudioError, TimeoutError) as error:
            _log.warning("who holds a full room is not known", room_id=room_id, reason=str(error))
            return None

    def _known(self, start: JobInvocation, failed: Invocation) -> Holder:
        may_stop = self._policy.may_stop_job_of(failed, start)
        return Holder(start.job.job_id, start=start, may_stop=may_stop)

    def _foreign(self, report: JobReport, failed: RoomInvocation, *, is_doubtful: bool) -> Holder:
        may_stop = self._policy.may_stop(failed, JobRef(failed.request.room_id, report.job_id))
        return Holder(report.job_id, report.create_time, is_doubtful=is_doubtful, may_stop=may_stop)


def is_about_full_room(reason: Reason | None) -> bool:
    """Return True for the refusal of a start because of the jobs that its room has."""
    return reason is not None and reason.code in FULL
