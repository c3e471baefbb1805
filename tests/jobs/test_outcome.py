"""The outcome of a start is stored, told, and marked as told, also if a step fails."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.invocation import Invocation, JobState, Status
from bot.durable.retry import BACKOFF
from bot.errors import (
    Answer,
    DatabaseUnavailable,
    MetaStudioError,
    NotSent,
    ReasonedError,
    Refused,
)
from bot.jobs.outcome import CLAIM_TIME, SLOT_SECONDS, WRITTEN_AT_ONCE
from bot.messages.buttons import START_AFTER_ALL
from bot.messages.reasons import sentence
from bot.messages.replies import not_started
from bot.messages.unknown import Look
from bot.posts.loop import BACKOFF as POST_BACKOFF
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.slack.ack_sent import ack_pending
from bot.slack.delivery import Delivered, Render
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from tests.fakes import Channel, FlakyLog, FlakyPosts, SlowLog, changed, flat
from tests.graph import told_again
from tests.jobs.outcome_world import (
    ACCEPTED,
    CROWD,
    FULL,
    JOB,
    JOB_ID,
    JOB_STARTED,
    LOST,
    REJECTED,
    START,
    UNREACHED,
    End,
    World,
    a_crowd_is_told,
    buttons_in,
    outcomes_of,
    row_of,
)
from tests.metastudio.cloud import NOON, Pauses
from tests.steps import step_to

BOTH_ENDS = pytest.mark.parametrize("end", [JOB_STARTED, REJECTED], ids=["started", "failed"])


@pytest.fixture
async def world(database: Database) -> World:
    log = FlakyLog(database)
    await log.record(START)
    return World(log)


@pytest.fixture
def slow_log(database: Database) -> SlowLog:
    return SlowLog(database, steps=True)


async def test_a_job_is_announced_and_the_row_knows_all_of_it_but_its_rtc_room(world: World) -> None:
    await world.outcomes.started(START, JOB, ACCEPTED)

    [announcement] = world.channel.announced
    assert JOB_ID in announcement
    row = await world.row()
    assert row == changed(
        START,
        status=Status.STARTED,
        job_id=JOB_ID,
        job_state=JobState.ACCEPTED,
        configuration=flat(row).configuration,
        region="cn-southwest-2",
        http_status=202,
        request_id="request-1",
        latency_ms=1500,
        started_at=world.clock(),
        message_channel="C0AVATARS",
        message_ts="1700000000.000001",
        announced_at=world.clock(),
        response_url=None,
        lease_until=None,
    )
    assert "a1b2c3" in (flat(row).configuration or "")
    assert "rtc" not in (flat(row).configuration or "")
    assert "signature" not in repr(row)


async def test_the_outcome_is_in_the_log_before_it_is_told_and_noted_only_afterwards(world: World) -> None:
    rows: list[Invocation] = []

    class Witness(Channel):
        """Reads the row at the moment of the message."""

        @override
        async def announce(self, invocation: Invocation, render: Render) -> Delivered:
            rows.append(await world.row())
            return await super().announce(invocation, render)

    await outcomes_of(world.log, Witness(), now=world.clock).started(START, JOB, ACCEPTED)

    [row] = rows
    assert (row.status, flat(row).job_id, row.told.announced_at) == (Status.STARTED, JOB_ID, None)
    assert row.lease_until is None
    assert (await world.row()).told.announced_at == world.clock()


async def test_nobody_is_told_before_slack_has_its_answer(world: World) -> None:
    with ack_pending():
        settling = asyncio.create_task(world.outcomes.not_started(START, FULL))
        async with asyncio.timeout(10):
            while (await world.row()).status is Status.STARTING:  # noqa: ASYNC110 - the row has no event
                await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert world.channel.heard == []
    await settling
    assert len(world.channel.told) == 1


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
    world: World, error: ReasonedError, status: Status
) -> None:
    await world.outcomes.not_started(START, error)

    [told] = world.channel.told
    assert sentence(error.reason) in told.text
    assert world.channel.announced == []
    row = await world.row()
    assert (row.status, row.reason, flat(row).job_id) == (status, error.reason, None)
    answer = error.answer if isinstance(error, MetaStudioError) else Answer()
    assert (
        Answer(row.answer.http_status, row.answer.error_code, row.answer.error_msg, row.answer.request_id)
        == answer
    )
    assert row.told.announced_at is not None
    assert row.lease_until is None


async def test_whoever_was_cut_off_may_start_it_now(world: World) -> None:
    await world.outcomes.interrupted(START)

    [told] = world.channel.told
    [button] = buttons_in(told)
    assert (button["action_id"], button["value"]) == (START_AFTER_ALL, START.id)
    row = await world.row()
    assert (row.status, row.reason) == (Status.FAILED, reason(Code.INTERRUPTED))


async def test_what_is_not_known_is_written_down_and_told_to_nobody_yet(world: World) -> None:
    unknown = await world.outcomes.unknown(START, LOST)

    assert unknown == await world.row()
    assert unknown.status is Status.UNKNOWN
    assert (unknown.reason, unknown.answer.request_id, unknown.latency_ms) == (LOST.reason, "request-2", 1500)
    assert unknown.lease_until == world.clock() + CLAIM_TIME
    assert world.channel.heard == []


@pytest.mark.parametrize("seconds", [-0.001, -3600])
async def test_a_clock_that_steps_back_makes_no_latency_below_zero(world: World, seconds: float) -> None:
    world.clock.now = NOON + timedelta(seconds=seconds)
    await world.outcomes.started(START, JOB, ACCEPTED)

    assert (await world.row()).latency_ms == 0


@BOTH_ENDS
async def test_while_the_log_fails_people_are_told_once_and_the_row_follows_as_soon_as_it_can(
    world: World, end: End
) -> None:
    world.log.refuses = 4
    await end.settle(world.outcomes)

    [heard] = world.channel.heard
    assert end.words in heard
    row = await world.row()
    assert row.status is end.status
    assert row.told.announced_at is not None
    assert row.lease_until is None


async def test_of_a_crowd_the_first_are_written_and_told_before_the_last(slow_log: SlowLog) -> None:
    async with a_crowd_is_told(slow_log):
        await asyncio.sleep(0.05)
        assert slow_log.writing == WRITTEN_AT_ONCE


async def test_a_log_that_hangs_on_the_first_of_a_crowd_keeps_the_others_waiting_for_a_moment_only(
    slow_log: SlowLog,
) -> None:
    async with a_crowd_is_told(slow_log):
        await asyncio.sleep(SLOT_SECONDS + 0.5)
        assert slow_log.writing == CROWD


@pytest.mark.parametrize("times", [1, 4, 9])
async def test_a_log_that_fails_is_tried_again_less_and_less_often_but_never_given_up(
    world: World, times: int
) -> None:
    world.log.refuses = times
    await world.outcomes.started(START, JOB, ACCEPTED)

    assert world.pauses == [BACKOFF.pause(failures) for failures in range(1, times)]


@BOTH_ENDS
async def test_a_log_that_fails_only_when_people_know_is_told_so_later(world: World, end: End) -> None:
    log = world.log

    class RefusingAfterMessage(Channel):
        """The database refuses two writes after the message."""

        @override
        def _listen(self) -> None:
            log.refuses = 2

    channel = RefusingAfterMessage()
    await end.settle(
        outcomes_of(
            log, channel, now=world.clock, sleep=world.pauses, posts=FlakyPosts(log._database, log=log)
        )
    )

    assert len(channel.heard) == 1
    assert (await row_of(log)).told.announced_at is not None
    assert world.pauses == [BACKOFF.pause(1), BACKOFF.pause(2)]


async def test_what_is_not_known_is_written_as_soon_as_the_log_takes_it(world: World) -> None:
    world.log.refuses = 3
    assert await world.outcomes.unknown(START, LOST) == await world.row()
    assert world.pauses == [BACKOFF.pause(1), BACKOFF.pause(2), BACKOFF.pause(3)]


async def test_a_job_counts_although_another_process_has_taken_its_row_for_left_behind(world: World) -> None:
    await world.log.advance(START, step_to(Status.UNKNOWN, lease_until=NOON))
    await world.outcomes.started(START, JOB, ACCEPTED)

    row = await world.row()
    assert (row.status, flat(row).job_id) == (Status.STARTED, JOB_ID)
    assert len(world.channel.announced) == 1


async def test_a_job_that_another_process_has_found_already_is_left_to_it(world: World) -> None:
    await world.log.advance(START, step_to(Status.STARTED, job_id=JOB_ID, lease_until=NOON))
    before = await world.row()
    await world.outcomes.started(START, JOB, ACCEPTED)

    assert world.channel.heard == []
    assert await world.row() == before


async def test_a_job_is_announced_even_where_its_row_was_settled_with_another(world: World) -> None:
    await world.log.advance(START, step_to(Status.STARTED, job_id="job-of-another", lease_until=NOON))
    before = await world.row()
    await world.outcomes.started(START, JOB, ACCEPTED)

    [announcement] = world.channel.announced
    assert JOB_ID in announcement
    assert await world.row() == before


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.STARTED, Status.FAILED])
async def test_a_failure_of_a_row_that_went_another_way_is_told_to_nobody(
    world: World, status: Status
) -> None:
    await world.log.advance(START, step_to(status))
    before = await world.row()
    await world.outcomes.not_started(START, FULL)
    assert await world.outcomes.unknown(START, LOST) is None

    assert world.channel.heard == []
    assert await world.row() == before


@BOTH_ENDS
async def test_a_row_that_went_another_way_while_the_log_failed_stays_as_it_is(
    world: World, end: End
) -> None:
    taken = replace(
        START,
        status=Status.REFUSED,
        reason=other("settled by another process"),
        lease_until=NOON + CLAIM_TIME,
    )

    async def meanwhile(seconds: float) -> None:
        """Let another process, whose database works, claim the row."""
        await Invocations.advance(
            world.log, START, step_to(taken.status, reason=taken.reason, lease_until=taken.lease_until)
        )

    world.log.refuses = 2
    await end.settle(outcomes_of(world.log, world.channel, now=world.clock, sleep=meanwhile))

    assert len(world.channel.heard) == 1
    assert await world.row() == taken


async def test_a_row_of_which_nobody_could_be_told_is_settled_and_its_post_is_due(world: World) -> None:
    world.channel.deaf = True
    world.clock.now = NOON - timedelta(hours=2)
    await world.outcomes.started(START, JOB, ACCEPTED)

    row = await world.row()
    assert (row.status, row.told.announced_at, row.lease_until) == (Status.STARTED, None, None)
    [post] = await Posts(world.log._database).of(START.id)
    assert post.next_attempt_at == world.clock() + timedelta(seconds=POST_BACKOFF.pause(1))


async def test_once_slack_takes_messages_again_people_are_told(world: World) -> None:
    world.channel.deaf = True
    await world.outcomes.started(START, JOB, ACCEPTED)
    world.channel.deaf = False
    world.clock.advance(seconds=6)
    await told_again(world.outcomes)

    [announcement] = world.channel.announced
    for fact in (JOB_ID, "1920 × 1080", "Large screen"):
        assert fact in announcement
    row = await world.row()
    assert (row.told.ts, row.lease_until) == ("1700000000.000001", None)
    assert row.told.announced_at is not None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FULL, ("concurrency is used up", "Stop a running session", "MSS.20010135", "request-3")),
        (UNREACHED, ("MetaStudio cannot be reached at h.", "HTTPS_PROXY")),
        (Refused(reason(Code.NO_TURN, seconds=30.0)), ("within 30 seconds", "Try again in a moment.")),
    ],
    ids=["rejected", "not sent", "no turn"],
)
async def test_a_failure_told_again_says_why_as_far_as_the_row_knows(
    world: World, error: ReasonedError, words: tuple[str, ...]
) -> None:
    world.channel.deaf = True
    await world.outcomes.not_started(START, error)
    world.channel.deaf = False
    world.clock.advance(seconds=6)
    await told_again(world.outcomes)

    [told] = world.channel.told
    assert told.text == not_started(START, error).text
    for word in words:
        assert word in told.text


@pytest.mark.parametrize("status", [Status.STARTED, Status.FAILED, Status.REFUSED])
async def test_what_a_version_without_posts_has_settled_is_told(world: World, status: Status) -> None:
    why = {} if status is Status.STARTED else {"reason": other("Why.")}
    settled = await world.log.advance(START, step_to(status, **why))
    assert settled is not None
    await world.outcomes.leave_to_posts(settled)
    await told_again(world.outcomes)

    assert len(world.channel.heard) == 1
    assert (await world.row()).lease_until is None


async def test_an_interruption_told_again_still_offers_to_start_it_now(world: World) -> None:
    world.channel.deaf = True
    await world.outcomes.interrupted(START)
    world.channel.deaf = False
    world.clock.advance(seconds=6)
    await told_again(world.outcomes)

    [told] = world.channel.told
    assert [button["action_id"] for button in buttons_in(told)] == [START_AFTER_ALL]


async def test_a_job_that_was_found_is_announced_with_a_word_of_how(world: World) -> None:
    unknown = await world.becomes_unknown()
    assert await world.outcomes.adopt(unknown, JOB)

    [announcement] = world.channel.announced
    assert JOB_ID in announcement
    assert "The call was cut off; the job had started." in announcement
    row = await world.row()
    assert (row.status, flat(row).job_id, flat(row).job_state) == (Status.STARTED, JOB_ID, JobState.ACCEPTED)
    assert (flat(row).region, row.reason, row.lease_until) == ("cn-southwest-2", reason(Code.ADOPTED), None)
    assert "rtc" not in (flat(row).configuration or "")


async def test_an_adopted_job_told_again_still_says_how_it_was_found(world: World) -> None:
    unknown = await world.becomes_unknown()
    world.channel.deaf = True
    assert await world.outcomes.adopt(unknown, JOB)
    world.channel.deaf = False
    world.clock.advance(seconds=6)
    await told_again(world.outcomes)

    assert "The call was cut off; the job had started." in world.channel.announced[0]


async def test_a_job_that_is_somebodys_is_not_adopted(world: World) -> None:
    unknown = await world.becomes_unknown()
    owner = changed(START, id="i2", trigger_id="trigger-2", status=Status.STARTED, job_id=JOB_ID)
    await world.log.record(owner)

    assert not await world.outcomes.adopt(unknown, JOB)
    assert world.channel.heard == []
    assert await world.row() == unknown


async def test_a_start_that_was_settled_meanwhile_adopts_nothing(world: World) -> None:
    unknown = await world.becomes_unknown()
    await world.log.advance(unknown, step_to(Status.STARTED, job_id="job-of-its-own"))

    assert not await world.outcomes.adopt(unknown, JOB)
    assert world.channel.heard == []
    assert flat(await world.row()).job_id == "job-of-its-own"


async def test_nothing_is_adopted_that_cannot_be_written_down(world: World) -> None:
    unknown = await world.becomes_unknown()
    world.log.refuses = 1
    with pytest.raises(DatabaseUnavailable):
        await world.outcomes.adopt(unknown, JOB)

    assert world.channel.heard == []
    assert await world.row() == unknown


async def test_who_is_told_that_it_is_not_known_is_noted_and_the_row_is_left_to_nobody(world: World) -> None:
    unknown = await world.becomes_unknown()
    assert await world.outcomes.tell_unknown(unknown, Look())

    [told] = world.channel.told
    assert "It is not known whether room `lobby` started." in told.text
    row = await world.row()
    assert (row.status, row.told.announced_at, row.lease_until) == (Status.UNKNOWN, world.clock(), None)
    assert row.origin.response_url is None


async def test_what_is_not_known_told_again_names_the_jobs_that_were_found(world: World) -> None:
    unknown = await world.becomes_unknown()
    world.channel.deaf = True
    assert await world.outcomes.tell_unknown(unknown, Look(found=("job-8", "job-9")))
    world.channel.deaf = False
    world.clock.advance(seconds=6)
    await told_again(world.outcomes)

    [told] = world.channel.told
    for word in ("`job-8`", "`job-9`", "MetaStudio lists 2 jobs in this room"):
        assert word in told.text


async def test_what_was_not_known_is_told_no_more_once_its_job_is_announced(world: World) -> None:
    unknown = await world.becomes_unknown()
    world.channel.deaf = True
    assert await world.outcomes.tell_unknown(unknown, Look())
    world.channel.deaf = False
    assert await world.outcomes.adopt(await world.row(), JOB)
    world.clock.advance(seconds=6)
    await told_again(world.outcomes)

    assert (len(world.channel.announced), world.channel.told) == (1, [])
    assert (await world.row()).told.ts == "1700000000.000001"


async def test_nobody_is_told_of_what_another_process_has_taken(world: World) -> None:
    unknown = await world.becomes_unknown()
    await world.log.claim(unknown, NOON + 2 * CLAIM_TIME)
    assert not await world.outcomes.tell_unknown(unknown, Look())
    assert world.channel.heard == []


async def test_the_process_log_says_what_is_late_and_holds_no_secret(world: World) -> None:
    world.log.refuses = 2
    with capture_logs() as lines:
        await world.outcomes.started(START, JOB, ACCEPTED)

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
    world: World, end: End
) -> None:
    forgetful = FlakyLog(world.log._database, answers_lost=1)
    await end.settle(outcomes_of(forgetful, world.channel, now=world.clock, sleep=Pauses()))

    assert forgetful.answers_lost == 0
    assert len(world.channel.heard) == 1
    row = await world.row()
    assert row.told.announced_at is not None
    assert row.lease_until is None


@BOTH_ENDS
async def test_an_outcome_is_told_once_however_long_its_database_is_away_after_it(
    world: World, end: End
) -> None:
    class GoesAway(FlakyLog):
        """Loses one answer, then fails for a while."""

        @override
        def lose_answer(self) -> None:
            self.refuses += self.answers_lost
            super().lose_answer()

    async def a_minute_later(_seconds: float) -> None:
        world.clock.advance(seconds=60)
        await told_again(outcomes)

    log = GoesAway(world.log._database, answers_lost=1)
    outcomes = outcomes_of(log, world.channel, now=world.clock, sleep=a_minute_later)
    await end.settle(outcomes)

    assert (log.answers_lost, log.refuses) == (0, 0)
    assert len(world.channel.heard) == 1
