"""The form through the stand-ins, over either transport and database: opened, searched, submitted."""

from typing import Any

from bot.domain.invocation import Action, Source, Status
from bot.messages.start_form import CHANNEL, ROOM_MENU, SAVE_AS
from bot.messages.start_form import ROOM as ROOM_FIELD
from bot.sandbox.slack import KnownShortcut, Suggested
from bot.sandbox.slack.views import View
from tests.stage import AVATARS, GENERAL, JONAS, MEI, ROOM, Stage

PLANS = "C0PLANS001"
SHORTCUTS = (
    KnownShortcut("start_avatar", "Start an avatar"),
    KnownShortcut("start_avatar_from_message", "Start an avatar", of_messages=True),
)


def form(stage: Stage, viewer: str = MEI) -> View:
    [view] = stage.slack.views.stack(viewer)
    return view


async def search(stage: Stage, typed: str, viewer: str = MEI) -> Suggested:
    view = form(stage, viewer)
    suggested = await stage.slack.forms.suggest(viewer, view.id, ROOM_FIELD, ROOM_MENU, typed)
    assert suggested.error is None
    return suggested


def options(suggested: Suggested) -> list[dict[str, Any]]:
    return [option for group in suggested.groups for option in group["options"]]


async def submit(stage: Stage, viewer: str = MEI, **values: dict[str, Any]) -> dict[str, str] | None:
    """Fill in the fields, and return the errors."""
    actions = {ROOM_FIELD: ROOM_MENU}
    filled = {name: {actions.get(name, name): value} for name, value in values.items()}
    submitted = await stage.slack.forms.submit(viewer, form(stage, viewer).id, filled)
    await stage.bot.tasks.idle()
    assert submitted.error is None
    return submitted.errors


def picked(option: dict[str, Any]) -> dict[str, Any]:
    return {"type": "external_select", "selected_option": option}


async def test_a_room_is_found_by_its_name_and_started(stage: Stage) -> None:
    await stage.types("")
    assert form(stage).state[CHANNEL][CHANNEL]["selected_conversation"] == AVATARS
    [room] = options(await search(stage, "lobby k"))
    assert room["text"]["text"] == "Lobby kiosk"
    region = {"type": "static_select", "selected_option": {"value": "cn-north-4"}}
    name = {"type": "plain_text_input", "value": "lobby"}
    assert await submit(stage, room=picked(room), region=region, save_as=name) is None

    assert stage.slack.views.stack(MEI) == []
    [job] = stage.metastudio.jobs
    assert (job.room_id, job.region) == (ROOM, "cn-north-4")
    [announcement] = stage.announced()
    assert "Lobby kiosk" in announcement.text
    assert job.job_id in announcement.text
    rows = [(row.action, row.source, row.status) for row in await stage.log()]
    assert rows == [
        (Action.FORM, Source.COMMAND, Status.DONE),
        (Action.START, Source.FORM, Status.STARTED),
        (Action.QUICK, Source.FORM, Status.DONE),
    ]
    assert "Added the quick start `lobby`" in stage.said()[-1].text


async def test_a_mistake_leaves_the_form_open_with_what_was_typed(stage: Stage) -> None:
    await stage.types("", user=JONAS)
    [room] = options(await search(stage, ROOM, JONAS))
    wrong = {"type": "plain_text_input", "value": "Größe"}
    errors = await submit(stage, JONAS, room=picked(room), save_as=wrong)
    assert list(errors or ()) == [SAVE_AS]
    assert form(stage, JONAS).state[SAVE_AS][SAVE_AS]["value"] == "Größe"
    assert stage.metastudio.jobs == []
    assert await submit(stage, JONAS, save_as=wrong | {"value": None}) is None
    assert len(stage.metastudio.jobs) == 1


async def test_a_shortcut_opens_the_form_for_where_it_was_used(stage: Stage) -> None:
    stage.slack.known_shortcuts = SHORTCUTS
    await stage.slack.shortcuts.use(MEI, "start_avatar", PLANS)
    await stage.bot.tasks.idle()
    assert form(stage).state[CHANNEL][CHANNEL]["selected_conversation"] == PLANS
    message = stage.slack.say("The lobby is empty.", user=JONAS, channel=GENERAL)
    await stage.slack.shortcuts.use_on(MEI, "start_avatar_from_message", GENERAL, message.ts)
    await stage.bot.tasks.idle()
    assert form(stage).state[CHANNEL][CHANNEL]["selected_conversation"] == GENERAL


async def test_a_channel_without_the_bot_still_reads_the_job_id(stage: Stage) -> None:
    """Slack gives an address of the chosen channel with the form."""
    await stage.types("")
    [room] = options(await search(stage, ROOM))
    channel = {"type": "conversations_select", "selected_conversation": PLANS}
    assert await submit(stage, room=picked(room), channel=channel) is None
    [job] = stage.metastudio.jobs
    [announcement] = stage.announced(PLANS)
    assert job.job_id in announcement.text
    assert stage.announced() == []


async def test_a_form_that_is_submitted_twice_starts_once(stage: Stage) -> None:
    await stage.types("")
    view = form(stage)
    [room] = options(await search(stage, ROOM))
    assert await submit(stage, room=picked(room)) is None
    again = stage.slack.views.open(MEI, view.content, view.channel)
    stage.slack.views.set_state(again, view.state)
    assert await submit(stage, room=picked(room)) is None

    assert len(stage.metastudio.jobs) == 1
    told = stage.said()[-1].text
    assert "This form works once" in told or "is starting" in told
