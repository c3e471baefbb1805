"""Buttons: what of a click becomes a row, who may, and what is said of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.arguments import request_of
from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.slack.bolt import bolt_app
from bot.slack.client import Installation
from tests.listeners.desk import AVATARS, JONAS, MEI, Desk
from tests.metastudio.cloud import NOON
from tests.steps import step_to

LISTENERS = {
    "stop_job": Action.STOP,
    "rtc_access": Action.RTC_ACCESS,
    "start_another": Action.START,
    "start_after_all": Action.START,
    "look_again": Action.LOOK,
    "use_job": Action.ADOPT,
}
EVERY_LISTENER = pytest.mark.parametrize("listener", LISTENERS)


async def a_refused_start(desk: Desk, room_id: str = "lobby", **more: Any) -> str:
    """A duplicate that was refused: its row, which *Start another* names."""
    number = len(await desk.rows()) + 1000
    refused = Invocation(
        id=f"i{number}",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.REFUSED,
        user_id=MEI,
        channel_id=AVATARS,
        room_id=room_id,
        **more,
    )
    await desk.log.record(refused)
    return refused.id


async def clicked_row(desk: Desk) -> Invocation:
    """The latest start by a button."""
    return [row for row in await desk.rows() if row.source is Source.BUTTON][-1]


@pytest.fixture
async def running(desk: Desk) -> Desk:
    """Mei has started a job in the lobby."""
    await desk.types("/avatar-start", "lobby")
    return desk


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
    assert row.response_url is None
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
    assert "The log cannot be used: disk is full." in running.told()
    assert (running.cloud.started, running.cloud.stopped) == (started, stopped)
    assert running.slack.opened == []
    assert await running.rows() == rows


@EVERY_LISTENER
async def test_where_nobody_can_be_told_a_click_is_acknowledged_all_the_same(
    desk: Desk, listener: str
) -> None:
    desk.channel.deaf = True

    assert await desk.clicks(listener, "nonsense!") == {}


async def test_a_job_is_stopped_by_a_click(running: Desk) -> None:
    ack = await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})

    assert ack == {}
    assert running.cloud.stopped == ["job-1"]
    assert running.told() == "MetaStudio is ending job `job-1` in room `lobby`; that takes a few seconds."
    row = await running.row()
    assert (row.action, row.source, row.status) == (Action.STOP, Source.BUTTON, Status.DONE)
    assert (row.user_id, row.room_id, row.job_id, row.text) == (JONAS, "lobby", "job-1", "lobby job-1")


async def test_a_job_that_the_log_does_not_know_is_stopped_as_well(desk: Desk) -> None:
    desk.cloud.jobs = [JobReport(job_id="job-9")]
    await desk.clicks("stop_job", "lobby job-9")

    assert desk.cloud.stopped == ["job-9"]


async def test_whoever_may_not_stop_is_refused_and_who_started_it_is_not(running: Desk) -> None:
    running.policy = Policy.parse("[stop]\nusers = []")
    await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})

    assert "You may not stop avatars with this bot." in running.told()
    assert "Nothing was stopped." in running.told()
    assert (await running.row()).status is Status.REFUSED
    assert running.cloud.stopped == []
    await running.clicks("stop_job", "lobby job-1")
    assert running.cloud.stopped == ["job-1"]


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


async def test_rtc_access_is_shown_to_who_started_the_job(running: Desk) -> None:
    ack = await running.clicks("rtc_access", "lobby job-1")

    assert ack == {}
    [opened] = running.slack.opened
    row = await running.row()
    assert opened["trigger_id"] == row.trigger_id
    assert (row.action, row.status, row.room_id, row.job_id) == (
        Action.RTC_ACCESS,
        Status.DONE,
        "lobby",
        "job-1",
    )


@pytest.mark.parametrize("value", ["lobby job-1", "lobby job-9"], ids=["Mei's", "of nobody knows whom"])
async def test_rtc_access_is_refused_to_anybody_else(running: Desk, value: str) -> None:
    await running.clicks("rtc_access", value, user={"id": JONAS})

    assert "Only who started the job may see its RTC access." in running.told()
    assert running.slack.opened == []
    assert (await running.row()).status is Status.REFUSED
    running.policy = Policy(admins=[JONAS])
    await running.clicks("rtc_access", value, user={"id": JONAS})
    assert len(running.slack.opened) == 1


@pytest.mark.parametrize("listener", ["stop_job", "rtc_access"])
async def test_the_room_is_the_logs_whatever_a_button_says(running: Desk, listener: str) -> None:
    await running.clicks(listener, "boardroom job-1")

    row = await running.row()
    assert (row.status, row.room_id) == (Status.DONE, "lobby")
    running.policy = Policy.parse('[stop]\nrooms = ["boardroom"]')
    await running.clicks(listener, "boardroom job-1", user={"id": JONAS})
    assert (await running.row()).status is Status.REFUSED


async def test_a_click_behind_many_stops_is_told_to_be_on_its_way(
    running: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.stops, "_under_way", 6)
    await running.clicks("stop_job", "lobby job-1")

    assert sorted(message.text for message in running.channel.told) == [
        "MetaStudio is ending job `job-1` in room `lobby`; that takes a few seconds.",
        "Stopping job `job-1` in room `lobby` …",
    ]


async def test_another_look_is_under_the_rules_for_starts(desk: Desk, unknown: Invocation) -> None:
    desk.cloud.jobs = [JobReport(job_id="job-5", state="WAITING", create_time=NOON + timedelta(seconds=2))]
    desk.policy = Policy.parse('[start]\nrooms = ["boardroom"]')
    await desk.clicks("look_again", "i100")

    assert "Room `lobby` may not be started" in desk.told()
    assert (await look_row(desk)).status is Status.REFUSED
    assert (desk.cloud.calls, desk.channel.announced) == ([], [])


async def test_rtc_access_that_is_switched_off_is_refused_also_on_old_messages(running: Desk) -> None:
    running.offers_rtc = False
    await running.clicks("rtc_access", "lobby job-1")

    assert "RTC access is switched off." in running.told()
    assert running.slack.opened == []


async def test_a_start_is_sent_again_by_a_click_and_its_button_gives_way(running: Desk) -> None:
    refused = await a_refused_start(running, region="cn-north-4", client_id="a=b")
    ack = await running.clicks("start_another", refused)

    assert ack == {}
    assert [message.text for message in running.channel.instead] == [
        "Starting room `lobby` in CN North-Beijing4 (`cn-north-4`) …"
    ]
    row = await clicked_row(running)
    assert (row.action, row.source, row.status) == (Action.START, Source.BUTTON, Status.STARTED)
    assert row.previous_id == refused
    assert (row.room_id, row.region, row.client_id) == ("lobby", "cn-north-4", "a=b")
    assert [request.client_id for request in running.cloud.started] == [None, "a=b"]


async def test_a_button_that_is_clicked_twice_starts_once(desk: Desk) -> None:
    refused = await a_refused_start(desk)
    await desk.clicks("start_another", refused)
    first = await clicked_row(desk)
    desk.clock.advance(seconds=12)
    assert await desk.clicks("start_another", refused, user={"id": JONAS}) == {}

    assert len(desk.cloud.started) == 1
    row = await clicked_row(desk)
    assert (row.status, row.room_id, row.previous_id, row.user_id) == (Status.REFUSED, "lobby", None, JONAS)
    assert row.reason == reason(Code.BUTTON_USED, user_id=MEI, invocation_id=first.id)
    assert "Room `lobby` was started: job `job-1`." in desk.channel.instead[-1].text


async def test_a_start_by_a_click_without_a_team_has_duplicates_all_the_same(desk: Desk) -> None:
    await desk.types("/avatar-start", "lobby")
    await desk.types("/avatar-start", "lobby")
    refused = (await desk.row()).id
    desk.clock.advance(seconds=11)
    await desk.clicks("start_another", refused, team=None)
    assert (await desk.row()).status is Status.STARTED
    await desk.types("/avatar-start", "lobby")

    rows = await desk.rows()
    assert [row.team_id for row in rows] == ["T0SANDBOX1"] * 4
    assert rows[-1].status is Status.REFUSED


async def test_a_room_called_help_can_be_started_by_a_click(desk: Desk) -> None:
    await desk.clicks("start_another", await a_refused_start(desk, "help"))

    assert [request.room_id for request in desk.cloud.started] == ["help"]


async def test_who_may_start_is_checked_anew_at_each_click(desk: Desk) -> None:
    refused = await a_refused_start(desk, "boardroom")
    desk.policy = Policy.parse('[start]\nrooms = ["lobby"]')
    await desk.clicks("start_another", refused)

    assert "Room `boardroom` may not be started with this bot." in desk.told()
    assert "Nothing was started." in desk.told()
    assert (await clicked_row(desk)).status is Status.REFUSED
    assert desk.cloud.started == []
    desk.policy = Policy()
    await desk.clicks("start_another", refused)
    assert len(desk.cloud.started) == 1


async def test_a_button_that_names_no_refused_start_starts_nothing(running: Desk) -> None:
    await running.clicks("start_another", "i1")

    assert len(running.cloud.started) == 1
    assert (await running.row()).status is Status.INVALID


@pytest.fixture
async def unknown(desk: Desk) -> Invocation:
    """A start by Mei of which nobody knows what came of it."""
    unknown = Invocation(
        id="i100",
        created_at=NOON,
        action=Action.START,
        source=Source.COMMAND,
        status=Status.UNKNOWN,
        user_id=MEI,
        room_id="lobby",
        reason=other("MetaStudio did not answer within 30 seconds."),
    )
    await desk.log.record(unknown)
    return unknown


async def look_row(desk: Desk) -> Invocation:
    [row] = [row for row in await desk.rows() if row.action is Action.LOOK]
    return row


async def test_another_look_that_finds_the_job_announces_it(desk: Desk, unknown: Invocation) -> None:
    desk.cloud.jobs = [JobReport(job_id="job-5", state="WAITING", create_time=NOON + timedelta(seconds=2))]
    ack = await desk.clicks("look_again", "i100", user={"id": JONAS})

    assert ack == {}
    assert "job-5" in desk.channel.announced[0]
    row = await look_row(desk)
    assert (row.source, row.status, row.user_id, row.text) == (Source.BUTTON, Status.DONE, JONAS, "i100")
    found = await desk.log.get("i100")
    assert found is not None
    assert (found.status, found.job_id) == (Status.STARTED, "job-5")


async def test_another_look_that_finds_nothing_says_so(desk: Desk, unknown: Invocation) -> None:
    await desk.clicks("look_again", "i100")

    [answer] = desk.channel.instead
    assert "MetaStudio lists no new job in this room." in answer.text
    assert desk.channel.announced == []


async def test_another_look_at_what_is_settled_says_how_in_place_of_the_question(
    desk: Desk, unknown: Invocation
) -> None:
    await desk.log.advance(unknown, step_to(Status.STARTED, job_id="job-5"))
    await desk.clicks("look_again", "i100")

    assert [message.text for message in desk.channel.instead] == [
        "This start is settled: job `job-5` in room `lobby`."
    ]
    assert (await look_row(desk)).status is Status.DONE


async def test_the_same_look_is_made_once(desk: Desk, unknown: Invocation) -> None:
    payload = desk.clicking("i100")
    await desk.hands_over_click("look_again", payload)

    assert await desk.hands_over_click("look_again", payload) == {}
    assert len(desk.channel.instead) == 1


async def test_a_start_that_is_not_in_the_log_cannot_be_looked_into(desk: Desk) -> None:
    await desk.clicks("look_again", "i100")

    assert "This start is no longer in the log." in desk.told()
    assert (await desk.row()).status is Status.INVALID


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
    replace(running.actions()).register(bolt)
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


async def a_start(desk: Desk, status: Status, job_id: str | None = None) -> Invocation:
    """A start of Mei's in the lobby, some time ago."""
    start = Invocation(
        id="i0",
        created_at=NOON - timedelta(minutes=5),
        action=Action.START,
        source=Source.COMMAND,
        status=status,
        user_id=MEI,
        channel_id=AVATARS,
        room_id="lobby",
        region="cn-north-4",
        client_id="desk-7",
        job_id=job_id,
    )
    await desk.log.record(start)
    return start


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.FAILED], ids=["unknown", "never sent"])
async def test_a_start_is_sent_after_all_to_the_channel_that_it_was_meant_for(
    desk: Desk, status: Status
) -> None:
    start = await a_start(desk, status)
    await desk.clicks("start_after_all", start.id, channel={"id": "D0MEI00001"})

    [request] = desk.cloud.started
    assert request == request_of(start)
    assert (await desk.row()).channel_id == AVATARS


