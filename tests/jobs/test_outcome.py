"""What came of a start: written down, then told, then noted as told, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job import SmartChatJob
from bot.domain.post import Post
from bot.domain.steps import Adopted, Step
from bot.durable.retry import BACKOFF
from bot.errors import (
    Answer,
    DatabaseUnavailable,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    ReasonedError,
    Refused,
    Rejected,
    Undeliverable,
)
from bot.jobs.outcome import CLAIM_TIME, SLOT_SECONDS, WRITTEN_AT_ONCE, Outcomes
from bot.messages.buttons import START_AFTER_ALL
from bot.messages.message import Message
from bot.messages.reasons import sentence
from bot.messages.replies import not_started
from bot.messages.unknown import Look
from bot.posts.loop import BACKOFF as POST_BACKOFF
from bot.posts.loop import DeliveryLoop
from bot.posts.rendering import Rendering
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.slack.ack_sent import ack_pending
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Posts, Shown
from tests.graph import told_again
from tests.metastudio.cloud import FULL_ANSWER, NOON, Clock, Pauses
from tests.steps import step_to

START = Invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.STARTING,
    user_id="U0MEI",
    channel_id="C0AVATARS",
    text="lobby cn-north-4",
    room_id="lobby",
    region="cn-north-4",
    trigger_id="trigger-1",
    response_url="https://hooks.slack.com/commands/T/1/x",
    lease_until=NOON + timedelta(seconds=40),
)
JOB = SmartChatJob.model_validate(FULL_ANSWER)
JOB_ID = JOB.job_id or ""
ACCEPTED = Answer(http_status=202, request_id="request-1")
LOST = OutcomeUnknown(reason(Code.NO_ANSWER_IN_TIME, seconds=30.0), answer=Answer(request_id="request-2"))
UNREACHED = NotSent(reason(Code.UNREACHABLE, service="MetaStudio", host="h", setting="HTTPS_PROXY"))
FULL = Rejected(reason(Code.ROOM_IS_FULL), answer=Answer(400, "MSS.20010135", "too many", "request-3"))


@dataclass
class Channel(Delivery):
    """Keeps what people are told: `announced` by everybody, `told` by one person."""

    announced: list[str] = field(default_factory=list)
    told: list[Message] = field(default_factory=list)
    instead: list[Message] = field(default_factory=list)
    addresses: list[str | None] = field(default_factory=list)
    deaf: bool = False

    @override
    async def announce(self, invocation: Invocation, render: Render) -> Delivered:
        self._listen()
        self.announced.append(render("").text)
        return Delivered(invocation.channel_id, f"1700000000.{len(self.announced):06}")

    @override
    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        self._listen()
        self.addresses.append(invocation.response_url)
        (self.instead if instead else self.told).append(message)
        return Delivered()

    def _listen(self) -> None:
        if self.deaf:
            raise Undeliverable("Slack took it on no route.")

    @property
    def heard(self) -> list[str]:
        """All that anybody was told."""
        return [*self.announced, *(message.text for message in (*self.told, *self.instead))]


class FlakyLog(Invocations):
    """Refuses so many of the next writes that move a row."""

    refuses = 0

    def refuse(self) -> None:
        if self.refuses:
            self.refuses -= 1
            raise DatabaseUnavailable(other("The database cannot be used: database is locked."))

    @override
    async def advance(
        self, invocation: Invocation, step: Step, *, post: Post | None = None
    ) -> Invocation | None:
        self.refuse()
        return await super().advance(invocation, step, post=post)

    @override
    async def adopt(
        self, unknown: Invocation, step: Adopted, *, post: Post | None = None
    ) -> Invocation | None:
        self.refuse()
        return await super().adopt(unknown, step, post=post)

    @override
    async def release(self, invocation_id: str, at: datetime | None) -> None:
        self.refuse()
        await super().release(invocation_id, at)


class FlakyPosts(Posts):
    """Refuses to mark what was told as long as its log refuses writes."""

    def __init__(self, log: FlakyLog) -> None:
        super().__init__(log._database)
        self._log = log

    @override
    async def mark(self, post: Post, shown: Shown) -> bool:
        self._log.refuse()
        return await super().mark(post, shown)


def outcomes_of(
    log: Invocations,
    channel: Delivery,
    *,
    now: Clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    posts: Posts | None = None,
) -> Outcomes:
    """Outcomes that are written to a log and told by its delivery loop."""
    loop = DeliveryLoop(
        posts=posts or Posts(log._database),
        rendering=Rendering(log, rtc_access=True),
        delivery=channel,
        now=now,
        sleep=sleep,
    )
    return Outcomes(log, loop, now=now, sleep=sleep)


async def row_of(log: Invocations, invocation_id: str = START.id) -> Invocation:
    """The row as it is in the log."""
    row = await log.get(invocation_id)
    assert row is not None
    return row


def buttons_in(message: Message) -> list[dict[str, Any]]:
    """The buttons in a message."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    beside = [block["accessory"] for block in message.blocks if block.get("accessory")]
    return [*beside, *(button for row in rows for button in row)]


