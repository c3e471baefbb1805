"""The delivery loop: people are told and messages are kept up to date, also after failures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job_state import JobLife
from bot.domain.post import Due, Post, Purpose
from bot.errors import Undeliverable
from bot.messages.message import Message
from bot.posts.loop import (
    AT_ONCE,
    BACKOFF,
    EDIT_TIME,
    EVERY_SECONDS,
    LEASE,
    MOST_ATTEMPTS,
    MOST_TASKS,
    DeliveryLoop,
)
from bot.posts.panels import PanelContent
from bot.posts.rendering import Rendering
from bot.slack.ack_sent import ack_pending
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Shown
from bot.store.quick_starts import QuickStarts
from bot.store.watched_jobs import WatchedJob, WatchedJobs
from tests.fakes import FlakyPosts, an_invocation, flat

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LU = "U0LU000001"
EDIT_SECONDS = EDIT_TIME.total_seconds()

RUNNING = JobLife(JobState.RUNNING)
ENDED = JobLife(JobState.ENDED, 90)
STOPPED = JobLife(JobState.STOPPED, 90, stopped_by=LU)


@dataclass
class Time:
    """A clock that only moves when the test moves it, and wakes sleepers in the right order."""

    seconds: float = 0.0
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.seconds + seconds, asyncio.get_running_loop().create_future())
        self.sleepers.append(sleeper)
        try:
            await sleeper[1]
        finally:
            self.sleepers.remove(sleeper)

    def wake_next(self, until: float) -> bool:
        """Move to the next wake-up. Return False if there is none before `until`."""
        due, waking = min(self.sleepers, key=lambda sleeper: sleeper[0], default=(until + 1, None))
        if waking is None or due > until:
            self.seconds = max(self.seconds, until)
            return False
        self.seconds = due
        waking.set_result(None)
        return True


@dataclass
class Slack(Delivery):
    """Records messages with their seconds, and refuses the given number of each kind."""

    time: Time
    announced: list[tuple[float, str]] = field(default_factory=list)
    edits: list[tuple[float, str]] = field(default_factory=list)
    replies: list[tuple[str | None, str]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    posted: list[tuple[str | None, str]] = field(default_factory=list)
    edits_to_refuse: int = 0
    replies_to_refuse: int = 0
    deaf_for: int = 0
    out_of_reach: bool = False
    bug: Exception | None = None
    gate: asyncio.Event | None = None
    at_once: int = 0
    most_at_once: int = 0

    @override
    async def announce(self, invocation: Invocation, render: Render) -> Delivered:
        if self.gate:
            await self.gate.wait()
        self._listen()
        self.announced.append((self.time.seconds, render("").text))
        return Delivered("C1", f"{len(self.announced)}.0")

    @override
    async def post(self, post: Post, message: Message) -> Delivered:
        self._listen()
        self.posted.append((post.channel, message.text.partition("  ")[0]))
        return Delivered(post.channel, "9.0")

    @override
    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        self._listen()
        self.told.append((invocation.origin.user_id, message.text))
        return Delivered()

    @override
    async def edit(self, post: Post, message: Message) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate:
                await self.gate.wait()
            return self._edit(message)
        finally:
            self.at_once -= 1

    @override
    async def reply(self, post: Post, message: Message) -> bool:
        if self.replies_to_refuse:
            self.replies_to_refuse -= 1
            return False
        self.replies.append((post.ts, message.text))
        return True

    def _edit(self, message: Message) -> bool:
        if self.bug:
            raise self.bug
        if self.out_of_reach:
            raise Undeliverable("Slack does not let it be changed (message_not_found).")
        self.edits.append((self.time.seconds, message.text.partition("  ")[0]))
        if self.edits_to_refuse:
            self.edits_to_refuse -= 1
            return False
        return True

    def _listen(self) -> None:
        if self.deaf_for:
            self.deaf_for -= 1
            raise Undeliverable("Slack took it on no route.")


class Play:
    """Jobs in a database, their messages in Slack, and a clock that the test controls."""

    def __init__(self, database: Database) -> None:
        self.time = Time()
        self.slack = Slack(self.time)
        self.log = Invocations(database)
        self.panels = PanelContent(QuickStarts(database))
        self.posts = FlakyPosts(database)
        self.watched_jobs = WatchedJobs(database)
        self.loop = self.another()
        self.rows = 0

    def another(self) -> DeliveryLoop:
        """Return the delivery loop of another process."""
        return DeliveryLoop(
            posts=self.posts,
            rendering=Rendering(self.log, rtc_access=True, panels=self.panels),
            delivery=self.slack,
            now=self.time.now,
            sleep=self.time.sleep,
        )

    async def start(self, job_id: str = "job-1", **changes: Any) -> Invocation:
        """Add a start with a job."""
        values: dict[str, Any] = {
            "id": f"row of {job_id}",
            "created_at": NOON,
            "action": Action.START,
            "source": Source.COMMAND,
            "status": Status.STARTED,
            "user_id": "U0MEI00001",
            "channel_id": "C1",
            "room_id": "lobby",
            "job_id": job_id,
            "job_state": JobState.ACCEPTED,
        }
        row = an_invocation(**(values | changes))
        assert await self.log.record(row)
        return row

    async def due(self, row: Invocation, purpose: Purpose = Purpose.ANNOUNCEMENT, **changes: Any) -> Post:
        """Add a post that is due and not claimed."""
        changes = {"lease_until": None} | changes
        post = replace(self.loop.new(row, purpose), **changes)
        await self.posts.add(post)
        return post

    async def announced(self, job_id: str = "job-1", state: JobState = JobState.ACCEPTED) -> WatchedJob:
        """Add a job whose announcement is in the channel."""
        row = await self.start(job_id, job_state=state)
        post = await self.due(row, lease_until=NOON + LEASE, state=state)
        assert await self.posts.mark(post, Shown(NOON, "C1", "1.2", state, note=True))
        [job] = await self.watched_jobs.followed(job_id=job_id)
        return job

    async def shows(self, job: WatchedJob, *lives: JobLife) -> None:
        """Let a job go through these states at once. Return when no work is left for now."""
        for life in lives:
            await self.loop.show(job, life)
        await self.settled()

    async def refreshes(self, job: WatchedJob) -> None:
        """Complete a job's announcement."""
        self.loop.refresh(job)
        await self.settled()

    async def deliver(self, loop: DeliveryLoop | None = None) -> None:
        """Run one round of the loop."""
        await (loop or self.loop).deliver_due()
        await self.settled()

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, with the loop's rounds and all other work."""
        until = self.time.seconds + seconds
        while self.time.seconds < until:
            next_round = min(until, self.time.seconds + EVERY_SECONDS)
            while self.time.wake_next(next_round):
                await self.settled()
            await self.deliver()

    async def settled(self) -> None:
        """Wait until every task sleeps."""
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            while len(self.loop._tasks._running) > len(self.time.sleepers):  # noqa: ASYNC110 - they have no event
                await asyncio.sleep(0)

    async def row(self, job_id: str = "job-1") -> Invocation:
        """Return the row of a job's start."""
        row = await self.log.get(f"row of {job_id}")
        assert row is not None
        return row

    async def shown(self, job_id: str = "job-1") -> JobState | None:
        """Return the state that its announcement shows, according to the database."""
        posts = await self.posts.of(f"row of {job_id}")
        [announcement] = [post for post in posts if post.purpose is Purpose.ANNOUNCEMENT]
        return announcement.shown_state

    async def keeps_nothing(self) -> bool:
        """Return True if no work is left, in memory and in the database."""
        busy = self.loop._tasks._running or self.loop._in_hand or self.time.sleepers
        return not busy and not await self.posts.due(NOON + timedelta(days=30), limit=10)

    @property
    def lines(self) -> list[str]:
        """Return the replies in threads."""
        return [text for _, text in self.slack.replies]


