"""Draw the Home tabs of people, and keep those that were opened a while ago up to date.

A tab is only a view of the rows, and is drawn anew whenever it is opened. So the tabs to keep are remembered
in memory: each process keeps those that were opened, or whose buttons were pressed, through it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from math import inf

import structlog

from bot.domain.arguments import Regions
from bot.domain.home_tab import HomeStart, HomeTab, as_seen, home_starts, places_of
from bot.domain.invocation import Action, Invocation, JobState, Origin, Source, Status
from bot.domain.job_list import LATELY, JobList
from bot.domain.quick_start import QuickStart
from bot.domain.start_words import parse_start_words
from bot.errors import DatabaseUnavailable, InvalidArguments, Refused
from bot.jobs.gate import Gate
from bot.jobs.offers import Offers
from bot.messages.home import home
from bot.messages.jobs import where_hidden
from bot.runtime.background import repeat_in_background
from bot.slack.ack_sent import acks_first
from bot.slack.modals import Modals
from bot.store.job_lists import JobLists
from bot.store.quick_starts import QuickStarts

REDRAW_SECONDS = 3.0
"""The shortest time between two drawings of one tab, and between two looks for changes."""

AFTER_A_FAILURE_SECONDS = 30.0
"""The shortest time between two drawings of a tab that Slack does not take, unless its person opens it."""

EVERY_SECONDS = 0.5
KEPT_SECONDS = 3600.0
"""How long a tab is kept up to date after its person was seen last. Slack does not tell when it is closed."""

MOST_TABS = 200
AT_ONCE = 4
MOST_JOBS = 20
MOST_USES = 10
MOST_CHANNELS = 20

JUDGED_AT_ONCE = 100
"""How many quick starts the policy judges before acks have their turn: 4,000 take 0.5 s (measured)."""

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Tab:
    """A tab to keep. `shown` are the rows on it that may still change."""

    asking: Invocation
    seen_at: float
    is_due: bool = True
    has_failed: bool = False
    drawn_at: float = -inf
    shown: dict[str, tuple[Status, JobState | None]] = field(default_factory=dict)
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)


class HomeTabs:
    """The use case. `clock` is monotonic, in seconds; `room_name` returns a name that is known."""

    def __init__(
        self,
        *,
        job_lists: JobLists,
        quick_starts: QuickStarts,
        gate: Gate,
        modals: Modals,
        regions: Regions,
        room_name: Callable[[str], str | None],
        workspace_url: str | None,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._job_lists = job_lists
        self._quick_starts = quick_starts
        self._gate = gate
        self._modals = modals
        self._regions = regions
        self._room_name = room_name
        self._workspace_url = workspace_url
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._tabs: dict[str, _Tab] = {}
        self._looked_at = -inf

    async def open(self, origin: Origin) -> None:
        """Draw the tab that a person has opened, and keep it up to date."""
        await self._draw(self._keep(origin))

    def used(self, use: Invocation) -> None:
        """Note that a person has used the bot: their tab is drawn anew, if they have one."""
        if use.source is Source.HOME:
            self._keep(use.origin)
        elif tab := self._tabs.get(use.origin.user_id):
            tab.is_due = True

    async def keep_drawing(self) -> None:
        """Keep the tabs up to date, until cancelled."""
        await repeat_in_background(self.draw_due, every=EVERY_SECONDS, sleep=self._sleep)

    async def draw_due(self) -> None:
        """Draw the tabs that show something old, each at most every REDRAW_SECONDS.

        Raises:
            DatabaseUnavailable: it is not known what has changed.
        """
        now = self._clock()
        self._tabs = {user: tab for user, tab in self._tabs.items() if now < tab.seen_at + KEPT_SECONDS}
        if now >= self._looked_at + REDRAW_SECONDS:
            self._looked_at = now
            await self._look_for_changes()
        due = [tab for tab in self._tabs.values() if self._is_due(tab)]
        for at in range(0, len(due), AT_ONCE):
            await asyncio.gather(*map(self._draw, due[at : at + AT_ONCE]))

    def _keep(self, origin: Origin) -> _Tab:
        who = Origin(
            user_id=origin.user_id,
            foreign_team_id=origin.foreign_team_id,
            team_id=origin.team_id,
            enterprise_id=origin.enterprise_id,
        )
        asking = Invocation(
            id="",
            created_at=self._now(),
            action=Action.JOBS,
            source=Source.HOME,
            status=Status.DONE,
            origin=who,
            request=None,
            job=None,
        )
        tab = self._tabs.pop(origin.user_id, None) or _Tab(asking, self._clock())
        tab.asking, tab.seen_at, tab.is_due, tab.has_failed = asking, self._clock(), True, False
        self._tabs[origin.user_id] = tab
        if len(self._tabs) > MOST_TABS:
            del self._tabs[next(iter(self._tabs))]
        return tab

    async def _look_for_changes(self) -> None:
        """Find the rows that do not stand any more as they are shown."""
        shown = list({row_id: None for tab in self._tabs.values() for row_id in tab.shown})
        standings = await self._job_lists.standings(shown)
        for tab in self._tabs.values():
            if any(standings.get(row_id) != standing for row_id, standing in tab.shown.items()):
                tab.is_due = True

    def _is_due(self, tab: _Tab) -> bool:
        pause = AFTER_A_FAILURE_SECONDS if tab.has_failed else REDRAW_SECONDS
        return tab.is_due and self._clock() >= tab.drawn_at + pause

    async def _draw(self, tab: _Tab) -> None:
        """Draw a tab, if that is due; a tab that cannot be drawn keeps no other one waiting."""
        await acks_first()
        async with tab.drawing:
            if not self._is_due(tab):
                return
            tab.is_due, tab.drawn_at = False, self._clock()
            asking = replace(tab.asking, created_at=self._now())
            try:
                content = await self._content(asking)
                tab.shown = content.may_change
                is_shown = await self._modals.publish(asking.origin.user_id, self._view(content, asking))
            except DatabaseUnavailable as error:
                tab.is_due = True
                _log.warning("a Home tab waits for the database", reason=str(error))
            except Exception:  # noqa: BLE001 - one tab must not keep the others from being drawn
                tab.is_due = tab.has_failed = True
                _log.exception("a Home tab is not drawn")
            else:
                tab.is_due, tab.has_failed = tab.is_due or not is_shown, not is_shown

    def _view(self, content: HomeTab, asking: Invocation) -> dict[str, object]:
        return home(
            content,
            asking.created_at,
            may=Offers(self._gate, asking, rtc_access=False).may,
            room_name=self._room_name,
            workspace_url=self._workspace_url,
            hidden_in=where_hidden(asking),
        )

    async def _content(self, asking: Invocation) -> HomeTab:
        user_id = asking.origin.user_id
        refusal = self._refusal(asking)
        jobs = None if refusal else await self._jobs(asking)
        uses = await self._uses(user_id)
        starts = await self._job_lists.starts_of(user_id)
        places = places_of(starts)[:MOST_CHANNELS]
        known = await self._quick_starts.known_in_any(
            asking.origin.team_id or "", [place.channel_id for place in places]
        )
        offered = await self._offered(asking, home_starts(starts, known))
        return HomeTab(jobs=jobs, refusal=refusal, starts=offered, has_place=bool(places), uses=uses)

    async def _jobs(self, asking: Invocation) -> JobList:
        recent = await self._job_lists.recent(asking, since=asking.created_at - LATELY, limit=MOST_JOBS)
        return replace(recent, ended=(), ended_total=0)

    async def _uses(self, user_id: str) -> list[Invocation]:
        uses = await self._job_lists.uses_of(user_id, limit=MOST_USES)
        job_ids = [use.job.job_id for use in uses if use.job and use.action is not Action.START]
        return as_seen(uses, await self._job_lists.starts_of_jobs(job_ids))

    def _refusal(self, asking: Invocation) -> Refused | None:
        try:
            self._gate.check(asking)
        except Refused as error:
            return error
        return None

    async def _offered(
        self, asking: Invocation, found: Iterator[tuple[QuickStart, HomeStart]]
    ) -> list[tuple[QuickStart, HomeStart]]:
        offered: list[tuple[QuickStart, HomeStart]] = []
        while some := list(islice(found, JUDGED_AT_ONCE)):
            offered += [each for each in some if self._may_start(asking, *each)]
            await asyncio.sleep(0)
        return offered

    def _may_start(self, asking: Invocation, quick_start: QuickStart, start: HomeStart) -> bool:
        place = start.place
        try:
            request = parse_start_words([start.name], self._regions).of(quick_start)
        except InvalidArguments:
            return False
        there = asking.in_channel(place.channel_id, place.kind)
        wanted = replace(there.asking_for(request), action=Action.START)
        return self._gate.allows(wanted, quick_start=start.name)
