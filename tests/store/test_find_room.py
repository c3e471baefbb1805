"""The room of a start that named it by its name: noted once, and not beside an equal start."""

import asyncio
from collections.abc import Callable

from bot.domain.invocation import JobInvocation, StartRequest, Status
from bot.domain.steps import RoomFound
from bot.store.invocations import Invocations
from tests.steps import step_to

AnInvocation = Callable[..., JobInvocation]
FOUND = RoomFound(room_id="24bad716", room_name="Lobby kiosk")


async def test_of_many_starts_of_one_room_by_name_one_gets_the_room(
    logs: list[Invocations], an_invocation: AnInvocation
) -> None:
    rows = [an_invocation(room_name="Lobby kiosk") for _ in logs]
    for row in rows:
        assert await logs[0].record(row, unless_duplicate=True)
    found = await asyncio.gather(*(log.find_room(row, FOUND) for log, row in zip(logs, rows, strict=True)))

    [taken] = [row for row in found if row]
    assert (taken.status, taken.request, taken.room_name) == (
        Status.RECEIVED,
        StartRequest("24bad716"),
        "Lobby kiosk",
    )
    assert await logs[0].get(taken.id) == taken


async def test_a_start_of_the_same_room_by_its_id_is_in_the_way_and_another_client_is_not(
    log: Invocations, an_invocation: AnInvocation
) -> None:
    by_id = an_invocation(room_id="24bad716")
    by_name = an_invocation(room_name="Lobby kiosk", created_at=by_id.created_at)
    other = an_invocation(room_name="Lobby kiosk", client_id="kiosk-7", created_at=by_id.created_at)
    for row in (by_id, by_name, other):
        await log.record(row)

    assert await log.find_room(by_name, FOUND) is None
    assert await log.find_room(other, FOUND) is not None
    await log.advance(by_id, step_to(Status.FAILED))
    assert await log.find_room(by_name, FOUND) is not None


async def test_a_row_that_has_gone_on_keeps_its_room(log: Invocations, an_invocation: AnInvocation) -> None:
    row = an_invocation(room_name="Lobby kiosk")
    await log.record(row)
    await log.advance(row, step_to(Status.REFUSED))

    assert await log.find_room(row, FOUND) is None
