"""The sender of posts: it sends a post for the first time, edits it, or adds the line in its thread."""

from collections.abc import Callable
from datetime import datetime

import structlog

from bot.domain.invocation import Invocation, JobState
from bot.domain.post import EDITED, Due, Post, Purpose
from bot.errors import Undeliverable
from bot.messages.message import Message
from bot.posts.rendering import Rendering, life_in
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.posts import Shown

_log = structlog.get_logger()


class Sender:
    """Sends posts by way of Slack. `lease` gives the time until which a new post is held."""

    def __init__(
        self,
        rendering: Rendering,
        delivery: Delivery,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        lease: Callable[[], datetime],
    ) -> None:
        self._rendering = rendering
        self._delivery = delivery
        self._now = now
        self._new_id = new_id
        self._lease = lease

    async def send(self, due: Due) -> Shown | None:
        """Send or edit a post, and say what it shows from then on; None where it has to be tried again.

        Raises:
            DatabaseUnavailable: another row is needed for it.
        """
        post = due.post
        render = await self._rendering.render(due)
        if render is None:
            return Shown(self._now())
        if is_edit(post):
            return await self._edit(due, render(""))
        if post.purpose is Purpose.THREAD:
            return await self._reply(due, render(""))
        delivered = await self.send_first(post, due.invocation, render)
        return shown_by(post, delivered, self._now(), life_in(due).state) if delivered else None

    async def send_first(self, post: Post, invocation: Invocation, render: Render) -> Delivered | None:
        """Send a post that does not stand in Slack yet; None where Slack does not take it."""
        try:
            match post.purpose:
                case Purpose.ANNOUNCEMENT:
                    return await self._delivery.announce(invocation, render)
                case Purpose.NOTIFICATION:
                    return await self._delivery.post(post, render(""))
                case _:
                    return await self._delivery.tell(invocation, render(""))
        except Undeliverable as error:
            _log.error("nobody could be told", reason=str(error), job_id=post.job_id)
            return None

    async def _edit(self, due: Due, message: Message) -> Shown | None:
        post, life, reached = due.post, life_in(due), True
        try:
            if not await self._delivery.edit(post, message):
                return None
        except Undeliverable as error:
            _log.warning("the announcement stays as it is", job_id=post.job_id, reason=str(error))
            reached = False
        is_new_end = life.state.is_over and post.shown_state is not life.state
        tells_end = is_new_end and post.purpose is Purpose.ANNOUNCEMENT
        end = self._end_of(post, reached=reached) if tells_end else None
        return Shown(self._now(), post.channel, post.ts, life.state, end=end)

    def _end_of(self, post: Post, *, reached: bool) -> Post:
        """The line in the thread of a post that shows an end.

        Where the post is out of reach, at least who started the job hears of its end.
        """
        now = self._now()
        return Post(
            id=self._new_id(),
            invocation_id=post.invocation_id,
            job_id=post.job_id,
            purpose=Purpose.THREAD if reached else Purpose.PRIVATE,
            thread_of=post.id if reached else None,
            state=post.state,
            facts=post.facts,
            next_attempt_at=now,
            lease_until=self._lease(),
            created_at=now,
        )

    async def _reply(self, due: Due, message: Message) -> Shown | None:
        try:
            is_there = await self._delivery.reply(due.parent or due.post, message)
        except Undeliverable:
            is_there = bool(await self.send_first(due.post, due.invocation, lambda _hint: message))
        return Shown(self._now()) if is_there else None


def shown_by(post: Post, delivered: Delivered, at: datetime, state: JobState = JobState.ACCEPTED) -> Shown:
    """Return what a post shows that was delivered for the first time.

    The invocation is noted as told, but not for the line about a job's end.
    """
    is_edited = post.purpose in EDITED
    tells_outcome = post.purpose is not Purpose.NOTIFICATION and (is_edited or post.state is None)
    return Shown(at, delivered.channel, delivered.ts, state if is_edited else None, note=tells_outcome)


def is_edit(post: Post) -> bool:
    """Return whether the post stands in Slack already, so that it is edited."""
    return post.done_at is not None and post.purpose in EDITED