@pytest.fixture
async def log(database: Database) -> FlakyLog:
    """A log with one start in it, which has been sent."""
    log = FlakyLog(database)
    await log.record(START)
    return log


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def clock() -> Clock:
    """It is a second and a half after the start was asked for."""
    clock = Clock()
    clock.advance(seconds=1.5)
    return clock


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def outcomes(log: FlakyLog, channel: Channel, clock: Clock, pauses: Pauses) -> Outcomes:
    return outcomes_of(log, channel, now=clock, sleep=pauses, posts=FlakyPosts(log))


async def test_a_job_is_announced_and_the_row_knows_all_of_it_but_its_rtc_room(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock
) -> None:
    await outcomes.started(START, JOB, ACCEPTED)

    [announcement] = channel.announced
    assert JOB_ID in announcement
    row = await row_of(log)
    assert row == replace(
        START,
        status=Status.STARTED,
        job_id=JOB_ID,
        job_state=JobState.ACCEPTED,
        configuration=row.configuration,
        region="cn-southwest-2",
        http_status=202,
        request_id="request-1",
        latency_ms=1500,
        started_at=clock(),
        message_channel="C0AVATARS",
        message_ts="1700000000.000001",
        announced_at=clock(),
        response_url=None,
        lease_until=None,
    )
    assert "a1b2c3" in (row.configuration or "")
    assert "rtc" not in (row.configuration or "")
    assert "signature" not in repr(row)


async def test_the_outcome_is_in_the_log_before_it_is_told_and_noted_only_afterwards(
    log: FlakyLog, clock: Clock
) -> None:
    rows: list[Invocation] = []

    class Witness(Channel):
        """Looks the row up at the moment of telling."""

        @override
        async def announce(self, invocation: Invocation, render: Render) -> Delivered:
            rows.append(await row_of(log))
            return await super().announce(invocation, render)

    await outcomes_of(log, Witness(), now=clock).started(START, JOB, ACCEPTED)

    [row] = rows
    assert (row.status, row.job_id, row.announced_at) == (Status.STARTED, JOB_ID, None)
    assert row.lease_until is None
    assert (await row_of(log)).announced_at == clock()


async def test_nobody_is_told_before_slack_has_its_answer(
    outcomes: Outcomes, log: FlakyLog, channel: Channel
) -> None:
    with ack_pending():
        settling = asyncio.create_task(outcomes.not_started(START, FULL))
        async with asyncio.timeout(10):
            while (await row_of(log)).status is Status.STARTING:  # noqa: ASYNC110 - the row has no event
                await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert channel.heard == []
    await settling
    assert len(channel.told) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FULL, Status.FAILED),
        (NotSent(other("MetaStudio is not reached.")), Status.FAILED),
        (DatabaseUnavailable(other("The database cannot be used.")), Status.FAILED),
        (Refused(other("Too many starts are waiting.")), Status.REFUSED),
    ],
    ids=["rejected", "not sent", "no log", "no turn"],
)
async def test_why_nothing_was_started_is_told_to_the_person_alone_and_kept(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, error: ReasonedError, status: Status
) -> None:
    await outcomes.not_started(START, error)

    [told] = channel.told
    assert sentence(error.reason) in told.text
    assert channel.announced == []
    row = await row_of(log)
    assert (row.status, row.reason, row.job_id) == (status, error.reason, None)
    answer = error.answer if isinstance(error, MetaStudioError) else Answer()
    assert Answer(row.http_status, row.error_code, row.error_msg, row.request_id) == answer
    assert row.announced_at is not None
    assert row.lease_until is None


