"""A state machine of starts and jobs: all events in any order, and processes that end at any step.

A process is a set of objects with a database, and two processes may share one. Each can end between any two
actions: a write, a call to the cloud, a message. From then on it has no effect, and other processes continue
its work. The clock only moves when the test moves it, and pauses take no time.
"""

import asyncio
import os
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, Invocation, JobState, Source, StartRequest, Status
from bot.messages.words import emoji
from tests.fakes import an_invocation, changed
from tests.life.process import Process, Work, begin, make_empty_log, nothing, take_over, tried
from tests.life.world import ACCEPTED, OVER, TAKEN, World

EXAMPLES = int(os.environ.get("LIFE_EXAMPLES", "30"))
"""The number of runs; `make chaos` has many more."""

START_PLANS = (
    ACCEPTED,
    *("slow", "lost on the way there") * 2,
    "slow, then lost",
    "lost on the way back",
    "lost, and its job shows late",
    "rejected",
)
STOP_PLANS = (TAKEN, TAKEN, TAKEN, "lost on the way back", "lost on the way there", "rejected")
REGIONS = (None, "cn-north-4", "cn-southwest-2")
ROOMS = st.sampled_from(["lobby", "lobby", "stage"])
PROCESSES = st.sampled_from([0, 0, 1])
ANY = st.integers(0, 9)
STEPS = st.none() | st.integers(0, 12)
COUNTS = st.integers(0, 3)
AMBIGUOUS = (
    "MetaStudio could not be asked which jobs run.",
    "jobs in this room, and it cannot be told which is yours",
    "a job in this room, and it cannot be told whether it is yours",
)
"""Why a start may be told as unknown although its job is there: MetaStudio did not answer, there were several
new jobs, or another start of the room was under way."""

BUGS = {"a task failed", "looking at a room failed"}

NEXT = {
    None: set(Status),
    Status.RECEIVED: {Status.STARTING, Status.STARTED, Status.FAILED, Status.UNKNOWN, Status.REFUSED},
    Status.STARTING: {Status.STARTED, Status.FAILED, Status.UNKNOWN},
    Status.UNKNOWN: {Status.STARTED},
}
"""The statuses that a start may reach from each status, in one step or several."""


Row = dict[str, Any]


