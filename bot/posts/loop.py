"""The outbox: every message about a job, and whatever a person has to be told, delivered at least once.

A wish to say something is a row of `posts`, written together with what it is about. Whoever writes it has it
in hand and delivers it at once. What fails, or is left behind, is taken by the loop of any process. A post
that is edited says the latest state, and not too often.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

import structlog

from bot.domain.invocation import Invocation
from bot.domain.job_state import JobLife
from bot.domain.post import Due, Post, Purpose
from bot.durable.retry import write_with_retry
from bot.errors import DatabaseUnavailable, Undeliverable
from bot.messages.message import Message
from bot.posts.rendering import Rendering, life_facts
from bot.posts.sender import Sender, is_edit, shown_by
from bot.runtime.background import Tasks, repeat_in_background
from bot.runtime.backoff import Backoff
from bot.slack.ack_sent import ack_sent
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.posts import EDITED, Posts, Shown
from bot.store.watched_jobs import WatchedJob

LEASE = timedelta(seconds=40)
"""How long a delivery may take before another process takes it over; longer than all routes together."""

EVERY_SECONDS = 2.0
"""How often due posts are looked for."""

AT_ONCE = 10
"""How many posts are brought up to date at the same time, besides those of outcomes."""

LIMIT = 200
"""How many due posts are taken in one go, besides those that this very process is late with itself."""

EDIT_TIME = timedelta(seconds=3)
"""The shortest time between two edits of one message."""

BACKOFF = Backoff(first=5.0, longest=300.0)
"""Pauses after attempts that failed."""

MOST_ATTEMPTS = 290
"""After as many, which is about a day, a post stays as it is until something new is to be said."""

_log = structlog.get_logger()

T = TypeVar("T")


class DeliveryLoop:
    """Delivers posts and edits them."""

    def __init__(
        self,
        *,
        posts: Posts,
        rendering: Rendering,
        delivery: Delivery,
        now: Callable[[], datetime],
        new_id: Callable[[], str] = lambda: uuid4().hex,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.rendering = rendering
        self._sender = Sender(rendering, delivery, now=now, new_id=new_id, lease=self._lease)
        self._posts = posts
        self._delivery = delivery
        self._now = now
        self._new_id = new_id
        self._sleep = sleep
        self._tasks = Tasks()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._in_hand: set[str] = set()
        self._edited: dict[str, datetime] = {}
        self._last_lease = datetime.min.replace(tzinfo=UTC)

    async def keep_delivering(self) -> None:
        """Deliver what is due, until cancelled; then any process may go on at once."""
        try:
            await repeat_in_background(self.deliver_due, every=EVERY_SECONDS, sleep=self._sleep)
        finally:
            await self.close()

    async def close(self) -> None:
        """Leave what is under way to any process."""
        await self._tasks.cancel()

    async def deliver_due(self) -> None:
        """Begin to deliver what is due now and in nobody's hands.

        Raises:
            DatabaseUnavailable: it cannot be read.
        """
        for due in await self._posts.due(self._now(), limit=LIMIT + len(self._in_hand)):
            if due.post.id not in self._in_hand:
                self._tasks.spawn(self._take(due))

    def new(
        self, invocation: Invocation, purpose: Purpose, *, job_id: str | None = None, facts: str | None = None
    ) -> Post:
        """A post that is to be written down together with what it tells, and then published here."""
        now = self._now()
        return Post(
            id=self._new_id(),
            invocation_id=invocation.id,
            job_id=job_id or invocation.job_id,
            purpose=purpose,
            facts=facts,
            next_attempt_at=now,
            lease_until=self._lease(),
            created_at=now,
        )

    async def publish(self, post: Post, invocation: Invocation, render: Render) -> None:
        """Deliver a new post that is written down, once Slack has the ack, and note where it stands."""
        with self._having(post):
            async with self._leaving_it_behind(post):
                delivered = await self.deliver(post, invocation, render)
            await self.note(post, delivered)

    async def deliver(self, post: Post, invocation: Invocation, render: Render) -> Delivered | None:
        """Deliver a new post, once Slack has the ack; None where Slack does not take it."""
        await ack_sent()
        return await self._sender.send_first(post, invocation, render)

    async def note(self, post: Post, delivered: Delivered | None) -> None:
        """Note where a new post stands; where it was not delivered, when it is tried again."""
        if delivered is None:
            await self._put_off(post)
        else:
            await self._mark(post, shown_by(post, delivered, self._now()))

    async def answer(self, invocation: Invocation, message: Message, *, instead: bool = False) -> None:
        """Tell somebody who waits for it at this moment; where Slack does not take it, they ask again.

        Args:
            instead: in place of the message whose button they pressed.
        """
        await ack_sent()
        try:
            await self._delivery.tell(invocation, message, instead=instead)
        except Undeliverable as error:
            _log.warning("an answer is not delivered", reason=str(error))

    async def show(self, job: WatchedJob, life: JobLife) -> None:
        """Let a job's posts say where it stands, as soon as they may be edited.

        Raises:
            DatabaseUnavailable: it is not known whether that is noted.
        """
        _log.info("a job's state", job_id=job.job_id, state=life.state.value)
        until = self._lease()
        await self._posts.show(job.invocation_id, life.state, life_facts(life), now=self._now(), until=until)
        self._tasks.spawn(self._bring_up_to_date(job.invocation_id, until))

    def refresh(self, job: WatchedJob) -> None:
        """Let a job's posts say what its row has come to hold."""
        self._tasks.spawn(self._refresh(job.invocation_id))

    async def _refresh(self, invocation_id: str) -> None:
        until = self._lease()
        await self._persist(partial(self._posts.refresh, invocation_id, now=self._now(), until=until))
        await self._bring_up_to_date(invocation_id, until)

    async def _bring_up_to_date(self, invocation_id: str, lease: datetime) -> None:
        """Edit the posts of a job that this process has taken until then."""
        await self._wait_for_next_edit(invocation_id)
        for due in await self._persist(partial(self._posts.held, invocation_id, lease)):
            async with self._slots:
                await self._attend_to(due)

    async def _take(self, due: Due) -> None:
        """Claim a post and deliver it."""
        with self._having(due.post):
            if due.post.purpose in EDITED:
                await self._wait_for_next_edit(due.invocation.id)
            async with self._slots:
                claimed = await self._try_to_claim(due.post)
                if claimed is not None:
                    await self._attend_to(replace(due, post=claimed))

    async def _try_to_claim(self, post: Post) -> Post | None:
        try:
            return await self._posts.claim(post, self._lease())
        except DatabaseUnavailable as error:
            _log.warning("a post waits for the database", job_id=post.job_id, reason=str(error))
            return None

    async def _attend_to(self, due: Due) -> None:
        """Say what a post has to say, and note that; an end is then told of in another post."""
        with self._having(due.post):
            async with self._leaving_it_behind(due.post):
                shown = await self._try_to_say(due)
            if shown is None:
                await self._put_off(due.post)
            elif await self._mark(due.post, shown) and shown.end:
                await self._attend_to(Due(shown.end, due.invocation, due.post))

    async def _try_to_say(self, due: Due) -> Shown | None:
        """Return None where it has to be tried again."""
        try:
            shown = await self._sender.send(due)
        except DatabaseUnavailable as error:
            _log.warning("a post waits for the database", job_id=due.post.job_id, reason=str(error))
        except Exception:  # noqa: BLE001 - one post must not keep the others from being delivered
            _log.exception("a post failed", post_id=due.post.id)
        else:
            if shown is not None and is_edit(due.post):
                self._note_edit(due.invocation.id)
            return shown
        return None

    async def _mark(self, post: Post, shown: Shown) -> bool:
        """Note what a post shows; where more is wanted by now, go on with it. False where others have it."""
        if await self._persist(partial(self._posts.mark, post, shown)):
            return True
        until = self._lease()
        if not await self._persist(partial(self._posts.mark_and_keep, post, shown, until)):
            return False
        self._tasks.spawn(self._bring_up_to_date(post.invocation_id, until))
        return True

    async def _put_off(self, post: Post) -> None:
        await self._persist(partial(self._posts.put_off, post, self._next_attempt(post)))

    def _next_attempt(self, post: Post) -> datetime | None:
        if post.attempts + 1 >= MOST_ATTEMPTS:
            return None
        return self._now() + timedelta(seconds=BACKOFF.pause(post.attempts + 1))

    def _lease(self) -> datetime:
        """Until when a post is held that is taken now: no two are the same, for by them posts are known."""
        lease = self._now() + LEASE
        if timedelta() <= self._last_lease - lease < timedelta(seconds=1):
            lease = self._last_lease + timedelta(microseconds=1)
        self._last_lease = lease
        return lease

    async def _wait_for_next_edit(self, invocation_id: str) -> None:
        """Wait as long as the job's posts may not be edited again. A clock may have been set meanwhile."""
        edited = self._edited.get(invocation_id)
        left = EDIT_TIME - (self._now() - edited) if edited else timedelta()
        if left > timedelta():
            await self._sleep(min(left, EDIT_TIME).total_seconds())

    def _note_edit(self, invocation_id: str) -> None:
        now = self._now()
        self._edited = {each: at for each, at in self._edited.items() if abs(now - at) < EDIT_TIME}
        self._edited[invocation_id] = now

    @contextmanager
    def _having(self, post: Post) -> Iterator[None]:
        self._in_hand.add(post.id)
        try:
            yield
        finally:
            self._in_hand.discard(post.id)

    @asynccontextmanager
    async def _leaving_it_behind(self, post: Post) -> AsyncIterator[None]:
        """Where the work is cut short, any process may go on with the post at once."""
        try:
            yield
        except asyncio.CancelledError:
            with suppress(DatabaseUnavailable):
                await self._posts.put_off(post, self._now(), failed=False)
            raise

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        return await write_with_retry(work, sleep=self._sleep)
