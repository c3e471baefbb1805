"""A setting for outcomes of starts: a database with one start, and a channel."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.domain.invocation import Action, RoomInvocation, Source, Status, has_room
from bot.domain.job import SmartChatJob
from bot.errors import Answer, NotSent, OutcomeUnknown, Rejected
from bot.jobs.outcome import WRITTEN_AT_ONCE, Outcomes
from bot.messages.message import Message
from bot.posts.loop import DeliveryLoop
from bot.posts.panels import PanelContent
from bot.posts.rendering import Rendering
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.slack.delivery import Delivery
from bot.store.invocations import Invocations
from bot.store.posts import Posts
from bot.store.quick_starts import QuickStarts
from tests.fakes import Channel, FlakyLog, FlakyPosts, SlowLog, an_invocation, changed
from tests.metastudio.cloud import FULL_ANSWER, NOON, Clock, Pauses

START = an_invocation(
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

CROWD = 3 * WRITTEN_AT_ONCE


def outcomes_of(
    log: Invocations,
    channel: Delivery,
    *,
    now: Clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    posts: Posts | None = None,
) -> Outcomes:
    """Return outcomes that are stored in a database and told by its delivery loop."""
    loop = DeliveryLoop(
        posts=posts or Posts(log._database),
        rendering=Rendering(log, rtc_access=True, panels=PanelContent(QuickStarts(log._database))),
        delivery=channel,
        now=now,
        sleep=sleep,
    )
    return Outcomes(log, loop, now=now, sleep=sleep)


async def row_of(log: Invocations, invocation_id: str = START.id) -> RoomInvocation:
    """Return the row from the database."""
    row = await log.get(invocation_id)
    assert row is not None
    assert has_room(row)
    return row


def buttons_in(message: Message) -> list[dict[str, Any]]:
    """Return the buttons of a message."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    beside = [block["accessory"] for block in message.blocks if block.get("accessory")]
    return [*beside, *(button for row in rows for button in row)]


def a_second_and_a_half_later() -> Clock:
    """Return a clock that is 1.5 s after the command."""
    clock = Clock()
    clock.advance(seconds=1.5)
    return clock


@dataclass
class World:
    """A database with one start, which was sent."""

    log: FlakyLog
    channel: Channel = field(default_factory=Channel)
    clock: Clock = field(default_factory=a_second_and_a_half_later)
    pauses: Pauses = field(default_factory=Pauses)

    def __post_init__(self) -> None:
        posts = FlakyPosts(self.log._database, log=self.log)
        self.outcomes = outcomes_of(self.log, self.channel, now=self.clock, sleep=self.pauses, posts=posts)

    async def row(self) -> RoomInvocation:
        """Return the start from the database."""
        return await row_of(self.log)

    async def becomes_unknown(self) -> RoomInvocation:
        """Mark the start's outcome as unknown, and return the start."""
        unknown = await self.outcomes.unknown(START, LOST)
        assert unknown is not None
        return unknown


@dataclass(frozen=True)
class End:
    """One possible outcome of a start."""

    settle: Callable[[Outcomes], Awaitable[None]]
    status: Status
    words: str


JOB_STARTED = End(lambda outcomes: outcomes.started(START, JOB, ACCEPTED), Status.STARTED, JOB_ID)
REJECTED = End(lambda outcomes: outcomes.not_started(START, FULL), Status.FAILED, "concurrency is used up")


@asynccontextmanager
async def a_crowd_is_told(slow_log: SlowLog) -> AsyncIterator[None]:
    """Let more outcomes wait than are written at once. At the end check that all are told."""
    starts = [changed(START, id=f"i{number}", trigger_id=None) for number in range(CROWD)]
    for start in starts:
        await slow_log.record(start)
    channel = Channel()
    outcomes = outcomes_of(slow_log, channel, now=a_second_and_a_half_later())
    telling = asyncio.gather(*(outcomes.not_started(start, NotSent(other("Away."))) for start in starts))
    yield
    slow_log.opened.set()
    await telling
    assert len(channel.told) == CROWD
