"""Recovery of rows that a process left behind."""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.invocation import Action, Invocation, JobInvocation, RoomInvocation, Source, Status
from bot.durable.claims import Claims
from bot.errors import DatabaseUnavailable, OutcomeUnknown
from bot.jobs.full_room import FullRooms
from bot.jobs.named_by import NamedBy
from bot.jobs.named_starts import NamedStarts
from bot.jobs.outcome import CLAIM_TIME, Outcomes
from bot.jobs.panels import Panels
from bot.jobs.reconcile import Reconciliation
from bot.jobs.recovery import AT_ONCE, EVERY_SECONDS, Recovery
from bot.jobs.rtc_access import RtcAccess
from bot.jobs.start import Starts
from bot.jobs.stop import Stops
from bot.jobs.stop_first import StopFirst
from bot.jobs.worker import STILL_WANTED, Worker
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.runtime.background import Tasks
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.quick_starts import QuickStarts
from tests.fakes import an_invocation
from tests.graph import a_gate
from tests.jobs.outcome_world import row_of
from tests.metastudio.cloud import NOON, Clock, Pauses
from tests.steps import step_to

HELD = NOON + CLAIM_TIME
TURN = NOON + timedelta(seconds=70)


def left_behind(**changes: Any) -> JobInvocation:
    """Return a start that was received half a minute ago, and whose lease has run out."""
    values: dict[str, Any] = {
        "id": "i1",
        "created_at": NOON - timedelta(seconds=30),
        "action": Action.START,
        "source": Source.COMMAND,
        "status": Status.RECEIVED,
        "user_id": "U0MEI",
        "room_id": "lobby",
        "region": "cn-north-4",
        "room_type": "METALINK",
        "client_id": "desk-7",
        "lease_until": NOON,
    }
    if changes.get("action") in {Action.STOP, Action.RTC_ACCESS}:
        values["job_id"] = "job-1"
    return an_invocation(**(values | changes))


Done = tuple[str, Invocation]


class StartsAgain(Starts):
    """Records the starts that it gets."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    def lease_until(self) -> datetime:
        return TURN

    @override
    async def carry_out(self, invocation: RoomInvocation) -> None:
        self.done.append(("start", invocation))


class StopsAgain(Stops):
    """Records the stops that it gets, and that they are resumed."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def carry_out(self, invocation: JobInvocation, *, resumed: bool = False) -> None:
        self.done.append(("stop again" if resumed else "stop", invocation))


class Modals(RtcAccess):
    """Notes for which clicks it is to open a modal."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def carry_out(self, invocation: JobInvocation) -> None:
        self.done.append(("show", invocation))


class NamedStartsAgain(NamedStarts):
    """Notes which starts it is to find the room of."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def carry_out(self, received: Invocation) -> None:
        self.done.append(("find and start", received))


class StopsFirstAgain(StopFirst):
    """Notes which starts it is to send after a stop."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def carry_out(self, start: RoomInvocation, job_id: str) -> None:
        self.done.append((f"stop {job_id} and start", start))

    @override
    async def give_up(self, start: RoomInvocation, job_id: str) -> None:
        self.done.append((f"do not stop {job_id}", start))


class FullRoomsAgain(FullRooms):
    """Notes of which full rooms it is to tell."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def tell(self, failed: RoomInvocation) -> None:
        self.done.append(("tell who holds it", failed))


