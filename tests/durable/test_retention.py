"""The clean-up that runs every minute."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.durable.retention import EVERY_SECONDS, keep_clearing
from bot.store.connect import open_database
from bot.store.invocations import Invocations
from tests.fakes import an_invocation

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def received(minutes_ago: int) -> Invocation:
    return an_invocation(
        id=f"i{minutes_ago}",
        created_at=NOON - timedelta(minutes=minutes_ago),
        action=Action.START,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        user_id="U1",
        response_url="https://hooks.slack.com/commands/T/1/x",
    )


async def test_response_urls_are_cleared_when_they_no_longer_work(sqlite_url: str) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        raise asyncio.CancelledError

    async with open_database(sqlite_url) as engine:
        log = Invocations(engine)
        for minutes in (29, 31):
            await log.record(received(minutes))
        with pytest.raises(asyncio.CancelledError):
            await keep_clearing(log, now=lambda: NOON, sleep=sleep)

        kept = {row.id: row.origin.response_url is not None async for row in log.find()}
    assert kept == {"i29": True, "i31": False}
    assert pauses == [EVERY_SECONDS]


async def test_a_database_that_fails_is_tried_again_a_minute_later(missing_sqlite_url: str) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise asyncio.CancelledError

    async with open_database(missing_sqlite_url) as engine:
        with pytest.raises(asyncio.CancelledError):
            await keep_clearing(Invocations(engine), now=lambda: NOON, sleep=sleep)
    assert len(pauses) == 2
