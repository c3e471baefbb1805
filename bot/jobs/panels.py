"""Panels: messages with a button for each quick start of their channel, to be pinned.

A panel is posted here, because its person has to be told at once if that fails. From then on it is a post
like the others: a change of quick starts makes it due, and the delivery loop of any process edits it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import steps
from bot.domain.invocation import Invocation
from bot.domain.post import Post, Purpose
from bot.domain.quick_words import is_everywhere
from bot.durable.accept import Acceptance
from bot.errors import Undeliverable
from bot.jobs.outcome import Outcomes
from bot.messages.quick_starts import not_posted, panel
from bot.posts.panels import PanelContent
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.slack.ack_sent import ack_sent, acks_first
from bot.slack.delivery import Delivery
from bot.store.invocations import Invocations
from bot.store.posts import Posts

LEASE = timedelta(seconds=40)
"""How long a row is claimed for: longer than posting takes."""


class Panels:
    """The use case."""

    def __init__(
        self,
        *,
        invocations: Invocations,
        acceptance: Acceptance,
        content: PanelContent,
        posts: Posts,
        delivery: Delivery,
        outcomes: Outcomes,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._invocations = invocations
        self._acceptance = acceptance
        self._content = content
        self._posts = posts
        self._delivery = delivery
        self._outcomes = outcomes
        self._now = now
        self._new_id = new_id

    def lease_until(self) -> datetime:
        """Return until when a row is claimed whose work begins now."""
        return self._now() + LEASE

    async def commit(self, asked: Invocation) -> Invocation | None:
        """Commit the request for a panel; return None where Slack has delivered it before.

        Raises:
            DatabaseUnavailable: it is not committed, so nothing is posted.
        """
        return await self._acceptance.accept(asked, self.lease_until())

    async def post(self, received: Invocation) -> None:
        """Post the panel. After a crash between the post and its row, recovery posts it again."""
        await ack_sent()
        shown = await self._content.known(received)
        wanted = Post(
            id=self._new_id(),
            invocation_id=received.id,
            purpose=Purpose.PANEL,
            channel=received.origin.channel_id,
            created_at=self._now(),
        )
        try:
            delivered = await self._delivery.post(wanted, panel(shown))
        except Undeliverable as error:
            why = reason(Code.PANEL_NOT_POSTED, word=error.word)
            await self._outcomes.conclude(received, steps.Failed(reason=why), not_posted(why))
            return
        stands = replace(wanted, channel=delivered.channel, ts=delivered.ts, done_at=self._now())
        await self._invocations.advance(received, steps.Done(forgets_address=True), post=stands)
        if await self._content.known(received) != shown:
            await self._posts.refresh_panels(received.origin.channel_id, now=self._now())

    async def refresh(self, changed: Invocation) -> None:
        """Make the panels due that show a changed quick start. Then the row of the change is complete."""
        await acks_first()
        channel = None if is_everywhere(changed.text) else changed.origin.channel_id
        await self._posts.refresh_panels(channel, now=self._now())
        await self._invocations.release(changed.id, None)
