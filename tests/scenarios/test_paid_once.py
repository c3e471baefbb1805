"""Nothing is paid twice: a start has duplicates until it is settled, and buttons work once."""

import asyncio

import pytest

from bot.domain.invocation import Action, Invocation, JobState, Status
from bot.reasons import other
from bot.sandbox.slack import Message
from tests.fakes import changed, flat
from tests.stage import JONAS, MEI, Console, Stage, StagedWith, buttons, until

UNKNOWN = "It is not known whether room"


def latest(stage: Stage, words: str, viewer: str = MEI) -> Message:
    return [message for message in stage.said(viewer) if words in message.text][-1]


def starts(rows: list[Invocation]) -> list[Invocation]:
    return [row for row in rows if row.action is Action.START]


async def loses(stage: Stage, text: str = "lobby", user: str = MEI) -> Message:
    """Type a start that makes no job and gets no answer. Return the last message to the person."""
    stage.metastudio.trouble.server_errors("start", times=1)
    await stage.types(text, user=user)
    return latest(stage, UNKNOWN, user)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bot read a room's jobs again without a pause."""
    monkeypatch.setattr("bot.jobs.reconcile.LOOK_PAUSES", (0.01,))


@pytest.mark.parametrize("user", [MEI, JONAS])
async def test_a_start_whose_answer_takes_long_has_duplicates_until_it_is_there(
    stage: Stage, user: str
) -> None:
    stage.metastudio.trouble.hang("start", after=True, times=1)
    first = asyncio.create_task(stage.slack.command("/avatar-start", "lobby", user=MEI))
    await until(lambda: stage.metastudio.starts_made == {"lobby": 1})
    stage.clock.advance(11.5)
    await stage.slack.command("/avatar-start", "lobby", user=user)
    told = latest(stage, "is starting already", user)
    assert f"by {'you' if user == MEI else f'<@{MEI}>'}, 1" in told.text
    assert buttons(told) == ["Start another"]
    stage.metastudio.trouble.clear()
    await first
    await stage.bot.tasks.idle()

    # It also has duplicates for ten seconds after its answer.
    stage.clock.advance(5)
    await stage.types("lobby", user=user)
    assert stage.metastudio.starts_made == {"lobby": 1}
    stage.clock.advance(6)
    await stage.types("lobby", user=user)
    assert stage.metastudio.starts_made == {"lobby": 2}


async def test_a_start_that_waits_for_its_turn_has_duplicates(staged_with: StagedWith) -> None:
    async with staged_with(AVATAR_STARTS_PER_SECOND=3) as stage:
        names = [f"room-{number}" for number in range(16)]
        await asyncio.gather(*(stage.slack.command("/avatar-start", name) for name in names))
        stage.clock.advance(10.5)
        await stage.slack.command("/avatar-start", "room-15")
        await stage.bot.tasks.idle()

        assert stage.metastudio.starts_received == dict.fromkeys(names, 1)


async def test_another_client_id_is_another_wish(socket_stage: Stage) -> None:
    for text in ("lobby client_id=a", "lobby client_id=b", "lobby", "lobby client_id=a"):
        await socket_stage.types(text)

    assert socket_stage.metastudio.starts_made == {"lobby": 3}


async def test_a_clock_that_is_set_back_makes_no_duplicate_of_what_is_long_over(socket_stage: Stage) -> None:
    stage = socket_stage
    await stage.types("brief")
    stage.clock.advance(3600)
    await stage.until_logged(lambda rows: flat(rows[0]).job_state is JobState.ENDED)
    stage.clock.advance(-3600)
    await stage.types("brief")

    assert stage.metastudio.starts_made == {"brief": 2}


async def test_an_unknown_start_has_duplicates_for_days_but_its_buttons_go_on(
    socket_stage: Stage, quick: None
) -> None:
    stage = socket_stage
    await loses(stage)
    stage.clock.advance(3 * 86400)
    await stage.types("lobby", user=JONAS)
    told = latest(stage, "It is not known whether room `lobby` started, by", JONAS)
    assert buttons(told) == ["Look again", "Start anyway"]
    assert stage.metastudio.starts_received == {"lobby": 1}

    await stage.clicks("Start anyway", told, user=JONAS)
    assert stage.metastudio.starts_made == {"lobby": 1}
    stage.clock.advance(11)
    await stage.types("lobby")
    assert stage.metastudio.starts_made == {"lobby": 2}


