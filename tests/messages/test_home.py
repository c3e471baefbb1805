"""The Home tab: golden, and within Slack's limits however much there is."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.home_tab import HomeStart, HomeTab, Place
from bot.domain.invocation import Action, ChannelKind, Invocation, JobInvocation, JobState, Source, Status
from bot.domain.job_list import JobList
from bot.domain.quick_start import QuickStart
from bot.errors import Refused
from bot.messages.home import NEWS, home
from bot.messages.jobs import stop_only
from bot.messages.uses import use_in_words
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from tests.fakes import changed
from tests.steps import NOON

View = dict[str, Any]
HERE = Place("C0AVATARS1", ChannelKind.PUBLIC)


def quick_start(name: str, *, everywhere: bool = False) -> tuple[QuickStart, HomeStart]:
    made = QuickStart(
        id=name,
        team_id="T0SANDBOX1",
        channel_id=None if everywhere else HERE.channel_id,
        name=name,
        room_id="24bad716-87b1-45e5-8912-6102f7693265",
        region="cn-north-4",
        user_id="U0MEI00001",
        created_at=NOON,
    )
    return made, HomeStart(HERE, name, made.id)


def a_home(tab: HomeTab) -> View:
    return home(
        tab,
        NOON,
        may=stop_only,
        room_name=lambda _room_id: "Lobby kiosk",
        workspace_url="https://example.slack.com/",
    )


@pytest.fixture
def running(invocation: JobInvocation) -> JobInvocation:
    return changed(
        invocation,
        created_at=NOON - timedelta(minutes=5),
        room_name="Lobby kiosk",
        job_id="job-1",
        job_state=JobState.RUNNING,
        message_channel="C0AVATARS1",
        message_ts="1767268800.000100",
    )


@pytest.fixture
def tab(running: JobInvocation) -> HomeTab:
    stop = changed(
        running, id="i9", action=Action.STOP, source=Source.HOME, status=Status.RECEIVED, created_at=NOON
    )
    return HomeTab(
        jobs=JobList(under_way=[running], under_way_total=3, hidden=2),
        starts=[quick_start("lobby"), quick_start("atrium", everywhere=True)],
        uses=[stop, running],
    )


def test_what_runs_can_be_started_and_was_done(
    tab: HomeTab, assert_golden_view: Callable[[str, View], None]
) -> None:
    assert_golden_view("home", a_home(tab))


def test_home_of_a_newcomer(assert_golden_view: Callable[[str, View], None]) -> None:
    assert_golden_view("home_empty", a_home(HomeTab(jobs=JobList(), has_place=False)))


def test_who_may_not_look_reads_why(tab: HomeTab) -> None:
    refusal = Refused(reason(Code.PERSON_NOT_ALLOWED, verb="list", rule="[look] users", ask="the team"))
    shown = json.dumps(a_home(replace(tab, jobs=None, refusal=refusal)))
    assert "job-1" not in shown
    assert "You may not list" in shown


def test_what_came_of_a_press_stands_at_the_top_for_a_minute(tab: HomeTab) -> None:
    top = a_home(tab)["blocks"][0]
    assert "⏳  Stopping *Lobby kiosk*" in top["text"]["text"]
    old = changed(tab.uses[0], created_at=NOON - NEWS)
    typed = changed(tab.uses[0], source=Source.COMMAND)
    for last in (old, typed):
        assert a_home(replace(tab, uses=[last]))["blocks"][0]["type"] == "header"


def test_however_much_there_is_slack_takes_it(
    tab: HomeTab, running: JobInvocation, wrong_with_view: Callable[[View], list[str]]
) -> None:
    long = changed(running, room_name="&" * 300, room_id="r" * 64, job_id="j" * 128, text="<!channel>" * 99)
    full = HomeTab(
        jobs=JobList(under_way=[long] * 60, unknown=[long] * 9, under_way_total=900, hidden=9),
        starts=[quick_start(f"q{number}-{'x' * 25}") for number in range(400)],
        uses=[long] * 10,
    )
    view = a_home(full)
    assert wrong_with_view(view) == []
    assert len(view["blocks"]) <= 100
    assert "<!channel>" not in json.dumps(view)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "🟢  *Lobby kiosk* is running"),
        ({"job_state": JobState.FAILED}, "🔴  *Lobby kiosk* failed"),
        ({"status": Status.RECEIVED}, "⏳  *Lobby kiosk* is starting"),
        ({"status": Status.UNKNOWN}, "❔  It is not known whether *Lobby kiosk* started"),
        ({"status": Status.FAILED}, "🔴  *Lobby kiosk* was not started"),
        (
            {"status": Status.REFUSED, "reason": reason(Code.ALREADY_RUNNING, user_id="U9")},
            "⚪  *Lobby kiosk* was not started. It runs already",
        ),
        ({"status": Status.REFUSED, "reason": reason(Code.NO_TURN, seconds=3)}, "within 3 seconds"),
        ({"action": Action.STOP, "status": Status.DONE, "job_state": JobState.STOPPED}, "⛔  Stopped *Lobby"),
        ({"action": Action.STOP, "status": Status.DONE, "job_state": None}, "was over already"),
        ({"action": Action.STOP, "status": Status.FAILED, "job_state": None}, "was not stopped"),
        ({"action": Action.JOBS, "status": Status.DONE}, "Listed the jobs"),
        ({"action": Action.QUICK, "status": Status.DONE, "text": "quick list"}, "Quick starts: `quick list`"),
        (
            {
                "action": Action.HELP,
                "status": Status.INVALID,
                "text": "jbos",
                "reason": reason(Code.SUBCOMMAND_UNKNOWN, word="jbos", allowed="help jobs"),
            },
            "Typed `jbos`. There is no subcommand `jbos`",
        ),
    ],
)
def test_a_use_in_words(running: JobInvocation, changes: dict[str, Any], said: str) -> None:
    shown = use_in_words(changed(running, **changes))
    assert said in shown
    assert "U9" not in shown


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_every_use_has_words(invocation: Invocation, action: Action, status: Status) -> None:
    shown = use_in_words(changed(invocation, action=action, status=status))
    assert shown
    assert not shown.endswith(".")
