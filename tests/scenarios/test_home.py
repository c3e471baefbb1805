"""Home over the real protocols: opened, used, kept up to date, and with answers that reach the person."""

from bot.domain.invocation import Action, Source, Status
from tests.stage import AVATARS, JONAS, MEI, ROOM, Stage, StagedWith, is_announcement, until

ADD = f"quick add lobby {ROOM} cn-north-4"


async def test_an_avatar_is_started_seen_and_stopped_on_home(stage: Stage) -> None:
    await stage.opens_home()
    assert "No avatar job is running." in stage.home()
    assert "Start an avatar in a channel first" in stage.home()

    await stage.types(ADD, "/avatar")
    await stage.types("lobby", user=JONAS)
    await stage.types("gallery")
    await stage.types("quick add all room_id=atrium --everywhere", "/avatar")
    await stage.opens_home()
    assert stage.home(JONAS) == ""
    await stage.opens_home(JONAS)
    assert f"{AVATARS} public lobby" in stage.home(JONAS)
    assert f"{AVATARS} public all" in stage.home(JONAS)
    assert f"announced in <#{AVATARS}>" in stage.home(JONAS)

    before = len(stage.metastudio.jobs)
    await until(lambda: f"{AVATARS} public all" in stage.home(MEI))
    await stage.presses("home_start-2")
    assert len(stage.metastudio.jobs) == before + 1
    assert is_announcement(stage.announced()[-1])
    row = (await stage.log())[-1]
    assert (row.action, row.source, row.status) == (Action.START, Source.HOME, Status.STARTED)
    assert (row.origin.channel_id, row.text) == (AVATARS, "all")
    await until(lambda: "You pressed a button" in stage.home())

    await stage.presses("Stop")
    stop = (await stage.log())[-1]
    assert (stop.action, stop.source, stop.status) == (Action.STOP, Source.HOME, Status.DONE)
    assert "is being stopped" in stage.told_directly(MEI)[-1]
    await until(lambda: "⛔  Stopped" in stage.home())


async def test_a_job_that_ends_leaves_home_by_itself(socket_stage: Stage) -> None:
    stage = socket_stage
    await stage.starts("gallery")
    await stage.opens_home(JONAS)
    [job] = stage.metastudio.jobs
    assert job.job_id in stage.home(JONAS)
    await stage.types(f"stop {job.job_id}", "/avatar")
    await until(lambda: job.job_id not in stage.home(JONAS))
    assert "No avatar job is running." in stage.home(JONAS)


async def test_who_is_denied_sees_nothing_and_is_told_directly(staged_with: StagedWith) -> None:
    policy = f'[look]\nusers = ["{MEI}"]\n[stop]\nusers = ["{MEI}"]\n'
    async with staged_with(policy=policy) as stage:
        await stage.starts("gallery")
        await stage.opens_home(JONAS)
        [job] = stage.metastudio.jobs
        assert job.job_id not in stage.home(JONAS)
        assert [row.action for row in await stage.log()] == [Action.START]

        await stage.opens_home(MEI)
        assert job.job_id in stage.home(MEI)
        await stage.types("lobby", user=JONAS)
        await stage.opens_home(JONAS)
        assert '"Stop"' not in stage.home(JONAS)


async def test_a_refusal_on_home_reaches_the_person(staged_with: StagedWith) -> None:
    async with staged_with() as stage:
        await stage.types(ADD, "/avatar")
        await stage.types("lobby")
        await stage.opens_home()
        await stage.types("quick remove lobby", "/avatar")
        await stage.presses("Start")
        assert len(stage.metastudio.jobs) == 1
        assert "Nothing was started." in stage.told_directly(MEI)[-1]
        assert (await stage.log())[-1].status is Status.INVALID


async def test_start_on_home_starts_what_stands_beside_it_or_nothing(stage: Stage) -> None:
    await stage.types("quick add lobby room_id=atrium --everywhere", "/avatar")
    await stage.types(ADD, "/avatar")
    await stage.types("lobby")
    await stage.opens_home()
    await stage.types("quick remove lobby", "/avatar", user=JONAS)
    await stage.presses("home_start-1")
    assert len(stage.metastudio.jobs) == 1
    assert "`lobby` means another quick start by now" in stage.told_directly(MEI)[-1]
    assert (await stage.log())[-1].status is Status.INVALID
