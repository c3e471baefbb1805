"""The gate for every use of the bot: it applies the current policy with the members of its user groups.

It reads neither Slack nor a file, because both are read in the background. It asks the database only for the
limit of starts.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, Invocation, JobInvocation, has_job
from bot.domain.policy import Policy
from bot.domain.policy_question import Act, Members, Passed, question_of
from bot.errors import Refused
from bot.store.start_counts import StartCounts

HOUR = timedelta(hours=1)

Ask = Callable[[Coroutine[Any, Any, int]], Awaitable[int]]
"""Asks the database. The answer must come in time for the ack."""


class Gate:
    """Allows or refuses uses. `members` returns the members of user groups."""

    def __init__(
        self, policy: Policy, *, members: Callable[[], Members], counts: StartCounts, ask: Ask
    ) -> None:
        self._policy = policy
        self._members = members
        self._counts = counts
        self._ask = ask
        self._under_way: dict[str, str] = {}

    @property
    def policy(self) -> Policy:
        """The current policy."""
        return self._policy

    def replace(self, policy: Policy) -> None:
        """Use another policy from now on."""
        self._policy = policy

    def check(
        self, invocation: Invocation, start: JobInvocation | None = None, *, quick_start: str | None = None
    ) -> Passed:
        """Allow or refuse a use of the bot; see `Policy.check`.

        Raises:
            Refused: a rule refuses it; the error names the first such rule.
        """
        return self._policy.check(invocation, start, members=self._members(), quick_start=quick_start)

    def allows(
        self, invocation: Invocation, start: JobInvocation | None = None, *, quick_start: str | None = None
    ) -> bool:
        """Return True if the use is allowed, to decide what a person is shown."""
        try:
            self.check(invocation, start, quick_start=quick_start)
        except Refused:
            return False
        return True

    def may_use(
        self, action: Action, asking: Invocation, job: JobRef, start: JobInvocation | None = None
    ) -> bool:
        """Return True if the person may do this to a job. `start` made it, if the invocation log has it."""
        return self.allows(replace(asking.about_job(job.room_id, job.job_id), action=action), start)

    def may_stop(self, asking: Invocation, job: JobRef, start: JobInvocation | None = None) -> bool:
        """Return True if the person may stop a job; see `may_use`."""
        return self.may_use(Action.STOP, asking, job, start)

    def may_stop_job_of(self, asking: Invocation, start: Invocation) -> bool:
        """Return True if the person may stop the job of a start, or if it has none yet."""
        return not has_job(start) or self.may_stop(asking, JobRef.in_row(start), start)

    def refusal_of_any(self, invocation: Invocation, act: Act) -> Refused | None:
        """Return the refusal if the person may not do this in their channel in any room; else None."""
        question = replace(question_of(invocation), act=act, at_all=True)
        try:
            self._policy.judge(question, self._members())
        except Refused as error:
            return error
        return None

    def may_break_glass(self, refused: Invocation) -> bool:
        """Return True if the person may start what was refused, if they give a reason."""
        return refused.action is Action.START and self._policy.may_break_glass(
            question_of(refused), self._members()
        )

    def check_everywhere(self, invocation: Invocation) -> None:
        """Allow or refuse a change of quick starts of all channels; see `Policy.check_everywhere`.

        Raises:
            Refused: the person is not an admin.
        """
        self._policy.check_everywhere(invocation, self._members())

    @asynccontextmanager
    async def within_limit(self, asked: Invocation, passed: Passed) -> AsyncIterator[None]:
        """Commit a start inside, if its person has not made too many in the last hour.

        Starts of the same person that are being committed are counted too. So of many at once, only the
        first ones pass.

        Raises:
            Refused: the person has made too many.
            DatabaseUnavailable: the starts cannot be counted.
        """
        limit = passed.starts_per_hour
        if limit is None:
            yield
            return
        before = {id_ for id_, user_id in self._under_way.items() if user_id == asked.origin.user_id}
        self._under_way[asked.id] = asked.origin.user_id
        try:
            made = self._counts.made_by(
                asked.origin.user_id,
                after=asked.created_at - HOUR,
                until=asked.created_at,
                besides={*before, asked.id},
            )
            if await self._ask(made) + len(before) >= limit:
                raise self._policy.too_many_starts(limit)
            yield
        finally:
            del self._under_way[asked.id]
