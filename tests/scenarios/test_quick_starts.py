"""Quick starts, panels and names of rooms, between the stand-ins, over either transport and database."""

from bot.domain.invocation import Action, Status
from bot.settings import RunningRoom
from tests.fakes import flat
from tests.stage import AVATARS, JONAS, MEI, ROOM, Stage, StagedWith, buttons, until

ADD = f"quick add lobby {ROOM} cn-north-4"


def ack_of(result: object) -> str:
    ack = getattr(result, "ack", None) or {}
    return str(ack.get("text", ""))


async def test_a_quick_start_is_added_started_and_stopped_by_its_name(stage: Stage) -> None:
    assert "Added the quick start `lobby`" in ack_of(await stage.types(ADD, "/avatar"))
    started = await stage.types("lobby", user=JONAS)
    assert ack_of(started) == ""
    [job] = stage.metastudio.jobs
    assert job.room_id == ROOM
    assert job.job_id in stage.announced()[-1].text

    await stage.types("stop lobby", "/avatar", user=JONAS)
    [job] = stage.metastudio.jobs
    assert job.ended_at is not None
    assert [(row.action, row.status) for row in await stage.log()] == [
        (Action.QUICK, Status.DONE),
        (Action.START, Status.STARTED),
        (Action.STOP, Status.DONE),
    ]


async def test_a_panel_follows_the_quick_starts_of_its_channel_and_of_everywhere(stage: Stage) -> None:
    await stage.types("quick panel", "/avatar")
    [panel] = stage.announced()
    assert "There are no quick starts here yet." in panel.text

    await stage.types(ADD, "/avatar")
    await until(lambda: buttons(panel) == ["lobby"])
    await stage.types(f"quick add all {ROOM} --everywhere", "/avatar", channel="C0GENERAL1")
    await until(lambda: buttons(panel) == ["all", "lobby"])
    await stage.types("quick rename lobby kiosk", "/avatar")
    await until(lambda: buttons(panel) == ["all", "kiosk"])

    await stage.clicks("kiosk", panel, user=JONAS)
    [job] = stage.metastudio.jobs
    assert (job.room_id, job.app_user_id) == (ROOM, JONAS)
    assert buttons(panel) == ["all", "kiosk"]


async def test_a_panel_is_kept_true_by_the_process_that_comes_after(staged_with: StagedWith) -> None:
    async with staged_with() as stage:
        await stage.types("quick panel", "/avatar")
        [panel] = stage.announced()
    async with staged_with() as stage:
        await stage.types(ADD, "/avatar")
        await until(lambda: buttons(panel) == ["lobby"])


async def test_a_panel_that_cannot_be_posted_is_told_with_what_to_do(socket_stage: Stage) -> None:
    stage = socket_stage
    stage.slack.workspace.channels["C0GENERAL1"].archived = True
    await stage.types("quick panel", "/avatar", channel="C0GENERAL1")

    told = [message.text for message in stage.news(MEI, "C0GENERAL1")] + stage.told_directly(MEI)
    assert any("The panel was not posted: this channel is archived." in text for text in told)
    [row] = await stage.log()
    assert (row.action, row.status) == (Action.QUICK, Status.FAILED)


async def test_a_room_is_started_by_its_name(stage: Stage) -> None:
    assert ack_of(await stage.types("“Lobby kiosk” cn-north-4")) == ""
    [job] = stage.metastudio.jobs
    assert (job.room_id, job.region) == (ROOM, "cn-north-4")
    row = flat((await stage.log())[0])
    assert (row.status, row.room_id, row.room_name) == (Status.STARTED, ROOM, "Lobby kiosk")
    assert "Lobby kiosk" in stage.announced(AVATARS)[-1].text

    await stage.types('"Recption desk"')
    assert any("Did you mean `Reception`?" in message.text for message in stage.said())
    await stage.types("Reception")
    assert len(stage.metastudio.jobs) == 2


async def test_a_name_that_looks_like_an_id_is_started_once_nobody_knows_it_as_one(stage: Stage) -> None:
    await stage.types("reception client_id=desk-7")

    [job] = stage.metastudio.jobs
    row = flat((await stage.log())[0])
    assert (row.status, row.room_name, row.job_id) == (Status.STARTED, "Reception", job.job_id)
    assert (job.room_id, job.client_id) == (row.room_id, "desk-7")
    assert "Reception" in stage.announced()[-1].text


async def test_a_room_that_is_found_by_its_name_is_asked_about_if_a_job_runs_there(
    staged_with: StagedWith,
) -> None:
    async with staged_with(AVATAR_RUNNING_ROOM=RunningRoom.ASK) as stage:
        await stage.runs(ROOM)
        stage.clock.advance(60)
        await stage.types('"Lobby kiosk"', user=JONAS)
        told = stage.said(JONAS)[-1]
        assert told.text.startswith("🟢  *Lobby kiosk* is running already.\n")
        assert buttons(told) == ["Open it", "Stop it", "Start another"]

        await stage.clicks("Start another", told, user=JONAS)
        assert stage.metastudio.starts_made == {ROOM: 2}
