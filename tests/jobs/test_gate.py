"""The gate: a limit of starts per person and hour, of starts that made a job or may yet."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.domain.policy import Policy
from bot.errors import Refused
from bot.jobs.gate import Gate
from bot.store.database import Database
from bot.store.invocations import Invocations
from tests.fakes import an_invocation, changed
from tests.graph import a_gate
from tests.metastudio.cloud import NOON

LIMITED = Policy.parse('admins = ["U0LU"]\n[start]\nper_person_and_hour = 2')


def asked(number: int = 0, **changes: object) -> Invocation:
    start = an_invocation(
        id=f"new-{number}",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        user_id="U0MEI",
        room_id="lobby",
    )
    return changed(start, **changes)


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
def gate(log: Invocations) -> Gate:
    return a_gate(log, LIMITED)


async def passes(gate: Gate, start: Invocation) -> bool:
    try:
        async with gate.within_limit(start, gate.check(start)):
            return True
    except Refused as error:
        assert error.reason.args["limit"] == 2  # noqa: PT017 - it is one of two results
        return False


async def test_starts_of_the_last_hour_that_made_a_job_or_may_yet_count(log: Invocations, gate: Gate) -> None:
    ago = timedelta(minutes=10)
    others = (
        asked(1, status=Status.STARTED, created_at=NOON - timedelta(minutes=61)),
        asked(2, status=Status.REFUSED, created_at=NOON - ago),
        asked(3, status=Status.FAILED, created_at=NOON - ago),
        asked(4, status=Status.STARTED, created_at=NOON - ago, user_id="U0EVE"),
        asked(5, status=Status.DONE, created_at=NOON - ago, action=Action.STOP),
        asked(6, status=Status.UNKNOWN, created_at=NOON - ago),
    )
    for other in others:
        await log.record(other)
    assert await passes(gate, asked())
    await log.record(asked(7, status=Status.STARTED, created_at=NOON - ago))
    assert not await passes(gate, asked())
    assert await passes(gate, asked(user_id="U0EVE"))
    assert await passes(gate, asked(user_id="U0LU"))


async def test_of_many_starts_at_once_only_as_many_pass_as_may(log: Invocations, gate: Gate) -> None:
    async def start(number: int) -> bool:
        invocation = asked(number)
        try:
            async with gate.within_limit(invocation, gate.check(invocation)):
                await asyncio.sleep(0)
                return await log.record(invocation)
        except Refused:
            return False

    assert sum(await asyncio.gather(*map(start, range(10)))) == 2


async def test_a_start_that_was_not_committed_after_all_does_not_count(gate: Gate) -> None:
    async with AsyncExitStack() as stack:
        for number in (1, 2):
            await stack.enter_async_context(gate.within_limit(asked(number), gate.check(asked(number))))
        assert not await passes(gate, asked(3))
    assert await passes(gate, asked(3))
