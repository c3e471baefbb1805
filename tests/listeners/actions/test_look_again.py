"""*Look again*: what it finds, and what it answers."""

from datetime import timedelta

import pytest

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from bot.errors import OutcomeUnknown
from bot.reasons import other
from tests.fakes import an_invocation, flat
from tests.listeners.desk import JONAS, MEI, Desk
from tests.metastudio.cloud import NOON
from tests.steps import step_to


async def test_another_look_is_under_the_rules_for_starts(desk: Desk, unknown: Invocation) -> None:
    desk.cloud.on_list = [JobReport(job_id="job-5", state="WAITING", create_time=NOON + timedelta(seconds=2))]
    desk.policy = Policy.parse('[start]\nrooms = ["boardroom"]')
    await desk.clicks("look_again", "i100")

    assert "Room `lobby` may not be started" in desk.told()
    assert (await look_row(desk)).status is Status.REFUSED
    assert (desk.cloud.operations, desk.channel.announced) == ([], [])


@pytest.fixture
async def unknown(desk: Desk) -> Invocation:
    """Return a start by Mei whose outcome is unknown."""
    unknown = an_invocation(
        id="i100",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.UNKNOWN,
        user_id=MEI,
        room_id="lobby",
        reason=other("MetaStudio did not answer within 30 seconds."),
    )
    await desk.log.record(unknown)
    return unknown


async def look_row(desk: Desk) -> Invocation:
    [row] = [row for row in await desk.rows() if row.action is Action.LOOK]
    return row


async def test_another_look_that_finds_the_job_announces_it(desk: Desk, unknown: Invocation) -> None:
    desk.cloud.on_list = [JobReport(job_id="job-5", state="WAITING", create_time=NOON + timedelta(seconds=2))]
    ack = await desk.clicks("look_again", "i100", user={"id": JONAS})

    assert ack == {}
    assert "job-5" in desk.channel.announced[0]
    row = await look_row(desk)
    assert (row.source, row.status, row.origin.user_id, row.text) == (
        Source.BUTTON,
        Status.DONE,
        JONAS,
        "i100",
    )
    found = await desk.log.get("i100")
    assert found is not None
    assert (found.status, flat(found).job_id) == (Status.STARTED, "job-5")


async def test_another_look_that_finds_nothing_says_so(desk: Desk, unknown: Invocation) -> None:
    await desk.clicks("look_again", "i100")

    [answer] = desk.channel.instead
    assert "MetaStudio lists no new job in this room." in answer.text
    assert desk.channel.announced == []


async def test_another_look_at_what_is_settled_says_how_in_place_of_the_question(
    desk: Desk, unknown: Invocation
) -> None:
    await desk.log.advance(unknown, step_to(Status.STARTED, job_id="job-5"))
    await desk.clicks("look_again", "i100")

    assert [message.text for message in desk.channel.instead] == ["✅  Room `lobby` did start: job `job-5`."]
    assert (await look_row(desk)).status is Status.DONE


async def test_the_same_look_is_made_once(desk: Desk, unknown: Invocation) -> None:
    payload = desk.clicking("i100")
    await desk.hands_over_click("look_again", payload)

    assert await desk.hands_over_click("look_again", payload) == {}
    assert len(desk.channel.instead) == 1


async def test_a_start_that_is_not_in_the_log_cannot_be_looked_into(desk: Desk) -> None:
    await desk.clicks("look_again", "i100")

    assert "This start is no longer in the log." in desk.told()
    assert (await desk.row()).status is Status.INVALID


async def test_another_look_tells_nothing_of_whom_the_person_cannot_read(desk: Desk) -> None:
    desk.cloud.on_start = OutcomeUnknown(other("MetaStudio did not answer within 30 seconds."))
    private = {"channel_id": "G0SECRET01", "channel_name": "privategroup"}
    await desk.types("/avatar-start", "lobby", user_id=JONAS, **private)
    desk.channel.told.clear()
    [theirs] = await desk.rows()

    await desk.clicks("look_again", theirs.id)
    desk.cloud.on_list = [JobReport(job_id="job-5", state="WAITING", create_time=NOON + timedelta(seconds=2))]
    await desk.clicks("look_again", theirs.id)
    await desk.clicks("look_again", theirs.id)
    await desk.clicks("start_after_all", theirs.id)

    unknown, *settled = desk.channel.instead
    assert "It is not known whether room `lobby` started." in unknown.text
    assert [message.text for message in settled] == ["✅  Room `lobby` did start."] * 3
    assert JONAS not in str(desk.channel.instead)
    assert "job-5" in desk.channel.announced[0]
