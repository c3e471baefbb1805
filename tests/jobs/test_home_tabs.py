"""Home tabs are drawn when they are opened, and again when something on them has changed; not too often."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import insert, update
from typing_extensions import override

from bot.domain.arguments import Regions
from bot.domain.invocation import Action, ChannelKind, JobState, Origin, Source, Status
from bot.domain.policy import Policy
from bot.domain.quick_start import QuickStart
from bot.errors import DatabaseUnavailable
from bot.jobs.gate import Gate
from bot.jobs.home_tabs import (
    AFTER_A_FAILURE_SECONDS,
    JUDGED_AT_ONCE,
    KEPT_SECONDS,
    MOST_TABS,
    REDRAW_SECONDS,
    HomeTabs,
)
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.slack.modals import Modals
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from bot.store.posts import Posts
from bot.store.quick_starts import QuickStarts
from bot.store.tables import invocations, quick_starts
from tests.clock import Clock
from tests.fakes import an_invocation, changed
from tests.graph import HOME, a_gate
from tests.steps import NOON, step_to

MEI, JONAS = "U0MEI00001", "U0JONAS001"
OPENED = Origin(user_id=MEI, team_id=HOME.team_id)

START = an_invocation(
    id="i1",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.STARTED,
    user_id=JONAS,
    channel_id="C0AVATARS1",
    channel_kind=ChannelKind.PUBLIC,
    room_id="lobby",
    job_id="job-1",
    job_state=JobState.RUNNING,
)


class Views(Modals):
    """Records what is published. Slack may not take it."""

    is_taken = True

    def __init__(self) -> None:
        super().__init__(AsyncWebClient())
        self.published: list[tuple[str, str]] = []

    @override
    async def publish(self, user_id: str, view: dict[str, Any]) -> bool:
        self.published.append((user_id, str(view)))
        return self.is_taken


class Lists(JobLists):
    """May be shut."""

    shut = False

    @override
    async def recent(self, *args: Any, **more: Any) -> Any:
        if self.shut:
            raise DatabaseUnavailable(reason(Code.DATABASE_FAILED, why="disk is full"))
        return await super().recent(*args, **more)


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def lists(database: Database) -> Lists:
    return Lists(database)


@pytest.fixture
def tabs_with(log: Invocations, views: Views, time: Clock, lists: Lists) -> Callable[[Policy], HomeTabs]:
    def build(policy: Policy) -> HomeTabs:
        return HomeTabs(
            job_lists=lists,
            quick_starts=QuickStarts(log._database),
            gate=a_gate(log, policy),
            modals=views,
            regions=Regions(("cn-north-4",)),
            room_name=lambda _: None,
            workspace_url=HOME.url,
            now=lambda: NOON,
            clock=time,
        )

    return build


@pytest.fixture
def tabs(tabs_with: Callable[[Policy], HomeTabs]) -> HomeTabs:
    return tabs_with(Policy())


async def ends(log: Invocations, invocation_id: str) -> None:
    await Posts(log._database).show(invocation_id, JobState.ENDED, "{}", now=NOON, until=NOON)


async def test_who_opens_home_sees_what_runs(tabs: HomeTabs, log: Invocations, views: Views) -> None:
    await log.record(START)
    await log.record(changed(START, id="i2", channel_kind=ChannelKind.PRIVATE, job_id="secret"))
    await tabs.open(OPENED)
    [(who, view)] = views.published
    assert who == MEI
    assert "job-1" in view
    assert "secret" not in view
    assert "and 1 in private channels" in view


async def test_somebody_of_another_workspace_sees_no_public_job_and_is_not_told_that_it_is_private(
    tabs: HomeTabs, log: Invocations, views: Views
) -> None:
    await log.record(START)
    await tabs.open(replace(OPENED, foreign_team_id="T0PARTNER1"))
    [(_, view)] = views.published
    assert "job-1" not in view
    assert "and 1 in other channels" in view


async def test_who_may_not_look_sees_no_job(
    tabs_with: Callable[[Policy], HomeTabs], log: Invocations, views: Views
) -> None:
    await log.record(START)
    await tabs_with(Policy.parse("[look]\nusers = []")).open(OPENED)
    [(_, view)] = views.published
    assert "job-1" not in view
    assert "You may not list" in view


async def test_only_what_a_person_may_stop_has_a_button(
    tabs_with: Callable[[Policy], HomeTabs], log: Invocations, views: Views
) -> None:
    await log.record(START)
    await log.record(changed(START, id="i2", user_id=MEI, job_id="job-2"))
    await tabs_with(Policy.parse("[stop]\nusers = []")).open(OPENED)
    [(_, view)] = views.published
    assert "'value': 'lobby job-2'" in view
    assert "'value': 'lobby job-1'" not in view


async def test_a_tab_is_drawn_again_when_a_job_on_it_changes(
    tabs: HomeTabs, log: Invocations, views: Views, time: Clock
) -> None:
    await log.record(START)
    await tabs.open(OPENED)
    for _ in range(10):
        time.now += 1
        await tabs.draw_due()
    assert len(views.published) == 1
    await ends(log, "i1")
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 2
    assert "No avatar job is running" in views.published[-1][1]


async def test_a_tab_is_drawn_again_after_its_persons_actions_and_when_they_have_come_to_something(
    tabs: HomeTabs, log: Invocations, views: Views, time: Clock
) -> None:
    await tabs.open(OPENED)
    start = changed(START, status=Status.STARTING, user_id=MEI, job_id=None, job_state=None)
    await log.record(start)
    tabs.used(start)
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert "is starting" in views.published[-1][1]
    await log.advance(start, step_to(Status.FAILED, reason=reason(Code.NO_TURN, seconds=3)))
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert "was not started" in views.published[-1][1]
    tabs.used(changed(START, user_id=JONAS))
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 3


async def test_a_tab_is_drawn_at_most_every_three_seconds(tabs: HomeTabs, views: Views, time: Clock) -> None:
    await tabs.open(OPENED)
    for _ in range(20):
        await tabs.open(OPENED)
        tabs.used(changed(START, user_id=MEI))
        await tabs.draw_due()
    assert len(views.published) == 1
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 2


async def test_a_press_on_home_is_seen_where_another_process_drew_it(
    tabs: HomeTabs, views: Views, log: Invocations
) -> None:
    await log.record(START)
    tabs.used(changed(START, source=Source.HOME, user_id=MEI))
    await tabs.draw_due()
    assert [who for who, _ in views.published] == [MEI]


async def test_a_tab_is_forgotten_after_a_while_and_there_are_not_too_many(
    tabs: HomeTabs, views: Views, time: Clock
) -> None:
    for number in range(MOST_TABS + 1):
        await tabs.open(Origin(user_id=f"U{number}", team_id=HOME.team_id))
    views.published.clear()
    tabs.used(changed(START, user_id="U0"))
    tabs.used(changed(START, user_id="U1"))
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert [who for who, _ in views.published] == ["U1"]
    time.now += KEPT_SECONDS
    await tabs.draw_due()
    tabs.used(changed(START, user_id="U1"))
    await tabs.draw_due()
    assert len(views.published) == 1


async def test_while_the_database_fails_a_tab_stays_and_is_drawn_later(
    tabs: HomeTabs, views: Views, lists: Lists, time: Clock
) -> None:
    lists.shut = True
    await tabs.open(OPENED)
    assert views.published == []
    lists.shut = False
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 1


async def test_a_tab_that_slack_does_not_take_is_drawn_again_but_not_at_once(
    tabs: HomeTabs, log: Invocations, views: Views, time: Clock
) -> None:
    await log.record(START)
    await tabs.open(OPENED)
    await ends(log, "i1")
    views.is_taken = False
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    views.is_taken = True
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 2
    time.now += AFTER_A_FAILURE_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 3
    assert "No avatar job is running" in views.published[-1][1]
    time.now += AFTER_A_FAILURE_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 3


async def test_the_room_of_a_job_that_a_person_may_not_see_is_not_named_among_their_uses(
    tabs: HomeTabs, log: Invocations, views: Views
) -> None:
    secret = changed(START, channel_id="G0SECRET", channel_kind=ChannelKind.PRIVATE, room_id="vault")
    await log.record(changed(secret, job_id="job-1", room_name="The vault"))
    stop = changed(START, id="i2", action=Action.STOP, status=Status.DONE, user_id=MEI)
    stop = changed(stop, room_id="vault", room_name="The vault", job_state=JobState.STOPPED)
    await log.record(stop)
    await log.record(changed(stop, id="i3", job_id="job-2"))
    await log.record(changed(START, id="i4", job_id="job-2", room_id="vault", room_name="Open vault"))
    await tabs.open(OPENED)
    [(_, view)] = views.published
    uses = view.split("Your last uses")[1]
    assert "Stopped an avatar" in uses
    assert uses.count("vault") == 1


async def test_acks_have_their_turn_while_the_policy_judges_many_quick_starts(
    tabs: HomeTabs, log: Invocations, views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = QuickStart(
        id="q",
        team_id=HOME.team_id,
        channel_id=None,
        name="q",
        room_id="24bad716-87b1-45e5-8912-6102f7693265",
        user_id=MEI,
        created_at=NOON,
    )
    named = [f"q{number}" for number in range(2 * JUDGED_AT_ONCE + 1)]
    async with log._database.connect() as connection:
        rows = [asdict(replace(made, id=name, name=name)) for name in named]
        await connection.execute(insert(quick_starts), rows)
        await connection.commit()
    await log.record(changed(START, user_id=MEI, text="lobby"))
    turn, judged = 0, list[int]()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def judge(*_: object, **__: object) -> bool:
        judged.append(turn)
        return True

    monkeypatch.setattr(Gate, "allows", judge)
    counting = asyncio.create_task(count_turns())
    await tabs.open(OPENED)
    counting.cancel()
    assert "and 161 more" in views.published[-1][1]
    assert max(len(list(at_once)) for _, at_once in groupby(judged)) <= JUDGED_AT_ONCE


async def test_a_row_that_a_newer_version_of_the_bot_has_written_leaves_the_tab_and_stops_nothing(
    tabs: HomeTabs, log: Invocations, views: Views, time: Clock
) -> None:
    await log.record(START)
    await tabs.open(OPENED)
    async with log._database.connect() as connection:
        await connection.execute(update(invocations).values(job_state="paused"))
        await connection.commit()
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 2
    assert "job-1" not in views.published[-1][1]
