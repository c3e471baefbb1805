"""A room that takes no more: who holds it, and *Stop and start mine*."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from bot.errors import Answer, JobOver, NotSent, OutcomeUnknown, Rejected
from bot.jobs.stop_first import stop_before
from bot.messages.message import Message
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import changed, flat
from tests.jobs.outcome_world import buttons_in
from tests.listeners.desk import JONAS, MEI, Desk
from tests.metastudio.cloud import NOON

FULL = Rejected(
    reason(Code.ROOM_IS_FULL),
    answer=Answer(http_status=400, error_code="MSS.20010135", request_id="request-3"),
)
UNREACHABLE = NotSent(reason(Code.UNREACHABLE, service="MetaStudio", host="cloud", setting="X"))
FROM_THE_CONSOLE = JobReport(job_id="job-9", state="PROCESSING", create_time=NOON)


def buttons(told: Message) -> list[str]:
    return [str(each["text"]["text"]) for each in buttons_in(told)]


def values(message: Message, action_id: str) -> list[str]:
    """Return the values of the message's buttons with this action ID."""
    elements = [each for block in message.blocks for each in block.get("elements", ())]
    return [str(each["value"]) for each in elements if each.get("action_id", "").startswith(action_id)]


async def full(desk: Desk) -> Message:
    """Let Mei start the lobby, which Jonas's job and one from outside Slack hold. Return what she is told."""
    await desk.types("/avatar-start", "lobby client_id=jonas", user_id=JONAS)
    desk.cloud.on_start = FULL
    if not callable(desk.cloud.on_list) and not isinstance(desk.cloud.on_list, Exception):
        desk.cloud.on_list = [JobReport(job_id="job-1", state="PROCESSING"), FROM_THE_CONSOLE]
    desk.channel.told.clear()
    await desk.types("/avatar-start", "lobby cn-north-4")
    desk.cloud.on_start = None
    [told] = desk.channel.told
    return told


async def presses(desk: Desk, told: Message, job_id: str, **who: Any) -> None:
    [value] = [each for each in values(told, "stop_and_start") if each.endswith(f" {job_id}")]
    await desk.clicks("stop_and_start", value, **who)


async def test_one_message_says_who_holds_the_room_and_lets_its_person_stop_each(desk: Desk) -> None:
    told = await full(desk)

    first, *holders, small_print = told.text.splitlines()
    assert first == "🔴  Room `lobby` was not started: it is full."
    assert f"Job `job-1` · started by <@{JONAS}>" in holders[0]
    assert "|Open it>" in holders[0]
    assert holders[1].startswith("• Job `job-9` · started outside Slack · since <!date^")
    assert "`MSS.20010135` · HTTP 400 · request ID `request-3`" in small_print
    assert values(told, "stop_job") == ["lobby job-1", "lobby job-9"]
    row = await desk.row()
    assert values(told, "stop_and_start") == [f"{row.id} job-1", f"{row.id} job-9"]
    assert (row.status, row.lease_until, row.told.announced_at) == (Status.FAILED, None, desk.clock())


async def test_more_jobs_than_a_handful_are_counted(desk: Desk) -> None:
    desk.cloud.on_list = lambda: _listed(*(f"job-{number}" for number in range(1, 8)))
    told = await full(desk)

    assert "+4 more" in told.text
    assert len(values(told, "stop_job")) == 3


async def _listed(*job_ids: str) -> list[JobReport]:
    return [JobReport(job_id=job_id, state="PROCESSING") for job_id in job_ids]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (UNREACHABLE, "MetaStudio did not list the room's jobs in time, so there may be others."),
        ([], "MetaStudio lists no job in it."),
    ],
)
async def test_the_message_comes_without_a_list_as_well(desk: Desk, reply: Any, words: str) -> None:
    desk.cloud.on_start, desk.cloud.on_list = FULL, reply
    await desk.types("/avatar-start", "lobby")

    [told] = desk.channel.told
    assert words in told.text
    assert "it is full" in told.text
    assert buttons(told) == ["Start again"]