@asynccontextmanager
async def all_slots_taken(loop: DeliveryLoop) -> AsyncIterator[None]:
    """Let Slack be slow, so that all other posts wait."""
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE):
            await stack.enter_async_context(loop._slots)
        yield


@pytest.fixture
def play(database: Database) -> Play:
    return Play(database)


class TestFirstDelivery:
    async def test_a_post_is_delivered_at_once_by_whoever_has_written_it(self, play: Play) -> None:
        row = await play.start()
        post = await play.due(row, lease_until=NOON + LEASE)
        render = await play.loop.rendering.render(Due(post, row))
        assert render
        await play.loop.publish(post, row, render)

        assert len(play.slack.announced) == 1
        row = await play.row()
        assert (row.told.announced_at, row.told.channel, row.told.ts) == (NOON, "C1", "1.0")
        assert await play.shown() is JobState.ACCEPTED
        assert await play.keeps_nothing()

    async def test_nobody_is_told_before_slack_has_its_ack(self, play: Play) -> None:
        row = await play.start(status=Status.FAILED)
        post = await play.due(row, Purpose.PRIVATE, lease_until=NOON + LEASE)
        with ack_pending():
            telling = asyncio.create_task(play.loop.publish(post, row, lambda _hint: Message("No.")))
            for _ in range(20):
                await asyncio.sleep(0)
            assert play.slack.told == []
        await telling
        assert play.slack.told == [("U0MEI00001", "No.")]

    async def test_what_a_dead_process_had_in_hand_is_delivered_after_its_lease(self, play: Play) -> None:
        await play.due(await play.start(), lease_until=NOON + LEASE)
        await play.pass_by(LEASE.total_seconds() - EVERY_SECONDS)
        assert play.slack.announced == []
        await play.pass_by(EVERY_SECONDS)
        [(_, text)] = play.slack.announced
        assert "`job-1`" in text
        assert (await play.row()).told.ts == "1.0"
        assert await play.keeps_nothing()

    async def test_of_several_processes_one_delivers(self, play: Play) -> None:
        for number in range(5):
            await play.due(await play.start(f"job-{number}"))
        loops = [play.another() for _ in range(4)]
        await asyncio.gather(*(loop.deliver_due() for loop in loops))
        for loop in loops:
            await loop._tasks.idle()
        assert len(play.slack.announced) == 5

    async def test_what_slack_does_not_take_is_tried_again_less_and_less_often_for_a_day(
        self, play: Play
    ) -> None:
        play.slack.deaf_for = 10**6
        await play.due(await play.start())
        pauses: list[float] = []
        with capture_logs():
            await play.deliver()
            while (at := (await play.posts.of("row of job-1"))[0].next_attempt_at) is not None:
                pauses.append((at - play.time.now()).total_seconds())
                play.time.seconds += pauses[-1]
                await play.deliver()
        assert pauses == [BACKOFF.pause(failures) for failures in range(1, MOST_ATTEMPTS)]
        assert timedelta(hours=23) < timedelta(seconds=sum(pauses)) <= timedelta(days=1)
        assert (await play.row()).told.announced_at is None

    async def test_once_slack_takes_messages_again_people_are_told(self, play: Play) -> None:
        play.slack.deaf_for = 3
        await play.due(await play.start())
        with capture_logs():
            await play.pass_by(120)
        assert len(play.slack.announced) == 1
        assert (await play.row()).told.announced_at is not None
        assert await play.keeps_nothing()

    async def test_what_was_told_is_not_told_again_where_the_database_fails(self, play: Play) -> None:
        await play.due(await play.start())
        play.posts.marks_fail = 12
        with capture_logs():
            await play.pass_by(600)
        assert len(play.slack.announced) == 1

    async def test_what_could_not_be_claimed_is_claimed_in_the_next_round(self, play: Play) -> None:
        await play.due(await play.start())
        play.posts.claims_fail = 1
        with capture_logs() as lines:
            await play.pass_by(2 * EVERY_SECONDS)
        assert len(play.slack.announced) == 1
        assert "a task failed" not in {line["event"] for line in lines}

    async def test_a_mark_whose_answer_is_lost_counts(self, play: Play) -> None:
        await play.due(await play.start())
        play.posts.answers_lost = 1
        with capture_logs():
            await play.pass_by(600)
        assert len(play.slack.announced) == 1
        assert await play.keeps_nothing()

    async def test_with_each_job_in_several_channels_all_posts_follow_it(self, play: Play) -> None:
        job = await play.announced()
        await play.due(await play.row(), Purpose.NOTIFICATION, channel="C2")
        await play.deliver()
        assert play.slack.posted == [("C2", "⏳")]
        await play.shows(job, ENDED)
        await play.pass_by(60)
        assert [title for _, title in play.slack.edits] == ["⚪"] * 2
        assert len(play.lines) == 1, "the channel that was told of it elsewhere is not told in a thread"
        row = await play.row()
        assert (row.told.channel, row.told.ts) == ("C1", "1.2")
        assert await play.keeps_nothing()

    async def test_a_bug_in_one_post_does_not_concern_the_others(self, play: Play) -> None:
        job, other = await play.announced(), await play.announced("job-2")
        play.slack.bug = ZeroDivisionError()
        with capture_logs() as logs:
            await play.shows(job, ENDED)
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a post failed"]
        play.slack.bug = None
        await play.shows(other, ENDED)
        assert await play.shown("job-2") is JobState.ENDED
        await play.pass_by(60)
        assert await play.shown("job-1") is JobState.ENDED


