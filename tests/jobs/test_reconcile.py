"""A start of unknown outcome: its job is adopted or named to the person; it is never sent again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from bot.domain.candidates import CLOCKS_APART, NEARBY
from bot.domain.invocation import Action, JobInvocation, RoomInvocation, Source, Status
from bot.domain.job import JobReport
from bot.errors import OutcomeUnknown, Rejected
from bot.jobs.outcome import CLAIM_TIME
from bot.jobs.reconcile import LOOK_PAUSES, LOOKS_AT_ONCE, Reconciliation
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.store.database import Database
from bot.store.invocations import Invocations
from tests.fakes import Channel, FakeMetaStudio, FlakyLog, an_invocation, changed, flat
from tests.graph import told_again
from tests.jobs.outcome_world import buttons_in, outcomes_of, row_of
from tests.metastudio.cloud import NOON, Clock
from tests.steps import step_to

START_SECONDS = 30.0
WINDOW = timedelta(seconds=2 * START_SECONDS + 60)
MILLISECOND = timedelta(milliseconds=1)

UNKNOWN = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.UNKNOWN,
    user_id="U0MEI",
    channel_id="C0AVATARS",
    room_id="lobby",
    region="cn-north-4",
    client_id="desk-7",
    reason=reason(Code.NO_ANSWER_IN_TIME, seconds=30.0),
    request_id="request-1",
    trigger_id="trigger-1",
    lease_until=NOON + CLAIM_TIME,
)


def another(**changes: Any) -> JobInvocation:
    """Return another start of the same room."""
    return changed(UNKNOWN, **({"id": "i2", "trigger_id": "trigger-2", "user_id": "U0JONAS"} | changes))


def job(job_id: str = "job-1", *, made: datetime | None = NOON, **fields: Any) -> JobReport:
    """Return a job as in the room's list."""
    return JobReport.model_validate({"job_id": job_id, "create_time": made, "state": "WAITING"} | fields)


Jobs = Sequence[JobReport]


class Cloud(FakeMetaStudio):
    """Lists the room's jobs: each read gets the next list, and the last list is repeated."""

    def __init__(self) -> None:
        self.lists: list[Jobs | Exception] = [()]
        self.looks = 0
        self.ahead: timedelta | None = None

    @property
    @override
    def clock_offset(self) -> timedelta | None:
        return self.ahead

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        assert room_id == UNKNOWN.request.room_id
        if states:
            self.looks += 1
        listed = self.lists[min(max(self.looks, 1), len(self.lists)) - 1]
        if isinstance(listed, Exception):
            raise listed
        return tuple(report for report in listed if not states or report.state in states)


@dataclass
class Room:
    """A room with a start to reconcile, and the people who are told."""

    log: FlakyLog
    cloud: Cloud = field(default_factory=Cloud)
    channel: Channel = field(default_factory=Channel)
    clock: Clock = field(default_factory=Clock)
    slept: list[float] = field(default_factory=list)
    in_a_pause: Callable[[], Awaitable[object]] | None = None

    def __post_init__(self) -> None:
        self.outcomes = outcomes_of(self.log, self.channel, now=self.clock, sleep=self._sleep)
        self.reconciliation = Reconciliation(
            invocations=self.log,
            metastudio=self.cloud,
            outcomes=self.outcomes,
            start_seconds=START_SECONDS,
            now=self.clock,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)
        if self.in_a_pause:
            await self.in_a_pause()

    def has(self, *jobs: JobReport) -> None:
        self.cloud.lists = [jobs]

    async def settle(self) -> RoomInvocation:
        """Reconcile the start, and return its row."""
        await self.reconciliation.settle(UNKNOWN)
        return await row_of(self.log)

    @property
    def told(self) -> str:
        """Return the only message to a person."""
        [message] = self.channel.told
        return message.text

    @property
    def said_instead(self) -> str:
        """Return the only message that has replaced a button's message."""
        [message] = self.channel.instead
        return message.text


@pytest.fixture
async def room(database: Database) -> Room:
    log = FlakyLog(database)
    await log.record(UNKNOWN)
    return Room(log)


