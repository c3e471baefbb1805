"""Readiness: each check with its reason, in time, and cheap for frequent callers."""

import asyncio

from bot.errors import DatabaseUnavailable
from bot.reasons import other
from bot.runtime.readiness import KEPT_SECONDS, CostlyCheck, Readiness


async def test_a_name_without_a_check_says_what_it_waits_for() -> None:
    readiness = Readiness("slack", "database")
    readiness.waits("database", "nobody answers there")

    async def well() -> None:
        """Succeed."""

    readiness.watch("slack", well)
    assert await readiness.look() == (
        False,
        {"slack": {"ok": True}, "database": {"ok": False, "reason": "nobody answers there"}},
    )


async def test_a_stuck_check_is_reported_in_time_and_no_second_one_starts() -> None:
    seconds, begun = 0.0, 0

    async def stuck() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    check = CostlyCheck(stuck, now=lambda: seconds)
    first = asyncio.create_task(check())
    await asyncio.sleep(0.01)
    seconds = 2.0
    assert await check() == "no answer within 2 seconds"
    assert begun == 1
    first.cancel()
    await check.close()


async def test_a_flood_of_probes_makes_one_check_a_second() -> None:
    seconds, begun = 0.0, 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            raise DatabaseUnavailable(other("the disk is full"))

    check = CostlyCheck(work, now=lambda: seconds)
    assert set(await asyncio.gather(*(check() for _ in range(500)))) == {None}
    assert (await check(), begun) == (None, 1)
    seconds = KEPT_SECONDS
    assert (await check(), begun) == ("the disk is full", 2)