async def test_whoever_was_cut_off_may_start_it_now(
    outcomes: Outcomes, log: FlakyLog, channel: Channel
) -> None:
    await outcomes.interrupted(START)

    [told] = channel.told
    [button] = buttons_in(told)
    assert (button["action_id"], button["value"]) == (START_AFTER_ALL, START.id)
    row = await row_of(log)
    assert (row.status, row.reason) == (Status.FAILED, reason(Code.INTERRUPTED))


async def test_what_is_not_known_is_written_down_and_told_to_nobody_yet(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock
) -> None:
    unknown = await outcomes.unknown(START, LOST)

    assert unknown == await row_of(log)
    assert unknown.status is Status.UNKNOWN
    assert (unknown.reason, unknown.request_id, unknown.latency_ms) == (LOST.reason, "request-2", 1500)
    assert unknown.lease_until == clock() + CLAIM_TIME
    assert channel.heard == []


@pytest.mark.parametrize("seconds", [-0.001, -3600])
async def test_a_clock_that_steps_back_makes_no_latency_below_zero(
    outcomes: Outcomes, log: FlakyLog, clock: Clock, seconds: float
) -> None:
    clock.now = NOON + timedelta(seconds=seconds)
    await outcomes.started(START, JOB, ACCEPTED)

    assert (await row_of(log)).latency_ms == 0


@dataclass(frozen=True)
class End:
    """One of the ways in which a start can end."""

    settle: Callable[[Outcomes], Awaitable[None]]
    status: Status
    words: str


JOB_STARTED = End(lambda outcomes: outcomes.started(START, JOB, ACCEPTED), Status.STARTED, JOB_ID)
REJECTED = End(lambda outcomes: outcomes.not_started(START, FULL), Status.FAILED, "concurrency is used up")
BOTH_ENDS = pytest.mark.parametrize("end", [JOB_STARTED, REJECTED], ids=["started", "failed"])


@BOTH_ENDS
async def test_while_the_log_fails_people_are_told_once_and_the_row_follows_as_soon_as_it_can(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, end: End
) -> None:
    log.refuses = 4
    await end.settle(outcomes)

    [heard] = channel.heard
    assert end.words in heard
    row = await row_of(log)
    assert row.status is end.status
    assert row.announced_at is not None
    assert row.lease_until is None


CROWD = 3 * WRITTEN_AT_ONCE


@dataclass
class SlowLog(Invocations):
    """Writes outcomes only while `opened`; `writing` counts those that it was asked to write."""

    database: Database
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    writing: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.database)

    @override
    async def advance(
        self, invocation: Invocation, step: Step, *, post: Post | None = None
    ) -> Invocation | None:
        self.writing += 1
        await self.opened.wait()
        return await super().advance(invocation, step, post=post)


@pytest.fixture
def slow_log(database: Database) -> SlowLog:
    return SlowLog(database)


@pytest.fixture
async def telling(slow_log: SlowLog, channel: Channel, clock: Clock) -> AsyncIterator[asyncio.Future[Any]]:
    """More people are told at once than outcomes are written; all of them are, once the log is opened."""
    starts = [replace(START, id=f"i{number}", trigger_id=None) for number in range(CROWD)]
    for start in starts:
        await slow_log.record(start)
    outcomes = outcomes_of(slow_log, channel, now=clock)
    telling = asyncio.gather(*(outcomes.not_started(start, NotSent(other("Away."))) for start in starts))
    yield telling
    slow_log.opened.set()
    await telling
    assert len(channel.told) == CROWD


@pytest.mark.usefixtures("telling")
async def test_of_a_crowd_the_first_are_written_and_told_before_the_last(slow_log: SlowLog) -> None:
    await asyncio.sleep(0.05)
    assert slow_log.writing == WRITTEN_AT_ONCE


