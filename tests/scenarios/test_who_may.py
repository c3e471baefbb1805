"""Who may click and type: guests from another workspace, private channels, wrong rooms."""

import asyncio
import json
from typing import Any

import pytest

from bot.domain.invocation import Action, ChannelKind, Invocation, Source, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import an_invocation, changed, flat
from tests.stage import AMARA, AVATARS, JONAS, MEI, ROOM, Console, Stage, StagedWith, buttons, until

PRIYA, PARTNER = "U0PRIYA001", "T0PARTNER1"
STUDIO, PLANS, GENERAL = "C0STUDIO01", "C0PLANS001", "C0GENERAL1"


def over(stage: Stage) -> list[bool]:
    return [job.ended_at is not None for job in stage.metastudio.jobs]


async def jobs_of(stage: Stage, user: str, channel: str = AVATARS) -> str:
    """Return the list of jobs that a person gets."""
    await stage.types("jobs", "/avatar", user=user, channel=channel)
    return stage.said(user, channel)[-1].text


def ack_of(result: object) -> str:
    ack = getattr(result, "ack", None) or {}
    return str(ack.get("text", ""))


async def test_a_guest_may_look_at_what_runs_and_is_refused_all_else(stage: Stage) -> None:
    announcement = await stage.starts()
    [job] = stage.metastudio.jobs

    await stage.clicks("Stop", announcement, user=PRIYA)
    assert "You belong to another Slack workspace than this bot" in stage.said(PRIYA)[-1].text
    assert "Nothing was stopped." in stage.said(PRIYA)[-1].text
    await stage.clicks("RTC access", announcement, user=PRIYA)
    typed = await stage.types(f"stop {job.job_id}", "/avatar", user=PRIYA)
    started = await stage.types("lobby", user=PRIYA)
    assert "another Slack workspace" in ack_of(typed)
    assert "another Slack workspace" in ack_of(started)
    assert "1 avatar job is under way." in await jobs_of(stage, PRIYA)

    assert (stage.asked("stop"), over(stage)) == (0, [False])
    rows = [row for row in await stage.log() if row.origin.user_id == PRIYA]
    assert [(row.action, row.status) for row in rows] == [
        (Action.STOP, Status.REFUSED),
        (Action.RTC_ACCESS, Status.REFUSED),
        (Action.STOP, Status.REFUSED),
        (Action.START, Status.REFUSED),
        (Action.JOBS, Status.DONE),
    ]
    assert {row.origin.foreign_team_id for row in rows} == {PARTNER}
    assert {row.origin.team_id for row in await stage.log()} == {stage.slack.workspace.team_id}


async def test_a_guest_whom_the_policy_names_may_act(staged_with: StagedWith) -> None:
    async with staged_with(policy=f'[stop]\nusers = ["{PRIYA}"]\n') as stage:
        announcement = await stage.starts()
        await stage.clicks("Stop", announcement, user=PRIYA)
        assert over(stage) == [True]
        await stage.types("lobby", user=PRIYA)
        assert len(stage.metastudio.jobs) == 1


async def test_jobs_of_private_channels_are_counted_elsewhere_and_listed_there(stage: Stage) -> None:
    await stage.starts("public")
    await stage.types("secret-studio", channel=STUDIO, user=JONAS)
    await stage.types("secret-plans", channel=PLANS, user=AMARA)
    await stage.types("secret-direct", channel="D0MEIJONAS", user=JONAS)
    rows = await stage.log()
    assert [row.origin.channel_kind for row in rows] == [
        ChannelKind.PUBLIC,
        ChannelKind.PRIVATE,
        ChannelKind.PRIVATE,
        ChannelKind.DIRECT,
    ]

    in_public = await jobs_of(stage, AMARA)
    assert "2 avatar jobs are under way." in in_public
    assert "and 2 in private channels" in in_public
    everything = json.dumps(stage.said(AMARA)[-1].blocks) + in_public
    for row in rows[1:]:
        shown = row.origin.user_id == AMARA
        assert (str(flat(row).room_id) in everything) is shown
        assert (str(flat(row).job_id) in everything) is shown

    in_studio = await jobs_of(stage, MEI, STUDIO)
    assert "secret-studio" in in_studio
    assert "secret-plans" not in in_studio
    assert "and 3 in other channels" in await jobs_of(stage, PRIYA)


async def test_where_only_private_jobs_run_they_are_counted(socket_stage: Stage) -> None:
    await socket_stage.types("secret", channel=STUDIO, user=JONAS)
    listed = await jobs_of(socket_stage, AMARA)

    assert "1 runs in private channels." in listed
    assert "secret" not in listed


async def test_who_knows_the_id_of_a_private_job_learns_no_more_by_stopping_it(socket_stage: Stage) -> None:
    stage = socket_stage
    await stage.types("secret", channel=STUDIO, user=JONAS)
    [job] = stage.metastudio.jobs
    result = await stage.types(f"stop {job.job_id} lobby", "/avatar", user=AMARA)

    assert over(stage) == [True]
    assert not result.ack
    assert [message.text for message in stage.said(AMARA) if "secret" in message.text] == []


