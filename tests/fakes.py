"""Fakes of the bot's own objects, shared by tests. Arguments and attributes control each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeAlias, TypeVar, cast

from typing_extensions import override

from bot.domain.invocation import Invocation, JobInvocation, StartRequest
from bot.domain.job import JobReport, RoomReport, SmartChatJob
from bot.domain.post import Due, Post
from bot.domain.room_names import NamedRoom
from bot.domain.steps import Adopted, AnyInvocation, Step
from bot.errors import Answer, DatabaseUnavailable, RoomUnknown, Undeliverable
from bot.messages.message import Message
from bot.metastudio.client import MetaStudio, Started
from bot.reasons import ReasonCode, other, reason
from bot.slack.delivery import Delivered, Delivery, Render
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.posts import Posts, Shown
from bot.store.rows import NAMES, invocation_of, values_of
from bot.store.watched_jobs import Stop, WatchedJob, WatchedJobs

T = TypeVar("T")
Reply: TypeAlias = T | Exception | Callable[[], Awaitable[T]]
"""The reply of an operation: a value, an error to raise, or a function that returns a reply."""


OF_THE_REQUEST = ("room_id", "region", "room_type", "client_id")
OF_THE_JOB = ("job_id", "job_state", "configuration", "started_at", "adopted_at", "ended_at")


def an_invocation(**columns: Any) -> JobInvocation:
    """Return the invocation of a row with these columns, and with its `reason`.

    Its type fits every function that takes an invocation, so the test must give it the needed room and job.
    """
    reason = columns.pop("reason", None)
    values = dict.fromkeys(NAMES) | {"text": "", **columns}
    invocation = replace(invocation_of([values.pop(name) for name in NAMES]), reason=reason)
    assert not values, f"no columns: {values}"
    assert invocation.request or not any(columns.get(name) for name in OF_THE_REQUEST), "a room_id is missing"
    assert invocation.job or not any(columns.get(name) for name in OF_THE_JOB), "a job_id is missing"
    return cast("JobInvocation", invocation)


def changed(invocation: Invocation, **columns: Any) -> JobInvocation:
    """Return the invocation with other values in these columns."""
    values = {name: value for name, value in values_of(invocation).items() if not name.startswith("reason_")}
    return an_invocation(**(values | {"reason": invocation.reason} | columns))


def flat(invocation: Invocation) -> Any:
    """Return the columns as attributes; each is None if the invocation lacks that part."""
    return SimpleNamespace(**values_of(invocation))


def buttons_of(message: Message) -> list[dict[str, Any]]:
    """Return the buttons of a message, in their order."""
    of_blocks = (block.get("elements", [block.get("accessory")]) for block in message.blocks)
    return [each for buttons in of_blocks for each in buttons if each and each["type"] == "button"]


LOCKED = other("The database cannot be used: database is locked.")
LOST = other("The database cannot be used: connection lost.")


@dataclass(eq=False)
class FakeMetaStudio(MetaStudio):
    """Gives the test's replies to operations, and records the calls, oldest first.

    By default each start makes a new job, each stop succeeds, jobs run, and rooms
    have a name and list no jobs.
    """

    on_start: Reply[Started] | None = None
    on_stop: Reply[Answer] = field(default_factory=lambda: Answer(http_status=200))
    on_state: Reply[JobReport] = field(default_factory=lambda: JobReport(state="PROCESSING"))
    on_room: Reply[RoomReport] | None = None
    on_list: Reply[Sequence[JobReport]] = ()
    on_list_rooms: Reply[Sequence[NamedRoom]] = ()
    unknown_rooms: set[str] = field(default_factory=set)
    rooms_read: int = 0
    starts: list[tuple[StartRequest, str, float]] = field(default_factory=list)
    stops: list[tuple[str, str, str, float]] = field(default_factory=list)
    states: list[tuple[str, str, float]] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    rooms_listed: list[str] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    @override
    def clock_offset(self) -> timedelta | None:
        return None

    @override
    def seen_in(self, room_id: str) -> frozenset[str]:
        return frozenset()

    @override
    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        self.starts.append((request, app_user_id, seconds))
        if request.room_id in self.unknown_rooms:
            raise RoomUnknown(reason(ReasonCode.ROOM_UNKNOWN))
        job = SmartChatJob(job_id=f"job-{len(self.starts)}")
        return await self._reply("start", self.on_start or Started(job, Answer(http_status=202)))

    @override
    async def stop(self, room_id: str, job_id: str, *, app_user_id: str, seconds: float) -> Answer:
        self.stops.append((room_id, job_id, app_user_id, seconds))
        return await self._reply("stop", self.on_stop)

    @override
    async def state(self, room_id: str, job_id: str, *, seconds: float) -> JobReport:
        self.states.append((room_id, job_id, seconds))
        return await self._reply("state", self.on_state)

    @override
    async def room(self, room_id: str, *, seconds: float) -> RoomReport:
        self.rooms.append(room_id)
        return await self._reply("room", self.on_room or RoomReport(room_name=f"The {room_id}"))

    @override
    async def jobs_of_room(
        self, room_id: str, *, states: Sequence[str] = (), seconds: float
    ) -> tuple[JobReport, ...]:
        self.rooms_listed.append(room_id)
        return tuple(await self._reply("list", self.on_list))

    @override
    async def list_rooms(self, *, seconds: float) -> tuple[NamedRoom, ...]:
        self.rooms_read += 1
        if isinstance(self.on_list_rooms, Exception):
            raise self.on_list_rooms
        rooms = self.on_list_rooms
        return tuple(await rooms() if callable(rooms) else rooms)

    @property
    def started(self) -> list[StartRequest]:
        """Return the requests of all start calls."""
        return [request for request, *_ in self.starts]

    @property
    def stopped(self) -> list[str]:
        """Return the job IDs of all stop calls."""
        return [job_id for _, job_id, *_ in self.stops]

    async def _reply(self, operation: str, reply: Reply[T]) -> T:
        self.operations.append(operation)
        self.is_asked.set()
        if isinstance(reply, Exception):
            raise reply
        return await reply() if callable(reply) else reply


@dataclass
class Channel(Delivery):
    """Records messages, unless it is `deaf`: `announced` to the channel, `told` to one person."""

    announced: list[str] = field(default_factory=list)
    told: list[Message] = field(default_factory=list)
    instead: list[Message] = field(default_factory=list)
    addresses: list[str | None] = field(default_factory=list)
    deaf: bool = False
    has_told: asyncio.Event = field(default_factory=asyncio.Event)
    posted: list[Message] = field(default_factory=list)

    @override
    async def announce(self, invocation: Invocation, render: Render) -> Delivered:
        self._listen()
        self.announced.append(render("").text)
        return Delivered(invocation.origin.channel_id, f"1700000000.{len(self.announced):06}")

    @override
    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        self._listen()
        self.addresses.append(invocation.origin.response_url)
        (self.instead if instead else self.told).append(message)
        self.has_told.set()
        return Delivered()

    @override
    async def remark(self, invocation: Invocation, message: Message) -> None:
        self.told.append(message)
        self.has_told.set()

    @override
    async def post(self, post: Post, message: Message) -> Delivered:
        self._listen()
        self.posted.append(message)
        return Delivered(post.channel, f"1800000000.{len(self.posted):06}")

    def _listen(self) -> None:
        if self.deaf:
            raise Undeliverable("Slack took it on no route.")

    @property
    def heard(self) -> list[str]:
        """Return all messages."""
        return [*self.announced, *(message.text for message in (*self.told, *self.instead))]


class FlakyLog(Invocations):
    """Refuses the given number of the next status changes, and loses the answers to others."""

    def __init__(self, database: Database, *, refuses: int = 0, answers_lost: int = 0) -> None:
        super().__init__(database)
        self.refuses = refuses
        self.answers_lost = answers_lost

    def refuse(self) -> None:
        if self.refuses:
            self.refuses -= 1
            raise DatabaseUnavailable(LOCKED)

    def lose_answer(self) -> None:
        if self.answers_lost:
            self.answers_lost -= 1
            raise DatabaseUnavailable(LOST)

    @override
    async def record(
        self, invocation: Invocation, *, unless_duplicate: bool = False, unless_running: bool = False
    ) -> bool:
        recorded = await super().record(
            invocation, unless_duplicate=unless_duplicate, unless_running=unless_running
        )
        self.lose_answer()
        return recorded

    @override
    async def advance(
        self, invocation: AnyInvocation, step: Step, *, post: Post | None = None
    ) -> AnyInvocation | None:
        self.refuse()
        moved = await super().advance(invocation, step, post=post)
        self.lose_answer()
        return moved

    @override
    async def adopt(
        self, unknown: AnyInvocation, step: Adopted, *, post: Post | None = None
    ) -> AnyInvocation | None:
        self.refuse()
        return await super().adopt(unknown, step, post=post)

    @override
    async def release(self, invocation_id: str, at: datetime | None) -> None:
        self.refuse()
        await super().release(invocation_id, at)


class SlowLog(Invocations):
    """Delays new rows or changes of rows until it is `opened`; `writing` counts the waiting ones."""

    def __init__(self, database: Database, *, records: bool = False, steps: bool = False) -> None:
        super().__init__(database)
        self._records = records
        self._steps = steps
        self.opened = asyncio.Event()
        self.writing = 0

    @override
    async def record(
        self, invocation: Invocation, *, unless_duplicate: bool = False, unless_running: bool = False
    ) -> bool:
        if self._records:
            await self._wait()
        return await super().record(
            invocation, unless_duplicate=unless_duplicate, unless_running=unless_running
        )

    @override
    async def advance(
        self, invocation: AnyInvocation, step: Step, *, post: Post | None = None
    ) -> AnyInvocation | None:
        if self._steps:
            await self._wait()
        return await super().advance(invocation, step, post=post)

    async def _wait(self) -> None:
        self.writing += 1
        await self.opened.wait()


class FlakyPosts(Posts):
    """Fails the given number of reads, claims and marks, or loses the answers to marks.

    It also fails to mark while its `log` refuses writes.
    """

    reads_fail = 0
    claims_fail = 0
    marks_fail = 0
    answers_lost = 0

    def __init__(self, database: Database, *, log: FlakyLog | None = None) -> None:
        super().__init__(database)
        self._log = log

    @override
    async def held(self, invocation_id: str, lease: datetime) -> list[Due]:
        if self.reads_fail:
            self.reads_fail -= 1
            raise DatabaseUnavailable(LOCKED)
        return await super().held(invocation_id, lease)

    @override
    async def claim(self, post: Post, until: datetime) -> Post | None:
        if self.claims_fail:
            self.claims_fail -= 1
            raise DatabaseUnavailable(LOCKED)
        return await super().claim(post, until)

    @override
    async def mark(self, post: Post, shown: Shown) -> bool:
        if self._log:
            self._log.refuse()
        if self.marks_fail:
            self.marks_fail -= 1
            raise DatabaseUnavailable(LOCKED)
        marked = await super().mark(post, shown)
        if self.answers_lost:
            self.answers_lost -= 1
            raise DatabaseUnavailable(LOST)
        return marked


class FlakyWatchedJobs(WatchedJobs):
    """Fails all reads while it is `failing`."""

    failing = False

    @override
    async def followed(self, *, since: datetime | None = None, job_id: str | None = None) -> list[WatchedJob]:
        self._fail()
        return await super().followed(since=since, job_id=job_id)

    @override
    async def stop_of(self, job_id: str) -> Stop | None:
        self._fail()
        return await super().stop_of(job_id)

    def _fail(self) -> None:
        if self.failing:
            raise DatabaseUnavailable(LOCKED)
