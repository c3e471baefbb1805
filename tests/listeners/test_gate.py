"""Every listener gives a person who is not allowed an answer and one refused row, and does nothing else."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.invocation import Action, Invocation, JobState, Source, Status
from bot.domain.job import JobReport
from bot.domain.policy import Policy
from bot.listeners import register
from bot.listeners.actions import ACTIONS
from bot.listeners.commands import COMMANDS
from bot.listeners.events import EVENTS
from bot.listeners.options import OPTIONS
from bot.listeners.shortcuts import SHORTCUTS
from bot.listeners.use import AnyListener, listener_for
from bot.listeners.views import VIEWS
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.slack.bolt import bolt_app
from tests.fakes import an_invocation, changed
from tests.graph import HOME
from tests.listeners.desk import AVATARS, JONAS, MEI, Body, Desk
from tests.metastudio.cloud import NOON

AMARA, PRIYA = "U0AMARA001", "U0PRIYA001"
SHUT = Policy.parse("[start]\nusers = []\n[stop]\nusers = []\n[look]\nusers = []")
DENIED = Policy.parse(
    f'admins = ["{AMARA}"]\n[deny]\nusers = ["{AMARA}"]\n[break_glass]\nusers = ["{AMARA}"]'
)
ON_CALL = Policy.parse(
    "[start]\ngroups = ['S0ONCALL']\n[stop]\ngroups = ['S0ONCALL']\n[look]\ngroups = ['S0ONCALL']\n"
    "[break_glass]\ngroups = ['S0ONCALL']"
)

USES: dict[str, Callable[[Desk], Body]] = {
    "/avatar-start": lambda desk: desk.typing("/avatar-start", "atrium"),
    "/avatar quick": lambda desk: desk.typing("/avatar", "quick list"),
    "/avatar quick add": lambda desk: desk.typing("/avatar", "quick add desk 24bad716"),
    "/avatar quick panel": lambda desk: desk.typing("/avatar", "quick panel"),
    "/avatar jobs": lambda desk: desk.typing("/avatar", "jobs"),
    "/avatar stop": lambda desk: desk.typing("/avatar", "stop job-1"),
    "/avatar stop elsewhere": lambda desk: desk.typing("/avatar", "stop job-9 lobby"),
    "stop_job": lambda desk: pressing(desk, "stop_job", "lobby job-1"),
    "stop_job-7": lambda desk: pressing(desk, "stop_job-7", "lobby job-9"),
    "details": lambda desk: pressing(desk, "details", "i102"),
    "rtc_access": lambda desk: pressing(desk, "rtc_access", "lobby job-1"),
    "/avatar-start again": lambda desk: desk.typing("/avatar-start", "again"),
    "start_again": lambda desk: pressing(desk, "start_again", "i102"),
    "meant": lambda desk: pressing(desk, "meant", "i103 /avatar-start atrium cn-north-4"),
    "meant to look": lambda desk: pressing(desk, "meant", "i103 /avatar jobs"),
    "meant to stop": lambda desk: pressing(desk, "meant", "i103 /avatar stop job-1"),
    "stop_and_start": lambda desk: pressing(desk, "stop_and_start", "i101 job-9"),
    "stop_and_start-2": lambda desk: pressing(desk, "stop_and_start-2", "i105 job-1"),
    "start_another": lambda desk: pressing(desk, "start_another", "i101"),
    "start_after_all": lambda desk: pressing(desk, "start_after_all", "i100"),
    "quick_start-3": lambda desk: pressing(desk, "quick_start-3", "hall"),
    "home_start-2": lambda desk: naming("home_start-2", desk.on_home(f"{AVATARS} public hall i3")),
    "stop_job on Home": lambda desk: naming("stop_job-1", desk.on_home("lobby job-1")),
    "use_job": lambda desk: pressing(desk, "use_job-1", "i100 job-9"),
    "look_again": lambda desk: pressing(desk, "look_again", "i100"),
    "break_glass": lambda desk: pressing(desk, "break_glass", "i101 /avatar-start"),
    "/avatar-start alone": lambda desk: desk.typing("/avatar-start"),
    "start_avatar": lambda desk: desk.using("start_avatar"),
    "start_avatar_from_message": lambda desk: desk.using("start_avatar_from_message", AVATARS),
    "start_form submitted": lambda desk: submitting(
        desk, "start_form", f"i105 {AVATARS}", room="room atrium", channel=AVATARS
    ),
    "break_glass submitted": lambda desk: submitting(desk, "break_glass", "i104", reason="the CEO waits"),
}
"""Each use of the bot except help, as Slack delivers it."""

OF_THE_NAMED = {"break_glass", "break_glass submitted"}
"""What nobody may do whom the policy does not name for it."""

LOOKS = {"/avatar jobs", "details", "meant to look"}
"""The uses that are allowed to a guest from another workspace."""

OPENS = {"/avatar-start alone", "start_avatar", "start_avatar_from_message"}
"""The uses that only open a modal."""


def submitting(desk: Desk, callback_id: str, metadata: str, **typed: str) -> Body:
    return desk.submitting(callback_id, metadata, **typed)


def pressing(desk: Desk, action_id: str, value: str) -> Body:
    return naming(action_id, desk.clicking(value))


def naming(action_id: str, payload: Body) -> Body:
    payload["actions"][0] |= {"action_id": action_id, "block_id": "b"}
    return payload


@pytest.fixture
async def busy(desk: Desk) -> Desk:
    """Prepare a job of Jonas, a job that was started elsewhere, and an unknown start by Mei."""
    await desk.types("/avatar-start", "lobby", user_id=JONAS)
    start = an_invocation(
        id="i100",
        created_at=NOON - timedelta(minutes=5),
        action=Action.START,
        source=Source.COMMAND,
        status=Status.UNKNOWN,
        user_id=MEI,
        channel_id=AVATARS,
        room_id="lobby",
    )
    await desk.log.record(start)
    refused = changed(start, id="i101", status=Status.REFUSED, room_id="boardroom", user_id=JONAS)
    await desk.log.record(refused)
    await desk.log.record(changed(refused, id="i105", status=Status.FAILED, room_id="lobby", client_id="x"))
    click = changed(refused, id="i104", action=Action.BREAK_GLASS, text="i101 /avatar-start")
    await desk.log.record(changed(click, status=Status.DONE))
    over = changed(start, id="i102", status=Status.STARTED, job_id="job-8", room_id="gallery")
    over = changed(over, job_state=JobState.ENDED, created_at=NOON + timedelta(minutes=1))
    await desk.log.record(over)
    await desk.log.record(changed(start, id="i103", status=Status.INVALID, text="atrium cn-nort-4"))
    await desk.types("/avatar", "quick add hall 24bad716-87b1-45e5-8912-6102f7693265", user_id=JONAS)
    desk.cloud.on_list = [JobReport(job_id="job-9", state="WAITING", create_time=start.created_at)]
    desk.cloud.operations.clear()
    desk.channel.announced.clear()
    return desk


def bolt_of(desk: Desk) -> AsyncApp:
    """Return the app with all listeners, as the bot registers them."""
    slack = AsyncWebClient("xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    bolt = bolt_app(slack, HOME, lambda: "reference-1")
    register(bolt, desk.services)
    return bolt


async def use_by(desk: Desk, use: str, **person: Any) -> tuple[str, list[Invocation]]:
    """Return what the person reads, in the ack or after it, and the new rows."""
    payload = USES[use](desk)
    if "command" in payload:
        payload |= {"user_id": person["id"], "team_id": person.get("team_id", HOME.team_id)}
    else:
        payload["user"] = person
    before = {row.id for row in await desk.rows()}
    response = await bolt_of(desk).async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))
    await desk.tasks.idle()
    assert response.status == 200
    ack: Body = json.loads(response.body) if response.body else {}
    words = ack.get("text") or "".join(message.text for message in desk.channel.told)
    words = words or "".join(ack.get("errors", {}).values())
    return str(words), [row for row in await desk.rows() if row.id not in before]


def heard_by(use: Body) -> AnyListener:
    """Return the listener of this use from the lists."""
    if "command" in use:
        [command] = [command for command in COMMANDS if command.name == use["command"]]
        return listener_for(command, use["text"])[0]
    if use["type"] in {"shortcut", "message_action"}:
        [shortcut] = [each for each in SHORTCUTS if each.callback_id == use["callback_id"]]
        return shortcut
    if use["type"] == "view_submission":
        [view] = [view for view in VIEWS if view.callback_id == use["view"]["callback_id"]]
        return view
    [button] = [button for button in ACTIONS if button.pattern.match(use["actions"][0]["action_id"])]
    return button


def test_each_listener_of_the_lists_is_among_the_uses_that_are_tried(busy: Desk) -> None:
    of_commands = [
        listener
        for command in COMMANDS
        for listener in (*command.subcommands, command.otherwise, command.alone)
        if listener is not None and listener.action is not Action.HELP
    ]
    tried = [heard_by(use(busy)) for use in USES.values()]

    assert [
        listener for listener in (*of_commands, *ACTIONS, *VIEWS, *SHORTCUTS) if listener not in tried
    ] == []


async def test_nothing_is_listened_to_beside_the_lists(busy: Desk) -> None:
    listeners = bolt_of(busy)._async_listeners

    of_links = 1
    declared = (*COMMANDS, *ACTIONS, *VIEWS, *SHORTCUTS, *OPTIONS, *EVENTS)
    assert len(listeners) == len(declared) + of_links


@pytest.mark.parametrize("policy", [SHUT, DENIED, ON_CALL])
@pytest.mark.parametrize("tab", ["home", "messages"])
async def test_who_is_denied_sees_nothing_on_home_and_that_they_looked_is_no_use(
    busy: Desk, policy: Policy, tab: str
) -> None:
    assert [event.name for event in EVENTS] == ["app_home_opened"]
    busy.graph.gate.replace(policy)
    before = await busy.rows()
    payload = busy.opening_home(AMARA, tab=tab)
    response = await bolt_of(busy).async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))
    await busy.tasks.idle()

    assert response.status == 200
    assert (await busy.rows(), busy.cloud.operations, busy.channel.heard) == (before, [], [])
    assert [shown["user_id"] for shown in busy.slack.published] == ([AMARA] if tab == "home" else [])
    assert "job-1" not in str(busy.slack.published)
    assert "home_start" not in str(busy.slack.published)


@pytest.mark.parametrize(
    "policy", [SHUT, DENIED, ON_CALL], ids=["named by nothing", "denied", "group unknown"]
)
@pytest.mark.parametrize("use", USES)
async def test_who_is_denied_causes_no_call_and_one_row_that_says_so(
    busy: Desk, use: str, policy: Policy
) -> None:
    busy.policy = policy
    words, rows = await use_by(busy, use, id=AMARA)

    assert "You may not" in words or "Only who started the job" in words
    assert [row.status for row in rows] == [Status.REFUSED]
    assert rows[0].reason
    assert busy.cloud.operations == []
    assert busy.slack.opened == []
    assert busy.channel.announced == []


@pytest.mark.parametrize("use", USES)
async def test_without_a_policy_a_guest_may_look_and_nothing_else(busy: Desk, use: str) -> None:
    words, rows = await use_by(busy, use, id=PRIYA, team_id="T0PARTNER1")

    [row] = rows
    assert row.origin.foreign_team_id == "T0PARTNER1"
    assert busy.cloud.operations == []
    assert bool(busy.slack.opened) is (use == "details")
    assert busy.channel.announced == []
    if use in LOOKS:
        assert row.status is Status.DONE
        assert use == "details" or "1 avatar job is under way" in words
    else:
        assert row.status is Status.REFUSED
        refusals = ("another Slack workspace", "Only who started the job", "what the bot's policy refuses")
        assert any(refusal in words for refusal in refusals)


@pytest.mark.parametrize("use", sorted(USES.keys() - OF_THE_NAMED))
async def test_without_a_policy_one_of_ours_is_let_through(busy: Desk, use: str) -> None:
    _, rows = await use_by(busy, use, id=JONAS, team_id=HOME.team_id)

    refused = [row.reason for row in rows if row.status is Status.REFUSED]
    assert all(why == reason(Code.EARLIER_JOB_FOUND) for why in refused)
    assert busy.cloud.operations or use in LOOKS | OPENS or use.startswith("/avatar quick")
    assert busy.slack.opened or use not in OPENS


@pytest.mark.parametrize("policy", [SHUT, DENIED, ON_CALL])
async def test_who_is_denied_is_offered_nothing_to_start(busy: Desk, policy: Policy) -> None:
    busy.policy = policy
    search = busy.searching("", f"i105 {AVATARS}") | {"user": {"id": AMARA, "team_id": HOME.team_id}}
    before = len(await busy.rows())

    assert await busy.searches(search) == {}
    assert busy.cloud.rooms_read == 0
    assert len(await busy.rows()) == before
