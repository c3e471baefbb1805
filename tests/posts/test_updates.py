"""Announcements that keep up with their jobs, whatever Slack and the log do meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job_state import JobLife
from bot.errors import DatabaseUnavailable, Undeliverable
from bot.messages.message import Message
from bot.posts.updates import AT_ONCE, EDIT_SECONDS, RETRY_SECONDS, Showing
from bot.slack.delivery import Delivered, Delivery
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.tables import invocations
from bot.store.watched_jobs import WatchedJob, WatchedJobs

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LU = "U0LU000001"

RUNNING = JobLife(JobState.RUNNING)
ENDED = JobLife(JobState.ENDED, 90)
STOPPED = JobLife(JobState.STOPPED, 90, stopped_by=LU)


@dataclass
class Time:
    """Passes only when it is told to; who sleeps wakes in the right order."""

    now: float = 0.0
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.now + seconds, asyncio.get_running_loop().create_future())
        self.sleepers.append(sleeper)
        try:
            await sleeper[1]
        finally:
            self.sleepers.remove(sleeper)

    def wake_next(self, until: float) -> bool:
        """Go on to the next moment at which somebody wakes; False where nobody does before then."""
        due, waking = min(self.sleepers, key=lambda sleeper: sleeper[0], default=(until + 1, None))
        if waking is None or due > until:
            self.now = until
            return False
        self.now = due
        waking.set_result(None)
        return True


@dataclass
class Slack(Delivery):
    """Keeps the messages with the second at which they came, and refuses so many of each kind."""

    time: Time
    edits: list[tuple[float, str]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    edits_to_refuse: int = 0
    replies_to_refuse: int = 0
    deaf_for: int = 0
    out_of_reach: bool = False
    bug: Exception | None = None
    gate: asyncio.Event | None = None
    at_once: int = 0
    most_at_once: int = 0

    @property
    def has_heard_nothing(self) -> bool:
        return not (self.edits or self.replies or self.told)

    @override
    async def edit(self, invocation: Invocation, message: Message) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._edit(message)
        finally:
            self.at_once -= 1

    async def _edit(self, message: Message) -> bool:
        if self.gate:
            await self.gate.wait()
        if self.bug:
            raise self.bug
        if self.out_of_reach:
            raise Undeliverable("Slack does not let it be changed (message_not_found).")
        self.edits.append((self.time.now, message.text.splitlines()[0]))
        if self.edits_to_refuse:
            self.edits_to_refuse -= 1
            return False
        return True

    @override
    async def reply(self, invocation: Invocation, message: Message) -> bool:
        if self.replies_to_refuse:
            self.replies_to_refuse -= 1
            return False
        self.replies.append(message.text)
        return True

    @override
    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        if self.deaf_for:
            self.deaf_for -= 1
            raise Undeliverable("Slack took it on no route.")
        self.told.append((invocation.user_id, message.text))
        return Delivered()


class FlakyLog(Invocations):
    """Fails so many times to give a row."""

    failures = 0

    @override
    async def get(self, invocation_id: str) -> Invocation | None:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable("The log cannot be used: database is locked.")
        return await super().get(invocation_id)


class FlakyWatchedJobs(WatchedJobs):
    """Fails so many times to note what is shown."""

    failures = 0

    @override
    async def show(self, job: WatchedJob, state: JobState, at: datetime) -> None:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailable("The log cannot be used: database is locked.")
        await super().show(job, state, at)


class Play:
    """Jobs in a log, their messages in Slack, and a time that passes as the test wants it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.time = Time()
        self.slack = Slack(self.time)
        self.log = FlakyLog(database)
        self.watched_jobs = FlakyWatchedJobs(database)
        self.showing = Showing(
            invocations=self.log,
            watched_jobs=self.watched_jobs,
            delivery=self.slack,
            rtc_access=True,
            now=lambda: NOON,
            sleep=self.time.sleep,
        )

    async def announced(self, job_id: str = "job-1", state: JobState = JobState.ACCEPTED) -> WatchedJob:
        """A job whose message stands in the channel."""
        row = Invocation(
            id=f"row of {job_id}",
            created_at=NOON,
            action=Action.START,
            source=Source.COMMAND,
            status=Status.STARTED,
            user_id="U0MEI00001",
            channel_id="C1",
            room_id="lobby",
            job_id=job_id,
            job_state=state,
            message_channel="C1",
            message_ts="1.2",
            announced_at=NOON,
        )
        assert await self.log.record(row)
        [job] = await self.watched_jobs.followed(job_id=job_id)
        return job

    async def shows(self, job: WatchedJob, *lives: JobLife) -> None:
        """What becomes of a job, one at once after the other; back when all is done that can be now."""
        for life in lives:
            self.showing.show(job, life)
        await self.settled()

    async def pass_by(self, seconds: float) -> None:
        """So much time, and all that is done in it."""
        until = self.time.now + seconds
        while self.time.wake_next(until):
            await self.settled()

    async def settled(self) -> None:
        """Until whoever has something to do sleeps."""
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            while len(self.showing._tasks._running) > len(self.time.sleepers):  # noqa: ASYNC110 - they have no event
                await asyncio.sleep(0)

    async def state(self, job_id: str = "job-1") -> JobState | None:
        """What the log says that the message shows."""
        row = await self.log.find_start(job_id)
        return row.job_state if row else None

    @property
    def keeps_nothing(self) -> bool:
        return not self.showing._wanted and not self.showing._tasks._running


