"""Whatever happens to starts and their jobs, in whatever order, and wherever the bot is cut off.

A process is a set of objects over the database, and two of them may share it. Each can end between any two of
its doings: a write, a call to the cloud, a message. From then on nothing that it does has any effect; others
find what it has left. The clock goes only when it is told to, and no pause takes time.
"""

import asyncio
import os
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
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
from sqlalchemy import event, text
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, Invocation, JobState, Source, StartRequest, Status
from bot.domain.job import JobReport, SmartChatJob
from bot.domain.post import Post
from bot.errors import (
    Answer,
    DatabaseUnavailable,
    JobOver,
    OutcomeUnknown,
    Rejected,
    Undeliverable,
)
from bot.graph import Graph
from bot.messages.message import Message
from bot.metastudio.client import Started
from bot.reasons import other
from bot.runtime.background import Tasks
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.leases import inherit
from bot.store.migrate import migrate
from bot.watching.completion import Completion
from tests.fakes import FakeMetaStudio
from tests.graph import parts_for
from tests.metastudio.cloud import NOON
from tests.watching.test_watcher import NothingLacks

EXAMPLES = int(os.environ.get("LIFE_EXAMPLES", "30"))
"""How many lives are lived; `make chaos` has many more."""

START_SECONDS = 30.0
OVER = ("SUCCEED", "FAILED", "DELETING")
ACCEPTED, TAKEN = "accepted", "taken"
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
"""Where a start may go, in one step or several."""


class Life:
    """Of one process. It ends before the doing for which no step is left."""

    def __init__(self) -> None:
        self.steps_left: int | None = None
        self.over = False

    def step(self) -> None:
        """Before anything that has an effect."""
        if self.steps_left is not None:
            self.over = self.over or self.steps_left == 0
            self.steps_left -= 1
        self.check()

    def check(self) -> None:
        """Before anything else: a dead process does nothing."""
        if self.over:
            raise asyncio.CancelledError

    async def sleep(self, _seconds: float) -> None:
        await asyncio.sleep(0)
        self.check()


@dataclass
class Job:
    """A job as the cloud knows it. One that shows late is left out of its room's list at the first look."""

    job_id: str
    room_id: str
    client_id: str | None
    made_by: str | None
    made_at: datetime
    shows_late: bool = False
    states: list[str] = field(default_factory=lambda: ["WAITING"])
    stopped_by: str | None = None

    def __post_init__(self) -> None:
        self.is_hidden = self.shows_late

    @property
    def is_over(self) -> bool:
        return self.states[-1] in OVER

    def go_to(self, state: str) -> None:
        if not self.is_over and state not in self.states:
            self.states.append(state)

    def report(self, *, stale: bool = False) -> JobReport:
        """Where it stands, or where it stood before that."""
        return JobReport(
            job_id=self.job_id,
            state=self.states[-2 if stale and len(self.states) > 1 else -1],
            client_id=self.client_id,
            create_time=self.made_at,
        )


@dataclass
class World:
    """What outlives each process: time, the cloud, what people have read, and what goes wrong out there."""

    now: datetime = NOON
    jobs: dict[str, Job] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    starts: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    lists_fail: int = 0
    stale_reports: int = 0
    slack_fails: int = 0
    log_fails: int = 0
    doors: list[tuple[datetime, asyncio.Event]] = field(default_factory=list)
    announced: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shown: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def make_job(self, request: StartRequest, made_by: str | None, *, shows_late: bool = False) -> Job:
        job_id = f"job-{len(self.jobs) + 1}"
        job = Job(job_id, request.room_id, request.client_id, made_by, self.now, shows_late)
        self.jobs[job_id] = job
        return job

    def heal(self) -> None:
        """Nothing goes wrong any more, and whatever is late comes."""
        self.starts.clear()
        self.stops.clear()
        self.lists_fail = self.stale_reports = self.slack_fails = self.log_fails = 0
        for job in self.jobs.values():
            job.is_hidden = False
        self.open_doors()

    def pass_time(self, seconds: int) -> None:
        """No call takes longer than its time limit."""
        self.now += timedelta(seconds=seconds)
        self.open_doors(since=self.now - timedelta(seconds=START_SECONDS))

    def open_doors(self, since: datetime | None = None) -> None:
        """The answers come that have been waited for, all or only those since then."""
        for shut, door in self.doors:
            if since is None or shut <= since:
                door.set()