@pytest.mark.usefixtures("telling")
async def test_a_log_that_hangs_on_the_first_of_a_crowd_keeps_the_others_waiting_for_a_moment_only(
    slow_log: SlowLog,
) -> None:
    await asyncio.sleep(SLOT_SECONDS + 0.5)
    assert slow_log.writing == CROWD


@pytest.mark.parametrize("times", [1, 4, 9])
async def test_a_log_that_fails_is_tried_again_less_and_less_often_but_never_given_up(
    outcomes: Outcomes, log: FlakyLog, pauses: Pauses, times: int
) -> None:
    log.refuses = times
    await outcomes.started(START, JOB, ACCEPTED)

    assert pauses == [BACKOFF.pause(failures) for failures in range(1, times)]


@BOTH_ENDS
async def test_a_log_that_fails_only_when_people_know_is_told_so_later(
    database: Database, clock: Clock, pauses: Pauses, end: End
) -> None:
    log = FlakyLog(database)
    await log.record(START)

    class LastWords(Channel):
        """With them the log fails."""

        @override
        def _listen(self) -> None:
            log.refuses = 2

    channel = LastWords()
    await end.settle(outcomes_of(log, channel, now=clock, sleep=pauses, posts=FlakyPosts(log)))

    assert len(channel.heard) == 1
    assert (await row_of(log)).announced_at is not None
    assert pauses == [BACKOFF.pause(1), BACKOFF.pause(2)]


async def test_what_is_not_known_is_written_as_soon_as_the_log_takes_it(
    outcomes: Outcomes, log: FlakyLog, pauses: Pauses
) -> None:
    log.refuses = 3
    assert await outcomes.unknown(START, LOST) == await row_of(log)
    assert pauses == [BACKOFF.pause(1), BACKOFF.pause(2), BACKOFF.pause(3)]


async def test_a_job_counts_although_another_process_has_taken_its_row_for_left_behind(
    outcomes: Outcomes, log: FlakyLog, channel: Channel
) -> None:
    await log.advance(START, step_to(Status.UNKNOWN, lease_until=NOON))
    await outcomes.started(START, JOB, ACCEPTED)

    row = await row_of(log)
    assert (row.status, row.job_id) == (Status.STARTED, JOB_ID)
    assert len(channel.announced) == 1


async def test_a_job_that_another_process_has_found_already_is_left_to_it(
    outcomes: Outcomes, log: FlakyLog, channel: Channel
) -> None:
    await log.advance(START, step_to(Status.STARTED, job_id=JOB_ID, lease_until=NOON))
    before = await row_of(log)
    await outcomes.started(START, JOB, ACCEPTED)

    assert channel.heard == []
    assert await row_of(log) == before


async def test_a_job_is_announced_even_where_its_row_was_settled_with_another(
    outcomes: Outcomes, log: FlakyLog, channel: Channel
) -> None:
    await log.advance(START, step_to(Status.STARTED, job_id="job-of-another", lease_until=NOON))
    before = await row_of(log)
    await outcomes.started(START, JOB, ACCEPTED)

    [announcement] = channel.announced
    assert JOB_ID in announcement
    assert await row_of(log) == before


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.STARTED, Status.FAILED])
async def test_a_failure_of_a_row_that_went_another_way_is_told_to_nobody(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, status: Status
) -> None:
    await log.advance(START, step_to(status))
    before = await row_of(log)
    await outcomes.not_started(START, FULL)
    assert await outcomes.unknown(START, LOST) is None

    assert channel.heard == []
    assert await row_of(log) == before


@BOTH_ENDS
async def test_a_row_that_went_another_way_while_the_log_failed_stays_as_it_is(
    log: FlakyLog, channel: Channel, clock: Clock, end: End
) -> None:
    taken = replace(
        START,
        status=Status.REFUSED,
        reason=other("settled by another process"),
        lease_until=NOON + CLAIM_TIME,
    )

    async def meanwhile(seconds: float) -> None:
        """Another process, whose log is well, takes the row over."""
        await Invocations.advance(
            log, START, step_to(taken.status, reason=taken.reason, lease_until=taken.lease_until)
        )

    log.refuses = 2
    await end.settle(outcomes_of(log, channel, now=clock, sleep=meanwhile))

    assert len(channel.heard) == 1
    assert await row_of(log) == taken