class PanelsAgain(Panels):
    """Notes which panels it is to post, and which changes it is to show on panels."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def post(self, received: Invocation) -> None:
        self.done.append(("post", received))

    @override
    async def refresh(self, changed: Invocation) -> None:
        self.done.append(("refresh", changed))


class Looks(Reconciliation):
    """Records the starts that it gets to reconcile."""

    def __init__(self, done: list[Done]) -> None:
        self.done = done

    @override
    async def settle(self, unknown: RoomInvocation, before: AbstractSet[str] = frozenset()) -> None:
        self.done.append(("compare", unknown))


class Tellings(Outcomes):
    """Records the outcomes to tell; stores that an outcome is unknown."""

    def __init__(self, done: list[Done], log: Invocations) -> None:
        super().__init__(log, None, now=lambda: NOON)  # type: ignore[arg-type]
        self.done = done
        self.misses: list[OutcomeUnknown] = []

    @override
    async def unknown(self, invocation: RoomInvocation, error: OutcomeUnknown) -> RoomInvocation | None:
        self.misses.append(error)
        return await super().unknown(invocation, error)

    @override
    async def interrupted(self, invocation: RoomInvocation) -> None:
        self.done.append(("interrupted", invocation))

    @override
    async def leave_to_posts(self, settled: Invocation) -> None:
        self.done.append(("tell", settled))


@dataclass
class Process:
    """One process that recovers rows; its work on them is only recorded."""

    log: Invocations
    clock: Clock = field(default_factory=Clock)
    tasks: Tasks = field(default_factory=Tasks)
    pauses: Pauses = field(default_factory=Pauses)
    done: list[Done] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.starts = StartsAgain(self.done)
        self.outcomes = Tellings(self.done, self.log)
        self.claims = Claims(self.log, self.tasks, now=self.clock)
        self.worker = Worker(
            invocations=self.log,
            starts=self.starts,
            stops=StopsAgain(self.done),
            rtc=Modals(self.done),
            reconciliation=Looks(self.done),
            outcomes=self.outcomes,
            named_starts=NamedStartsAgain(self.done),
            stop_first=StopsFirstAgain(self.done),
            full_rooms=FullRoomsAgain(self.done),
            named_by=NamedBy(self.log, QuickStarts(self.log._database)),
            panels=PanelsAgain(self.done),
            policy=a_gate(self.log),
            now=self.clock,
        )
        self.sweeping = Recovery(
            invocations=self.log,
            worker=self.worker,
            claims=self.claims,
            now=self.clock,
            sleep=self.pauses,
        )

    async def recover_once(self) -> list[Done]:
        """Recover rows, and return the recorded work."""
        await self.sweeping.recover_once()
        await self.tasks.idle()
        return self.done


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
def process(log: Invocations) -> Process:
    return Process(log)


@pytest.mark.parametrize(
    ("action", "status", "does"),
    [
        (Action.START, Status.UNKNOWN, "compare"),
        (Action.START, Status.STARTED, "tell"),
        (Action.START, Status.FAILED, "tell"),
        (Action.START, Status.REFUSED, "tell"),
        (Action.STOP, Status.RECEIVED, "stop again"),
        (Action.QUICK, Status.RECEIVED, "post"),
        (Action.QUICK, Status.DONE, "refresh"),
        (Action.STOP, Status.DONE, "tell"),
        (Action.STOP, Status.FAILED, "tell"),
    ],
)
async def test_each_row_goes_on_from_where_it_was_left(
    log: Invocations, process: Process, action: Action, status: Status, does: str
) -> None:
    row = left_behind(action=action, status=status, job_id="job-1")
    await log.record(row)

    assert await process.recover_once() == [(does, replace(row, lease_until=HELD))]
    assert (await row_of(log)).lease_until == HELD


async def test_a_start_that_was_never_sent_is_held_for_as_long_as_it_may_wait_for_its_turn(
    log: Invocations, process: Process
) -> None:
    row = left_behind()
    await log.record(row)

    assert await process.recover_once() == [("start", replace(row, lease_until=TURN))]
    assert (await row_of(log)).lease_until == TURN


async def test_a_start_that_may_have_been_sent_becomes_unknown_and_is_compared_with_the_rooms_jobs(
    log: Invocations, process: Process
) -> None:
    await log.record(left_behind(status=Status.STARTING))
    [(does, row)] = await process.recover_once()

    assert (does, row.status) == ("compare", Status.UNKNOWN)
    assert row == await row_of(log)
    assert [error.reason for error in process.outcomes.misses] == [reason(Code.ANSWER_NOT_AWAITED)]


async def test_a_start_whose_answer_comes_after_all_is_not_compared(
    log: Invocations, process: Process
) -> None:
    starting = left_behind(status=Status.STARTING)
    await log.record(starting)
    await process.sweeping.recover_once()
    await log.advance(starting, step_to(Status.STARTED, job_id="job-1"))
    await process.tasks.idle()

    assert process.done == []


@pytest.mark.parametrize(
    ("age", "does"),
    [
        (timedelta(days=-1), "interrupted"),
        (-STILL_WANTED + timedelta(milliseconds=1), "start"),
        (timedelta(), "start"),
        (STILL_WANTED - timedelta(milliseconds=1), "start"),
        (STILL_WANTED, "interrupted"),
        (timedelta(days=1), "interrupted"),
    ],
    ids=[
        "of the future",
        "of a clock that was set back a little",
        "new",
        "almost a minute old",
        "a minute old",
        "a day old",
    ],
)
async def test_a_start_that_was_never_sent_is_sent_only_while_somebody_still_waits_for_it(
    log: Invocations, process: Process, age: timedelta, does: str
) -> None:
    await log.record(left_behind(created_at=NOON - age))

    assert [done for done, _ in await process.recover_once()] == [does]


@pytest.mark.parametrize("action", [Action.RTC_ACCESS, Action.LOOK, Action.JOBS, Action.HELP])
async def test_what_was_wanted_at_that_moment_only_is_closed(
    log: Invocations, process: Process, action: Action
) -> None:
    row = left_behind(action=action)
    await log.record(row)

    assert await process.recover_once() == []
    assert await row_of(log) == replace(
        row, status=Status.FAILED, reason=reason(Code.INTERRUPTED_WHILE_WAITED_FOR), lease_until=None
    )


@pytest.mark.parametrize(
    ("action", "does"), [(Action.START, "start"), (Action.STOP, "stop"), (Action.RTC_ACCESS, "show")]
)
async def test_a_new_row_is_worked_on_whatever_the_clock_says(
    process: Process, action: Action, does: str
) -> None:
    row = left_behind(action=action, created_at=NOON - timedelta(days=1))
    await process.worker.work_on(row)

    assert process.done == [(does, row)]


async def test_a_look_that_is_settled_stays_so(log: Invocations, process: Process) -> None:
    row = left_behind(
        action=Action.RTC_ACCESS, status=Status.FAILED, reason=other("MetaStudio is not reached.")
    )
    await log.record(row)

    assert await process.recover_once() == []
    assert await row_of(log) == replace(row, lease_until=None)


async def test_what_is_not_overdue_is_left_to_who_has_it(log: Invocations, process: Process) -> None:
    later = left_behind(lease_until=NOON + timedelta(microseconds=1))
    settled = left_behind(id="i2", lease_until=None)
    await log.record(later)
    await log.record(settled)

    assert await process.recover_once() == []
    assert await row_of(log, "i1") == later
    assert await row_of(log, "i2") == settled


async def test_what_this_process_has_in_hand_is_left_alone_however_late_it_is(
    log: Invocations, process: Process
) -> None:
    row = left_behind()
    await log.record(row)
    finish = asyncio.Event()

    async def work() -> None:
        await finish.wait()

    process.claims.take(row.id, work())
    await process.sweeping.recover_once()
    assert process.done == []
    assert await row_of(log) == row

    finish.set()
    await process.tasks.idle()
    assert [does for does, _ in await process.recover_once()] == ["start"]


async def test_of_many_processes_one_takes_a_row_over(log: Invocations) -> None:
    processes = [Process(log) for _ in range(5)]
    for number in range(10):
        await log.record(left_behind(id=f"i{number}"))
    await asyncio.gather(*(process.recover_once() for process in processes))

    taken = [row.id for process in processes for _, row in process.done]
    assert sorted(taken) == [f"i{number}" for number in range(10)]


async def test_a_row_that_was_taken_over_is_not_taken_again_before_its_new_lease(
    log: Invocations, process: Process
) -> None:
    await log.record(left_behind(created_at=NOON))
    await process.recover_once()
    other = Process(log)

    other.clock.now = TURN - timedelta(microseconds=1)
    assert await other.recover_once() == []
    other.clock.now = TURN
    assert [does for does, _ in await other.recover_once()] == ["interrupted"]


async def test_a_row_that_was_claimed_before_a_clock_was_set_back_goes_on(
    log: Invocations, process: Process
) -> None:
    await log.record(left_behind(lease_until=NOON + timedelta(days=1)))
    assert [does for does, _ in await process.recover_once()] == ["start"]


class LogThatFailsTwice(Invocations):
    """Fails the first two reads, the second one with an unexpected error."""

    reads = 0

    @override
    async def overdue(self, now: datetime, *, limit: int) -> list[Invocation]:
        self.reads += 1
        if self.reads == 1:
            raise DatabaseUnavailable(other("The database cannot be used: database is locked."))
        if self.reads == 2:
            raise RuntimeError("a bug")
        return await super().overdue(now, limit=limit)


class ThreePauses(Pauses):
    """Stops the process in the third pause."""

    @override
    async def __call__(self, seconds: float) -> None:
        await super().__call__(seconds)
        if len(self) == 3:
            raise asyncio.CancelledError


async def test_what_fails_for_a_while_does_not_end_the_sweeping(database: Database) -> None:
    log = LogThatFailsTwice(database)
    process = Process(log, pauses=ThreePauses())
    await log.record(left_behind())
    with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await process.sweeping.keep_recovering()
    await process.tasks.idle()

    assert [does for does, _ in process.done] == ["start"]
    assert process.pauses == [EVERY_SECONDS] * 3
    assert [line["log_level"] for line in lines] == ["warning", "error", "info"]


async def test_rows_are_taken_over_one_by_one_the_longest_overdue_first(
    log: Invocations, process: Process
) -> None:
    for seconds in (1, 3, 2):
        await log.record(left_behind(id=f"i{seconds}", lease_until=NOON - timedelta(seconds=seconds)))

    assert [row.id for _, row in await process.recover_once()] == ["i3", "i2", "i1"]


async def test_more_rows_than_one_go_takes_are_taken_in_the_next(log: Invocations, process: Process) -> None:
    for number in range(AT_ONCE + 1):
        await log.record(left_behind(id=f"i{number}"))

    assert len(await process.recover_once()) == AT_ONCE
    assert len(await process.recover_once()) == AT_ONCE + 1


async def test_rows_that_this_process_is_late_with_do_not_keep_others_waiting(
    log: Invocations, process: Process
) -> None:
    finish = asyncio.Event()

    async def work() -> None:
        await finish.wait()

    for number in range(AT_ONCE):
        late = left_behind(id=f"late-{number}", lease_until=NOON - timedelta(seconds=1))
        await log.record(late)
        process.claims.take(late.id, work())
    await log.record(left_behind(id="left"))
    await process.sweeping.recover_once()
    finish.set()
    await process.tasks.idle()
    assert [row.id for _, row in process.done] == ["left"]
