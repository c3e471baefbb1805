"""The form is submitted: a start as if it were typed, mistakes at their fields, and a quick start."""

from datetime import datetime
from typing import Any

import pytest
from typing_extensions import override

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.job import SmartChatJob
from bot.domain.policy import Policy
from bot.errors import Answer, DatabaseUnavailable, OutcomeUnknown
from bot.metastudio.client import Started
from bot.reasons import other
from bot.store.posts import Posts
from tests.fakes import LOCKED, flat
from tests.listeners.desk import AVATARS, JONAS, MEI, Desk
from tests.listeners.forms import HALL, ROOM, STUDIO, form_of, started, submits, submitting


async def test_a_submitted_form_is_a_start_as_if_it_were_typed(desk: Desk) -> None:
    view = await form_of(desk)
    answer = await submits(
        desk, view, region="cn-north-4", room_type="METALINK", client_id=" desk-7 ", channel=STUDIO
    )

    assert answer == {"response_action": "clear"}
    assert started(desk) == [(ROOM, "cn-north-4", "METALINK", "desk-7")]
    assert "job-1" in desk.channel.announced[0]
    assert desk.channel.told == []
    opening, row = await desk.rows()
    assert (row.action, row.source, row.status) == (Action.START, Source.FORM, Status.STARTED)
    assert row.text == f"{ROOM} cn-north-4 room_type=METALINK client_id=desk-7"
    assert (row.origin.channel_id, row.previous_id) == (STUDIO, opening.id)
    await desk.clicks("details", row.id)
    details = str(desk.slack.opened[-1])
    assert f"started it with `{ROOM} cn-north-4" in details
    assert "made the start before" not in details


async def test_a_field_that_is_not_set_is_left_out(desk: Desk) -> None:
    await submits(desk, await form_of(desk), region="none", room_type="none", client_id=" ", save_as="")
    assert started(desk) == [(ROOM, None, None, None)]