async def test_start_anyway_works_once_whoever_presses_it_and_however_late(stage: Stage, quick: None) -> None:
    told = await loses(stage)
    assert buttons(told) == ["Look again", "Start anyway"]
    stage.slack.trouble.server_errors("response_url")
    await stage.clicks("Start anyway", told)
    job = stage.metastudio.jobs[-1].job_id
    for seconds in (12, 120):
        stage.clock.advance(seconds)
        await stage.clicks("Start anyway", told)
        assert f"\nJob `{job}`\n" in latest(stage, "works once").text

    assert stage.metastudio.starts_made == {"lobby": 1}
    rows = starts(await stage.log())
    assert [row.previous_id for row in rows] == [None, rows[0].id, None, None]
    assert [row.status for row in rows][1:] == [Status.STARTED, Status.REFUSED, Status.REFUSED]


async def test_start_another_works_once_however_late(socket_stage: Stage) -> None:
    stage = socket_stage
    await stage.types("lobby")
    await stage.types("lobby", user=JONAS)
    told = latest(stage, " · started by ", JONAS)
    stage.slack.trouble.server_errors("response_url")
    for seconds in (0, 12, 86400):
        stage.clock.advance(seconds)
        await stage.clicks("Start another", told, user=JONAS)

    assert stage.metastudio.starts_made == {"lobby": 2}
    assert "works once" in latest(stage, "works once", JONAS).text


async def test_a_press_that_is_refused_does_not_use_the_button_up(
    staged_with: StagedWith, quick: None
) -> None:
    async with staged_with() as stage:
        told = await loses(stage)
    async with staged_with(policy="[start]\nusers = []") as stage:
        await stage.clicks("Start anyway", told)
        assert "You may not start avatars" in latest(stage, "You may not").text
    async with staged_with() as stage:
        await stage.clicks("Start anyway", told)
        assert stage.metastudio.starts_made == {"lobby": 1}


async def test_a_button_that_led_to_nothing_offers_a_new_one(socket_stage: Stage, quick: None) -> None:
    stage = socket_stage
    told = await loses(stage, "busy")
    stage.slack.trouble.server_errors("response_url")
    await stage.clicks("Start anyway", told)
    await stage.clicks("Start anyway", told)
    again = latest(stage, "works once")
    assert "🔴  Room `busy` was not started. The room's concurrency is used up." in again.text
    assert buttons(again) == ["Start it now"]
    await stage.clicks("Start it now", again)

    assert stage.metastudio.starts_received == {"busy": 3}


async def test_start_it_now_after_an_unknown_start_looks_first_as_well(
    socket_stage: Stage, console: Console, quick: None
) -> None:
    stage = socket_stage
    told = await loses(stage)
    stage.slack.trouble.server_errors("response_url")
    stage.metastudio.trouble.unsupport("start", times=1)
    await stage.clicks("Start anyway", told)
    await stage.clicks("Start anyway", told)
    failed = latest(stage, "works once")
    job_id = await console("lobby")
    await stage.clicks("Start it now", failed)

    assert stage.metastudio.starts_made == {"lobby": 1}
    assert job_id in stage.announced()[-1].text


async def test_start_anyway_looks_first_and_takes_a_job_that_came_late(
    socket_stage: Stage, console: Console, quick: None
) -> None:
    stage = socket_stage
    told = await loses(stage)
    job_id = await console("lobby")
    await stage.clicks("Start anyway", told)

    assert stage.metastudio.starts_made == {"lobby": 1}
    assert job_id in stage.announced()[-1].text
    assert f"✅  Room `lobby` did start: job `{job_id}`." in latest(stage, "did start").text