class Cloud(FakeMetaStudio):
    """The cloud as one process sees it. `waiting` counts the calls without an answer yet."""

    def __init__(self, world: World, life: Life) -> None:
        self._world = world
        self._life = life
        self.waiting = 0

    @override
    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        self._life.step()
        self._world.calls[app_user_id] += 1
        plan = self._world.starts.pop(0) if self._world.starts else ACCEPTED
        match plan:
            case "rejected":
                raise Rejected(
                    other("The room's concurrency is used up."), answer=Answer(400, "MSS.20010135")
                )
            case "lost on the way there":
                raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
            case _:
                """It makes a job."""
        job = self._world.make_job(request, app_user_id, shows_late="late" in plan)
        if plan.startswith("slow"):
            await self._wait()
        if "lost" in plan:
            raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
        return Started(SmartChatJob(job_id=job.job_id), Answer(http_status=202))

    @override
    async def stop(self, room_id: str, job_id: str, *, app_user_id: str, seconds: float) -> Answer:
        self._life.step()
        plan = self._world.stops.pop(0) if self._world.stops else TAKEN
        job = self._world.jobs[job_id]
        if plan == "lost on the way there":
            raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
        if plan == "rejected":
            raise Rejected(other("You may not stop jobs."), answer=Answer(403))
        if job.is_over:
            raise JobOver(other("The job is finished."), answer=Answer(400, "MSS.20010066"))
        job.go_to("DELETING")
        job.stopped_by = app_user_id
        if plan == "lost on the way back":
            raise OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
        return Answer(http_status=200)

    @override
    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        self._life.check()
        return self._world.jobs[job_id].report(stale=self._is_stale())

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        self._life.check()
        if self._world.lists_fail:
            self._world.lists_fail -= 1
            raise OutcomeUnknown(other("No answer."))
        stale, listed = self._is_stale(), []
        for job in self._world.jobs.values():
            if job.room_id == room_id and not job.is_hidden:
                listed.append(job.report(stale=stale))
            elif job.room_id == room_id and not states:
                job.is_hidden = False
        return tuple(report for report in listed if not states or report.state in states)

    def _is_stale(self) -> bool:
        stale = self._world.stale_reports > 0
        self._world.stale_reports -= stale
        return stale

    async def _wait(self) -> None:
        door = asyncio.Event()
        self._world.doors.append((self._world.now, door))
        self.waiting += 1
        try:
            await door.wait()
        finally:
            self.waiting -= 1
        self._life.check()


class Slack(Delivery):
    """Slack as one process sees it. In C2 the bot is no member: its messages there cannot be found again."""

    def __init__(self, world: World, life: Life) -> None:
        self._world = world
        self._life = life

    @override
    async def announce(self, invocation: Invocation, render: Render) -> Delivered:
        self._speak()
        words, job_id = render("").text, invocation.job_id or "no job"
        assert job_id in words
        self._world.announced[job_id].append(invocation.id)
        if invocation.channel_id != "C1":
            return Delivered()
        ts = f"{len(self._world.shown) + 1}.0"
        self._world.shown[ts].append(words)
        return Delivered("C1", ts)

    @override
    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        self._speak()
        self._world.told[invocation.id].append(message.text)
        return Delivered()

    @override
    async def edit(self, post: Post, message: Message) -> bool:
        return self._change(post, self._world.shown[post.ts or ""], message)

    @override
    async def reply(self, post: Post, message: Message) -> bool:
        return self._change(post, self._world.told[post.invocation_id], message)

    def _change(self, post: Post, place: list[str], message: Message) -> bool:
        if not post.ts:
            raise Undeliverable("The announcement went where it cannot be found again.")
        with suppress(Undeliverable):
            self._speak()
            place.append(message.text)
            return True
        return False

    def _speak(self) -> None:
        self._life.step()
        if self._world.slack_fails:
            self._world.slack_fails -= 1
            raise Undeliverable("Slack took it on no route.")


class OneThatLacksNothing(Graph):
    """Of each job everything is known, so rooms are not asked."""

    @cached_property
    @override
    def completion(self) -> Completion:
        return NothingLacks(
            watched_jobs=self.watched_jobs,
            metastudio=self.metastudio,
            rooms=self.rooms,
            posts=self.posts,
        )


class Process:
    """The bot's use cases over the database."""

    def __init__(self, world: World, engine: Database, stack: AsyncExitStack, number: int) -> None:
        self.life = life = Life()
        self._stack = stack
        self.tasks = Tasks()
        self.log = Invocations(engine)
        self.cloud = Cloud(world, life)
        slack = Slack(world, life)

        def now() -> datetime:
            return world.now

        def clock() -> float:
            return world.now.timestamp()

        graph = OneThatLacksNothing(
            **parts_for(
                self.log,
                delivery=slack,
                metastudio=self.cloud,
                tasks=self.tasks,
                now=now,
                acquire=partial(life.sleep, 0),
                holder=f"process-{number}",
                start_seconds=START_SECONDS,
                reads_per_second=100,
                commit_seconds=600,
                ask_seconds=600,
                clock=clock,
                sleep=life.sleep,
            )
        )
        self.claims, self.reconciliation, self.recovery = graph.claims, graph.reconciliation, graph.recovery
        self.starts, self.stops = graph.starts, graph.stops
        self.posts, self._watcher = graph.posts, graph.watcher
        event.listen(engine.sync_engine, "checkout", partial(_before_statement, world, life))

    async def watch(self) -> None:
        """Follow the jobs for a moment."""
        await self._watcher.refresh()
        while await self._watcher.look():
            pass

    @property
    def is_busy(self) -> bool:
        """Whether there is anything left to do but to wait for the cloud."""
        return len(self.tasks._running) + len(self.posts._tasks._running) > self.cloud.waiting

    async def end(self) -> None:
        """From here on nothing that it does has any effect."""
        self.life.over = True
        await self.tasks.cancel()
        await self.posts.close()
        await self._stack.aclose()


