"""*Start another*: it works once, for a person who may start jobs."""

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.domain.policy import Policy
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import flat
from tests.listeners.desk import JONAS, MEI, Desk, a_refused_start


async def clicked_row(desk: Desk) -> Invocation:
    """Return the latest start by a button."""
    return [row for row in await desk.rows() if row.source is Source.BUTTON][-1]


async def test_a_start_is_sent_again_by_a_click_and_its_button_gives_way(running: Desk) -> None:
    refused = await a_refused_start(running, region="cn-north-4", client_id="a=b")
    ack = await running.clicks("start_another", refused)

    assert ack == {}
    assert [message.text for message in running.channel.instead] == [
        "⏳  Starting room `lobby` in CN North-Beijing4 … The result comes as a message of its own."
    ]
    row = await clicked_row(running)
    assert (row.action, row.source, row.status) == (Action.START, Source.BUTTON, Status.STARTED)
    assert row.previous_id == refused
    assert (flat(row).room_id, flat(row).region, flat(row).client_id) == ("lobby", "cn-north-4", "a=b")
    assert [request.client_id for request in running.cloud.started] == [None, "a=b"]


async def test_a_button_that_is_clicked_twice_starts_once(desk: Desk) -> None:
    refused = await a_refused_start(desk)
    await desk.clicks("start_another", refused)
    first = await clicked_row(desk)
    desk.clock.advance(seconds=12)
    assert await desk.clicks("start_another", refused, user={"id": JONAS}) == {}

    assert len(desk.cloud.started) == 1
    row = await clicked_row(desk)
    assert (row.status, flat(row).room_id, row.previous_id, row.origin.user_id) == (
        Status.REFUSED,
        "lobby",
        None,
        JONAS,
    )
    assert row.reason == reason(Code.BUTTON_USED, user_id=MEI, invocation_id=first.id)
    assert "\nJob `job-1`\n" in desk.channel.instead[-1].text


async def test_a_start_by_a_click_without_a_team_has_duplicates_all_the_same(desk: Desk) -> None:
    await desk.types("/avatar-start", "lobby")
    await desk.types("/avatar-start", "lobby")
    refused = (await desk.row()).id
    desk.clock.advance(seconds=11)
    await desk.clicks("start_another", refused, team=None)
    assert (await desk.row()).status is Status.STARTED
    await desk.types("/avatar-start", "lobby")

    rows = await desk.rows()
    assert [row.origin.team_id for row in rows] == ["T0SANDBOX1"] * 4
    assert rows[-1].status is Status.REFUSED


async def test_a_room_called_help_can_be_started_by_a_click(desk: Desk) -> None:
    await desk.clicks("start_another", await a_refused_start(desk, "help"))

    assert [request.room_id for request in desk.cloud.started] == ["help"]


async def test_who_may_start_is_checked_anew_at_each_click(desk: Desk) -> None:
    refused = await a_refused_start(desk, "boardroom")
    desk.policy = Policy.parse('[start]\nrooms = ["lobby"]')
    await desk.clicks("start_another", refused)

    assert "Room `boardroom` may not be started with this bot." in desk.told()
    assert "Nothing was started." in desk.told()
    assert (await clicked_row(desk)).status is Status.REFUSED
    assert desk.cloud.started == []
    desk.policy = Policy()
    await desk.clicks("start_another", refused)
    assert len(desk.cloud.started) == 1


async def test_a_button_that_names_no_refused_start_starts_nothing(running: Desk) -> None:
    await running.clicks("start_another", "i1")

    assert len(running.cloud.started) == 1
    assert (await running.row()).status is Status.INVALID


async def test_a_button_whose_value_was_tampered_with_makes_nobody_a_jobs_owner(desk: Desk) -> None:
    await desk.clicks("start_another", "lobby job-9", user={"id": JONAS})
    desk.policy = Policy.parse("[stop]\nusers = []")
    await desk.clicks("stop_job", "lobby job-9", user={"id": JONAS})

    assert desk.cloud.stopped == []
    assert await desk.log.known_jobs(["job-9"]) == set()