async def test_a_message_says_how_its_job_stands_and_the_log_knows_it(play: Play) -> None:
    job = await play.announced()
    await play.shows(job, RUNNING)
    assert play.slack.edits == [(0, "🟢")]
    assert (flat(await play.row()).job_state, await play.shown()) == (JobState.RUNNING, JobState.RUNNING)
    assert play.slack.replies == []
    assert await play.keeps_nothing()


async def test_the_end_also_stands_once_in_the_thread(play: Play) -> None:
    job = await play.announced(state=JobState.RUNNING)
    await play.shows(job, STOPPED)
    assert play.slack.edits == [(0, "⛔")]
    [(thread, line)] = play.slack.replies
    assert thread == "1.2"
    assert f"<@{LU}>" in line
    row = await play.row()
    assert (flat(row).job_state, flat(row).ended_at) == (JobState.STOPPED, NOON)
    assert play.slack.told == []
    assert await play.keeps_nothing()


async def test_an_end_that_was_seen_is_shown_though_the_process_dies_before_it_could(play: Play) -> None:
    job = await play.announced(state=JobState.RUNNING)
    await play.posts.show(
        job.invocation_id,
        JobState.STOPPED,
        f'{{"seconds": 90, "stopped_by": "{LU}"}}',
        now=NOON,
        until=NOON + LEASE,
    )
    await play.pass_by(LEASE.total_seconds())
    assert [title for _, title in play.slack.edits] == ["⛔"]
    [line] = play.lines
    assert f"<@{LU}>" in line


