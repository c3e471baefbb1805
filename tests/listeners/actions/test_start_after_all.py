"""*Start anyway* and *Start it now*."""

from datetime import timedelta

import pytest

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import an_invocation, flat
from tests.listeners.desk import AVATARS, JONAS, MEI, Desk
from tests.metastudio.cloud import NOON


async def a_start(desk: Desk, status: Status, job_id: str | None = None) -> Invocation:
    """Add an earlier start by Mei in the lobby."""
    start = an_invocation(
        id="i0",
        created_at=NOON - timedelta(minutes=5),
        action=Action.START,
        source=Source.COMMAND,
        status=status,
        user_id=MEI,
        team_id="T0SANDBOX1",
        channel_id=AVATARS,
        room_id="lobby",
        region="cn-north-4",
        client_id="desk-7",
        job_id=job_id,
    )
    await desk.log.record(start)
    return start


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.FAILED], ids=["unknown", "never sent"])
async def test_a_start_is_sent_after_all_to_the_channel_that_it_was_meant_for(
    desk: Desk, status: Status
) -> None:
    start = await a_start(desk, status)
    await desk.clicks("start_after_all", start.id, channel={"id": "D0MEI00001"})

    [request] = desk.cloud.started
    assert request == start.request
    assert (await desk.row()).origin.channel_id == AVATARS


async def test_a_start_that_is_settled_by_now_is_not_sent_after_all(desk: Desk) -> None:
    start = await a_start(desk, Status.STARTED, job_id="job-7")
    await desk.clicks("start_after_all", start.id)

    assert desk.cloud.started == []
    assert [message.text for message in desk.channel.instead] == ["✅  Room `lobby` did start: job `job-7`."]
    row = await desk.row()
    assert (row.status, flat(row).room_id, row.reason) == (
        Status.REFUSED,
        "lobby",
        reason(Code.START_SETTLED, job_id="job-7"),
    )


async def test_an_unknown_start_is_not_sent_anyway_where_the_job_of_another_start_runs(desk: Desk) -> None:
    start = await a_start(desk, Status.UNKNOWN)
    desk.clock.advance(minutes=5)
    await desk.types("/avatar-start", "lobby cn-southwest-2 client_id=desk-7", user_id=JONAS)
    desk.clock.advance(minutes=5)
    await desk.clicks("start_after_all", start.id)

    assert len(desk.cloud.started) == 1
    assert f"started by <@{JONAS}>" in desk.told()
    assert desk.channel.instead == [], "Look again is still needed"
    await desk.clicks("start_another", (await desk.row()).id)
    assert len(desk.cloud.started) == 2