async def test_the_only_new_job_of_the_room_is_the_starts_own(room: Room) -> None:
    room.has(job("job-1", region="cn-southwest-2", video_config={"width": 1920, "height": 1080}))
    row = await room.settle()

    assert (row.status, flat(row).job_id, flat(row).region) == (Status.STARTED, "job-1", "cn-southwest-2")
    assert (row.reason, row.lease_until) == (reason(Code.ADOPTED), None)
    [announcement] = room.channel.announced
    for fact in ("job-1", "1920 × 1080", "the job had started"):
        assert fact in announcement
    assert room.channel.told == []
    assert room.slept == []


@pytest.mark.parametrize(
    "made",
    [NOON - CLOCKS_APART, NOON, NOON + timedelta(seconds=30), NOON + WINDOW],
    ids=["their clock is slow", "at once", "after a while", "at the last moment"],
)
@pytest.mark.parametrize("client_id", ["desk-7", None, ""])
async def test_a_job_that_the_start_can_have_made_is_adopted(
    room: Room, made: datetime, client_id: str | None
) -> None:
    room.has(job(made=made, client_id=client_id))

    assert (await room.settle()).status is Status.STARTED


@pytest.mark.parametrize(
    "foreign",
    [
        job(made=NOON - CLOCKS_APART - NEARBY - MILLISECOND),
        job(client_id="desk-8"),
        job(made=None, client_id="desk-8"),
    ],
    ids=["older", "of another client", "of another client and no time"],
)
async def test_a_job_that_the_start_cannot_have_made_is_left_alone(room: Room, foreign: JobReport) -> None:
    room.has(foreign)
    row = await room.settle()

    assert (row.status, flat(row).job_id) == (Status.UNKNOWN, None)
    assert "MetaStudio lists no new job in this room." in room.told


@pytest.mark.parametrize(
    "made",
    [
        NOON - CLOCKS_APART - MILLISECOND,
        NOON - CLOCKS_APART - NEARBY,
        NOON + WINDOW + MILLISECOND,
        NOON + timedelta(days=9000),
        NOON - timedelta(days=20000),
        None,
    ],
    ids=["a little older", "minutes older", "younger", "of the far future", "of 1971", "of no time"],
)
async def test_a_job_that_cannot_be_dated_surely_is_named_and_not_denied(
    room: Room, made: datetime | None
) -> None:
    room.has(job(made=made))
    row = await room.settle()

    assert (row.status, flat(row).job_id) == (Status.UNKNOWN, None)
    assert "This may be yours: job `job-1`." in room.told
    assert "no new job" not in room.told
    values = [(button["text"]["text"], button["value"]) for button in buttons_in(room.channel.told[0])]
    assert values[0] == ("Use this one", "i1 job-1")


async def test_beside_a_job_of_no_time_one_of_the_right_time_is_not_adopted(room: Room) -> None:
    room.has(job("job-1"), job("job-2", made=None))

    assert flat(await room.settle()).job_id is None
    assert "job `job-1`" in room.told
    assert "job `job-2`" in room.told


async def test_a_job_that_was_there_before_the_call_is_not_the_starts_own(room: Room) -> None:
    room.has(job("job-1", made=None), job("job-2"))
    await room.reconciliation.settle(UNKNOWN, frozenset({"job-1"}))

    assert flat(await row_of(room.log)).job_id == "job-2"


async def test_times_are_compared_on_the_clouds_clock(room: Room) -> None:
    room.cloud.ahead = timedelta(minutes=-7)
    room.has(job(made=NOON - timedelta(minutes=7)))

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_job_of_which_somebody_knows_is_left_alone(room: Room) -> None:
    await room.log.record(another(status=Status.STARTED, job_id="job-1"))
    room.has(job("job-1"))

    assert (await room.settle()).status is Status.UNKNOWN
    assert "MetaStudio lists no new job in this room." in room.told


async def test_beside_known_jobs_the_one_new_job_is_adopted(room: Room) -> None:
    await room.log.record(another(status=Status.STARTED, job_id="job-1"))
    room.has(job("job-1"), job("job-2"), job("job-3", client_id="desk-8"))

    assert flat(await room.settle()).job_id == "job-2"