async def test_a_line_that_was_due_is_said_once_though_the_process_dies_before_it(play: Play) -> None:
    job = await play.announced(state=JobState.RUNNING)
    play.slack.replies_to_refuse = 1
    await play.shows(job, ENDED)
    await play.loop.close()
    await play.pass_by(60)
    assert (len(play.slack.edits), len(play.lines)) == (1, 1)


async def test_whoever_is_closed_leaves_its_posts_to_others_at_once(play: Play) -> None:
    job = await play.announced()
    play.slack.gate = asyncio.Event()
    await play.loop.show(job, ENDED)
    while not play.slack.at_once:  # noqa: ASYNC110 - the row has no event
        await asyncio.sleep(0)
    await play.loop.close()
    play.slack.gate = None
    other = play.another()
    await other.deliver_due()
    await other._tasks.idle()
    assert play.slack.edits == [(0, "⚪")]
    assert await play.keeps_nothing()


async def test_whoever_is_closed_while_an_edit_waits_leaves_it_to_others_at_once(play: Play) -> None:
    one, other = await play.announced(), await play.announced("job-2")
    await play.shows(one, RUNNING)
    async with all_slots_taken(play.loop):
        await play.loop.show(one, ENDED)  # soon after another edit
        await play.loop.show(other, ENDED)  # while all slots are taken
        play.loop.refresh(other)
        await asyncio.sleep(0.05)
        await play.loop.close()
    another = play.another()
    await another.deliver_due()
    await another._tasks.idle()
    assert [title for _, title in play.slack.edits] == ["🟢", *["⚪"] * 2]
    assert len(play.lines) == 2


