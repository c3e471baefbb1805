"""The form is opened: by a command alone and by shortcuts, with what was started last."""

from bot.domain.invocation import Action, Source, Status
from bot.domain.policy import Policy
from tests.listeners.desk import AVATARS, JONAS, Desk
from tests.listeners.forms import HALL, ROOM, STUDIO, form_of, prefilled


async def test_the_command_alone_opens_the_form_and_is_logged(desk: Desk) -> None:
    view = await form_of(desk)

    assert prefilled(view) == {"channel": AVATARS}
    row = await desk.row()
    assert (row.action, row.source, row.status) == (Action.FORM, Source.COMMAND, Status.DONE)
    assert desk.cloud.operations == []
    assert desk.cloud.rooms_read == 1


async def test_a_shortcut_on_a_message_opens_it_for_the_channel_of_the_message(desk: Desk) -> None:
    await desk.uses(desk.using("start_avatar_from_message", STUDIO))
    [opened] = desk.slack.opened
    assert prefilled(opened["view"]) == {"channel": STUDIO}
    assert (await desk.row()).source is Source.SHORTCUT


async def test_it_is_filled_with_the_channels_last_start_else_with_the_persons(desk: Desk) -> None:
    await desk.types("/avatar-start", f"{HALL} cn-southwest-2 client_id=mine", channel_id=STUDIO)
    await desk.uses(desk.using("start_avatar"))
    assert prefilled(desk.slack.opened[-1]["view"]) == {
        "room": f"room {HALL}",
        "region": "cn-southwest-2",
        "client_id": "mine",
        "channel": STUDIO,
    }
    assert prefilled(await form_of(desk))["room"] == f"room {HALL}"

    await desk.types("/avatar-start", f"{ROOM} cn-north-4 room_type=METALINK", user_id=JONAS)
    assert prefilled(await form_of(desk)) == {
        "room": f"room {ROOM}",
        "region": "cn-north-4",
        "room_type": "METALINK",
        "channel": AVATARS,
    }


async def test_after_a_quick_start_it_holds_its_name_and_what_was_typed_beside_it(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add lobby {ROOM} cn-north-4")
    await desk.types("/avatar-start", "lobby client_id=one")
    assert prefilled(await form_of(desk)) == {
        "room": "quick lobby",
        "client_id": "one",
        "channel": AVATARS,
    }


async def test_it_is_not_filled_with_what_the_person_may_not_start(desk: Desk) -> None:
    await desk.types("/avatar-start", HALL)
    desk.policy = Policy.parse(f'[start]\nrooms = ["{ROOM}"]\n[quick]\nusers = []')
    view = await form_of(desk)
    assert prefilled(view) == {"channel": AVATARS}
    assert "save_as" not in str(view), "only who may add quick starts is asked for a name"


async def test_who_waits_for_a_form_that_slack_does_not_open_is_told(desk: Desk) -> None:
    desk.slack.refuses = "expired_trigger_id"
    await desk.types("/avatar-start")
    assert desk.told() == "Slack did not open the window. *Type the command once more.*"
    await desk.uses(desk.using("start_avatar"))
    assert desk.channel.told[-1].text.endswith("*Use the shortcut once more.*")