async def test_a_start_that_is_settled_by_now_is_not_sent_after_all(desk: Desk) -> None:
    start = await a_start(desk, Status.STARTED, job_id="job-7")
    await desk.clicks("start_after_all", start.id)

    assert desk.cloud.started == []
    assert [message.text for message in desk.channel.instead] == [
        "This start is settled: job `job-7` in room `lobby`."
    ]
    row = await desk.row()
    assert (row.status, row.room_id, row.reason) == (
        Status.REFUSED,
        "lobby",
        reason(Code.START_SETTLED, job_id="job-7"),
    )


async def test_a_button_whose_value_was_tampered_with_makes_nobody_a_jobs_owner(desk: Desk) -> None:
    await desk.clicks("start_another", "lobby job-9", user={"id": JONAS})
    desk.policy = Policy.parse("[stop]\nusers = []")
    await desk.clicks("stop_job", "lobby job-9", user={"id": JONAS})

    assert desk.cloud.stopped == []
    assert await desk.log.known_jobs(["job-9"]) == set()


async def test_an_error_of_the_bots_own_is_told_to_whoever_clicked(desk: Desk) -> None:
    desk.log.broken = True
    assert await desk.clicks("stop_job", "lobby job-9") == {}

    assert "Something went wrong inside the bot" in desk.told()