async def test_start_anyway_names_a_job_that_may_be_it_before_it_starts_another(
    socket_stage: Stage, console: Console, quick: None
) -> None:
    stage = socket_stage
    stage.metastudio.trouble.jobs_are_undated = True
    told = await loses(stage)
    job_id = await console("lobby")
    await stage.clicks("Start anyway", told)
    assert stage.metastudio.starts_made == {"lobby": 1}
    named = latest(stage, f"This may be yours: job `{job_id}`")
    assert buttons(named) == ["Use this one", "Look again", "Start anyway"]
    assert stage.announced() == []

    # A person who knows about it can still start another one.
    await stage.clicks("Start anyway", named)
    assert stage.metastudio.starts_made == {"lobby": 2}


@pytest.mark.parametrize("ahead", [-8.0, 8.0, -300.0, 300.0, 3000.0])
async def test_a_job_is_found_also_where_the_clouds_clock_is_off(
    socket_stage: Stage, quick: None, ahead: float
) -> None:
    stage = socket_stage
    stage.metastudio.trouble.clock_ahead = ahead
    stage.metastudio.trouble.server_errors("start", after=True, times=1)
    await stage.types("lobby")

    [job] = stage.metastudio.jobs
    [announcement] = stage.announced()
    assert job.job_id in announcement.text


async def test_a_job_without_a_time_is_named_and_the_person_says_that_it_is_theirs(
    stage: Stage, quick: None
) -> None:
    stage.metastudio.trouble.jobs_are_undated = True
    stage.metastudio.trouble.server_errors("start", after=True, times=1)
    await stage.types("lobby")
    [job] = stage.metastudio.jobs
    told = latest(stage, UNKNOWN)
    assert f"This may be yours: job `{job.job_id}`." in told.text
    assert "no new job" not in told.text
    await stage.clicks("Use this one", told)

    [announcement] = stage.announced()
    assert job.job_id in announcement.text
    assert told.text == f"✅  Room `lobby` did start: job `{job.job_id}`."
    [row] = starts(await stage.log())
    assert (row.status, flat(row).job_id) == (Status.STARTED, job.job_id)
    assert flat(row).adopted_at is not None
    assert stage.metastudio.starts_received == {"lobby": 1}

    # The job may still belong to somebody else.
    await stage.clicks("RTC access", announcement)
    assert "only the bot's admins may see its RTC access" in latest(stage, "admins").text


async def test_who_may_not_start_the_room_may_take_no_job_of_it(staged_with: StagedWith, quick: None) -> None:
    async with staged_with() as stage:
        stage.metastudio.trouble.jobs_are_undated = True
        stage.metastudio.trouble.server_errors("start", after=True, times=1)
        await stage.types("lobby")
        told = latest(stage, UNKNOWN)
    async with staged_with(policy='[start]\nrooms = ["hall"]') as stage:
        await stage.clicks("Use this one", told)
        assert "Room `lobby` may not be started" in latest(stage, "may not").text
        assert stage.announced() == []


async def test_of_two_unknown_starts_and_one_late_job_both_are_asked_and_the_first_takes_it(
    console: Console, stage: Stage, quick: None
) -> None:
    await loses(stage, "lobby client_id=a")
    await loses(stage, "lobby client_id=b", JONAS)
    job_id = await console("lobby")
    await stage.clicks("Look again", latest(stage, UNKNOWN))
    assert stage.announced() == []
    mine, theirs = latest(stage, "This may be yours"), latest(stage, "This may be yours", JONAS)
    for message in (mine, theirs):
        assert job_id in message.text
        assert buttons(message) == ["Use this one", "Look again", "Start anyway"]

    await stage.clicks("Use this one", theirs, user=JONAS)
    await stage.clicks("Use this one", mine)
    assert f"Nothing was changed: Job `{job_id}` was made by another start by <@{JONAS}>." in [
        message.text for message in stage.said()
    ]
    assert len(stage.announced()) == 1
    assert [(row.origin.user_id, flat(row).job_id) for row in starts(await stage.log())] == [
        (MEI, None),
        (JONAS, job_id),
    ]


