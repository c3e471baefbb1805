"""`/avatar`, from the payload to the row and the ack."""

import asyncio
from datetime import timedelta

import pytest

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from tests.fakes import an_invocation, changed, flat
from tests.listeners.desk import JONAS, MEI, Desk
from tests.metastudio.cloud import NOON

AVATAR = "/avatar"


@pytest.fixture
async def running(desk: Desk) -> Desk:
    """Let Mei start a job in the lobby, and another person one in the boardroom."""
    await desk.types("/avatar-start", "lobby")
    await desk.types("/avatar-start", "boardroom", user_id=JONAS)
    return desk


@pytest.mark.parametrize("text", ["", "help", "HELP"])
async def test_how_the_command_is_used_is_answered_and_logged(desk: Desk, text: str) -> None:
    ack = await desk.types(AVATAR, text)

    assert ack["response_type"] == "ephemeral"
    assert "`/avatar stop job_id`" in ack["text"]
    row = await desk.row()
    assert (row.action, row.source, row.status) == (Action.HELP, Source.COMMAND, Status.DONE)


async def test_what_runs_is_listed_and_that_somebody_asked_is_logged(running: Desk) -> None:
    ack = await running.types(AVATAR, "jobs")

    assert ack == {}
    assert "2 avatar jobs are under way." in running.told()
    for fact in ("job-1", "job-2", f"<@{MEI}>", f"<@{JONAS}>"):
        assert fact in running.told()
    row = await running.row()
    assert (row.action, row.status, row.origin.response_url) == (Action.JOBS, Status.DONE, None)


async def test_where_nothing_runs_the_list_says_so(desk: Desk) -> None:
    await desk.types(AVATAR, "jobs")
    assert desk.told() == "No avatar job is running."


@pytest.mark.parametrize("count", [44, 45, 46, 600])
async def test_however_many_run_they_are_listed_and_the_rest_is_counted(desk: Desk, count: int) -> None:
    running = an_invocation(
        id="i1",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.STARTED,
        user_id=MEI,
        channel_kind="public",
        room_id="r",
        job_id="j",
        job_state=JobState.RUNNING,
    )
    rows = (
        changed(
            running, id=f"i{1000 + number}", job_id=f"j{number}", created_at=NOON - timedelta(seconds=number)
        )
        for number in range(count)
    )
    await asyncio.gather(*map(desk.log.record, rows))
    await desk.types(AVATAR, "jobs", user_id=JONAS)

    [told] = desk.channel.told
    assert told.text.startswith(f"{count} avatar jobs are under way.")
    listed = sum("accessory" in block for block in told.blocks)
    assert listed == min(count, 45)
    assert (f"and {count - 45} more" in str(told.blocks)) is (count > 45)


async def test_a_job_is_stopped_by_its_id_alone(running: Desk) -> None:
    ack = await running.types(AVATAR, "stop job-1")

    assert ack == {}
    assert running.cloud.stopped == ["job-1"]
    assert running.told() == "⛔  Room `lobby` is being stopped: it ends in a few seconds.\nJob `job-1`"
    row = await running.row()
    assert (row.action, row.status, flat(row).room_id, flat(row).job_id) == (
        Action.STOP,
        Status.DONE,
        "lobby",
        "job-1",
    )


async def test_a_job_of_elsewhere_is_stopped_where_its_room_is_named_as_well(desk: Desk) -> None:
    ack = await desk.types(AVATAR, "stop job-9")
    assert "The bot has not started a job `job-9`." in ack["text"]
    assert "Nothing was stopped." in ack["text"]
    row = await desk.row()
    assert (row.action, row.status, flat(row).job_id) == (Action.STOP, Status.INVALID, "job-9")
    assert desk.cloud.stopped == []

    desk.cloud.on_list = [JobReport(job_id="job-9")]
    ack = await desk.types(AVATAR, "stop job-9 boardroom")
    assert ack == {}
    assert desk.cloud.stopped == ["job-9"]


async def test_the_room_is_the_logs_where_the_log_knows_better(running: Desk) -> None:
    await running.types(AVATAR, "stop job-1 boardroom")

    assert running.told() == "⛔  Room `lobby` is being stopped: it ends in a few seconds.\nJob `job-1`"


async def test_whoever_may_not_stop_is_refused_and_who_started_it_is_not(running: Desk) -> None:
    running.policy = Policy.parse("[stop]\nusers = []")
    ack = await running.types(AVATAR, "stop job-2")

    assert "You may not stop avatars with this bot." in ack["text"]
    assert "Nothing was stopped." in ack["text"]
    row = await running.row()
    assert (row.status, flat(row).job_id) == (Status.REFUSED, "job-2")
    assert running.cloud.stopped == []
    await running.types(AVATAR, "stop job-1")
    assert running.cloud.stopped == ["job-1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stpo job-1", "Did you mean `stop`?"),
        ("stop", "The job ID is missing."),
        ("stop ../job", "is not a job ID"),
        ("jobs now", "`jobs` stands alone."),
    ],
)
async def test_a_mistake_is_explained_and_logged(desk: Desk, text: str, words: str) -> None:
    ack = await desk.types(AVATAR, text)

    assert words in ack["text"]
    assert "`/avatar help` shows what can be typed." in ack["text"]
    assert (await desk.row()).status is Status.INVALID


async def test_the_same_stop_is_acknowledged_and_carried_out_once(running: Desk) -> None:
    payload = running.typing(AVATAR, "stop job-1")
    await running.hands_over(payload)

    assert await running.hands_over(payload) == {}
    assert running.cloud.stopped == ["job-1"]


@pytest.mark.parametrize("text", ["help", "jobs", "stop job-1", "stop", "nonsense"])
async def test_nothing_is_done_that_cannot_be_logged_and_the_person_is_told(running: Desk, text: str) -> None:
    running.log.shut = True
    ack = await running.types(AVATAR, text)

    assert ack["response_type"] == "ephemeral"
    assert "The database cannot be used: disk is full." in ack["text"]
    assert running.cloud.stopped == []


async def test_a_text_that_nobody_expects_is_answered(desk: Desk) -> None:
    for text in ("\0", "=", "x" * 5000, "stop \ud800", "<!channel>", "stop a b c", "jobs jobs"):
        ack = await desk.types(AVATAR, text)
        assert ack["text"]
        assert "<!channel>" not in ack["text"]
    assert {row.status for row in await desk.rows()} == {Status.INVALID}