STALE = pytest.mark.parametrize("listener", ["stop_job", "rtc_access"])


@STALE
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState.ENDED, "Job `job-1` in room `lobby` ended normally."),
        (JobState.SILENT, "Job `job-1` in room `lobby` ended: nobody spoke."),
        (JobState.UNJOINED, "Job `job-1` in room `lobby` ended: nobody joined it."),
        (JobState.FAILED, "Job `job-1` in room `lobby` failed."),
        (JobState.GONE, "Job `job-1` in room `lobby` ended: MetaStudio does not say how."),
    ],
)
async def test_a_button_of_a_job_that_is_over_says_what_became_of_it_and_when(
    running: Desk, listener: str, state: JobState, words: str
) -> None:
    await running.ends("job-1", state)
    ack = await running.clicks(listener, "lobby job-1")

    assert ack == {}
    assert running.told().startswith(words)
    assert "That was <!date^" in running.told()
    assert (running.cloud.stopped, running.slack.opened) == ([], [])
    row = await running.row()
    assert (row.action, row.status, row.job_id) == (LISTENERS[listener], Status.DONE, "job-1")
    assert (row.reason, row.response_url, row.lease_until) == (reason(Code.JOB_OVER_ALREADY), None, None)


@STALE
async def test_a_button_of_a_job_that_was_stopped_says_by_whom(running: Desk, listener: str) -> None:
    await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})
    await running.ends("job-1", JobState.STOPPED)
    running.channel.told.clear()
    await running.clicks(listener, "lobby job-1")

    assert running.told().startswith(
        f"Job `job-1` in room `lobby` was stopped by <@{JONAS}>. That was <!date^"
    )
    assert running.cloud.stopped == ["job-1"]


@STALE
async def test_a_button_of_a_job_that_is_over_is_answered_once(running: Desk, listener: str) -> None:
    await running.ends("job-1", JobState.ENDED)
    payload = running.clicking("lobby job-1")
    await running.hands_over_click(listener, payload)
    rows = await running.rows()

    assert await running.hands_over_click(listener, payload) == {}
    assert await running.rows() == rows


async def test_who_may_not_use_a_button_is_refused_also_where_the_job_is_over(running: Desk) -> None:
    running.policy = Policy.parse("[stop]\nusers = []")
    await running.ends("job-1", JobState.ENDED)
    await running.clicks("stop_job", "lobby job-1", user={"id": JONAS})

    assert "You may not stop avatars with this bot." in running.told()
