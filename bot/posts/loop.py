"""The outbox: deliver every message about a job, and every answer that a person must get, at least once.

A message to be sent is a row of `posts`, committed together with what it tells. The process that writes the
row claims it and delivers it at once. If that fails or is interrupted, the loop of any process delivers it. A
post that is edited shows the latest state; its edits are kept apart in time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

import structlog

from bot.domain.invocation import Invocation
from bot.domain.job_state import JobLife
from bot.domain.post import EDITED, Due, Post, Purpose
from bot.durable.retry import write_with_retry
from bot.errors import DatabaseUnavailable, Undeliverable
from bot.messages.message import Message
from bot.posts.leases import Leases
from bot.posts.rendering import Rendering, life_facts
from bot.posts.sender import Sender, is_edit, shown_by
from bot.runtime.background import Tasks, repeat_in_background
from bot.runtime.backoff import Backoff
from bot.slack.ack_sent import ack_sent
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.posts import Posts, Shown
from bot.store.watched_jobs import WatchedJob

LEASE = timedelta(seconds=40)
"""How long a delivery is claimed for: longer than all routes together."""

EVERY_SECONDS = 2.0
"""How often due posts are looked for."""

AT_ONCE = 10
"""How many posts are delivered at the same time, besides those of new outcomes."""

MOST_TASKS = 200
"""How many tasks deliver or edit posts, or wait for their turn to. Further posts stay in the database, so
that a long outage of Slack costs no memory. New outcomes are besides."""

EDIT_TIME = timedelta(seconds=3)
"""The shortest time between two edits of one message."""

BACKOFF = Backoff(first=5.0, longest=300.0)
"""Pauses after failed attempts."""

MOST_ATTEMPTS = 290
"""After this many attempts, about a day, a post is left alone until it has something new to show."""

_log = structlog.get_logger()

T = TypeVar("T")


class DeliveryLoop:
    """The outbox's loop: delivers posts and edits them."""

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
        self._leases = Leases(LEASE, now=now)
        self._sender = Sender(rendering, delivery, now=now, new_id=new_id, lease=self._leases.new)
        self._posts = posts
        self._delivery = delivery
        self._now = now
        self._new_id = new_id
        self._sleep = sleep
        self._tasks = Tasks()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._in_hand: set[str] = set()
        self._edited: dict[str, datetime] = {}

    async def keep_delivering(self) -> None:
        """Deliver what is due, until cancelled; then release the posts to other processes."""
        try:
            await repeat_in_background(self.deliver_due, every=EVERY_SECONDS, sleep=self._sleep)
        finally:
            await self.close()

    async def close(self) -> None:
        """Release the posts that are being delivered, or wait for it, to any process."""
        await self._tasks.cancel()
        with suppress(DatabaseUnavailable):
            for lease, invocation_id in self._leases.kept:
                await self._posts.release(invocation_id, lease)

    async def deliver_due(self) -> None:
        """Start to deliver the posts that are due and that nobody has claimed, as many as there is room for.

        Raises:
            DatabaseUnavailable: the posts cannot be read.
        """
        await self._posts.bring_back(self._now())
        if room := self._room():
            found = await self._posts.due(self._now(), limit=room + len(self._in_hand))
            new = [due for due in found if due.post.id not in self._in_hand]
            for due in new[:room]:
                self._tasks.spawn(self._take(due))

    def new(
        self, invocation: Invocation, purpose: Purpose, *, job_id: str | None = None, facts: str | None = None
    ) -> Post:
        """Return a claimed post, to be committed together with what it tells, and then published here."""
        now = self._now()
        return Post(
            id=self._new_id(),
            invocation_id=invocation.id,
            job_id=job_id or (invocation.job.job_id if invocation.job else None),
            purpose=purpose,
            facts=facts,
            next_attempt_at=now,
            lease_until=self._leases.new(),
            created_at=now,
        )

    async def publish(self, post: Post, invocation: Invocation, render: Render) -> None:
        """Deliver a new, committed post once Slack has the ack, and note where it was delivered."""
        with self.having(post):
            async with self._leaving_it_behind(post):
                delivered = await self.deliver(post, invocation, render)
            await self.note(post, delivered)

    async def deliver(self, post: Post, invocation: Invocation, render: Render) -> Delivered | None:
        """Deliver a new post once Slack has the ack; return None where Slack does not accept it."""
        await ack_sent()
        return await self._sender.send_first(post, invocation, render)

    async def note(self, post: Post, delivered: Delivered | None) -> None:
        """Note where a new post was delivered or, if it was not, when it is tried again."""
        if delivered is None:
            await self._put_off(post)
        else:
            await self._mark(post, shown_by(post, delivered, self._now()))

    async def answer(self, invocation: Invocation, message: Message, *, instead: bool = False) -> None:
        """Answer somebody who waits at this moment; if Slack does not accept it, they ask again.

        Args:
            instead: replace the message whose button they pressed.
        """
        await ack_sent()
        try:
            await self._delivery.tell(invocation, message, instead=instead)
        except Undeliverable as error:
            _log.warning("an answer is not delivered", reason=str(error))

    async def show(self, job: WatchedJob, life: JobLife) -> None:
        """Note a job's new state, and edit its posts as soon as they may be edited.

        Raises:
            DatabaseUnavailable: the state may not be noted.
        """
        _log.info("a job's state", job_id=job.job_id, state=life.state.value)
        lease = self._lease_for(job.invocation_id)
        try:
            await self._posts.show(
                job.invocation_id, life.state, life_facts(life), now=self._now(), until=lease
            )
        except DatabaseUnavailable:
            self._leases.forget(lease)
            raise
        self._tasks.spawn(self._bring_up_to_date(job.invocation_id, lease))

    def refresh(self, job: WatchedJob) -> None:
        """Edit a job's posts because its row holds something new."""
        self._tasks.spawn(self._refresh(job.invocation_id))

    async def _refresh(self, invocation_id: str) -> None:
        lease = self._lease_for(invocation_id)
        await self._persist(partial(self._posts.refresh, invocation_id, now=self._now(), until=lease))
        await self._bring_up_to_date(invocation_id, lease)

    async def _bring_up_to_date(self, invocation_id: str, lease: datetime | None) -> None:
        """Edit the posts of a job that this process has claimed under this lease."""
        if lease is None:
            return
        await self._wait_for_next_edit(invocation_id)
        async with self._slots:
            for due in await self._persist(partial(self._posts.held, invocation_id, lease)):
                was_held_up = lease - self._now() < LEASE / 2
                post = await self._try_to_claim(due.post) if was_held_up else due.post
                if post is not None:
                    await self._attend_to(replace(due, post=post))
        self._leases.forget(lease)

    async def _take(self, due: Due) -> None:
        """Claim a post and deliver it."""
        with self.having(due.post):
            if due.post.purpose in EDITED:
                await self._wait_for_next_edit(due.invocation.id)
            async with self._slots:
                claimed = await self._try_to_claim(due.post)
                if claimed is not None:
                    await self._attend_to(replace(due, post=claimed))

    async def _try_to_claim(self, post: Post) -> Post | None:
        lease, claimed = self._leases.keep(post.invocation_id), None
        try:
            claimed = await self._posts.claim(post, lease)
        except DatabaseUnavailable as error:
            _log.warning("a post waits for the database", job_id=post.job_id, reason=str(error))
        self._leases.forget(lease)
        return claimed

    async def _attend_to(self, due: Due) -> None:
        """Deliver or edit a post, and note it; tell the end of a job in a post of its own."""
        with self.having(due.post):
            async with self._leaving_it_behind(due.post):
                shown = await self._try_to_say(due)
            if shown is None:
                await self._put_off(due.post)
            elif await self._mark(due.post, shown) and shown.end:
                await self._attend_to(Due(shown.end, due.invocation, due.post))

    async def _try_to_say(self, due: Due) -> Shown | None:
        """Deliver or edit a post; return None where it has to be tried again."""
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
        """Note what a post shows, then deliver what is new; return False where others have the post."""
        if await self._persist(partial(self._posts.mark, post, shown)):
            return True
        lease = self._lease_for(post.invocation_id)
        is_kept = await self._persist(partial(self._posts.mark_and_keep, post, shown, lease))
        if is_kept:
            self._tasks.spawn(self._bring_up_to_date(post.invocation_id, lease))
        else:
            self._leases.forget(lease)
        return is_kept

    async def _put_off(self, post: Post) -> None:
        await self._persist(partial(self._posts.put_off, post, self._next_attempt(post)))

    def _next_attempt(self, post: Post) -> datetime | None:
        if post.attempts + 1 >= MOST_ATTEMPTS:
            return None
        return self._now() + timedelta(seconds=BACKOFF.pause(post.attempts + 1))

    def _room(self) -> int:
        return max(0, MOST_TASKS - len(self._tasks))

    def _lease_for(self, invocation_id: str) -> datetime | None:
        """Return a lease for a job's posts; None where there is no room: the loop takes them later."""
        return self._leases.keep(invocation_id) if self._room() else None

    async def _wait_for_next_edit(self, invocation_id: str) -> None:
        """Wait until the job's posts may be edited again, even if a clock was set meanwhile."""
        edited = self._edited.get(invocation_id)
        left = EDIT_TIME - (self._now() - edited) if edited else timedelta()
        if left > timedelta():
            await self._sleep(min(left, EDIT_TIME).total_seconds())

    def _note_edit(self, invocation_id: str) -> None:
        now = self._now()
        self._edited = {each: at for each, at in self._edited.items() if abs(now - at) < EDIT_TIME}
        self._edited[invocation_id] = now

    @contextmanager
    def having(self, post: Post) -> Iterator[None]:
        """Keep this process's loop from taking a post that is being worked on, even past its lease."""
        self._in_hand.add(post.id)
        try:
            yield
        finally:
            self._in_hand.discard(post.id)

    @asynccontextmanager
    async def _leaving_it_behind(self, post: Post) -> AsyncIterator[None]:
        """Release the post to any process if the work on it is interrupted."""
        try:
            yield
        except asyncio.CancelledError:
            with suppress(DatabaseUnavailable):
                await self._posts.put_off(post, self._now(), failed=False)
            raise

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        return await write_with_retry(work, sleep=self._sleep)