class LifeOfStarts(RuleBasedStateMachine):
    """People start and stop jobs; jobs run and end; processes, the database, Slack and the cloud fail."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.world = World()
        self._path = path
        self._runner = asyncio.Runner()
        self._reader = sqlite3.connect(path, isolation_level=None)
        self._reader.row_factory = sqlite3.Row
        self._processes: dict[int, Process] = {}
        self._numbers = count(1)
        self._typed: list[tuple[Invocation, StartRequest]] = []
        self._accepted: set[str] = set()
        self._statuses: dict[str, Status] = {}
        self._job_states: dict[str, JobState] = {}
        self._is_sound = True

    @initialize()
    def a_job_is_there(self) -> None:
        self.people_start(
            who=0, room="lobby", channel="C1", source=Source.BUTTON, plans=[ACCEPTED], steps=None
        )

    @rule(
        who=PROCESSES,
        room=ROOMS,
        channel=st.sampled_from(["C1", "C2"]),
        source=st.sampled_from([Source.BUTTON, Source.BUTTON, Source.COMMAND]),
        plans=st.lists(st.sampled_from(START_PLANS), min_size=2, max_size=3),
        steps=STEPS,
    )
    def people_start(
        self, *, who: int, room: str, channel: str, source: Source, plans: list[str], steps: int | None
    ) -> None:
        self.world.starts = list(plans)
        starts = [self._typing(room, region, channel, source) for region in REGIONS[: len(plans)]]
        self._typed += starts

        async def deliver(process: Process) -> None:
            for start, request in starts:
                await self._deliver(start, request, process)

        self._let(who, deliver, steps)

    @rule(who=PROCESSES, which=ANY)
    def slack_delivers_it_again(self, who: int, which: int) -> None:
        if self._typed:
            start, request = self._typed[which % len(self._typed)]
            again = replace(start, id=f"i{next(self._numbers)}", created_at=self.world.now)
            self._let(who, partial(self._deliver, again, request))

    @rule(who=PROCESSES, which=ANY, plan=st.sampled_from(STOP_PLANS), steps=st.none() | st.integers(0, 3))
    def somebody_stops(self, *, who: int, which: int, plan: str, steps: int | None) -> None:
        started = [row for row in self._starts() if row["job_id"]]
        if started:
            self.world.stops = [plan]
            row = started[which % len(started)]
            stop = self._use(Action.STOP, f"V{next(self._numbers)}")
            self._let(who, partial(self._stop, stop, JobRef(row["room_id"], row["job_id"])), steps)

    @rule(who=PROCESSES, which=ANY)
    def somebody_looks_again(self, who: int, which: int) -> None:
        unknown = [
            row["id"] for row in self._starts() if row["status"] == Status.UNKNOWN and row["announced_at"]
        ]
        if unknown:
            look = self._use(Action.LOOK, f"W{next(self._numbers)}", status=Status.DONE)
            self._let(who, partial(self._look_again, look, unknown[which % len(unknown)]))

    @rule(steps=STEPS)
    def what_is_overdue_is_taken_over(self, steps: int | None) -> None:
        self._let_all(take_over, steps)

    @rule(steps=STEPS)
    def the_jobs_are_followed(self, steps: int | None) -> None:
        before, stops = dict(self._job_states), self._credited()
        self._let_all(lambda process: process.watch(), steps)
        with self._holding():
            for row in self._starts():
                state = JobState(row["job_state"]) if row["job_state"] else None
                if state and state.is_over and state is not before.get(row["id"]):
                    assert (state is JobState.STOPPED) is bool(stops[row["job_id"]]), (
                        "stopped by who stopped it"
                    )

    @rule(which=ANY, state=st.sampled_from(["PROCESSING", *OVER]))
    def a_job_goes_on(self, which: int, state: str) -> None:
        if self.world.jobs:
            list(self.world.jobs.values())[which % len(self.world.jobs)].go_to(state)

    @rule(room=ROOMS)
    def somebody_starts_elsewhere(self, room: str) -> None:
        self.world.make_job(StartRequest(room, client_id="elsewhere"), None)

    @rule(steps=STEPS)
    def the_answers_come(self, steps: int | None) -> None:
        self.world.open_doors()
        self._let_all(nothing, steps)

    @rule(seconds=st.sampled_from([1, 5, 11, 30, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)
        self._let_all(nothing)

    @rule(lists=COUNTS, reports=COUNTS, slack=COUNTS, log=COUNTS)
    def trouble_comes(self, lists: int, reports: int, slack: int, log: int) -> None:
        self.world.lists_fail, self.world.stale_reports = lists, reports
        self.world.slack_fails, self.world.log_fails = slack, log

    @rule(kindly=st.booleans())
    def the_processes_end(self, kindly: object) -> None:
        async def end(process: Process) -> None:
            if kindly:
                await process.tasks.drain(0)
            process.life.over = True

        self._let_all(end)

    @invariant()
    def no_start_is_sent_twice(self) -> None:
        with self._holding():
            assert all(calls == 1 for calls in self.world.calls.values())

    @invariant()
    def each_delivery_has_one_row_and_each_job_one_start(self) -> None:
        with self._holding():
            triggers = Counter(row["trigger_id"] for row in self._rows() if row["trigger_id"])
            jobs = Counter(row["job_id"] for row in self._starts() if row["job_id"])
            assert not [each for each, times in (triggers + jobs).items() if times > 1]

    @invariant()
    def nothing_turns_back(self) -> None:
        with self._holding():
            for row in self._starts():
                status, known = Status(row["status"]), self._statuses.get(row["id"])
                assert status is known or status in NEXT[known], (known, status)
                self._statuses[row["id"]] = status
                if row["job_state"]:
                    state = JobState(row["job_state"])
                    before = self._job_states.get(row["id"], state)
                    assert state is before or state.follows(before), (before, state)
                    self._job_states[row["id"]] = state

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Check promises within the block. If one is broken, end the run."""
        self._is_sound = False
        yield
        self._is_sound = True

    @override
    def teardown(self) -> None:
        try:
            if self._is_sound:
                self._run_to_the_end()
        finally:
            for process in self._processes.values():
                self._runner.run(process.end())
            self._runner.close()
            self._reader.close()

    def _run_to_the_end(self) -> None:
        """End all faults, and run until every start is settled and told."""
        self.world.heal()
        self._let_all(nothing)
        self.the_processes_end(kindly=False)
        for _ in range(10):
            self.what_is_overdue_is_taken_over(steps=None)
            self.world.pass_time(61)
        self._check_rows()
        self._check_jobs()
        for job in self.world.jobs.values():
            job.go_to("SUCCEED")
        for _ in range(3):
            self.the_jobs_are_followed(steps=None)
            self.world.pass_time(61)
        self._check_announcements()
        self.nothing_turns_back()
        self.each_delivery_has_one_row_and_each_job_one_start()
        self.no_start_is_sent_twice()

    def _check_rows(self) -> None:
        """Check that each acknowledged start is in the invocation log, and all rows are settled and told."""
        rows = {row["id"]: row for row in self._rows()}
        assert rows.keys() >= self._accepted
        stoppers = {job.stopped_by for job in self.world.jobs.values() if job.stopped_by}
        for row in rows.values():
            if row["user_id"] in stoppers and row["status"] == Status.DONE:
                assert row["job_state"] == JobState.STOPPED, "a stop is credited to who stopped"
            assert row["lease_until"] is None, row
            assert row["status"] not in {Status.RECEIVED, Status.STARTING}, row
            assert row["announced_at"] or row["action"] != Action.START, row

    def _check_jobs(self) -> None:
        """Check that each job is announced, or its start is told as unknown if the job cannot be matched.

        A job cannot be matched if MetaStudio did not answer, if the room had several new jobs, or if another
        start of the room was under way. A late job may be missing in the last list that MetaStudio answered.
        Or another start of the room has adopted a job in the meantime, and this start is left unknown.
        """
        lost = [
            job for job in self.world.jobs.values() if job.made_by and not self.world.announced[job.job_id]
        ]
        unknown = Counter(row["room_id"] for row in self._starts() if row["status"] == Status.UNKNOWN)
        assert Counter(job.room_id for job in lost) <= unknown
        start_of = {row["user_id"]: row for row in self._starts()}
        for job in lost:
            row = start_of[job.made_by]
            if row["status"] == Status.UNKNOWN:
                words = self.world.told[row["id"]][-1]
                assert any(reason in words for reason in AMBIGUOUS) or job.shows_late, words
            else:
                assert row["status"] == Status.STARTED, row
                assert job.is_over or job.shows_late, job
        for job in self.world.jobs.values():
            assert job.made_by or not self.world.announced[job.job_id], "it was somebody else's"

    def _check_announcements(self) -> None:
        """Check that every announcement that can be edited says how its job ended."""
        for row in self._starts():
            if row["job_id"]:
                state = JobState(row["job_state"])
                assert state.is_over, row
                title = f"{emoji(state)}  "
                shown = self.world.shown[row["message_ts"]][-1] if row["message_ts"] else title
                assert shown.startswith(title), (title, shown)
                if row["message_ts"] and state is JobState.STOPPED:
                    assert any(f"<@{user}>" in shown for user in self._credited()[row["job_id"]]), shown

    def _rows(self) -> list[Row]:
        found = self._reader.execute("SELECT * FROM invocations ORDER BY created_at, rowid")
        return [dict(row) for row in found]

    def _starts(self) -> list[Row]:
        return [row for row in self._rows() if row["action"] == Action.START]

    def _credited(self) -> dict[str, list[str]]:
        """Return for each job the people who stopped it or are stopping it, by the invocation log."""
        users = defaultdict[str, list[str]](list)
        for row in self._rows():
            under_way = row["status"] == Status.RECEIVED
            if row["action"] == Action.STOP and (under_way or row["job_state"] == JobState.STOPPED):
                users[row["job_id"]].append(row["user_id"])
        return users

    def _typing(
        self, room: str, region: str | None, channel: str, source: Source
    ) -> tuple[Invocation, StartRequest]:
        number = next(self._numbers)
        start = self._use(
            Action.START, f"U{number}", channel_id=channel, source=source, trigger_id=f"t{number}"
        )
        return start, StartRequest(room, region, client_id="desk-7" if room == "stage" else None)

    def _use(self, action: Action, user_id: str, **more: Any) -> Invocation:
        values: dict[str, Any] = {
            "id": f"i{next(self._numbers)}",
            "created_at": self.world.now,
            "action": action,
            "source": Source.BUTTON,
            "status": Status.RECEIVED,
            "user_id": user_id,
            "channel_id": "C1",
        }
        return an_invocation(**(values | more))

    async def _deliver(self, start: Invocation, request: StartRequest, process: Process) -> None:
        received = await process.starts.commit(start.asking_for(request))
        if isinstance(received, Invocation):
            self._accepted.add(received.id)
            process.claims.take(received.id, process.starts.carry_out(received))

    @staticmethod
    async def _stop(stop: Invocation, job: JobRef, process: Process) -> None:
        received = await process.stops.commit(changed(stop, room_id=job.room_id, job_id=job.job_id))
        assert received is not None
        process.claims.take(received.id, process.stops.carry_out(received))

    @staticmethod
    async def _look_again(look: Invocation, invocation_id: str, process: Process) -> None:
        start = await process.log.get_start(invocation_id)
        assert start is not None
        await process.log.record(look)
        process.claims.take(look.id, process.reconciliation.look_again(start, asking=look))

    def _let(self, who: int, work: Work, steps: int | None = None) -> None:
        """Let a process work until all processes are idle. If it has ended, begin a new one.

        Args:
            steps: the process ends after this number of steps.
        """
        self._runner.run(self._do(work, [who], steps))

    def _let_all(self, work: Work, steps: int | None = None) -> None:
        """Let all processes work at the same time. If there is none, begin one."""
        self._runner.run(self._do(work, list(self._processes) or [0], steps))

    async def _do(self, work: Work, whose: Sequence[int], steps: int | None) -> None:
        for who in whose:
            if who not in self._processes:
                self._processes[who] = await begin(
                    self.world, self._path, next(self._numbers), alone=not self._processes
                )
            self._processes[who].life.steps_left = steps
        await asyncio.gather(*(tried(work, self._processes[who]) for who in whose))
        while any(process.is_busy for process in self._processes.values()):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)
        for who, process in tuple(self._processes.items()):
            if process.life.over:
                del self._processes[who]
                await process.end()


def test_whatever_happens_no_start_is_sent_twice_and_no_job_is_lost(tmp_path: Path) -> None:
    empty, numbers = tmp_path / "empty.db", count(1)
    asyncio.run(make_empty_log(empty))

    class NewLife(LifeOfStarts):
        """A run with its own database."""

        def __init__(self) -> None:
            super().__init__(Path(shutil.copy(empty, tmp_path / f"{next(numbers)}.db")))

    how_much = settings(
        max_examples=EXAMPLES,
        stateful_step_count=25,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    with capture_logs() as lines:
        run_state_machine_as_test(NewLife, settings=how_much)
    assert not BUGS & {line["event"] for line in lines}
