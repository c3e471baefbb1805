"""In a crowd acks go first. Otherwise nothing waits for them."""

import asyncio
from contextlib import ExitStack

from bot.slack.ack_sent import CROWD, DueAcks, ack_pending, ack_sent, acks_first


async def test_work_goes_on_at_once_while_few_acks_are_due() -> None:
    due = DueAcks()
    with ExitStack() as others:
        for _ in range(CROWD - 1):
            others.enter_context(due.one_more())
        with ack_pending(due):
            async with asyncio.timeout(0.1):
                await acks_first()


async def test_work_stands_back_while_many_acks_are_due() -> None:
    due = DueAcks()
    with ExitStack() as others:
        for _ in range(CROWD):
            others.enter_context(due.one_more())
        with ack_pending(due):
            work = asyncio.create_task(acks_first())
            await asyncio.sleep(0.01)
            assert not work.done()
    async with asyncio.timeout(0.5):
        await work


async def test_work_that_belongs_to_no_payload_waits_for_no_ack() -> None:
    async with asyncio.timeout(0.1):
        await acks_first()


async def test_an_ack_that_hangs_holds_back_no_result_for_ever() -> None:
    with ack_pending():
        await ack_sent(seconds=0.01)
