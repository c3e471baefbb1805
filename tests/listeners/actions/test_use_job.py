"""*Use this one*: a person tells which job belongs to their start."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from tests.fakes import an_invocation, flat
from tests.listeners.desk import AVATARS, JONAS, MEI, Desk
from tests.metastudio.cloud import NOON

UNKNOWN = an_invocation(
    id="i100",
    created_at=NOON - timedelta(minutes=5),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.UNKNOWN,
    team_id="T0SANDBOX1",
    user_id=MEI,
    channel_id=AVATARS,
    room_id="lobby",
    region="cn-north-4",
)


@pytest.fixture
async def asked(desk: Desk) -> Desk:
    """Let a start by Mei be unknown while the room lists a job that may be its own."""
    await desk.log.record(UNKNOWN)
    desk.cloud.on_list = [JobReport(job_id="job-9", state="WAITING", create_time=UNKNOWN.created_at)]
    return desk


async def adopting(desk: Desk) -> Invocation:
    [row] = [row for row in await desk.rows() if row.action is Action.ADOPT]
    return row


async def test_the_job_becomes_that_of_the_start_and_is_announced(asked: Desk) -> None:
    assert await asked.clicks("use_job", "i100 job-9", channel={"id": "D0MEI00001"}) == {}

    start = await asked.log.get("i100")
    assert start is not None
    assert (start.status, flat(start).job_id, flat(start).job_state) == (
        Status.STARTED,
        "job-9",
        JobState.ACCEPTED,
    )
    assert "job-9" in asked.channel.announced[0]
    row = await adopting(asked)
    assert (row.status, row.text, flat(row).room_id, row.origin.channel_id) == (
        Status.DONE,
        "i100 job-9",
        "lobby",
        AVATARS,
    )


async def test_who_may_not_start_in_the_room_changes_nothing(asked: Desk) -> None:
    asked.policy = Policy.parse('[start]\nrooms = ["boardroom"]')
    await asked.clicks("use_job", "i100 job-9", user={"id": JONAS})

    assert "Room `lobby` may not be started with this bot." in asked.told()
    assert "Nothing was changed." in asked.told()
    assert (await adopting(asked)).status is Status.REFUSED
    assert await asked.log.get("i100") == replace(UNKNOWN, status=Status.UNKNOWN)


async def test_the_same_click_is_carried_out_once(asked: Desk) -> None:
    payload = asked.clicking("i100 job-9")
    await asked.hands_over_click("use_job", payload)
    rows = await asked.rows()

    assert await asked.hands_over_click("use_job", payload) == {}
    assert await asked.rows() == rows
    assert len(asked.channel.announced) == 1