async def test_only_what_its_person_may_stop_has_buttons(desk: Desk) -> None:
    desk.graph.gate.replace(Policy.parse("[stop]\nusers = []"))
    told = await full(desk)

    assert "job-9" in told.text
    assert buttons(told) == ["Start again"]


async def test_a_job_of_a_channel_that_its_person_cannot_read_is_counted(desk: Desk) -> None:
    secret = {"channel_id": "C0SECRET", "channel_name": "privategroup"}
    await desk.types("/avatar-start", "lobby client_id=x", user_id=JONAS, **secret)
    desk.cloud.on_start = FULL
    await desk.types("/avatar-start", "lobby")

    told = desk.channel.told[-1]
    assert "1 is of a channel that cannot be read from here." in told.text
    assert "job-1" not in str(told.arguments())
    assert JONAS not in str(told.arguments())


async def test_one_click_stops_the_job_waits_for_its_end_and_starts_what_was_wanted(desk: Desk) -> None:
    told = await full(desk)
    refused = await desk.row()
    states = iter(["PROCESSING", "PROCESSING", "SUCCEED"])

    async def state() -> JobReport:
        return JobReport(state=next(states))

    desk.cloud.on_state = state
    desk.cloud.operations.clear()
    await presses(desk, told, "job-1")

    assert desk.cloud.operations == ["stop", "state", "state", "state", "start"]
    by_action = {row.action: row for row in await all_rows(desk) if row.created_at >= refused.created_at}
    start, stop = by_action[Action.START], by_action[Action.STOP]
    assert (start.status, start.previous_id, start.after_job_id) == (Status.STARTED, refused.id, "job-1")
    assert (flat(start).room_id, flat(start).region) == ("lobby", "cn-north-4")
    assert (stop.status, stop.origin.user_id, flat(stop).job_state) == (Status.DONE, MEI, JobState.STOPPED)
    [starting] = desk.channel.instead
    assert starting.text.startswith("⏳  Stopping job `job-1`, then starting room `lobby`")
    assert len(desk.channel.announced) == 2


async def all_rows(desk: Desk) -> list[Any]:
    return sorted([row async for row in desk.log.find()], key=lambda row: row.created_at)


async def test_a_second_click_starts_nothing(desk: Desk) -> None:
    told = await full(desk)
    desk.cloud.on_state = JobReport(state="SUCCEED")
    desk.cloud.starts.clear()
    await presses(desk, told, "job-1")
    await presses(desk, told, "job-9")

    assert len(desk.cloud.starts) == 1
    assert desk.cloud.stopped == ["job-1"]
    assert "This button works once" in desk.channel.told[-1].text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UNREACHABLE, "The job that holds the room was not stopped, so the start was not sent."),
        (
            OutcomeUnknown(reason(Code.NO_ANSWER_IN_TIME, seconds=30)),
            "It is not known whether the job that holds the room was stopped, so the start was not sent.",
        ),
    ],
)
async def test_if_the_stop_fails_nothing_is_started_and_its_person_is_told(
    desk: Desk, error: Exception, words: str
) -> None:
    told = await full(desk)
    desk.cloud.on_stop = error
    desk.cloud.starts.clear()
    await presses(desk, told, "job-1")

    assert desk.cloud.starts == []
    assert words in desk.channel.told[-1].text
    assert "Start again" in buttons(desk.channel.told[-1])
    statuses = [(row.action, row.status) for row in await all_rows(desk)]
    assert statuses.count((Action.STOP, Status.FAILED)) == 1
    assert all(row.lease_until is None for row in await all_rows(desk))


async def test_if_the_job_does_not_end_nothing_is_started(desk: Desk) -> None:
    told = await full(desk)
    desk.cloud.on_state = JobReport(state="PROCESSING")
    desk.cloud.starts.clear()
    await presses(desk, told, "job-1")

    assert desk.cloud.starts == []
    assert "Job `job-1` was stopped but has not ended within 30 seconds" in desk.channel.told[-1].text