async def test_a_room_that_is_claimed_stops_no_job_of_another(
    staged_with: StagedWith, console: Console
) -> None:
    async with staged_with(policy='[stop]\nrooms = ["lobby"]\n') as stage:
        announcement = await stage.starts(ROOM)
        elsewhere = await console("boardroom")
        [ours, _] = stage.metastudio.jobs
        for text in (f"stop {ours.job_id} lobby", f"stop {elsewhere} lobby"):
            await stage.types(text, "/avatar", user=JONAS)
        stop = next(part for part in announcement.blocks[-1]["elements"] if part["action_id"] == "stop_job")
        stop["value"] = f"lobby {ours.job_id}"
        await stage.clicks("Stop", announcement, user=JONAS)

        assert over(stage) == [False, False]
        assert stage.asked("stop") == 0
        assert [row.status for row in await stage.log()][1:] == [
            Status.REFUSED,
            Status.DONE,
            Status.REFUSED,
        ]


async def test_many_stops_at_once_leave_at_the_rate_that_metastudio_takes(socket_stage: Stage) -> None:
    stage = socket_stage
    await asyncio.gather(*(stage.types(f"room-{number}") for number in range(8)))
    assert "8 avatar jobs are under way." in await jobs_of(stage, MEI)
    assert buttons(stage.said()[-1]) == ["Stop", "RTC access"] * 8
    jobs = [job.job_id for job in stage.metastudio.jobs]
    began = asyncio.get_running_loop().time()
    stopping = [
        asyncio.create_task(stage.slack.command("/avatar", f"stop {job_id}", user=MEI)) for job_id in jobs
    ]
    acks = [ack_of(result) for result in await asyncio.gather(*stopping)]
    assert acks == [""] * len(acks)
    assert asyncio.get_running_loop().time() - began < 2
    assert stage.asked("stop") < 8
    await stage.starts("not-slowed-down")
    await until(lambda: stage.asked("stop") == 8)
    assert asyncio.get_running_loop().time() - began > 2
    await until(lambda: over(stage)[:8] == [True] * 8)


@pytest.mark.parametrize("dash", ["\u2011", "\u2010", "\u2013", "\u2212"])
async def test_ids_with_dashes_of_an_editor_are_understood_by_both_commands(
    socket_stage: Stage, dash: str
) -> None:
    stage = socket_stage
    await stage.starts(f"*{ROOM.replace('-', dash)}* cn{dash}north{dash}4")
    [job] = stage.metastudio.jobs
    assert (job.room_id, job.region) == (ROOM, "cn-north-4")
    await stage.types(f"stop “{job.job_id.replace('-', dash)}”.", "/avatar")
    assert over(stage) == [True]
    assert "starts a virtual avatar" in ack_of(await stage.types(f"{dash}{dash}help"))


async def test_a_duplicate_of_a_private_start_names_neither_its_job_nor_its_person(
    socket_stage: Stage,
) -> None:
    await socket_stage.types("secret", channel=STUDIO, user=JONAS)
    [job] = socket_stage.metastudio.jobs
    told = json.dumps((await socket_stage.types("secret", user=AMARA)).ack)

    assert "started by somebody in a channel that cannot be read from here" in told
    assert job.job_id not in told
    assert JONAS not in told
    assert job.job_id in json.dumps((await socket_stage.types("secret", channel=STUDIO, user=MEI)).ack)


async def test_start_anyway_of_somebody_elses_start_is_announced_where_it_is_pressed(
    socket_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = socket_stage
    monkeypatch.setattr("bot.jobs.reconcile.LOOK_PAUSES", (0.01,))
    stage.metastudio.trouble.server_errors("start", times=1)
    await stage.types("secret", channel=STUDIO, user=JONAS)
    await stage.types("secret", user=AMARA)
    await stage.clicks("Start anyway", stage.said(AMARA)[-1], user=AMARA)

    [job] = stage.metastudio.jobs
    [announcement] = stage.announced(AVATARS)
    assert job.job_id in announcement.text
    assert stage.announced(STUDIO) == []


async def left_behind(stage: Stage, **changes: Any) -> Invocation:
    """Let a process leave behind a stop by Jonas that was not sent. Return its row after recovery."""
    [start, *_] = await stage.log()
    now = stage.clock.now()
    stop = an_invocation(
        id="left-behind",
        created_at=now,
        action=Action.STOP,
        source=Source.COMMAND,
        status=Status.RECEIVED,
        team_id=start.origin.team_id,
        channel_id=AVATARS,
        user_id=JONAS,
        room_id=flat(start).room_id,
        job_id=flat(start).job_id,
        lease_until=now,
    )
    await stage.bot.invocations.record(changed(stop, **changes))
    rows = await stage.until_logged(lambda rows: rows[-1].status is not Status.RECEIVED)
    await stage.bot.tasks.idle()
    return rows[-1]


async def test_a_stop_left_behind_is_not_sent_where_the_policy_is_stricter_by_now(
    staged_with: StagedWith,
) -> None:
    async with staged_with() as stage:
        await stage.types("lobby")
    async with staged_with(policy=f'[stop]\nusers = ["{AMARA}"]\n') as stage:
        row = await left_behind(stage)
        assert (row.status, row.reason) == (
            Status.REFUSED,
            reason(Code.PERSON_NOT_ALLOWED, verb="stop", rule="[stop] users"),
        )
        assert stage.asked("stop") == 0
        assert "Nothing was stopped." in stage.said(JONAS)[-1].text


async def test_a_stop_left_behind_does_not_claim_a_job_that_is_not_in_the_room(
    staged_with: StagedWith, console: Console
) -> None:
    async with staged_with() as stage:
        await stage.types("lobby")
        row = await left_behind(stage, job_id=await console("boardroom"))
        assert (row.status, flat(row).job_state) == (Status.DONE, None)
        assert "is over already, or MetaStudio never had such a job there" in stage.said(JONAS)[-1].text
        assert over(stage) == [False, False]