@pytest.fixture
def play(database: Database) -> Play:
    return Play(database)


async def test_a_message_says_how_its_job_stands_and_the_log_knows_it(play: Play) -> None:
    job = await play.announced()
    await play.shows(job, RUNNING)
    assert play.slack.edits == [(0, "Avatar job running.")]
    assert (job.state, await play.state()) == (JobState.RUNNING, JobState.RUNNING)
    assert play.slack.replies == []


async def test_the_end_also_stands_once_in_the_thread(play: Play) -> None:
    job = await play.announced(state=JobState.RUNNING)
    await play.shows(job, STOPPED)
    assert play.slack.edits == [(0, "Avatar job stopped.")]
    [line] = play.slack.replies
    assert f"<@{LU}>" in line
    assert await play.state() is JobState.STOPPED
    assert play.slack.told == []


async def test_while_a_message_is_brought_up_to_date_this_can_be_seen(play: Play) -> None:
    job, other = await play.announced(), await play.announced("job-2")
    play.slack.edits_to_refuse = 1
    with capture_logs():
        await play.shows(job, ENDED)
    assert play.showing.is_at(job)
    assert not play.showing.is_at(other)
    await play.pass_by(60)
    assert not play.showing.is_at(job)


class TestCoalescing:
    async def test_what_is_over_before_it_could_be_shown_is_not_shown(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, RUNNING, ENDED)
        assert play.slack.edits == [(0, "Avatar job ended.")]
        assert len(play.slack.replies) == 1

    async def test_two_edits_of_one_message_are_seconds_apart(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, RUNNING)
        await play.pass_by(1)
        await play.shows(job, ENDED)
        assert play.slack.edits == [(0, "Avatar job running.")]
        await play.pass_by(60)
        assert play.slack.edits == [(0, "Avatar job running."), (EDIT_SECONDS, "Avatar job ended.")]

    async def test_what_comes_while_a_message_is_edited_is_shown_after_it(self, play: Play) -> None:
        job = await play.announced()
        play.slack.gate = asyncio.Event()
        play.showing.show(job, RUNNING)
        while not play.slack.at_once:  # noqa: ASYNC110 - the log has no event for it
            await asyncio.sleep(0)
        play.showing.show(job, ENDED)
        play.slack.gate.set()
        await play.settled()
        await play.pass_by(60)
        assert play.slack.edits == [(0, "Avatar job running."), (EDIT_SECONDS, "Avatar job ended.")]
        assert len(play.slack.replies) == 1

    async def test_after_a_while_an_edit_is_made_at_once(self, play: Play) -> None:
        job = await play.announced()
        await play.shows(job, RUNNING)
        await play.pass_by(EDIT_SECONDS)
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
            play.showing.show(job, ENDED)
        while play.slack.at_once < AT_ONCE:  # noqa: ASYNC110 - the log has no event for it
            await asyncio.sleep(0)
        play.slack.gate.set()
        await play.settled()
        assert play.slack.most_at_once == AT_ONCE
        assert len(play.slack.replies) == len(jobs)


