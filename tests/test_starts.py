"""Carrying a start out, where what it depends on fails in the middle."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.announcer import Announcer, Render
from bot.errors import Answer, LogUnavailable, Rejected, Undeliverable
from bot.intake import Intake
from bot.job import SmartChatJob
from bot.messages.message import Message
from bot.metastudio.client import MetaStudio, Started
from bot.model import Action, Invocation, Source, StartRequest, Status
from bot.starts import WRITE_PAUSES, Starts
from bot.store.invocations import Invocations
from bot.tasks import Tasks

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REQUEST = StartRequest("lobby")
INVOCATION = Invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U1",
    channel_id="C1",
)


class Cloud(MetaStudio):
    """Answers a start as a test wants it."""

    def __init__(self, answer: Callable[[], Awaitable[Started]]) -> None:
        self.answer = answer
        self.calls = 0

    @override
    async def start(self, request: StartRequest, *, app_user_id: str, seconds: float) -> Started:
        self.calls += 1
        return await self.answer()


@dataclass
class Channel(Announcer):
    """Keeps what people are told."""

    told: list[str] = field(default_factory=list)
    deaf: bool = False

    @override
    async def announce(self, invocation: Invocation, render: Render) -> None:
        await self.tell(invocation, render(""))

    @override
    async def tell(self, invocation: Invocation, message: Message) -> None:
        if self.deaf:
            raise Undeliverable("Slack took it on no route.")
        self.told.append(message.text)


class FlakyLog(Invocations):
    """Refuses so many writes of an outcome."""

    failures = 0

    @override
    async def advance(self, invocation: Invocation, to: Status, **facts: Any) -> Invocation | None:
        if to is not Status.STARTING and self.failures:
            self.failures -= 1
            raise LogUnavailable("The log cannot be used: database is locked.")
        return await super().advance(invocation, to, **facts)


async def accepted() -> Started:
    return Started(SmartChatJob(job_id="job-1"), Answer(http_status=202))


async def rejected() -> Started:
    raise Rejected("The room's concurrency is used up.", answer=Answer(error_code="MSS.20010135"))


async def broken() -> Started:
    raise RuntimeError("a bug")


async def at_once() -> None:
    """A turn that comes without a wait."""


@pytest.fixture
def log(database: AsyncEngine) -> FlakyLog:
    return FlakyLog(database)


@dataclass
class Play:
    """One start, and what came of it."""

    log: FlakyLog
    cloud: Cloud
    channel: Channel = field(default_factory=Channel)
    tasks: Tasks = field(default_factory=Tasks)
    slept: list[float] = field(default_factory=list)
    turn: Callable[[], Awaitable[object]] = at_once

    def starts(self) -> Starts:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        return Starts(
            invocations=self.log,
            intake=Intake(self.log, self.tasks),
            metastudio=self.cloud,
            announcer=self.channel,
            tasks=self.tasks,
            turn=self.turn,
            seconds=1,
            now=lambda: NOON,
            sleep=sleep,
        )

    async def row(self) -> Invocation:
        [row] = [row async for row in self.log.find()]
        return row

    async def run(self) -> Invocation:
        starts = self.starts()
        received = await starts.commit(INVOCATION, REQUEST)
        assert received is not None
        starts.begin(received, REQUEST)
        await self.tasks.idle()
        return await self.row()


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [(accepted, Status.STARTED, "job-1"), (rejected, Status.FAILED, "concurrency is used up")],
    ids=["started", "failed"],
)
async def test_an_outcome_that_cannot_be_written_is_told_once_and_written_as_soon_as_it_can_be(
    log: FlakyLog, answer: Callable[[], Awaitable[Started]], status: Status, words: str
) -> None:
    play = Play(log, Cloud(answer))
    log.failures = 3
    row = await play.run()

    assert row.status is status
    assert len(play.channel.told) == 1
    assert words in play.channel.told[0]
    assert play.slept == list(WRITE_PAUSES[:3])


async def test_an_outcome_that_can_never_be_written_is_told_all_the_same(log: FlakyLog) -> None:
    play = Play(log, Cloud(accepted))
    log.failures = 100
    row = await play.run()

    assert row.status is Status.STARTING
    assert len(play.channel.told) == 1
    assert play.slept == list(WRITE_PAUSES)


async def test_a_start_that_another_process_has_taken_over_is_left_to_it(log: FlakyLog) -> None:
    play = Play(log, Cloud(accepted))
    starts = play.starts()
    received = await starts.commit(INVOCATION, REQUEST)
    assert received is not None
    await log.advance(received, Status.STARTING)
    starts.begin(received, REQUEST)
    await play.tasks.idle()

    assert play.cloud.calls == 0
    assert play.channel.told == []


async def test_a_bug_after_the_call_has_begun_leaves_the_outcome_unknown_and_the_person_told(
    log: FlakyLog,
) -> None:
    play = Play(log, Cloud(broken))
    row = await play.run()

    assert row.status is Status.UNKNOWN
    assert "The bot failed before MetaStudio's answer came." in play.channel.told[0]


async def test_a_stop_before_the_call_fails_the_start_for_certain(log: FlakyLog) -> None:
    play = Play(log, Cloud(accepted), turn=asyncio.Event().wait)
    starts = play.starts()
    received = await starts.commit(INVOCATION, REQUEST)
    assert received is not None
    starts.begin(received, REQUEST)
    await play.tasks.drain(0.05)

    assert (await play.row()).status is Status.FAILED
    assert "The bot was stopped before the start was sent." in play.channel.told[0]
    assert play.cloud.calls == 0


async def test_when_nobody_can_be_told_the_row_still_says_what_happened(log: FlakyLog) -> None:
    play = Play(log, Cloud(accepted), Channel(deaf=True))
    row = await play.run()

    assert (row.status, row.job_id, row.announced_at) == (Status.STARTED, "job-1", None)