async def test_a_quick_start_of_the_channel_in_which_the_form_was_opened_is_started(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add lobby {ROOM} cn-north-4 client_id=kiosk")
    await submits(desk, await form_of(desk), STUDIO, room="quick lobby", region="cn-southwest-2")
    assert started(desk) == [(ROOM, "cn-southwest-2", None, "kiosk")]
    row = await desk.row()
    assert row.text == f"{ROOM} cn-southwest-2 client_id=kiosk", "its name means nothing there"
    assert row.origin.channel_id == STUDIO


async def test_a_quick_start_of_another_channel_is_judged_as_its_room(desk: Desk) -> None:
    """Else the start could not be repeated there, nor be continued after a crash."""
    await desk.types("/avatar", f"quick add lobby {ROOM}")
    view = await form_of(desk)
    desk.policy = Policy.parse('[start]\nquick_starts = ["lobby"]')
    answer = await submits(desk, view, STUDIO, room="quick lobby")
    assert f"Room `{ROOM}` may not be started with this bot." in answer["errors"]["room"]
    chosen = {"type": "conversations_select", "selected_conversation": STUDIO}
    assert await desk.searches(desk.searching("lob", view["private_metadata"], channel=chosen)) == {}
    assert await submits(desk, view, room="quick lobby") == {"response_action": "clear"}
    desk.policy = Policy.parse('[start.deny]\nquick_starts = ["lobby"]')
    answer = await submits(desk, view, STUDIO, room="quick lobby")
    assert "Quick start `lobby` may not be started" in answer["errors"]["room"]


async def test_a_name_that_means_another_quick_start_in_the_chosen_channel_is_not_logged(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add lobby {ROOM} --everywhere")
    await desk.types("/avatar", f"quick add lobby {HALL}", channel_id=STUDIO)
    await submits(desk, await form_of(desk), STUDIO, room="quick lobby")
    assert started(desk) == [(ROOM, None, None, None)]
    assert (await desk.row()).text == ROOM
    await submits(desk, await form_of(desk), room="quick lobby", client_id="two")
    assert (await desk.row()).text == "lobby client_id=two"


async def test_what_a_form_has_started_is_started_again_under_its_quick_start(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add lobby {ROOM}")
    desk.policy = Policy.parse('[start]\nquick_starts = ["lobby"]')
    await submits(desk, await form_of(desk), room="quick lobby")
    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(minutes=5)
    await desk.types("/avatar-start", "again")
    assert [room_id for room_id, *_ in started(desk)] == [ROOM, ROOM]


async def test_a_form_makes_one_start_however_often_it_is_submitted(desk: Desk) -> None:
    view = await form_of(desk)
    payload = submitting(desk, view)
    await desk.submits(payload)
    assert await desk.submits(payload) == {"response_action": "clear"}, "the same delivery"
    assert desk.channel.told == []
    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(minutes=5)
    await submits(desk, view, room=f"room {HALL}")

    assert len(started(desk)) == 1
    assert "This form works once: you used it 5 min ago." in desk.told()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("client_id", "two words", "is not a client ID"),
        ("region", "cn-south-1", "is not a region that this bot may use"),
        ("room_type", "VIDEO", "is not a room type"),
        ("save_as", "Тест", "cannot be a name"),
        ("save_as", "again", "means something else"),
        ("save_as", ROOM, "looks like an ID"),
        ("save_as", "Taken", "There is a quick start `taken` in this channel already."),
        ("room", "quick gone", "There is no quick start `gone` here."),
        ("room", "nonsense", "The room ID is missing."),
    ],
)
async def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(
    desk: Desk, field: str, value: str, words: str
) -> None:
    await desk.types("/avatar", f"quick add taken {ROOM}")
    view = await form_of(desk)
    answer = await submits(desk, view, **{field: value})

    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == [field]
    assert words in answer["errors"][field]
    assert (await desk.row()).status is Status.INVALID
    await submits(desk, view)
    assert len(started(desk)) == 1, "it can be corrected and submitted"


@pytest.mark.parametrize(
    ("policy", "field", "words"),
    [
        (f'[start]\nrooms = ["{HALL}"]', "room", f"Room `{ROOM}` may not be started with this bot."),
        ('[start]\nregions = ["cn-north-4"]', "region", "Region `cn-southwest-2` may not be used."),
        (f'[start]\nchannels = ["{STUDIO}"]', "channel", "Avatars may not be started from this channel."),
        ("[start]\nusers = []", "room", "You may not start avatars with this bot."),
        (
            "[start]\nper_person_and_hour = 1",
            "room",
            "You have started 1 avatar within the last hour",
        ),
    ],
)
async def test_what_the_policy_refuses_stands_at_its_field(
    desk: Desk, policy: str, field: str, words: str
) -> None:
    await desk.types("/avatar-start", HALL)
    view = await form_of(desk)
    desk.policy = Policy.parse(policy)
    answer = await submits(desk, view, region="cn-southwest-2")

    assert words in answer["errors"][field]
    row = await desk.row()
    assert (row.status, flat(row).room_id) == (Status.REFUSED, ROOM)
    assert len(started(desk)) == 1


async def test_who_is_refused_learns_nothing_of_the_quick_starts_of_a_channel(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add taken {ROOM}", channel_id=STUDIO)
    view = await form_of(desk)
    desk.policy = Policy.parse(f'[start]\nchannels = ["{AVATARS}"]')
    answer = await submits(desk, view, STUDIO, save_as="taken")
    assert list(answer["errors"]) == ["channel"]
    assert (await desk.row()).status is Status.REFUSED


async def test_a_field_shows_no_marks_of_a_mention(desk: Desk) -> None:
    view = await form_of(desk)
    desk.policy = Policy.parse('admins = ["U0ADMIN001", "S0ADMINS"]\n[start]\nusers = []')
    answer = await submits(desk, view)
    assert "Ask the bot's admins. The rule is `[start] users`" in answer["errors"]["room"]


@pytest.mark.parametrize("changes", [{"response_urls": [{}]}, {"response_urls": None}])
async def test_a_payload_without_addresses_is_understood(desk: Desk, changes: dict[str, Any]) -> None:
    await desk.submits(submitting(desk, await form_of(desk)) | changes)
    assert len(started(desk)) == 1


async def test_where_the_database_fails_the_form_stays(desk: Desk) -> None:
    view = await form_of(desk)
    desk.log.shut = True
    answer = await submits(desk, view)
    assert "The database cannot be used" in answer["errors"]["room"]
    assert started(desk) == []


async def test_a_job_that_runs_already_is_asked_about_in_a_message(desk: Desk) -> None:
    await desk.types("/avatar-start", ROOM, user_id=JONAS)
    desk.clock.advance(minutes=1)
    answer = await submits(desk, await form_of(desk), save_as="lobby")

    assert answer == {"response_action": "clear"}
    assert "is starting already" in desk.told()
    assert desk.told().endswith("The quick start `lobby` was not saved either.")
    assert len(started(desk)) == 1


async def test_a_room_that_is_gone_is_told_and_not_saved(desk: Desk) -> None:
    await desk.types("/avatar", f"quick add lobby {ROOM}")
    desk.cloud.unknown_rooms.add(ROOM)
    await submits(desk, await form_of(desk), room="quick lobby", save_as="kiosk")

    gone, not_saved = [message.text for message in desk.channel.told]
    assert "remove its quick start: `/avatar quick remove lobby`" in gone
    assert not_saved == "The quick start `kiosk` was not saved: nothing was started."


async def test_an_unknown_start_is_not_called_none_and_not_saved(desk: Desk) -> None:
    desk.cloud.on_start = OutcomeUnknown(other("the connection was lost"))
    await submits(desk, await form_of(desk), save_as="kiosk")

    unknown, not_saved = [message.text for message in desk.channel.told]
    assert unknown.startswith("❔")
    assert not_saved == "The quick start `kiosk` was not saved: it is not known whether the avatar started."


async def test_where_the_database_fails_after_the_start_its_person_knows_that_nothing_is_saved(
    desk: Desk,
) -> None:
    async def shutting() -> Started:
        desk.log.shut = True
        return Started(SmartChatJob(job_id="job-1"), Answer(http_status=202))

    desk.cloud.on_start = shutting
    await submits(desk, await form_of(desk), save_as="kiosk")
    assert "job-1" in desk.channel.announced[0]
    assert desk.told().startswith("The quick start `kiosk` was not saved: The database cannot be used")


async def test_what_was_started_is_saved_as_a_quick_start_of_the_channel(desk: Desk) -> None:
    await submits(desk, await form_of(desk), STUDIO, region="cn-north-4", client_id="one", save_as="Lobby-2")

    assert desk.told().startswith("Added the quick start `lobby-2` of this channel")
    row = await desk.row()
    assert (row.action, row.source, row.status) == (Action.QUICK, Source.FORM, Status.DONE)
    assert row.text == f"quick add lobby-2 {ROOM} cn-north-4 client_id=one"
    await desk.ends("job-1", JobState.ENDED)
    desk.clock.advance(minutes=5)
    await desk.types("/avatar-start", "lobby-2", channel_id=STUDIO)
    assert started(desk) == [(ROOM, "cn-north-4", None, "one")] * 2


async def test_a_saved_quick_start_is_told_even_if_the_panels_wait_for_the_database(desk: Desk) -> None:
    class BrokenPosts(Posts):
        @override
        async def refresh_panels(self, channel: str | None, *, now: datetime) -> None:
            raise DatabaseUnavailable(LOCKED)

    desk.graph.panels._posts = BrokenPosts(desk.log._database)
    await submits(desk, await form_of(desk), save_as="lobby")
    assert desk.told().startswith("Added the quick start `lobby` of this channel")
    assert (await desk.row()).lease_until is not None, "recovery edits the panels"


async def test_who_may_not_add_quick_starts_starts_all_the_same(desk: Desk) -> None:
    view = await form_of(desk)
    desk.policy = Policy.parse("[quick]\nusers = []")
    await submits(desk, view, save_as="lobby")

    assert len(started(desk)) == 1
    assert desk.told().startswith("The quick start `lobby` was not saved: You may not change quick starts")
    row = await desk.row()
    assert (row.action, row.status) == (Action.QUICK, Status.REFUSED)


async def test_who_may_break_the_glass_is_asked_for_a_reason_above_the_form(desk: Desk) -> None:
    desk.policy = Policy.parse(f'[start]\nusers = []\n[break_glass]\nusers = ["{MEI}"]')
    view = await form_of(desk)
    answer = await submits(desk, view, region="cn-north-4")
    assert answer["response_action"] == "push"
    assert answer["view"]["callback_id"] == "break_glass"
    assert "You may not start avatars" in str(answer["view"]["blocks"])
    refused = await desk.row()
    metadata = answer["view"]["private_metadata"]
    for _ in range(2):
        await desk.submits(desk.submitting("break_glass", metadata, reason="the CEO waits"))
        desk.clock.advance(minutes=5)

    assert started(desk) == [(ROOM, "cn-north-4", None, None)]
    row = (await desk.rows())[2]
    assert (row.source, row.status, row.text) == (Source.BREAK_GLASS, Status.STARTED, "the CEO waits")
    assert (row.previous_id, row.origin.channel_id) == (refused.id, AVATARS)


@pytest.mark.parametrize(
    "filled",
    [{"room": "room again"}, {"room": "room help"}, {"client_id": "<>"}, {"client_id": "<!channel>"}],
)
async def test_a_reason_starts_what_was_filled_in_even_if_its_words_mean_something_else(
    desk: Desk, filled: dict[str, str]
) -> None:
    desk.policy = Policy.parse(f'[start]\nusers = []\n[break_glass]\nusers = ["{MEI}"]')
    answer = await submits(desk, await form_of(desk), save_as="kiosk", **filled)
    assert "The quick start `kiosk` is not saved with it." in str(answer["view"]["blocks"])
    await desk.submits(desk.submitting("break_glass", answer["view"]["private_metadata"], reason="urgent"))

    room_id = filled.get("room", f"room {ROOM}").removeprefix("room ")
    assert started(desk) == [(room_id, None, None, filled.get("client_id"))]


async def test_the_address_of_the_chosen_channel_is_used_else_that_of_the_command(desk: Desk) -> None:
    desk.cloud.unknown_rooms.add(ROOM)
    payload = submitting(desk, await form_of(desk), STUDIO)
    address = "https://hooks.slack.com/app/T/2/y"
    payload["response_urls"] = [{"channel_id": STUDIO, "response_url": address}]
    await desk.submits(payload)
    await submits(desk, await form_of(desk))
    await submits(desk, await form_of(desk), STUDIO)
    assert desk.channel.addresses == [address, "https://hooks.slack.com/commands/T/1/x", None]