async def test_a_stop_of_a_job_does_not_make_it_somebodys(room: Room) -> None:
    await room.log.record(another(action=Action.STOP, status=Status.DONE, job_id="job-1"))
    room.has(job("job-1"))

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_job_that_is_over_already_is_found_as_well(room: Room) -> None:
    room.has(job("job-1", state="FAILED"))

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_job_under_way_counts_before_one_that_is_over(room: Room) -> None:
    room.has(job("job-1", state="SUCCEED"), job("job-2", state="PROCESSING"))

    assert flat(await room.settle()).job_id == "job-2"


async def test_of_two_new_jobs_nobody_can_say_which_it_is(room: Room) -> None:
    room.has(job("job-1"), job("job-2"))
    row = await room.settle()

    assert (row.status, flat(row).job_id, row.lease_until) == (Status.UNKNOWN, None, None)
    assert row.told.announced_at == NOON
    assert "MetaStudio lists 2 jobs in this room" in room.told
    assert "job `job-1`" in room.told
    assert "job `job-2`" in room.told
    assert room.slept == []


async def test_a_person_who_is_told_can_look_again_or_start_it_anyway(room: Room) -> None:
    await room.settle()

    [message] = room.channel.told
    values = {button["text"]["text"]: button["value"] for button in buttons_in(message)}
    assert values == {"Look again": UNKNOWN.id, "Start anyway": UNKNOWN.id}
    assert "MetaStudio did not answer within 30 seconds." in message.text
    assert "request-1" in message.text


async def test_a_job_may_show_in_the_list_a_moment_late(room: Room) -> None:
    room.cloud.lists = [(), (), (job("job-1"),)]
    row = await room.settle()

    assert (row.status, flat(row).job_id) == (Status.STARTED, "job-1")
    assert room.slept == list(LOOK_PAUSES)
    assert room.channel.told == []


async def test_nothing_is_told_before_the_last_look(room: Room) -> None:
    await room.settle()

    assert room.cloud.looks == len(LOOK_PAUSES) + 1
    assert room.slept == list(LOOK_PAUSES)
    assert len(room.channel.told) == 1


async def test_while_another_start_of_the_room_waits_for_its_answer_its_job_is_not_taken(
    room: Room,
) -> None:
    await room.log.record(another(status=Status.STARTING))
    room.has(job("job-1"))
    row = await room.settle()

    assert (row.status, flat(row).job_id) == (Status.UNKNOWN, None)
    assert "This room was started by others as well." in room.told
    assert "This may be yours: job `job-1`." in room.told


async def test_once_the_other_start_has_its_job_what_is_left_is_adopted(room: Room) -> None:
    rival = another(status=Status.STARTING)
    await room.log.record(rival)
    room.has(job("job-1"), job("job-2"))
    room.cloud.lists = [(job("job-1"),), (job("job-1"), job("job-2"))]

    async def the_other_has_its_answer() -> None:
        await room.log.advance(rival, step_to(Status.STARTED, job_id="job-2"))

    room.in_a_pause = the_other_has_its_answer

    assert flat(await room.settle()).job_id == "job-1"


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.FAILED, Status.STARTED])
async def test_a_start_of_the_room_that_waits_for_no_answer_is_in_nobodys_way(
    room: Room, status: Status
) -> None:
    await room.log.record(another(status=status))
    room.has(job("job-1"))

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_start_of_another_room_is_in_nobodys_way(room: Room) -> None:
    await room.log.record(another(status=Status.STARTING, room_id="stage"))
    room.has(job("job-1"))

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_start_of_yesterday_is_in_nobodys_way(room: Room) -> None:
    await room.log.record(another(lease_until=None, created_at=NOON - timedelta(days=1)))
    room.has(job("job-1"))

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_start_that_led_to_this_one_is_not_in_its_way(room: Room) -> None:
    await room.log.record(another(lease_until=None))
    again = another(id="i3", trigger_id="trigger-3", previous_id="i2", user_id="U0JONAS")
    await room.log.advance(UNKNOWN, step_to(Status.FAILED))
    await room.log.record(again)
    room.has(job("job-1"))
    await room.reconciliation.settle(again)

    assert flat(await row_of(room.log, "i3")).job_id == "job-1"