async def test_a_job_from_outside_slack_is_stopped_as_well(desk: Desk) -> None:
    told = await full(desk)
    desk.cloud.on_state = JobReport(state="SUCCEED")
    await presses(desk, told, "job-9")

    assert desk.cloud.stopped == ["job-9"]
    assert len(desk.channel.announced) == 2


async def test_who_may_not_stop_the_job_does_not_get_the_start_either(desk: Desk) -> None:
    told = await full(desk)
    desk.policy = Policy.parse("[stop]\nusers = []")
    desk.cloud.operations.clear()
    await presses(desk, told, "job-1")

    assert desk.cloud.operations == []
    assert "You may not stop avatars with this bot." in desk.channel.told[-1].text
    assert (await desk.row()).status is Status.REFUSED


async def test_a_full_room_found_again_is_told_again(desk: Desk) -> None:
    told = await full(desk)
    desk.cloud.on_state, desk.cloud.on_start = JobReport(state="SUCCEED"), FULL
    await presses(desk, told, "job-9")

    assert "it is full" in desk.channel.told[-1].text


async def left_behind(desk: Desk, *, seconds: float, stop: Status | None) -> Any:
    """Write down what a process leaves that is killed between the stop and the start."""
    told = await full(desk)
    refused = await desk.row()
    [value] = [each for each in values(told, "stop_and_start") if each.endswith(" job-1")]
    start = changed(
        refused,
        id="i900",
        created_at=desk.clock() - timedelta(seconds=seconds),
        source=Source.BUTTON,
        status=Status.RECEIVED,
        reason=None,
        http_status=None,
        error_code=None,
        error_msg=None,
        request_id=None,
        announced_at=None,
        trigger_id="trigger-900",
        text=value,
        previous_id=refused.id,
        after_job_id="job-1",
        lease_until=desk.clock() - timedelta(seconds=1),
    )
    await desk.log.record(start)
    if stop is not None:
        await desk.log.record(stop_before(start, "job-1"))
        desk.cloud.on_stop = JobOver(reason(Code.JOB_FINISHED), answer=Answer(http_status=400))
    desk.cloud.on_state = JobReport(state="SUCCEED")
    desk.cloud.starts.clear()
    await desk.graph.recovery.recover_once()
    await desk.tasks.idle()
    return await desk.log.get("i900")


@pytest.mark.parametrize("stop", [None, Status.RECEIVED])
async def test_a_crash_between_the_stop_and_the_start_is_taken_over_and_finished(
    desk: Desk, stop: Status | None
) -> None:
    row = await left_behind(desk, seconds=20, stop=stop)

    assert row.status is Status.STARTED
    assert len(desk.cloud.starts) == 1
    stopped = await desk.log.find_stop("job-1")
    assert stopped is not None
    assert stopped.origin.user_id == MEI


async def test_a_start_that_waited_too_long_is_not_sent_but_said(desk: Desk) -> None:
    row = await left_behind(desk, seconds=90, stop=Status.RECEIVED)

    assert row.status is Status.FAILED
    assert desk.cloud.starts == []
    assert "It may have stopped job `job-1`." in desk.channel.told[-1].text
    assert buttons(desk.channel.told[-1]) == ["Start it now"]
    stop = await desk.log.get(stop_before(row, "job-1").id)
    assert stop is not None
    assert stop.status is Status.FAILED


async def test_a_crash_before_the_message_about_the_full_room_is_taken_over(desk: Desk) -> None:
    await full(desk)
    row = await desk.row()
    untold = changed(row, id="i901", trigger_id="trigger-901", announced_at=None)
    await desk.log.record(changed(untold, lease_until=desk.clock() - timedelta(seconds=1)))
    desk.channel.told.clear()
    await desk.graph.recovery.recover_once()
    await desk.tasks.idle()

    [told] = desk.channel.told
    assert "it is full" in told.text
    assert values(told, "stop_and_start") == ["i901 job-1", "i901 job-9"]
