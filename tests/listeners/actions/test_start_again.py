"""*Start again* and `/avatar-start again`: the same start once more, linked to the one before."""

import pytest

from bot.domain.invocation import JobState, Status
from bot.domain.policy import Policy
from bot.reasons import ReasonCode as Code
from tests.listeners.desk import JONAS, Desk

ASKED = "lobby cn-north-4 room_type=metalink client_id=desk-7"


@pytest.fixture
async def over(desk: Desk) -> Desk:
    """Mei's job of the lobby has failed."""
    await desk.types("/avatar-start", ASKED)
    await desk.ends("job-1", JobState.FAILED)
    desk.clock.advance(minutes=5)
    return desk


async def test_anybody_of_the_channel_starts_it_again_by_one_click(over: Desk) -> None:
    [before] = await over.rows()
    await over.clicks("start_again", before.id, user={"id": JONAS})

    row = await over.row()
    assert (row.status, row.origin.user_id, row.previous_id) == (Status.STARTED, JONAS, before.id)
    assert over.cloud.started[1] == over.cloud.started[0]
    assert over.channel.instead == [], "the announcement belongs to everybody"
    assert over.channel.told == []
    assert "job-2" in over.channel.announced[-1]


async def test_the_button_is_good_for_one_use(over: Desk) -> None:
    [before] = await over.rows()
    await over.clicks("start_again", before.id)
    await over.ends("job-2", JobState.ENDED)
    over.clock.advance(minutes=1)
    await over.clicks("start_again", before.id, user={"id": JONAS})

    assert len(over.cloud.started) == 2
    assert "This button works once" in over.told()
    assert (await over.row()).status is Status.REFUSED


async def test_the_last_start_of_a_channel_is_typed_in_one_word(over: Desk) -> None:
    [before] = await over.rows()
    assert await over.types("/avatar-start", "again", user_id=JONAS) == {}

    row = await over.row()
    assert (row.status, row.origin.user_id, row.text, row.previous_id) == (
        Status.STARTED,
        JONAS,
        "again",
        before.id,
    )
    assert over.cloud.started[1] == over.cloud.started[0]


async def test_it_is_started_again_also_where_the_button_was_used(over: Desk) -> None:
    [before] = await over.rows()
    await over.clicks(
        "start_again", before.id, channel={"id": "C0STUDIO01", "name": "studio"}, user={"id": JONAS}
    )
    await over.ends("job-2", JobState.ENDED)
    over.clock.advance(minutes=1)
    await over.types("/avatar-start", "again")

    row = await over.row()
    assert (row.status, row.previous_id) == (Status.STARTED, None)


async def test_where_nothing_was_started_there_is_nothing_to_repeat(over: Desk) -> None:
    ack = await over.types("/avatar-start", "again", channel_id="C0STUDIO01")
    assert "This channel has no start to repeat." in ack["text"]
    assert (await over.row()).status is Status.INVALID


async def test_the_same_policy_holds(over: Desk) -> None:
    over.policy = Policy.parse('[start]\nrooms = ["gallery"]')
    [before] = await over.rows()
    await over.clicks("start_again", before.id)
    await over.types("/avatar-start", "again")

    assert len(over.cloud.started) == 1
    assert [row.status for row in await over.rows()][1:] == [Status.REFUSED] * 2


async def test_a_job_that_runs_is_not_started_again(desk: Desk) -> None:
    await desk.types("/avatar-start", ASKED)
    [running] = await desk.rows()
    await desk.clicks("start_again", running.id)
    assert "This job is not over yet." in desk.told()

    desk.clock.advance(minutes=5)
    ack = await desk.types("/avatar-start", "again")
    assert "is starting already" in ack["text"]
    assert len(desk.cloud.started) == 1
    row = await desk.row()
    assert row.reason
    assert row.reason.code is Code.ALREADY_RUNNING


async def test_a_room_in_which_a_job_runs_is_asked_about_and_another_client_id_is_another_wish(
    desk: Desk,
) -> None:
    await desk.types("/avatar-start", "lobby", user_id=JONAS)
    desk.clock.advance(hours=3)
    ack = await desk.types("/avatar-start", "lobby cn-southwest-2")

    assert "Room `lobby` is starting already.\nJob `job-1` · started by <@U0JONAS001>, 3 h ago" in ack["text"]
    [buttons] = [block["elements"] for block in ack["blocks"] if block["type"] == "actions"]
    assert [button["text"]["text"] for button in buttons] == ["Open it", "Stop it", "Start another"]
    assert buttons[0]["url"] == "https://sandbox.slack.com/archives/C0AVATARS1/p1700000000000001"
    await desk.types("/avatar-start", "lobby client_id=desk-2")
    assert len(desk.cloud.started) == 2
    await desk.clicks("start_another", buttons[-1]["value"])
    await desk.clicks("start_another", buttons[-1]["value"])
    assert len(desk.cloud.started) == 3


async def test_a_bot_that_is_told_to_starts_another_job_at_once(desk: Desk) -> None:
    desk.graph.starts._asks_if_running = False
    for _ in range(2):
        assert await desk.types("/avatar-start", "lobby") == {}
        desk.clock.advance(minutes=1)
    assert len(desk.cloud.started) == 2


async def test_of_a_job_in_a_private_channel_only_that_it_runs_is_told(desk: Desk) -> None:
    private = {"channel_id": "G0SECRET01", "channel_name": "privategroup"}
    await desk.types("/avatar-start", "lobby", user_id=JONAS, **private)
    desk.clock.advance(minutes=1)
    ack = await desk.types("/avatar-start", "lobby")
    assert "job-1" not in str(ack)
    assert JONAS not in str(ack)
    [[button]] = [block["elements"] for block in ack["blocks"] if block["type"] == "actions"]
    assert button["text"]["text"] == "Start another"


async def test_a_job_whose_end_was_seen_asks_nothing(over: Desk) -> None:
    assert await over.types("/avatar-start", ASKED) == {}
    assert [row.status for row in await over.rows()] == [Status.STARTED] * 2