async def test_a_row_of_which_nobody_could_be_told_is_settled_and_its_post_is_due(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock
) -> None:
    channel.deaf = True
    clock.now = NOON - timedelta(hours=2)
    await outcomes.started(START, JOB, ACCEPTED)

    row = await row_of(log)
    assert (row.status, row.announced_at, row.lease_until) == (Status.STARTED, None, None)
    [post] = await Posts(log._database).of(START.id)
    assert post.next_attempt_at == clock() + timedelta(seconds=POST_BACKOFF.pause(1))


async def test_once_slack_takes_messages_again_people_are_told(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock
) -> None:
    channel.deaf = True
    await outcomes.started(START, JOB, ACCEPTED)
    channel.deaf = False
    clock.advance(seconds=6)
    await told_again(outcomes)

    [announcement] = channel.announced
    for fact in (JOB_ID, "1920 × 1080", "a1b2c3", "Large screen"):
        assert fact in announcement
    row = await row_of(log)
    assert (row.message_ts, row.lease_until) == ("1700000000.000001", None)
    assert row.announced_at is not None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FULL, ("concurrency is used up", "*What to do:*", "MSS.20010135", "request-3")),
        (UNREACHED, ("MetaStudio cannot be reached at h.", "*What to do:*", "HTTPS_PROXY")),
        (Refused(reason(Code.NO_TURN, seconds=30.0)), ("within 30 seconds", "Try again in a moment.")),
    ],
    ids=["rejected", "not sent", "no turn"],
)
async def test_a_failure_told_again_says_why_as_far_as_the_row_knows(
    *,
    outcomes: Outcomes,
    log: FlakyLog,
    channel: Channel,
    clock: Clock,
    error: ReasonedError,
    words: tuple[str, ...],
) -> None:
    channel.deaf = True
    await outcomes.not_started(START, error)
    channel.deaf = False
    clock.advance(seconds=6)
    await told_again(outcomes)

    [told] = channel.told
    assert told.text == not_started(START, error).text
    for word in words:
        assert word in told.text


@pytest.mark.parametrize("status", [Status.STARTED, Status.FAILED, Status.REFUSED])
async def test_what_a_version_without_posts_has_settled_is_told(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, status: Status
) -> None:
    why = {} if status is Status.STARTED else {"reason": other("Why.")}
    settled = await log.advance(START, step_to(status, **why))
    assert settled is not None
    await outcomes.leave_to_posts(settled)
    await told_again(outcomes)

    assert len(channel.heard) == 1
    assert (await row_of(log)).lease_until is None


async def test_an_interruption_told_again_still_offers_to_start_it_now(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock
) -> None:
    channel.deaf = True
    await outcomes.interrupted(START)
    channel.deaf = False
    clock.advance(seconds=6)
    await told_again(outcomes)

    [told] = channel.told
    assert [button["action_id"] for button in buttons_in(told)] == [START_AFTER_ALL]


@pytest.fixture
async def unknown(outcomes: Outcomes) -> Invocation:
    """The start, once nobody knows what came of it."""
    unknown = await outcomes.unknown(START, LOST)
    assert unknown is not None
    return unknown


async def test_a_job_that_was_found_is_announced_with_a_word_of_how(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, unknown: Invocation
) -> None:
    assert await outcomes.adopt(unknown, JOB)

    [announcement] = channel.announced
    assert JOB_ID in announcement
    assert "The call was cut off; the job had started." in announcement
    row = await row_of(log)
    assert (row.status, row.job_id, row.job_state) == (Status.STARTED, JOB_ID, JobState.ACCEPTED)
    assert (row.region, row.reason, row.lease_until) == ("cn-southwest-2", reason(Code.ADOPTED), None)
    assert "rtc" not in (row.configuration or "")


async def test_an_adopted_job_told_again_still_says_how_it_was_found(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock, unknown: Invocation
) -> None:
    channel.deaf = True
    assert await outcomes.adopt(unknown, JOB)
    channel.deaf = False
    clock.advance(seconds=6)
    await told_again(outcomes)

    assert "The call was cut off; the job had started." in channel.announced[0]