async def test_of_two_unknown_starts_nobody_is_given_a_job_and_both_are_asked(room: Room) -> None:
    await room.log.record(another(lease_until=None))
    room.has(job("job-1"))
    await room.settle()
    assert room.channel.announced == []
    assert ["This may be yours: job `job-1`." in message.text for message in room.channel.told] == [True] * 2
    await room.reconciliation.settle(replace(UNKNOWN, lease_until=None))

    assert len([message for message in room.channel.told if "Use this one" in str(message.blocks)]) == 3


@pytest.mark.parametrize(
    "error",
    [Rejected(other("You may not list jobs.")), OutcomeUnknown(other("No answer."))],
    ids=["refused", "lost"],
)
async def test_where_metastudio_cannot_be_asked_the_person_is_told_so(room: Room, error: Exception) -> None:
    room.cloud.lists = [error]
    row = await room.settle()

    assert (row.status, row.lease_until) == (Status.UNKNOWN, None)
    assert "MetaStudio could not be asked which jobs run." in room.told
    assert room.cloud.looks == len(LOOK_PAUSES) + 1


async def test_a_look_that_fails_is_made_again(room: Room) -> None:
    room.cloud.lists = [OutcomeUnknown(other("No answer.")), (job("job-1"),)]

    assert flat(await room.settle()).job_id == "job-1"


async def test_a_job_that_cannot_be_written_down_is_looked_for_again(room: Room) -> None:
    room.log.refuses = 1
    room.has(job("job-1"))

    assert flat(await room.settle()).job_id == "job-1"
    assert room.slept == [LOOK_PAUSES[0]]
    assert len(room.channel.announced) == 1


async def test_a_row_that_another_process_settles_meanwhile_is_told_by_that_one_alone(room: Room) -> None:
    async def the_answer_comes_after_all() -> None:
        await room.log.advance(UNKNOWN, step_to(Status.STARTED, job_id="job-1"))

    room.in_a_pause = the_answer_comes_after_all
    row = await room.settle()

    assert (row.status, flat(row).job_id) == (Status.STARTED, "job-1")
    assert room.channel.heard == []


async def test_a_row_that_another_process_takes_over_meanwhile_is_told_by_that_one_alone(room: Room) -> None:
    async def somebody_takes_it() -> None:
        await Invocations.claim(room.log, UNKNOWN, NOON + 2 * CLAIM_TIME)

    room.in_a_pause = somebody_takes_it
    row = await room.settle()

    assert (row.status, row.lease_until) == (Status.UNKNOWN, NOON + 2 * CLAIM_TIME)
    assert room.channel.heard == []


async def test_a_row_stays_in_hand_however_long_the_looks_take(room: Room) -> None:
    leases: list[datetime | None] = []

    async def a_slow_metastudio() -> None:
        leases.append((await row_of(room.log)).lease_until)
        room.clock.advance(seconds=30)

    room.in_a_pause = a_slow_metastudio
    await room.settle()

    longer = timedelta(seconds=LOOK_PAUSES[0] + 30)
    assert leases == [NOON + CLAIM_TIME, NOON + longer + CLAIM_TIME]
    assert len(room.channel.told) == 1


async def test_a_person_who_could_not_be_told_is_told_later(room: Room) -> None:
    room.channel.deaf = True
    row = await room.settle()
    assert (row.status, row.told.announced_at, row.lease_until) == (Status.UNKNOWN, None, None)

    room.channel.deaf = False
    room.clock.advance(seconds=6)
    await told_again(room.outcomes)
    assert "MetaStudio lists no new job in this room." in room.told
    assert (await row_of(room.log)).told.announced_at == room.clock()


async def test_why_a_start_was_not_sent_after_another_look_is_told_later_in_the_same_words(
    room: Room,
) -> None:
    again = another(status=Status.RECEIVED, previous_id=UNKNOWN.id, text=UNKNOWN.id, lease_until=None)
    await room.log.record(again)
    room.channel.deaf = True
    room.has(job("job-1"), job("job-2"))
    assert not await room.reconciliation.look_first(again, UNKNOWN.id)

    room.channel.deaf = False
    room.clock.advance(seconds=6)
    await told_again(room.outcomes)
    assert "MetaStudio lists 2 jobs in this room" in room.told
    assert "Looked again: " in room.told


