"""A start whose database, cloud or process fails in the middle."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.domain.invocation import Action, Invocation, RoomInvocation, RoomType, Source, StartRequest, Status
from bot.domain.job import JobReport, SmartChatJob
from bot.durable.claims import AFTER_A_BUG
from bot.errors import Answer, DatabaseUnavailable, OutcomeUnknown, Rejected
from bot.jobs.start import LEASE_MARGIN, Duplicate, Used
from bot.metastudio.client import Started
from bot.reasons import other
from bot.runtime.background import Tasks
from bot.store.database import Database
from bot.store.sqlite_driver import SqliteDatabase
from tests.fakes import Channel, FakeMetaStudio, FlakyLog, an_invocation, changed, flat
from tests.graph import a_graph, at_once
from tests.jobs.outcome_world import buttons_in, row_of
from tests.metastudio.cloud import NOON, Clock, Pauses
from tests.steps import step_to

SECONDS = 30.0
LEASE_UNTIL = NOON + timedelta(seconds=SECONDS) + LEASE_MARGIN
REQUEST = StartRequest("lobby", "cn-north-4", RoomType.METALINK, "desk-7")
TYPED = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U0MEI",
    channel_id="C0AVATARS",
    trigger_id="trigger-1",
)

Answering = Callable[[], Awaitable[Started]]


async def accepted() -> Started:
    return Started(SmartChatJob(job_id="job-1"), Answer(http_status=202))


async def rejected() -> Started:
    raise Rejected(other("The room's concurrency is used up."), answer=Answer(error_code="MSS.20010135"))


async def lost() -> Started:
    raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))


async def broken() -> Started:
    raise RuntimeError("a bug")


async def never() -> Started:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
def log(database: Database) -> FlakyLog:
    return FlakyLog(database)


@dataclass
class Play:
    """One start, and its result."""

    log: FlakyLog
    cloud: FakeMetaStudio = field(default_factory=FakeMetaStudio)
    channel: Channel = field(default_factory=Channel)
    tasks: Tasks = field(default_factory=Tasks)
    clock: Clock = field(default_factory=Clock)
    acquire: Callable[[], Awaitable[object]] = at_once
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        graph = a_graph(
            self.log,
            delivery=self.channel,
            metastudio=self.cloud,
            tasks=self.tasks,
            now=self.clock,
            acquire=self.acquire,
            start_seconds=self.seconds,
            sleep=Pauses(),
        )
        self.claims, self.starts = graph.claims, graph.starts

    async def commit(
        self, invocation: RoomInvocation = TYPED, request: StartRequest = REQUEST
    ) -> RoomInvocation:
        received = await self.starts.commit(invocation.asking_for(request))
        assert isinstance(received, Invocation)
        return received

    def begin(self, received: RoomInvocation) -> None:
        """Begin the work as a background task of the bot."""
        self.claims.take(received.id, self.starts.carry_out(received))

    async def run(self) -> RoomInvocation:
        """Wait until the bot has no work left, and return the row."""
        self.begin(await self.commit())
        await self.tasks.idle()
        return await row_of(self.log)

    async def run_until_sent(self) -> None:
        self.begin(await self.commit())
        async with asyncio.timeout(10):
            await self.cloud.is_asked.wait()


async def test_what_is_committed_is_in_the_log_with_all_that_was_asked_for(log: FlakyLog) -> None:
    received = await Play(log).commit()

    assert received == await row_of(log)
    assert received == changed(
        TYPED,
        room_id="lobby",
        region="cn-north-4",
        room_type="METALINK",
        client_id="desk-7",
        lease_until=LEASE_UNTIL,
    )


async def test_a_start_goes_out_once_in_the_name_of_who_asked_and_is_announced(log: FlakyLog) -> None:
    play = Play(log)
    row = await play.run()

    assert play.cloud.starts == [(REQUEST, "U0MEI", SECONDS)]
    assert (row.status, flat(row).job_id, row.lease_until) == (Status.STARTED, "job-1", None)
    assert ["job-1" in announcement for announcement in play.channel.announced] == [True]


async def test_that_the_call_begins_is_in_the_log_before_it_does(log: FlakyLog) -> None:
    rows: list[RoomInvocation] = []

    async def answer() -> Started:
        rows.append(await row_of(log))
        return await accepted()

    clock = Clock()

    async def wait_ten_seconds() -> None:
        clock.advance(seconds=10)

    await Play(log, FakeMetaStudio(answer), clock=clock, acquire=wait_ten_seconds).run()

    [row] = rows
    assert (row.status, row.lease_until) == (Status.STARTING, LEASE_UNTIL + timedelta(seconds=10))


async def test_a_refusal_is_told_to_the_person_and_nothing_is_looked_for(log: FlakyLog) -> None:
    play = Play(log, FakeMetaStudio(rejected))
    row = await play.run()

    assert (row.status, row.answer.error_code) == (Status.FAILED, "MSS.20010135")
    assert "concurrency is used up" in play.channel.told[0].text
    assert play.cloud.rooms_listed == []


async def test_a_start_that_gets_no_turn_in_time_is_refused_and_never_sent(log: FlakyLog) -> None:
    play = Play(log, acquire=asyncio.Event().wait, seconds=0.01)
    row = await play.run()

    assert row.status is Status.REFUSED
    assert "no turn within 0.01 seconds" in play.channel.told[0].text
    assert play.cloud.starts == []


async def test_a_start_whose_beginning_cannot_be_written_is_not_sent_and_left_to_be_taken_over(
    log: FlakyLog,
) -> None:
    play = Play(log)
    received = await play.commit()
    log.refuses = 1
    play.begin(received)
    await play.tasks.idle()

    assert play.cloud.starts == []
    row = await row_of(log)
    assert (row.status, row.lease_until) == (Status.RECEIVED, play.clock())
    assert play.channel.heard == []


async def test_a_start_that_another_process_has_taken_over_is_left_to_it(log: FlakyLog) -> None:
    play = Play(log)
    received = await play.commit()
    await log.advance(received, step_to(Status.STARTING))
    play.begin(received)
    await play.tasks.idle()

    assert play.cloud.starts == []
    assert play.channel.heard == []


async def test_of_two_who_carry_the_same_start_out_one_sends_it(log: FlakyLog) -> None:
    play = Play(log)
    received = await play.commit()
    play.begin(received)
    Play(log, play.cloud, play.channel, play.tasks).begin(received)
    await play.tasks.idle()

    assert len(play.cloud.starts) == 1
    assert len(play.channel.announced) == 1


@pytest.mark.parametrize("answer", [accepted, rejected], ids=["started", "failed"])
async def test_an_outcome_that_cannot_be_written_is_told_once_and_written_as_soon_as_it_can_be(
    log: FlakyLog, answer: Answering
) -> None:
    async def answer_and_break_the_log() -> Started:
        log.refuses = 3
        return await answer()

    play = Play(log, FakeMetaStudio(answer_and_break_the_log))
    row = await play.run()

    assert row.status in {Status.STARTED, Status.FAILED}
    assert row.lease_until is None
    assert len(play.channel.heard) == 1


async def test_a_lost_answer_is_never_sent_again_and_its_job_is_found(log: FlakyLog) -> None:
    made = JobReport(job_id="job-2", create_time=NOON + timedelta(seconds=1), state="WAITING")
    play = Play(log, FakeMetaStudio(lost, on_list=[made]))
    row = await play.run()

    assert len(play.cloud.starts) == 1
    assert (row.status, flat(row).job_id) == (Status.STARTED, "job-2")
    assert "job-2" in play.channel.announced[0]


async def test_a_lost_answer_without_a_job_is_told_to_the_person_who_may_start_it_anyway(
    log: FlakyLog,
) -> None:
    play = Play(log, FakeMetaStudio(lost))
    row = await play.run()

    assert len(play.cloud.starts) == 1
    assert (row.status, row.lease_until) == (Status.UNKNOWN, None)
    [told] = play.channel.told
    assert "It is not known whether room `lobby` started." in told.text
    assert [button["text"]["text"] for button in buttons_in(told)] == ["Look again", "Start anyway"]


async def test_a_lost_answer_of_a_start_that_was_taken_over_is_left_to_who_has_it(log: FlakyLog) -> None:
    async def lose_the_answer_and_the_row() -> Started:
        await log.advance(await row_of(log), step_to(Status.UNKNOWN))
        return await lost()

    play = Play(log, FakeMetaStudio(lose_the_answer_and_the_row))
    await play.run()

    assert play.cloud.rooms_listed == []
    assert play.channel.heard == []


async def test_a_bug_after_the_call_has_begun_leaves_the_start_to_be_looked_into_soon(log: FlakyLog) -> None:
    play = Play(log, FakeMetaStudio(broken))
    row = await play.run()

    assert (row.status, row.lease_until) == (Status.STARTING, NOON + AFTER_A_BUG)
    assert play.channel.heard == []


async def test_a_stop_before_the_call_leaves_the_start_to_be_sent_by_whoever_comes_next(
    log: FlakyLog,
) -> None:
    play = Play(log, acquire=asyncio.Event().wait)
    play.begin(await play.commit())
    await play.tasks.drain(0.05)

    row = await row_of(log)
    assert (row.status, row.lease_until) == (Status.RECEIVED, NOON)
    assert play.cloud.starts == []
    assert play.channel.heard == []


async def test_a_stop_during_the_call_leaves_it_to_be_looked_into_and_not_to_be_sent(log: FlakyLog) -> None:
    play = Play(log, FakeMetaStudio(never))
    await play.run_until_sent()
    await play.tasks.drain(0.05)

    row = await row_of(log)
    assert (row.status, row.lease_until) == (Status.STARTING, NOON)
    assert play.channel.heard == []


async def test_when_nobody_can_be_told_the_row_says_what_happened(
    log: FlakyLog,
) -> None:
    row = await Play(log, channel=Channel(deaf=True)).run()

    assert (row.status, flat(row).job_id, row.told.announced_at) == (Status.STARTED, "job-1", None)
    assert row.lease_until is None


async def test_the_same_delivery_is_committed_once(log: FlakyLog) -> None:
    play = Play(log)
    await play.commit()

    assert await play.starts.commit(replace(TYPED, id="i2").asking_for(REQUEST)) is None
    assert [row.id async for row in log.find()] == ["i1"]


@pytest.mark.parametrize("status", [Status.STARTED, Status.FAILED])
async def test_the_same_delivery_is_committed_once_however_late_it_comes(
    log: FlakyLog, status: Status
) -> None:
    play = Play(log)
    await log.advance(await play.commit(), step_to(status))
    late = replace(TYPED, id="i2", created_at=NOON + timedelta(minutes=5))

    assert await play.starts.commit(late.asking_for(REQUEST)) is None


def typed_again(**changes: Any) -> RoomInvocation:
    """Return the same start by another person, a moment later."""
    later: dict[str, Any] = {"id": "i2", "trigger_id": "trigger-2", "user_id": "U0JONAS"}
    return changed(TYPED, **(later | changes))


@pytest.mark.parametrize("seconds", [-9.999, 0, 9.999, 3 * 86400])
async def test_an_equal_start_that_is_not_settled_is_one_wish(log: FlakyLog, seconds: float) -> None:
    play = Play(log)
    first = await play.commit()
    again = typed_again(created_at=NOON + timedelta(seconds=seconds))

    assert await play.starts.commit(again.asking_for(REQUEST)) == Duplicate(first)
    assert [row.id async for row in log.find()] == ["i1"]


@pytest.mark.parametrize(
    "request_again",
    [
        replace(REQUEST, room_id="stage"),
        replace(REQUEST, region="cn-southwest-2"),
        replace(REQUEST, client_id="desk-8"),
        replace(REQUEST, client_id=None),
    ],
    ids=["other room", "other region", "other client", "no client"],
)
async def test_what_differs_is_another_wish(log: FlakyLog, request_again: StartRequest) -> None:
    play = Play(log)
    await play.commit()

    assert (await play.commit(typed_again(), request_again)).id == "i2"


async def test_a_button_is_one_wish_whoever_presses_it(log: FlakyLog) -> None:
    play = Play(log)
    first = await play.commit()
    pressed = await play.starts.commit(
        typed_again(source=Source.BUTTON).asking_for(REQUEST), previous_id=first.id, is_another=True
    )
    assert isinstance(pressed, Invocation)
    for user in ("U0JONAS", "U0MEI"):
        late = typed_again(id=user, trigger_id=user, user_id=user, created_at=NOON + timedelta(days=30))
        again = await play.starts.commit(late.asking_for(REQUEST), previous_id=first.id, is_another=True)
        assert again == Used(pressed)


async def test_a_start_that_was_never_sent_is_not_sent_beside_an_equal_one(log: FlakyLog) -> None:
    play = Play(log)
    other = await play.commit()
    again = await play.starts.commit(typed_again().asking_for(REQUEST), previous_id="never sent")

    assert again == Duplicate(other)


@pytest.mark.parametrize("answer", [rejected, accepted])
async def test_only_a_start_that_came_to_nothing_makes_way_for_the_next(
    log: FlakyLog, answer: Answering
) -> None:
    play = Play(log, FakeMetaStudio(answer))
    row = await play.run()
    again = await play.starts.commit(typed_again().asking_for(REQUEST))

    assert isinstance(again, Invocation) is (row.status is Status.FAILED)


async def test_a_start_that_cannot_be_committed_is_said_to_be_none(database: Database, log: FlakyLog) -> None:
    async with database.connect() as connection:
        await connection.execute(text("DROP TABLE invocations"))
    with pytest.raises(DatabaseUnavailable):
        await Play(log).starts.commit(TYPED.asking_for(REQUEST))


async def test_from_the_command_to_its_noted_announcement_a_start_takes_four_commits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(database, SqliteDatabase)
    commits: list[object] = []
    enqueue = database._enqueue

    async def counted(statement: Any) -> Any:
        if statement.writes:
            commits.append(statement)
        return await enqueue(statement)

    monkeypatch.setattr(database, "_enqueue", counted)
    row = await Play(FlakyLog(database)).run()

    assert row.told.announced_at is not None
    assert len(commits) == 4, "received, starting, started with its post, announced"
