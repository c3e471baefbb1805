"""Break glass: what the policy refuses is started by somebody who may, once they have said why."""

import pytest

from bot.domain.invocation import Action, JobState, Source, StartRequest, Status
from bot.domain.policy import Policy
from bot.messages.break_glass import LABEL, glass_note
from bot.messages.views import plain_view
from tests.fakes import an_invocation
from tests.listeners.desk import AVATARS, JONAS, MEI, Body, Desk, a_refused_start

WHY = "the *CEO* waits <!channel>"
ROOM = "24bad716-87b1-45e5-8912-6102f7693265"
SHUT = Policy.parse(f'[start]\nusers = []\n[break_glass]\nusers = ["{MEI}"]')


@pytest.fixture
def shut(desk: Desk) -> Desk:
    desk.policy = SHUT
    return desk


def value_of(blocks: list[Body]) -> str:
    """What the button of a refusal carries."""
    [button] = blocks[-1]["elements"]
    assert button["text"]["text"] == LABEL
    return str(button["value"])


def started(desk: Desk) -> list[StartRequest]:
    return [request for request, _, _ in desk.cloud.starts]


async def opened_by(desk: Desk, value: str) -> str:
    """What comes back with the modal that a click opens."""
    await desk.clicks("break_glass", value)
    [modal] = desk.slack.opened
    desk.slack.opened.clear()
    return str(modal["view"]["private_metadata"])


async def breaks(desk: Desk, value: str, why: str = WHY) -> Body:
    return await desk.submits(desk.submitting("break_glass", await opened_by(desk, value), reason=why))


