"""List jobs for a person: from the invocation log, and from MetaStudio. All of it comes after the ack."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.domain.invocation import Invocation
from bot.domain.job_list import LATELY, JobList
from bot.domain.quick_start import QuickStart, place_of
from bot.errors import DatabaseUnavailable
from bot.jobs.outcome import Outcomes
from bot.jobs.outside_jobs import OutsideJobs
from bot.messages.jobs import MOST_JOBS
from bot.messages.message import Message
from bot.messages.replies import declined
from bot.slack.ack_sent import acks_first
from bot.store.job_lists import JobLists
from bot.store.quick_starts import QuickStarts

Words = Callable[[JobList, Sequence[QuickStart]], Message]
"""Makes the message from the list, and from the quick starts that the person knows."""


class JobListing:
    """The use case."""

    def __init__(
        self,
        *,
        job_lists: JobLists,
        quick_starts: QuickStarts,
        outside_jobs: OutsideJobs,
        outcomes: Outcomes,
    ) -> None:
        self._job_lists = job_lists
        self._quick_starts = quick_starts
        self._outside_jobs = outside_jobs
        self._outcomes = outcomes

    async def tell(self, asking: Invocation, words: Words) -> None:
        """Answer with the list. To people of other workspaces, jobs of outside Slack are not shown."""
        await acks_first()
        since = asking.created_at - LATELY
        try:
            listed = await self._job_lists.recent(asking, since=since, limit=MOST_JOBS)
            known = await self._quick_starts.known_in(*place_of(asking))
            if asking.origin.foreign_team_id is None:
                outside, looked = await self._outside_jobs.find(asking, known)
                listed = replace(listed, outside=outside, looked_outside=looked)
        except DatabaseUnavailable as error:
            await self._outcomes.answer(asking, declined(error, verdict=""))
        else:
            await self._outcomes.answer(asking, words(listed, known))
