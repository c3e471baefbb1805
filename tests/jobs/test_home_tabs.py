"""Home tabs are drawn when they are opened, and again when something on them has changed; not too often."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from typing_extensions import override

from bot.domain.arguments import Regions
from bot.domain.invocation import Action, ChannelKind, JobState, Origin, Source, Status
from bot.domain.policy import Policy
from bot.errors import DatabaseUnavailable
from bot.jobs.home_tabs import KEPT_SECONDS, MOST_TABS, REDRAW_SECONDS, HomeTabs
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.slack.modals import Modals
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from bot.store.posts import Posts
from bot.store.quick_starts import QuickStarts
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
    """Records what is published."""

    def __init__(self) -> None:
        super().__init__(AsyncWebClient())
        self.published: list[tuple[str, str]] = []

    @override
    async def publish(self, user_id: str, view: dict[str, Any]) -> bool:
        self.published.append((user_id, str(view)))
        return True


class Lists(JobLists):
    """May be shut."""

    shut = False

    @override
    async def recent(self, *args: Any, **more: Any) -> Any:
        if self.shut:
            raise DatabaseUnavailable(reason(Code.DATABASE_FAILED, why="disk is full"))
        return await super().recent(*args, **more)


class Time:
    """Seconds that go only when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log(database: Database) -> Invocations:
    return Invocations(database)


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def lists(database: Database) -> Lists:
    return Lists(database)


@pytest.fixture
def tabs_with(log: Invocations, views: Views, time: Time, lists: Lists) -> Callable[[Policy], HomeTabs]:
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
    tabs: HomeTabs, log: Invocations, views: Views, time: Time
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
    tabs: HomeTabs, log: Invocations, views: Views, time: Time
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


async def test_a_tab_is_drawn_at_most_every_three_seconds(tabs: HomeTabs, views: Views, time: Time) -> None:
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
    tabs: HomeTabs, views: Views, time: Time
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
    tabs: HomeTabs, views: Views, lists: Lists, time: Time
) -> None:
    lists.shut = True
    await tabs.open(OPENED)
    assert views.published == []
    lists.shut = False
    time.now += REDRAW_SECONDS
    await tabs.draw_due()
    assert len(views.published) == 1