async def test_a_state_whose_note_is_cut_short_is_left_to_others_at_once(play: Play) -> None:
    job = await play.announced()
    noting = asyncio.create_task(play.loop.show(job, ENDED))
    await asyncio.sleep(0)
    noting.cancel()
    await asyncio.wait({noting})
    await play.loop.close()
    another = play.another()
    await another.deliver_due()
    await another._tasks.idle()
    assert [title for _, title in play.slack.edits] == ["⚪"]


class TestLongOutage:
    async def test_what_waits_for_slack_waits_in_the_database(self, play: Play) -> None:
        job, more = await play.announced(), 50
        starts = await asyncio.gather(*(play.start(f"many-{n}") for n in range(MOST_TASKS + more)))
        await asyncio.gather(*(play.due(row) for row in starts))
        play.slack.gate = asyncio.Event()
        for _ in range(3):
            await play.loop.deliver_due()
            await asyncio.sleep(0)
            assert len(play.loop._tasks) == MOST_TASKS
        await play.loop.show(job, ENDED)
        await asyncio.sleep(0.05)
        assert len(play.loop._tasks) == MOST_TASKS

        play.slack.gate.set()
        for _ in range(2):
            await play.loop._tasks.idle()
            await play.loop.deliver_due()
        await play.loop._tasks.idle()
        assert len(play.slack.announced) == MOST_TASKS + more
        assert [title for _, title in play.slack.edits] == ["⚪"]
        assert await play.keeps_nothing()


class TestAClockThatWasSetBack:
    @pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=1)])
    async def test_what_was_put_off_or_claimed_before_is_delivered_in_the_next_round(
        self, play: Play, ahead: timedelta
    ) -> None:
        await play.due(await play.start(), next_attempt_at=NOON + ahead)
        await play.due(await play.start("job-2"), lease_until=NOON + ahead)
        await play.deliver()
        assert len(play.slack.announced) == 2
        assert await play.keeps_nothing()


class TestFactsThatCannotBeRead:
    @pytest.mark.parametrize(
        "facts",
        [
            "{",
            "[" * 100_000,
            "[]",
            "null",
            '{"seconds": "x", "error": "y", "stopped_by": 3}',
            '{"error": {"new": 1}}',
        ],
        ids=["broken", "deep", "a list", "null", "of other types", "of a newer version"],
    )
    async def test_the_message_is_edited_without_them(self, play: Play, facts: str) -> None:
        job = await play.announced()
        await play.posts.show(job.invocation_id, JobState.ENDED, facts, now=NOON, until=None)
        with capture_logs() as lines:
            await play.deliver()
        assert [title for _, title in play.slack.edits] == ["⚪"]
        assert len(play.lines) == 1
        assert "a post failed" not in {line["event"] for line in lines}

    @pytest.mark.parametrize("facts", ["{", '{"found": 5, "asked": "x", "rivals": [1], "about": 7}'])
    async def test_who_waits_is_told_without_them(self, play: Play, facts: str) -> None:
        for status in (Status.UNKNOWN, Status.FAILED):
            row = await play.start(status.value, status=status)
            await play.due(row, Purpose.PRIVATE, facts=facts)
        with capture_logs():
            await play.deliver()
        assert len(play.slack.told) == 2