def _before_statement(world: World, life: Life, *_: object) -> None:
    """Each statement has the connection to itself: it is a step, and it may fail."""
    life.step()
    if world.log_fails:
        world.log_fails -= 1
        raise sqlite3.OperationalError("database is locked")


Work = Callable[[Process], Awaitable[object]]
Row = dict[str, Any]


class LifeOfStarts(RuleBasedStateMachine):
    """Somebody starts and stops; jobs live; processes, the log, Slack and the cloud fail."""

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
        self._let_all(_take_over, steps)

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
        self._let_all(_nothing, steps)

    @rule(seconds=st.sampled_from([1, 5, 11, 30, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(seconds)
        self._let_all(_nothing)

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
        """Around what has to hold; where it does not, that is the end of the story."""
        self._is_sound = False
        yield
        self._is_sound = True

    @override
    def teardown(self) -> None:
        try:
            if self._is_sound:
                self._live_happily_ever_after()
        finally:
            for process in self._processes.values():
                self._runner.run(process.end())
            self._runner.close()
            self._reader.close()

    def _live_happily_ever_after(self) -> None:
        """In the end everything is well, and every start has come to its end and is told."""
        self.world.heal()
        self._let_all(_nothing)
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
        """Every start that was accepted is in the log; everything there is settled, and people know."""
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
        """Every job is announced. Where it cannot be told whose it is, its start is known to be unknown.

        That is so where MetaStudio did not answer, where the room had several new jobs, or where another
        start of the room was under way; and where the job showed late, so that the last look that was
        answered did not find it. A job that could not be seen among those under way may also have had to
        stand back for another one of its room, whose start is then the one that is left.
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
        """Every announcement that can be found again says how its job ended."""
        for row in self._starts():
            if row["job_id"]:
                state = JobState(row["job_state"])
                assert state.is_over, row
                title = "Avatar job " + (
                    state.value if state in {JobState.STOPPED, JobState.FAILED} else "ended"
                )
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
        """By job, who has stopped it, or is about to, as far as the log tells."""
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
        return Invocation(**(values | more))

    async def _deliver(self, start: Invocation, request: StartRequest, process: Process) -> None:
        received = await process.starts.commit(start.asking_for(request))
        if isinstance(received, Invocation):
            self._accepted.add(received.id)
            process.claims.take(received.id, process.starts.carry_out(received))

    @staticmethod
    async def _stop(stop: Invocation, job: JobRef, process: Process) -> None:
        received = await process.stops.commit(replace(stop, room_id=job.room_id, job_id=job.job_id))
        assert received is not None
        process.claims.take(received.id, process.stops.carry_out(received))

    @staticmethod
    async def _look_again(look: Invocation, invocation_id: str, process: Process) -> None:
        start = await process.log.get(invocation_id)
        assert start is not None
        await process.log.record(look)
        process.claims.take(look.id, process.reconciliation.look_again(start, asking=look))

    def _let(self, who: int, work: Work, steps: int | None = None) -> None:
        """Let a process do something, a new one where the last has ended, until all come to rest.

        Args:
            steps: after so many of them it ends.
        """
        self._runner.run(self._do(work, [who], steps))

    def _let_all(self, work: Work, steps: int | None = None) -> None:
        """Let all processes do something at the same time; if there is none, a new one."""
        self._runner.run(self._do(work, list(self._processes) or [0], steps))

    async def _do(self, work: Work, whose: Sequence[int], steps: int | None) -> None:
        for who in whose:
            if who not in self._processes:
                self._processes[who] = await self._begin()
            self._processes[who].life.steps_left = steps
        await asyncio.gather(*(_try(work, self._processes[who]) for who in whose))
        while any(process.is_busy for process in self._processes.values()):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0)
        for who, process in tuple(self._processes.items()):
            if process.life.over:
                del self._processes[who]
                await process.end()

    async def _begin(self) -> Process:
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(open_database(f"sqlite+aiosqlite:///{self._path}"))
            async with engine.connect() as connection:
                await connection.execute(text("PRAGMA synchronous=OFF"))  # nobody pulls the plug here
            if not self._processes:
                await inherit(engine, self.world.now)
            return Process(self.world, engine, stack.pop_all(), next(self._numbers))


async def _try(work: Work, process: Process) -> None:
    with suppress(asyncio.CancelledError, DatabaseUnavailable):
        await work(process)


async def _take_over(process: Process) -> None:
    await process.recovery.recover_once()
    await process.posts.deliver_due()


async def _nothing(_process: Process) -> None:
    """The process only comes to rest."""


async def _make_empty_log(path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{path}") as engine:
        await migrate(engine)


def test_whatever_happens_no_start_is_sent_twice_and_no_job_is_lost(tmp_path: Path) -> None:
    empty, numbers = tmp_path / "empty.db", count(1)
    asyncio.run(_make_empty_log(empty))

    class NewLife(LifeOfStarts):
        """With a log of its own."""

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