async def test_of_a_start_and_its_repetition_both_unknown_nobody_is_given_a_late_job(
    console: Console, stage: Stage, quick: None
) -> None:
    told = await loses(stage)
    stage.metastudio.trouble.server_errors("start", times=1)
    stage.slack.trouble.server_errors("response_url")
    await stage.clicks("Start anyway", told)
    again = latest(stage, UNKNOWN)
    assert again.ts != told.ts
    job_id = await console("lobby")
    await stage.clicks("Look again", again)

    assert stage.announced() == []
    named = [message for message in stage.said() if f"This may be yours: job `{job_id}`" in message.text]
    assert len(named) == 2
    await stage.clicks("Use this one", named[-1])
    assert job_id in stage.announced()[0].text


async def test_two_starts_that_are_answered_with_one_job_are_both_followed_to_its_end(stage: Stage) -> None:
    await stage.types("brief client_id=a")
    [job] = stage.metastudio.jobs
    stage.metastudio.trouble.garble("start", times=1, body=f'{{"job_id": "{job.job_id}"}}')
    await stage.types("brief client_id=b", user=JONAS)
    announced = stage.announced()
    assert len(announced) == 2
    stage.clock.advance(60)
    await until(lambda: all(" ended" in message.text for message in announced))

    await stage.until_logged(lambda rows: {flat(row).job_state for row in starts(rows)} == {JobState.ENDED})


async def test_a_job_id_of_thousands_of_characters_is_one_all_the_same(stage: Stage) -> None:
    job_id = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(6000))
    stage.metastudio.trouble.garble("start", times=1, body=f'{{"job_id": "{job_id}"}}')
    await stage.types("lobby")

    [row] = starts(await stage.log())
    assert (row.status, flat(row).job_id) == (Status.STARTED, job_id)
    assert row.told.announced_at is not None
    [announcement] = stage.announced()
    shown = "".join(
        block["text"]["text"].strip("`")
        for block in announcement.blocks
        if block["type"] == "section"
        if "text" in block
    )
    assert job_id in shown


async def test_start_anyway_that_made_no_job_leaves_the_unknown_start_in_the_way_of_others(
    socket_stage: Stage, quick: None
) -> None:
    stage = socket_stage
    told = await loses(stage)
    stage.metastudio.trouble.unsupport("start", times=1)
    await stage.clicks("Start anyway", told)
    stage.clock.advance(60)
    await stage.types("lobby", user=JONAS)
    blocked = latest(stage, "It is not known whether room `lobby` started, by", JONAS)
    assert stage.metastudio.starts_received == {"lobby": 2}

    # Every refusal offers the button again.
    stage.slack.trouble.server_errors("response_url")
    stage.metastudio.trouble.unsupport("start", times=1)
    await stage.clicks("Start anyway", blocked, user=JONAS)
    await stage.clicks("Start it now", latest(stage, "works once", JONAS), user=JONAS)
    await stage.types("lobby")
    assert stage.metastudio.starts_received == {"lobby": 3}
    await stage.clicks("Start it now", latest(stage, "works once", JONAS), user=JONAS)
    await stage.clicks("Start it now", latest(stage, "works once", JONAS), user=JONAS)
    assert stage.metastudio.starts_made == {"lobby": 1}


async def test_start_it_now_looks_first_also_after_a_repetition_that_had_no_turn(
    staged_with: StagedWith, console: Console, quick: None
) -> None:
    async with staged_with() as stage:
        told = await loses(stage)
        await stage.bot.invocations.record(
            changed(
                (await stage.log())[0],
                id="repetition",
                status=Status.REFUSED,
                trigger_id="repetition",
                previous_id=(await stage.log())[0].id,
                reason=other("Too many starts are waiting."),
            )
        )
        await console("lobby")
        await stage.clicks("Start anyway", told)
        again = latest(stage, "works once")
        await stage.clicks("Start it now", again)
        assert stage.metastudio.starts_made == {"lobby": 1}
        assert "Room `lobby` did start" in latest(stage, "did start").text