class TestCoalescing:
    async def test_what_is_over_before_it_could_be_shown_is_not_shown(self, play: Play) -> None:
        job = await play.announced()
        play.slack.edits_to_refuse = 1
        await play.shows(job, RUNNING)
        await play.shows(job, ENDED)
        await play.pass_by(60)
        assert [title for _, title in play.slack.edits] == ["🟢", "⚪"]
        assert len(play.lines) == 1

    async def test_two_edits_of_one_message_are_seconds_apart(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, RUNNING)
        play.time.seconds += 1
        await play.shows(job, ENDED)
        assert play.slack.edits == [(0, "🟢")]
        await play.pass_by(60)
        assert play.slack.edits == [(0, "🟢"), (EDIT_SECONDS, "⚪")]

    async def test_what_comes_while_a_message_is_edited_is_shown_after_it(self, play: Play) -> None:
        job = await play.announced()
        play.slack.gate = asyncio.Event()
        await play.loop.show(job, RUNNING)
        while not play.slack.at_once:  # noqa: ASYNC110 - the row has no event
            await asyncio.sleep(0)
        await play.loop.show(job, ENDED)
        play.slack.gate.set()
        await play.settled()
        await play.pass_by(60)
        assert play.slack.edits == [(0, "🟢"), (EDIT_SECONDS, "⚪")]
        assert len(play.lines) == 1
        assert await play.keeps_nothing()

    async def test_after_a_while_an_edit_is_made_at_once(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, RUNNING)
        play.time.seconds += EDIT_SECONDS
        await play.shows(job, ENDED)
        assert [at for at, _ in play.slack.edits] == [0, EDIT_SECONDS]

    async def test_the_same_again_is_not_shown_again(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, RUNNING, RUNNING)
        await play.shows(job, RUNNING)
        await play.pass_by(60)
        assert len(play.slack.edits) == 1

    async def test_messages_of_different_jobs_do_not_wait_for_each_other(self, play: Play) -> None:
        for number in range(5):
            await play.shows(await play.announced(f"job-{number}"), RUNNING)
        assert [at for at, _ in play.slack.edits] == [0] * 5

    async def test_only_so_many_messages_are_edited_at_the_same_time(self, play: Play) -> None:
        jobs = [await play.announced(f"job-{number}") for number in range(3 * AT_ONCE)]
        play.slack.gate = asyncio.Event()
        for job in jobs:
            await play.loop.show(job, ENDED)
        while play.slack.at_once < AT_ONCE:  # noqa: ASYNC110 - the row has no event
            await asyncio.sleep(0)
        play.slack.gate.set()
        await play.settled()
        assert play.slack.most_at_once == AT_ONCE
        assert len(play.lines) == len(jobs)