async def test_a_typed_start_is_made_with_its_reason_in_its_row(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby cn-north-4 client_id=kiosk")
    assert "You may not start avatars" in refusal["text"]
    assert await breaks(shut, value_of(refusal["blocks"])) == {"response_action": "clear"}

    [start] = started(shut)
    assert (start.room_id, start.region, start.client_id) == ("lobby", "cn-north-4", "kiosk")
    refused, click, row = await shut.rows()
    assert (refused.status, click.action) == (Status.REFUSED, Action.BREAK_GLASS)
    assert (row.action, row.source, row.text) == (Action.START, Source.BREAK_GLASS, WHY)
    assert (row.status, row.origin.channel_id, row.previous_id) == (Status.STARTED, AVATARS, refused.id)
    told = glass_note(row)
    assert told.startswith(f"Break glass: <@{MEI}> started what the policy refuses. Reason: the ")
    assert told.endswith("waits &lt;!channel&gt;")


async def test_a_person_is_told_where_slack_opens_no_modal(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby")
    shut.slack.refuses = "expired_trigger_id"
    await shut.clicks("break_glass", value_of(refusal["blocks"]))
    assert shut.told().startswith("Slack did not open the window.")


async def test_the_modal_in_plain_paragraphs_still_takes_the_reason(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby")
    await shut.clicks("break_glass", value_of(refusal["blocks"]))
    [opened] = shut.slack.opened
    said, field = plain_view(opened["view"])["blocks"]
    assert said["text"]["text"].startswith("The bot's policy refuses this start")
    assert field == opened["view"]["blocks"][-1]


async def test_only_who_may_is_offered_it(shut: Desk) -> None:
    assert "blocks" not in await shut.types("/avatar-start", "lobby", user_id=JONAS)
    shut.policy = Policy.parse(f'[deny]\nusers = ["{MEI}"]\n[break_glass]\nusers = ["{MEI}"]')
    assert "blocks" not in await shut.types("/avatar-start", "lobby")


async def test_what_is_no_refusal_of_the_policy_is_not_offered(shut: Desk) -> None:
    shut.policy = Policy.parse(f'[stop]\nusers = []\n[break_glass]\nusers = ["{MEI}"]')
    await shut.types("/avatar-start", "lobby", user_id=JONAS)
    for command, text in (("/avatar", "stop job-1"), ("/avatar-start", "no/room"), ("/avatar", "nonsense")):
        assert "break_glass" not in str(await shut.types(command, text))


async def test_a_start_of_a_button_is_made_by_the_rules_of_that_button(shut: Desk) -> None:
    refused_id = await a_refused_start(shut, "hall", region="cn-north-4")
    await shut.clicks("start_another", refused_id)
    [told] = shut.channel.told
    await breaks(shut, value_of(list(told.blocks)))

    assert [each.room_id for each in started(shut)] == ["hall"]
    [row] = [row for row in await shut.rows() if row.source is Source.BREAK_GLASS]
    assert (row.status, row.previous_id) == (Status.STARTED, refused_id)


async def test_a_start_beyond_the_limit_is_made_too(shut: Desk) -> None:
    shut.policy = Policy.parse(f'[start]\nper_person_and_hour = 1\n[break_glass]\nusers = ["{MEI}"]')
    await shut.types("/avatar-start", "lobby")
    refusal = await shut.types("/avatar-start", "hall")
    assert "You have started 1 avatar within the last hour" in refusal["text"]
    await breaks(shut, value_of(refusal["blocks"]))
    assert [each.room_id for each in started(shut)] == ["lobby", "hall"]


async def test_a_quick_start_is_made_whether_it_was_typed_or_clicked(shut: Desk) -> None:
    shut.policy = Policy()
    await shut.types("/avatar", f"quick add hall {ROOM} cn-north-4")
    shut.policy = SHUT
    refusal = await shut.types("/avatar-start", "hall client_id=one")
    await breaks(shut, value_of(refusal["blocks"]))
    await shut.clicks("quick_start", "hall")
    await breaks(shut, value_of(list(shut.channel.told[-1].blocks)))
    assert [(each.room_id, each.region) for each in started(shut)] == [(ROOM, "cn-north-4")] * 2


async def test_it_works_once(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby")
    value = value_of(refusal["blocks"])
    first, second = await opened_by(shut, value), await opened_by(shut, value)
    for metadata in (first, first, second):
        await shut.submits(shut.submitting("break_glass", metadata, reason=WHY))

    assert len(started(shut)) == 1
    assert "started" in shut.channel.told[-1].text
    assert [row.status for row in await shut.rows() if row.source is Source.BREAK_GLASS] == [
        Status.STARTED,
        Status.REFUSED,
        Status.REFUSED,
    ]


async def test_without_a_reason_nothing_starts_and_the_modal_stays(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby")
    answer = await breaks(shut, value_of(refusal["blocks"]), why=" \n ")

    assert answer["response_action"] == "errors"
    assert "Give a reason." in answer["errors"]["reason"]
    assert started(shut) == []


async def test_who_may_no_more_starts_nothing(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby")
    metadata = await opened_by(shut, value_of(refusal["blocks"]))
    shut.policy = Policy.parse("[start]\nusers = []")
    answer = await shut.submits(shut.submitting("break_glass", metadata, reason=WHY))

    assert "You may not start what the bot's policy refuses." in answer["errors"]["reason"]
    assert started(shut) == []


async def test_where_the_database_fails_nothing_starts_and_what_was_typed_stays(shut: Desk) -> None:
    refusal = await shut.types("/avatar-start", "lobby")
    metadata = await opened_by(shut, value_of(refusal["blocks"]))
    shut.log.shut = True
    answer = await shut.submits(shut.submitting("break_glass", metadata, reason=WHY))

    assert "The database cannot be used" in answer["errors"]["reason"]
    assert started(shut) == []


@pytest.mark.parametrize("value", ["", "nothing /avatar-start", "i1 /avatar", "i1 stop_job", "i1"])
async def test_a_forged_button_starts_nothing(shut: Desk, value: str) -> None:
    await shut.types("/avatar-start", "lobby", user_id=JONAS)
    theirs = an_invocation(
        id="i50",
        created_at=shut.clock(),
        action=Action.BREAK_GLASS,
        source=Source.BUTTON,
        status=Status.DONE,
        user_id=MEI,
        text=value,
    )
    await shut.log.record(theirs)
    await shut.clicks("break_glass", value)
    assert shut.slack.opened == []
    answer = await shut.submits(shut.submitting("break_glass", "i50", reason=WHY))
    assert answer["response_action"] == "errors"
    assert started(shut) == []


async def a_refused_repetition(desk: Desk) -> str:
    """Let the last start of the channel be refused to Mei. Return what comes back with her modal."""
    desk.policy = Policy.parse(f'[start]\nusers = ["{JONAS}"]\n[break_glass]\nusers = ["{MEI}"]')
    await desk.types("/avatar-start", "lobby cn-north-4", user_id=JONAS)
    await desk.ends("job-1", JobState.FAILED)
    desk.clock.advance(minutes=5)
    refusal = await desk.types("/avatar-start", "again")
    return await opened_by(desk, value_of(refusal["blocks"]))


async def test_the_room_that_the_modal_has_named_is_started_whatever_was_started_meanwhile(
    desk: Desk,
) -> None:
    metadata = await a_refused_repetition(desk)
    await desk.types("/avatar-start", "hall", user_id=JONAS)
    await desk.submits(desk.submitting("break_glass", metadata, reason=WHY))
    assert [(each.room_id, each.region) for each in started(desk)][2:] == [("lobby", "cn-north-4")]


async def test_a_repetition_works_once_too(desk: Desk) -> None:
    metadata = await a_refused_repetition(desk)
    await desk.submits(desk.submitting("break_glass", metadata, reason=WHY))
    await desk.ends("job-2", JobState.ENDED)
    desk.clock.advance(minutes=5)
    await desk.submits(desk.submitting("break_glass", metadata, reason=WHY))
    assert len(started(desk)) == 2
    assert "This button works once" in desk.told()


async def test_a_quick_start_on_home_is_made_in_the_channel_that_stood_beside_it(shut: Desk) -> None:
    shut.policy = Policy()
    await shut.types("/avatar", f"quick add hall {ROOM} cn-north-4")
    shut.policy = SHUT
    await shut.hands_over_click("home_start", shut.on_home(f"{AVATARS} public hall i2"))
    await breaks(shut, value_of(list(shut.channel.told[-1].blocks)))
    assert [(each.room_id, each.region) for each in started(shut)] == [(ROOM, "cn-north-4")]
    row = await shut.row()
    assert (row.status, row.origin.channel_id) == (Status.STARTED, AVATARS)