async def test_a_job_that_is_somebodys_is_not_adopted(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, unknown: Invocation
) -> None:
    owner = replace(START, id="i2", trigger_id="trigger-2", status=Status.STARTED, job_id=JOB_ID)
    await log.record(owner)

    assert not await outcomes.adopt(unknown, JOB)
    assert channel.heard == []
    assert await row_of(log) == unknown


async def test_a_start_that_was_settled_meanwhile_adopts_nothing(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, unknown: Invocation
) -> None:
    await log.advance(unknown, step_to(Status.STARTED, job_id="job-of-its-own"))

    assert not await outcomes.adopt(unknown, JOB)
    assert channel.heard == []
    assert (await row_of(log)).job_id == "job-of-its-own"


async def test_nothing_is_adopted_that_cannot_be_written_down(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, unknown: Invocation
) -> None:
    log.refuses = 1
    with pytest.raises(DatabaseUnavailable):
        await outcomes.adopt(unknown, JOB)

    assert channel.heard == []
    assert await row_of(log) == unknown


async def test_who_is_told_that_it_is_not_known_is_noted_and_the_row_is_left_to_nobody(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock, unknown: Invocation
) -> None:
    assert await outcomes.tell_unknown(unknown, Look())

    [told] = channel.told
    assert "It is not known whether room `lobby` started." in told.text
    row = await row_of(log)
    assert (row.status, row.announced_at, row.lease_until) == (Status.UNKNOWN, clock(), None)
    assert row.response_url is None


async def test_what_is_not_known_told_again_names_the_jobs_that_were_found(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock, unknown: Invocation
) -> None:
    channel.deaf = True
    assert await outcomes.tell_unknown(unknown, Look(found=("job-8", "job-9")))
    channel.deaf = False
    clock.advance(seconds=6)
    await told_again(outcomes)

    [told] = channel.told
    for word in ("`job-8`", "`job-9`", "MetaStudio lists 2 jobs in this room"):
        assert word in told.text


async def test_what_was_not_known_is_told_no_more_once_its_job_is_announced(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, clock: Clock, unknown: Invocation
) -> None:
    channel.deaf = True
    assert await outcomes.tell_unknown(unknown, Look())
    channel.deaf = False
    assert await outcomes.adopt(await row_of(log), JOB)
    clock.advance(seconds=6)
    await told_again(outcomes)

    assert (len(channel.announced), channel.told) == (1, [])
    assert (await row_of(log)).message_ts == "1700000000.000001"


async def test_nobody_is_told_of_what_another_process_has_taken(
    outcomes: Outcomes, log: FlakyLog, channel: Channel, unknown: Invocation
) -> None:
    await log.claim(unknown, NOON + 2 * CLAIM_TIME)
    assert not await outcomes.tell_unknown(unknown, Look())
    assert channel.heard == []


async def test_the_process_log_says_what_is_late_and_holds_no_secret(
    outcomes: Outcomes, log: FlakyLog
) -> None:
    log.refuses = 2
    with capture_logs() as lines:
        await outcomes.started(START, JOB, ACCEPTED)

    assert [line["event"] for line in lines] == [
        "started",
        "the outcome is not in the database yet",
        "the database does not take it yet",
    ]
    assert all(line.get("job_id", JOB_ID) == JOB_ID for line in lines)
    for secret in ("rtc-signature", "hooks.slack.com"):
        assert secret not in str(lines)


@BOTH_ENDS
async def test_an_outcome_that_was_written_though_the_answer_was_lost_is_told_once(
    *, database: Database, log: FlakyLog, channel: Channel, clock: Clock, end: End
) -> None:
    class Forgetful(FlakyLog):
        """Loses the answer to the first step that it takes."""

        lost = False

        @override
        async def advance(
            self, invocation: Invocation, step: Step, *, post: Post | None = None
        ) -> Invocation | None:
            moved = await super().advance(invocation, step, post=post)
            if not self.lost:
                self.lost = True
                raise DatabaseUnavailable(other("connection lost"))
            return moved

    forgetful = Forgetful(database)
    await end.settle(outcomes_of(forgetful, channel, now=clock, sleep=Pauses()))

    assert len(channel.heard) == 1
    row = await row_of(log)
    assert row.announced_at is not None
    assert row.lease_until is None