class TestWhatHasBecomeKnown:
    async def test_a_message_says_it_though_the_state_is_the_same(self, play: Play) -> None:
        job = await play.announced(state=JobState.RUNNING)
        await play.watched_jobs.complete(job, room_name="Lobby kiosk")
        await play.refreshes(job)
        await play.pass_by(60)
        assert play.slack.edits == [(0, "🟢")]
        assert await play.keeps_nothing()

    async def test_an_end_is_told_once_however_often_its_message_is_edited(self, play: Play) -> None:
        job = await play.announced(state=JobState.RUNNING)
        await play.shows(job, ENDED)
        await play.refreshes(job)
        await play.pass_by(60)
        assert [title for _, title in play.slack.edits] == ["⚪"] * 2
        assert len(play.lines) == 1

    async def test_an_end_is_told_once_also_where_the_database_fails_meanwhile(self, play: Play) -> None:
        job = await play.announced(state=JobState.RUNNING)
        play.posts.marks_fail = 1
        with capture_logs():
            await play.shows(job, ENDED)
            await play.refreshes(job)
            await play.pass_by(120)
        assert len(play.lines) == 1
        assert await play.shown() is JobState.ENDED
        assert await play.keeps_nothing()

    async def test_a_message_is_not_turned_back_by_who_was_held_up_and_has_lost_it(self, play: Play) -> None:
        job, other = await play.announced(), play.another()
        async with all_slots_taken(play.loop):
            await play.loop.show(job, RUNNING)
            await asyncio.sleep(0.1)
            play.time.seconds = LEASE.total_seconds() + 1
            await other.show(job, ENDED)
            await other._tasks.idle()
        await play.loop._tasks.idle()
        assert [title for _, title in play.slack.edits] == ["⚪"]
        assert await play.shown() is JobState.ENDED

    async def test_who_was_held_up_until_its_lease_is_over_takes_the_message_again(self, play: Play) -> None:
        job = await play.announced()
        async with all_slots_taken(play.loop):
            await play.loop.show(job, RUNNING)
            play.time.seconds = LEASE.total_seconds() + 1
        play.slack.gate = asyncio.Event()
        while not play.slack.at_once:  # noqa: ASYNC110 - the log has no event for it
            await asyncio.sleep(0)
        assert await play.posts.due(play.time.now(), limit=1) == [], "others would edit it at the same time"
        play.slack.gate.set()
        await play.loop._tasks.idle()
        assert [title for _, title in play.slack.edits] == ["🟢"]
        assert await play.keeps_nothing()

    async def test_a_message_that_is_further_by_another_process_is_left_alone(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, ENDED)
        await play.shows(job, RUNNING)
        await play.pass_by(60)
        assert [title for _, title in play.slack.edits] == ["⚪"]

    async def test_where_a_message_cannot_be_edited_nobody_is_bothered(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        with capture_logs():
            await play.refreshes(job)
            await play.pass_by(60)
        assert play.slack.told == []
        assert await play.keeps_nothing()


class TestFailures:
    async def test_an_edit_that_slack_does_not_take_is_made_again_by_the_same_pauses(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.slack.edits_to_refuse = 3
        await play.shows(job, ENDED)
        await play.pass_by(3600)
        gaps = [
            later - at for (at, _), (later, _) in zip(play.slack.edits, play.slack.edits[1:], strict=False)
        ]
        for gap, pause in zip(gaps, map(BACKOFF.pause, (1, 2, 3)), strict=True):
            assert pause <= gap <= pause + 2 * EVERY_SECONDS
        assert (len(gaps), len(play.lines)) == (3, 1)
        assert await play.shown() is JobState.ENDED

    async def test_the_line_in_the_thread_is_added_as_soon_as_slack_takes_it_and_once(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.slack.replies_to_refuse = 3
        await play.shows(job, ENDED)
        await play.pass_by(3600)
        assert (len(play.slack.edits), len(play.lines)) == (1, 1)
        assert await play.keeps_nothing()

    async def test_while_the_database_cannot_be_read_nothing_is_said_and_nothing_lost(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.posts.reads_fail = 3
        with capture_logs():
            await play.shows(job, ENDED)
            assert play.slack.edits == []
            await play.pass_by(60)
        assert (len(play.slack.edits), len(play.lines)) == (1, 1)

    async def test_while_the_database_cannot_be_written_what_has_been_said_is_not_said_again(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.posts.marks_fail = 5
        with capture_logs():
            await play.shows(job, ENDED)
            await play.pass_by(3600)
        assert (len(play.slack.edits), len(play.lines)) == (1, 1)
        assert await play.keeps_nothing()


class TestOutOfReach:
    async def test_who_started_the_job_is_told_of_its_end_in_private(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        with capture_logs():
            await play.shows(job, ENDED)
        [(person, line)] = play.slack.told
        assert person == "U0MEI00001"
        assert "⚪  Room `lobby` ended" in line
        assert play.lines == []
        row = await play.row()
        assert (row.told.channel, row.told.ts) == ("C1", "1.2")

    async def test_nobody_is_disturbed_with_less_than_the_end(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        with capture_logs():
            await play.shows(job, RUNNING)
        assert play.slack.told == []
        assert await play.keeps_nothing()

    async def test_who_cannot_be_told_is_told_later(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        play.slack.deaf_for = 4
        with capture_logs():
            await play.shows(job, ENDED)
            await play.pass_by(3600)
        assert len(play.slack.told) == 1
        assert await play.keeps_nothing()