@pytest.fixture
async def asking(room: Room) -> JobInvocation:
    """Return Jonas's click on *Look again*, after Mei was told that the outcome is unknown."""
    await room.log.release(UNKNOWN.id, None)
    asking = an_invocation(
        id="i9",
        created_at=NOON,
        action=Action.LOOK,
        source=Source.BUTTON,
        status=Status.DONE,
        user_id="U0JONAS",
        channel_id="C0AVATARS",
        text="i1",
    )
    await room.log.record(asking)
    return asking


async def look_again(room: Room, asking: JobInvocation) -> None:
    await room.reconciliation.look_again(replace(UNKNOWN, lease_until=None), asking)


async def test_another_look_that_finds_the_job_announces_it(room: Room, asking: JobInvocation) -> None:
    room.has(job("job-1"))
    await look_again(room, asking)

    row = await row_of(room.log)
    assert (row.status, flat(row).job_id, row.lease_until) == (Status.STARTED, "job-1", None)
    assert "job-1" in room.channel.announced[0]
    assert room.said_instead == "✅  Room `lobby` did start: job `job-1`."


async def test_another_look_that_finds_nothing_is_answered_to_whoever_asks(
    room: Room, asking: JobInvocation
) -> None:
    before = await row_of(room.log)
    await look_again(room, asking)

    assert "MetaStudio lists no new job in this room." in room.said_instead
    assert "Looked again: " in room.said_instead
    assert await row_of(room.log) == before
    assert room.cloud.looks == 1


async def test_another_look_during_which_the_start_is_settled_says_how(
    room: Room, asking: JobInvocation
) -> None:
    class Meanwhile(Cloud):
        """Settles the start while the cloud answers."""

        @override
        async def jobs_of_room(
            self, room_id: str, *, states: Sequence[str] = (), seconds: float
        ) -> tuple[JobReport, ...]:
            await room.log.advance(UNKNOWN, step_to(Status.STARTED, job_id="job-5"))
            return ()

    room.cloud = Meanwhile()
    room.__post_init__()
    await look_again(room, asking)

    assert room.said_instead == "✅  Room `lobby` did start: job `job-5`."


async def test_another_look_that_metastudio_does_not_answer_says_so(
    room: Room, asking: JobInvocation
) -> None:
    room.cloud.lists = [OutcomeUnknown(other("No answer."))]
    await look_again(room, asking)

    assert "MetaStudio could not be asked which jobs run." in room.said_instead


async def test_an_answer_that_reaches_nobody_is_not_tried_again_by_itself(
    room: Room, asking: JobInvocation
) -> None:
    room.channel.deaf = True
    await look_again(room, asking)

    asked = await room.log.get(asking.id)
    assert asked is not None
    assert asked.lease_until is None
    assert (await row_of(room.log)).lease_until is None


async def test_of_many_starts_only_a_few_are_looked_into_at_a_time(room: Room) -> None:
    class Slow(Cloud):
        """Counts the calls at the same time."""

        asking = most = 0
        crowded = asyncio.Event()

        @override
        async def jobs_of_room(
            self, room_id: str, *, states: Sequence[str] = (), seconds: float
        ) -> tuple[JobReport, ...]:
            self.asking += 1
            self.most = max(self.most, self.asking)
            if self.asking == LOOKS_AT_ONCE:
                self.crowded.set()
            await self.crowded.wait()
            self.asking -= 1
            return ()

    room.cloud = slow = Slow()
    room.__post_init__()
    starts = [another(id=f"start-{number}", trigger_id=f"trigger-{number}") for number in range(20, 40)]
    for start in starts:
        await room.log.record(start)
    await asyncio.gather(*(room.reconciliation.settle(start) for start in starts))
    assert slow.most == LOOKS_AT_ONCE
    assert len(room.channel.told) == len(starts)


async def test_a_start_that_was_taken_over_while_it_waited_is_not_looked_into(room: Room) -> None:
    await room.log.claim(UNKNOWN, NOON + 2 * CLAIM_TIME)
    await room.settle()
    assert room.cloud.looks == 0
    assert room.channel.told == []


async def test_a_job_that_is_adopted_after_people_were_told_is_not_announced_yet(
    room: Room, asking: JobInvocation
) -> None:
    await room.settle()
    room.channel.deaf = True
    room.has(job("job-1"))
    await look_again(room, asking)

    row = await row_of(room.log)
    assert (flat(row).job_id, row.told.announced_at) == ("job-1", None)
