"""The common behaviour of all buttons, and of those about a job."""

from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.invocation import Action, JobState, Source, Status
from bot.domain.policy import Policy
from bot.listeners import register
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.slack.bolt import bolt_app
from bot.slack.client import Installation
from tests.fakes import flat
from tests.listeners.desk import JONAS, Desk, a_refused_start

LISTENERS = {
    "stop_job": Action.STOP,
    "rtc_access": Action.RTC_ACCESS,
    "start_another": Action.START,
    "start_after_all": Action.START,
    "look_again": Action.LOOK,
    "use_job": Action.ADOPT,
}


EVERY_LISTENER = pytest.mark.parametrize("listener", LISTENERS)


@EVERY_LISTENER
@pytest.mark.parametrize(
    "value",
    [None, "", " ", "lobby", "lobby ../../x", "<!channel> job", "lobby job 1", "x" * 2000, "\0", "\ud800 x"],
)
async def test_a_value_that_makes_no_sense_is_logged_as_such_and_answered(
    desk: Desk, listener: str, value: str | None
) -> None:
    ack = await desk.clicks(listener, value)

    assert ack == {}
    row = await desk.row()
    assert (row.action, row.source, row.status) == (LISTENERS[listener], Source.BUTTON, Status.INVALID)
    assert row.reason
    assert row.origin.response_url is None
    assert desk.told()
    assert "<!channel>" not in desk.told()
    assert (desk.cloud.started, desk.cloud.stopped, desk.slack.opened) == ([], [], [])


@EVERY_LISTENER
@pytest.mark.parametrize("value", ["lobby job-1", "lobby", "i1", "nonsense!", ""])
async def test_where_the_log_fails_a_click_is_acknowledged_and_answered_in_words(
    running: Desk, listener: str, value: str
) -> None:
    running.log.shut = True
    rows = await running.rows()
    started, stopped = list(running.cloud.started), list(running.cloud.stopped)
    ack = await running.clicks(listener, value)

    assert ack == {}
    assert "The database cannot be used: disk is full." in running.told()
    assert (running.cloud.started, running.cloud.stopped) == (started, stopped)
    assert running.slack.opened == []
    assert await running.rows() == rows


@EVERY_LISTENER
async def test_where_nobody_can_be_told_a_click_is_acknowledged_all_the_same(
    desk: Desk, listener: str
) -> None:
    desk.channel.deaf = True

    assert await desk.clicks(listener, "nonsense!") == {}


@pytest.mark.parametrize("listener", ["stop_job", "rtc_access", "start_another"])
async def test_the_same_click_is_acknowledged_and_carried_out_once(running: Desk, listener: str) -> None:
    value = await a_refused_start(running, "stage") if listener == "start_another" else "lobby job-1"
    payload = running.clicking(value)
    await running.hands_over_click(listener, payload)
    rows = await running.rows()

    assert await running.hands_over_click(listener, payload) == {}
    assert await running.rows() == rows
    assert len(running.cloud.started) == (2 if listener == "start_another" else 1)
    assert len(running.cloud.stopped) == (listener == "stop_job")
    assert len(running.slack.opened) == (listener == "rtc_access")


@pytest.mark.parametrize("listener", ["stop_job", "rtc_access"])
async def test_the_room_is_the_logs_whatever_a_button_says(running: Desk, listener: str) -> None:
    await running.clicks(listener, "boardroom job-1")

    row = await running.row()
    assert (row.status, flat(row).room_id) == (Status.DONE, "lobby")
    running.policy = Policy.parse('[stop]\nrooms = ["boardroom"]')
    await running.clicks(listener, "boardroom job-1", user={"id": JONAS})
    assert (await running.row()).status is Status.REFUSED


@pytest.mark.parametrize(
    ("action_id", "heard"),
    [
        ("stop_job", True),
        ("stop_job-12", True),
        ("stop_job-x", False),
        ("not_stop_job", False),
        ("stop_jobs", False),
    ],
)
async def test_the_buttons_of_a_list_are_told_apart_by_a_number_and_are_heard_alike(
    running: Desk, action_id: str, heard: object
) -> None:
    slack = AsyncWebClient("xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    bolt = bolt_app(slack, Installation("T0SANDBOX1", "U0BOT", "B0BOT", None), lambda: "reference-1")
    register(bolt, running.services)
    action: dict[str, Any] = {
        "type": "button",
        "action_id": action_id,
        "block_id": "b",
        "value": "lobby job-1",
    }
    payload = running.clicking("") | {"actions": [action]}
    response = await bolt.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))
    await running.tasks.idle()

    assert (response.status == 200) is heard
    assert (running.cloud.stopped == ["job-1"]) is heard


STALE = pytest.mark.parametrize("listener", ["stop_job", "rtc_access"])


@STALE
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState.ENDED, "⚪  Room `lobby` ended normally."),
        (JobState.SILENT, "⚪  Room `lobby` ended: nobody spoke."),
        (JobState.UNJOINED, "⚪  Room `lobby` ended: nobody joined it."),
        (JobState.FAILED, "🔴  Room `lobby` failed."),
        (JobState.GONE, "⚪  Room `lobby` ended: MetaStudio does not say how."),
    ],
)
async def test_a_button_of_a_job_that_is_over_says_what_became_of_it_and_when(
    running: Desk, listener: str, state: JobState, words: str
) -> None:
    await running.ends("job-1", state)
    ack = await running.clicks(listener, "lobby job-1")

    assert ack == {}
    assert running.told().startswith(words)
    assert "That was on <!date^" in running.told()
    assert (running.cloud.stopped, running.slack.opened) == ([], [])
    row = await running.row()
    assert (row.action, row.status, flat(row).job_id) == (LISTENERS[listener], Status.DONE, "job-1")
    assert (row.reason, row.origin.response_url, row.lease_until) == (
        reason(Code.JOB_OVER_ALREADY),
        None,
        None,
    )


@STALE
async def test_a_button_of_a_job_that_was_stopped_says_by_whom(running: Desk, listener: str) -> None:
    await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})
    await running.ends("job-1", JobState.STOPPED)
    running.channel.told.clear()
    await running.clicks(listener, "lobby job-1")

    assert running.told().startswith(f"⛔  Room `lobby` was stopped by <@{JONAS}>. That was on <!date^")
    assert running.cloud.stopped == ["job-1"]


@STALE
async def test_a_button_of_a_job_that_is_over_is_answered_once(running: Desk, listener: str) -> None:
    await running.ends("job-1", JobState.ENDED)
    payload = running.clicking("lobby job-1")
    await running.hands_over_click(listener, payload)
    rows = await running.rows()

    assert await running.hands_over_click(listener, payload) == {}
    assert await running.rows() == rows
