"""Stopping a job: what is stored, who is told, and who is named as the person who stopped it."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typing_extensions import override

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, ChannelKind, JobInvocation, JobState, RoomInvocation, Source, Status
from bot.domain.job import JobReport
from bot.domain.steps import AnyInvocation
from bot.errors import (
    Answer,
    CredentialRefused,
    DatabaseUnavailable,
    JobOver,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from bot.jobs.stop import CALL_SECONDS, LEASE_MARGIN, OVER_ALREADY
from bot.messages.reasons import sentence
from bot.messages.stops import not_stopped
from bot.metastudio.error_codes import error_of
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.runtime.background import Tasks
from bot.slack.ack_sent import ack_pending
from bot.store.database import Database
from bot.store.watched_jobs import Stop, WatchedJobs
from tests.fakes import Channel, FakeMetaStudio, FlakyLog, an_invocation, changed, flat
from tests.graph import a_graph, told_again
from tests.jobs.outcome_world import row_of
from tests.metastudio.cloud import NOON, Clock, Pauses
from tests.steps import step_to

JOB = JobRef("lobby", "job-1")
CLICK = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.STOP,
    source=Source.BUTTON,
    status=Status.RECEIVED,
    user_id="U0MEI",
    channel_id="C0AVATARS",
    text=JOB.value,
    room_id=JOB.room_id,
    job_id=JOB.job_id,
    trigger_id="trigger-1",
    response_url="https://hooks.slack.com/actions/T/1/x",
)
TAKEN = Answer(200, request_id="request-1")
OVER = JobOver(other("The job is finished."), answer=Answer(400, "MSS.20010066", "over", "request-2"))
REJECTED = Rejected(
    other("The bot's credentials may not do this."), answer=Answer(403, "MSS.1", "no", "request-3")
)

LOST = OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))


def a_cloud() -> FakeMetaStudio:
    """Return a cloud that lists the job and accepts a stop."""
    return FakeMetaStudio(on_stop=TAKEN, on_list=[JobReport(job_id=JOB.job_id)])


class Log(FlakyLog):
    """Reports the third extension of a claim, which may also fail."""

    holds = 0
    holds_fail = False

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.held_thrice = asyncio.Event()

    @override
    async def claim(self, invocation: AnyInvocation, until: datetime) -> AnyInvocation | None:
        self.holds += 1
        if self.holds == 3:
            self.held_thrice.set()
        if self.holds_fail:
            raise DatabaseUnavailable(other("The database cannot be used: database is locked."))
        return await super().claim(invocation, until)


@dataclass
class Play:
    """One stop, and its result. Every `renew_seconds` it extends its claim."""

    log: Log
    renew_seconds: float = 15
    cloud: FakeMetaStudio = field(default_factory=a_cloud)
    channel: Channel = field(default_factory=Channel)
    tasks: Tasks = field(default_factory=Tasks)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        graph = a_graph(
            self.log,
            delivery=self.channel,
            metastudio=self.cloud,
            tasks=self.tasks,
            now=self.clock,
            renew_seconds=self.renew_seconds,
            sleep=Pauses(),
        )
        self.claims, self.stops, self.outcomes = graph.claims, graph.stops, graph.outcomes

    async def commit(self) -> JobInvocation:
        received = await self.stops.commit(CLICK)
        assert received is not None
        return received

    def begin(self, received: JobInvocation, *, resumed: bool = False) -> None:
        """Begin the work as a background task of the bot."""
        self.claims.take(received.id, self.stops.carry_out(received, resumed=resumed))

    async def run(self, *, resumed: bool = False) -> RoomInvocation:
        """Wait until the bot has no work left, and return the row."""
        received = await self.commit()
        self.clock.advance(seconds=1.25)
        self.begin(received, resumed=resumed)
        await self.tasks.idle()
        return await row_of(self.log)

    @property
    def told(self) -> str:
        """Return the only message to the person."""
        [message] = self.channel.told
        return message.text


@pytest.fixture
def play(database: Database) -> Play:
    return Play(Log(database))


@pytest.fixture
def long_play(database: Database) -> Play:
    """Return a stop that waits and extends its claim again and again."""
    return Play(Log(database), renew_seconds=0.01)


async def test_a_stop_is_in_the_log_before_it_is_sent(play: Play) -> None:
    received = await play.commit()

    assert received == await row_of(play.log)
    assert received == changed(
        CLICK,
        room_id="lobby",
        job_id="job-1",
        lease_until=NOON + timedelta(seconds=CALL_SECONDS) + LEASE_MARGIN,
    )
    assert play.cloud.stops == []


async def test_the_same_click_is_committed_once(play: Play) -> None:
    await play.commit()
    assert await play.stops.commit(replace(CLICK, id="i2")) is None


async def test_a_stop_that_cannot_be_committed_is_said_to_be_none(play: Play, database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(text("DROP TABLE invocations"))
    with pytest.raises(DatabaseUnavailable):
        await play.stops.commit(CLICK)


async def test_a_job_is_stopped_in_the_name_of_who_asked_and_they_are_told(play: Play) -> None:
    row = await play.run()

    assert play.cloud.stops == [("lobby", "job-1", "U0MEI", CALL_SECONDS)]
    assert play.told == "⛔  Room `lobby` is being stopped: it ends in a few seconds.\nJob `job-1`"
    assert play.channel.announced == []
    assert row == changed(
        CLICK,
        status=Status.DONE,
        job_state=JobState.STOPPED,
        room_id="lobby",
        job_id="job-1",
        http_status=200,
        request_id="request-1",
        latency_ms=1250,
        announced_at=play.clock(),
        response_url=None,
        lease_until=None,
    )


async def test_the_answer_still_knows_the_address_that_the_row_has_forgotten(play: Play) -> None:
    row = await play.run()

    assert play.channel.addresses == [CLICK.origin.response_url]
    assert row.origin.response_url is None


async def test_a_job_that_is_over_is_told_to_be_so_and_credited_to_nobody(
    play: Play, database: Database
) -> None:
    play.cloud.on_stop = OVER
    row = await play.run()

    assert play.told == "⚪  Room `lobby` is over already.\nJob `job-1`"
    assert (row.status, row.reason, row.answer.error_code) == (
        Status.DONE,
        OVER_ALREADY,
        "MSS.20010066",
    )
    assert await WatchedJobs(database).stop_of("job-1") is None


async def test_a_job_that_is_over_when_a_stop_is_resumed_was_ended_by_that_stop(
    play: Play, database: Database
) -> None:
    play.cloud.on_stop = OVER
    row = await play.run(resumed=True)

    assert (row.status, row.reason) == (Status.DONE, None)
    assert await WatchedJobs(database).stop_of("job-1") == Stop("job-1", "U0MEI")


async def test_a_job_that_was_stopped_is_credited_to_who_stopped_it(play: Play, database: Database) -> None:
    await play.run()

    assert await WatchedJobs(database).stop_of("job-1") == Stop("job-1", "U0MEI")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (REJECTED, "🔴  Room `lobby` was not stopped."),
        (NotSent(other("MetaStudio is not reached.")), "🔴  Room `lobby` was not stopped."),
        (
            LOST,
            "❔  It is not known whether room `lobby` was stopped.",
        ),
    ],
    ids=["rejected", "not sent", "lost"],
)
async def test_why_a_job_was_not_stopped_is_told_and_kept(
    play: Play, database: Database, error: MetaStudioError, words: str
) -> None:
    play.cloud.on_stop = error
    row = await play.run()

    assert words in play.told
    assert sentence(error.reason) in play.told
    assert (row.status, row.reason, row.lease_until) == (Status.FAILED, error.reason, None)
    assert (
        Answer(row.answer.http_status, row.answer.error_code, row.answer.error_msg, row.answer.request_id)
        == error.answer
    )
    assert await WatchedJobs(database).stop_of("job-1") is None


async def test_a_stop_that_another_process_has_taken_over_is_told_by_that_one_alone(play: Play) -> None:
    async def meanwhile() -> Answer:
        await play.log.advance(await row_of(play.log), step_to(Status.DONE))
        return TAKEN

    play.cloud.on_stop = meanwhile
    await play.run()

    assert play.channel.heard == []


async def test_a_stop_whose_outcome_cannot_be_written_is_told_once_and_written_as_soon_as_it_can_be(
    play: Play,
) -> None:
    async def break_the_log() -> Answer:
        play.log.refuses = 3
        return TAKEN

    play.cloud.on_stop = break_the_log
    row = await play.run()

    assert (row.status, row.lease_until) == (Status.DONE, None)
    assert len(play.channel.told) == 1


async def test_a_stop_that_is_cut_short_can_be_done_again_at_once(play: Play) -> None:
    async def never() -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    play.cloud.on_stop = never
    play.begin(await play.commit())
    await play.tasks.drain(0.05)

    row = await row_of(play.log)
    assert (row.status, row.lease_until) == (Status.RECEIVED, NOON)


async def test_nobody_is_told_before_slack_has_its_answer(play: Play) -> None:
    received = await play.commit()
    with ack_pending():
        play.begin(received)
        async with asyncio.timeout(10):
            while (await row_of(play.log)).status is Status.RECEIVED:  # noqa: ASYNC110 - the row has no event
                await asyncio.sleep(0)
        assert play.channel.heard == []
    await play.tasks.idle()
    assert len(play.channel.told) == 1


async def test_a_person_who_cannot_be_reached_has_stopped_the_job_all_the_same(play: Play) -> None:
    play.channel.deaf = True
    row = await play.run()

    assert (row.status, row.told.announced_at) == (Status.DONE, None)

    play.channel.deaf = False
    play.clock.advance(seconds=6)
    await told_again(play.outcomes)
    assert play.told == "⛔  Room `lobby` is being stopped: it ends in a few seconds.\nJob `job-1`"
    assert (await row_of(play.log)).told.announced_at == play.clock()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OVER, "⚪  Room `lobby` is over already.\nJob `job-1`"),
        (REJECTED, "🔴  Room `lobby` was not stopped."),
        (LOST, "❔  It is not known whether room `lobby` was stopped."),
    ],
    ids=["over", "rejected", "lost"],
)
async def test_what_could_not_be_told_is_told_later_in_the_same_words(
    play: Play, error: MetaStudioError, words: str
) -> None:
    play.channel.deaf = True
    play.cloud.on_stop = error
    await play.run()
    play.channel.deaf = False
    play.clock.advance(seconds=6)
    await told_again(play.outcomes)

    assert words in play.told


@pytest.mark.parametrize(
    "error",
    [
        REJECTED,
        LOST,
        NotSent(reason(Code.UNREACHABLE, service="MetaStudio", host="h", setting="HTTPS_PROXY")),
        NotSent(reason(Code.NO_TOKEN_IN_ANSWER, status=503), answer=Answer(503)),
        CredentialRefused(reason(Code.LOGIN_REFUSED, status=401), answer=Answer(401)),
        error_of(Answer(429, "APIGW.0308")),
        error_of(Answer(401, "APIGW.0301")),
        error_of(Answer(503)),
    ],
    ids=lambda error: str(error.reason),
)
async def test_a_failure_told_later_is_told_word_for_word_with_its_advice(
    play: Play, error: MetaStudioError
) -> None:
    play.channel.deaf = True
    play.cloud.on_stop = error
    row = await play.run()
    play.channel.deaf = False
    play.clock.advance(seconds=6)
    await told_again(play.outcomes)

    assert play.told == not_stopped(JOB, error, row).text


async def test_a_clock_that_steps_back_makes_no_latency_below_zero(play: Play) -> None:
    received = await play.commit()
    play.clock.advance(hours=-1)
    play.begin(received)
    await play.tasks.idle()

    assert (await row_of(play.log)).latency_ms == 0


def a_start(**changes: Any) -> JobInvocation:
    """Return the start that made the job, as in the invocation log."""
    values: dict[str, Any] = {
        "id": "start",
        "created_at": NOON - timedelta(minutes=1),
        "action": Action.START,
        "source": Source.COMMAND,
        "status": Status.STARTED,
        "user_id": "U0JONAS",
        "channel_id": "C0AVATARS",
        "room_id": "lobby",
        "job_id": "job-1",
    }
    return an_invocation(**(values | changes))


async def test_a_job_that_the_log_does_not_know_is_stopped_only_where_its_room_lists_it(play: Play) -> None:
    play.cloud.on_list = [JobReport(job_id="JOB-1")]
    row = await play.run()

    assert play.cloud.stops == []
    assert (row.status, row.reason, flat(row).job_state) == (Status.DONE, OVER_ALREADY, None)
    assert play.told == "⚪  Room `lobby` is over already.\nJob `job-1`"


async def test_a_job_that_the_log_knows_is_not_stopped_in_another_room(play: Play) -> None:
    await play.log.record(a_start(room_id="boardroom"))
    row = await play.run()

    assert play.cloud.stops == []
    assert row.status is Status.DONE


async def test_metastudio_is_not_asked_for_the_room_that_the_log_knows(play: Play) -> None:
    await play.log.record(a_start())
    play.cloud.on_list = REJECTED
    assert flat(await play.run()).job_state is JobState.STOPPED


@pytest.mark.parametrize("error", [REJECTED, LOST, NotSent(other("MetaStudio cannot be reached."))])
async def test_where_the_room_cannot_be_asked_nothing_is_stopped_and_it_is_said_for_sure(
    play: Play, error: MetaStudioError
) -> None:
    play.cloud.on_list = error
    row = await play.run()

    assert play.cloud.stops == []
    assert row.status is Status.FAILED
    assert "🔴  Room `lobby` was not stopped." in play.told


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (TAKEN, "⛔  Job `job-1` is being stopped: it ends in a few seconds."),
        (OVER, "⚪  Job `job-1` is over already."),
        (REJECTED, "🔴  Job `job-1` was not stopped."),
    ],
    ids=["stopped", "over", "rejected"],
)
async def test_who_may_not_read_of_a_job_is_not_told_its_room(
    play: Play, answer: Answer | MetaStudioError, words: str
) -> None:
    await play.log.record(a_start(channel_id="C0STUDIO", channel_kind=ChannelKind.PRIVATE))
    play.cloud.on_stop = answer
    await play.run()

    assert words in play.told
    assert "lobby" not in play.told


async def test_a_stop_that_waits_long_keeps_its_row(long_play: Play) -> None:
    turn = asyncio.Event()

    async def wait() -> Answer:
        await turn.wait()
        return TAKEN

    long_play.cloud.on_stop = wait
    received = await long_play.commit()
    long_play.begin(received)
    async with asyncio.timeout(5):
        while not long_play.log.held_thrice.is_set():
            long_play.clock.advance(seconds=20)
            await asyncio.sleep(0.01)
    assert await long_play.log.overdue(long_play.clock(), limit=10) == []
    turn.set()
    await long_play.tasks.idle()

    assert len(long_play.cloud.stops) == 1
    assert flat(await row_of(long_play.log)).job_state is JobState.STOPPED


async def test_a_stop_whose_row_another_process_has_taken_is_left_to_it(long_play: Play) -> None:
    long_play.cloud.on_stop = asyncio.Future  # this never happens
    received = await long_play.commit()
    taken_over = await long_play.log.claim(received, long_play.clock() + timedelta(hours=1))
    long_play.begin(received)
    async with asyncio.timeout(5):
        await long_play.tasks.idle()

    assert long_play.channel.told == []
    assert await row_of(long_play.log) == taken_over


async def test_a_log_that_fails_does_not_end_a_stop_that_waits(long_play: Play) -> None:
    turn = asyncio.Event()

    async def wait() -> Answer:
        await turn.wait()
        return TAKEN

    long_play.cloud.on_stop = wait
    received = await long_play.commit()
    long_play.log.holds_fail = True
    long_play.begin(received)
    async with asyncio.timeout(5):
        await long_play.log.held_thrice.wait()
    turn.set()
    await long_play.tasks.idle()

    assert flat(await row_of(long_play.log)).job_state is JobState.STOPPED