class TestWhatHasBecomeKnown:
    async def test_a_message_says_it_though_the_state_is_the_same(self, play: Play) -> None:
        job = await play.announced(state=JobState.RUNNING)
        await play.watched_jobs.complete(job, room_name="Lobby kiosk")
        play.showing.refresh(job, RUNNING)
        await play.settled()
        await play.pass_by(60)
        assert play.slack.edits == [(0, "Avatar job running.")]
        assert await play.state() is JobState.RUNNING
        assert play.keeps_nothing

    async def test_with_a_new_state_it_takes_one_edit(self, play: Play) -> None:
        job = await play.announced()
        play.showing.refresh(job, JobLife(JobState.ACCEPTED))
        await play.shows(job, RUNNING)
        play.showing.refresh(job, JobLife(JobState.ACCEPTED))
        await play.pass_by(60)
        assert play.slack.edits == [(0, "Avatar job running."), (EDIT_SECONDS, "Avatar job running.")]
        assert await play.state() is JobState.RUNNING

    async def test_an_end_is_told_once_however_often_its_message_is_edited(self, play: Play) -> None:
        job = await play.announced(state=JobState.RUNNING)
        await play.shows(job, ENDED)
        play.showing.refresh(job, ENDED)
        await play.settled()
        await play.pass_by(60)
        assert [title for _, title in play.slack.edits] == ["Avatar job ended."] * 2
        assert len(play.slack.replies) == 1

    async def test_an_end_is_told_once_also_where_the_log_fails_meanwhile(self, play: Play) -> None:
        job = await play.announced(state=JobState.RUNNING)
        play.watched_jobs.failures = 1
        with capture_logs():
            await play.shows(job, ENDED)
            play.showing.refresh(job, ENDED)
            await play.pass_by(60)
        assert len(play.slack.replies) == 1
        assert await play.state() is JobState.ENDED
        assert play.keeps_nothing

    async def test_a_message_that_is_further_by_another_process_is_left_alone(self, play: Play) -> None:
        job = await play.announced()
        await play.watched_jobs.show(job, JobState.ENDED, NOON)
        play.showing.refresh(job, RUNNING)
        await play.settled()
        await play.pass_by(60)
        assert play.slack.has_heard_nothing

    async def test_where_a_message_cannot_be_edited_nobody_is_bothered(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        with capture_logs():
            play.showing.refresh(job, JobLife(JobState.ACCEPTED))
            await play.settled()
            await play.pass_by(60)
        assert play.slack.told == []
        assert play.keeps_nothing


class TestFailures:
    async def test_an_edit_that_slack_does_not_take_is_made_again_after_longer_and_longer_pauses(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.slack.edits_to_refuse = 6
        await play.shows(job, ENDED)
        await play.pass_by(3600)
        pauses = [*RETRY_SECONDS, RETRY_SECONDS[-1], RETRY_SECONDS[-1]]
        assert [at for at, _ in play.slack.edits] == [sum(pauses[:number]) for number in range(7)]
        assert len(play.slack.replies) == 1
        assert await play.state() is JobState.ENDED

    async def test_after_a_failure_the_state_of_then_is_shown_and_not_the_one_from_before(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.slack.edits_to_refuse = 1
        await play.shows(job, RUNNING)
        await play.shows(job, ENDED)
        await play.pass_by(60)
        assert [title for _, title in play.slack.edits] == ["Avatar job running.", "Avatar job ended."]

    async def test_the_line_in_the_thread_is_added_as_soon_as_slack_takes_it_and_once(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.slack.replies_to_refuse = 3
        await play.shows(job, ENDED)
        assert await play.state() is JobState.ACCEPTED
        await play.pass_by(3600)
        assert len(play.slack.replies) == 1
        assert await play.state() is JobState.ENDED

    async def test_while_the_log_cannot_be_read_nothing_is_said_and_nothing_lost(self, play: Play) -> None:
        job = await play.announced()
        play.log.failures = 3
        with capture_logs():
            await play.shows(job, ENDED)
            await play.pass_by(sum(RETRY_SECONDS[:3]) - 1)
        assert play.slack.edits == []
        await play.pass_by(1)
        assert (len(play.slack.edits), len(play.slack.replies)) == (1, 1)

    async def test_while_the_log_cannot_be_written_what_has_been_said_is_not_said_again(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.watched_jobs.failures = 5
        with capture_logs():
            await play.shows(job, ENDED)
            await play.pass_by(3600)
        assert (len(play.slack.edits), len(play.slack.replies)) == (1, 1)
        assert await play.state() is JobState.ENDED
        assert play.keeps_nothing

    async def test_a_job_that_ends_while_the_log_cannot_be_written_is_shown_to_have_ended(
        self, play: Play
    ) -> None:
        job = await play.announced()
        play.watched_jobs.failures = 2
        with capture_logs():
            await play.shows(job, RUNNING)
            await play.shows(job, ENDED)
            await play.pass_by(3600)
        assert [title for _, title in play.slack.edits] == ["Avatar job running.", "Avatar job ended."]
        assert len(play.slack.replies) == 1
        assert await play.state() is JobState.ENDED

    async def test_what_the_log_has_noted_though_it_seemed_to_fail_does_not_stand_in_the_way(
        self, play: Play
    ) -> None:
        job = await play.announced()
        await play.watched_jobs.show(job, JobState.RUNNING, NOON)
        assert job.state is JobState.ACCEPTED
        await play.shows(job, ENDED)
        assert await play.state() is JobState.ENDED

    async def test_a_bug_in_one_message_does_not_concern_the_others(self, play: Play) -> None:
        job, other = await play.announced(), await play.announced("job-2")
        play.slack.bug = ZeroDivisionError()
        with capture_logs() as logs:
            await play.shows(job, ENDED)
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a task failed"]
        assert play.keeps_nothing
        play.slack.bug = None
        await play.shows(other, ENDED)
        assert await play.state("job-2") is JobState.ENDED


class TestOutOfReach:
    async def test_who_started_the_job_is_told_of_its_end_in_private(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        await play.shows(job, ENDED)
        [(person, line)] = play.slack.told
        assert person == "U0MEI00001"
        assert "`job-1` in room `lobby` ended" in line
        assert play.slack.replies == []
        assert await play.state() is JobState.ENDED

    async def test_nobody_is_disturbed_with_less_than_the_end(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        await play.shows(job, RUNNING)
        assert play.slack.told == []
        assert await play.state() is JobState.RUNNING

    async def test_who_cannot_be_told_is_told_later(self, play: Play) -> None:
        job = await play.announced()
        play.slack.out_of_reach = True
        play.slack.deaf_for = 4
        await play.shows(job, ENDED)
        await play.pass_by(3600)
        assert len(play.slack.told) == 1
        assert await play.state() is JobState.ENDED


class TestNothingLeftToSay:
    @pytest.mark.parametrize("life", [RUNNING, ENDED], ids=["running", "ended"])
    async def test_a_row_that_is_gone_is_let_go(self, play: Play, life: JobLife) -> None:
        job = await play.announced()
        async with play.database.connect() as connection:
            await connection.execute(delete(invocations))
        await play.shows(job, life)
        await play.pass_by(EDIT_SECONDS)
        assert play.slack.has_heard_nothing
        assert play.keeps_nothing

    async def test_an_end_that_another_process_has_told_of_is_not_told_again(self, play: Play) -> None:
        job = await play.announced()
        [theirs] = await play.watched_jobs.followed()
        await play.watched_jobs.show(theirs, JobState.STOPPED, NOON)
        await play.shows(job, ENDED)
        assert play.slack.has_heard_nothing
        assert await play.state() is JobState.STOPPED
        assert play.keeps_nothing


class TestMemory:
    async def test_of_jobs_that_have_ended_nothing_is_kept(self, play: Play) -> None:
        jobs = [await play.announced(f"job-{number}") for number in range(100)]
        for job in jobs:
            play.showing.show(job, RUNNING)
        await play.settled()
        for job in jobs:
            play.showing.show(job, ENDED)
        await play.pass_by(60)
        assert len(play.slack.replies) == 100
        assert play.keeps_nothing

    async def test_of_jobs_that_go_on_nothing_is_kept_either(self, play: Play) -> None:
        await play.shows(await play.announced(), RUNNING)
        await play.pass_by(EDIT_SECONDS)
        assert play.keeps_nothing


class TestClosing:
    @pytest.fixture
    def failing(self, play: Play) -> Callable[[], Awaitable[WatchedJob]]:
        async def make() -> WatchedJob:
            play.slack.edits_to_refuse = 1
            job = await play.announced()
            await play.shows(job, ENDED)
            return job

        return make

    async def test_what_is_not_shown_yet_is_left_to_whoever_follows_the_job_next(
        self, play: Play, failing: Callable[[], Awaitable[WatchedJob]]
    ) -> None:
        job = await failing()
        await play.showing.close()
        assert play.keeps_nothing
        assert not play.showing.is_at(job)
        assert [left.job_id for left in await play.watched_jobs.followed()] == ["job-1"]

    async def test_what_has_not_even_begun_is_left_as_well(self, play: Play) -> None:
        job = await play.announced()
        play.showing.show(job, ENDED)
        await play.showing.close()
        assert not play.showing.is_at(job)
        assert play.keeps_nothing

    async def test_it_may_be_shown_here_after_all(
        self, play: Play, failing: Callable[[], Awaitable[WatchedJob]]
    ) -> None:
        await failing()
        await play.showing.close()
        [job] = await play.watched_jobs.followed()
        await play.shows(job, ENDED)
        assert len(play.slack.replies) == 1
        assert await play.state() is JobState.ENDED

    async def test_with_nothing_to_show_closing_takes_no_time(self, play: Play) -> None:
        await play.showing.close()
        assert play.keeps_nothing
