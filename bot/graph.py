"""The object graph: the bot's own objects, between Slack, MetaStudio and the database.

`app.py` builds it for a process, and tests build their own. Both pass in the connections, the clock and the
limits. Each object is built once, when it is first used.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.arguments import Regions
from bot.domain.policy import Policy
from bot.durable.accept import ASK_SECONDS, COMMIT_SECONDS, Acceptance
from bot.durable.claims import Claims
from bot.durable.held_row import RENEW_SECONDS
from bot.durable.retention import Retention, keep_clearing
from bot.jobs.details import Details
from bot.jobs.full_room import FullRooms
from bot.jobs.gate import Gate
from bot.jobs.home_tabs import HomeTabs
from bot.jobs.job_listing import JobListing
from bot.jobs.named_by import NamedBy
from bot.jobs.named_starts import NamedStarts
from bot.jobs.outcome import Outcomes
from bot.jobs.outside_jobs import LOOK_SECONDS, OutsideJobs
from bot.jobs.panels import Panels
from bot.jobs.reconcile import Reconciliation
from bot.jobs.recovery import Recovery
from bot.jobs.room_list import RoomList
from bot.jobs.rtc_access import ANSWER_SECONDS, RtcAccess
from bot.jobs.start import Starts
from bot.jobs.stop import Stops
from bot.jobs.stop_first import StopFirst
from bot.jobs.suggestions import Suggestions
from bot.jobs.windows import Windows
from bot.jobs.worker import Worker
from bot.listeners import register
from bot.listeners.answers import LATE_SECONDS
from bot.listeners.incoming import Incoming
from bot.listeners.use import Services
from bot.metastudio.client import MetaStudio
from bot.posts.loop import DeliveryLoop
from bot.posts.panels import PanelContent
from bot.posts.rendering import Rendering
from bot.runtime.background import Tasks
from bot.slack.client import Installation
from bot.slack.delivery import Delivery
from bot.slack.modals import Modals
from bot.slack.user_groups import UserGroups
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.job_lists import JobLists
from bot.store.leases import Leases
from bot.store.posts import Posts
from bot.store.pruning import Pruning
from bot.store.quick_starts import QuickStarts
from bot.store.start_counts import StartCounts
from bot.store.watched_jobs import WatchedJobs
from bot.watching.completion import Completion
from bot.watching.rooms import Rooms
from bot.watching.watcher import Watcher

BackgroundLoop = Callable[[], Coroutine[Any, Any, None]]
"""A background loop. It runs until it is cancelled."""


@dataclass(kw_only=True)
class Graph:
    """Builds every object of the bot from what is passed in.

    `acquire` waits until a start may be sent. `holder` names this process. `clock` is monotonic, in seconds.
    Rows older than `retention` are removed from the invocation log (None: never).
    """

    database: Database
    invocations: Invocations
    slack: AsyncWebClient
    installation: Installation
    delivery: Delivery
    metastudio: MetaStudio
    tasks: Tasks
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    acquire: Callable[[], Awaitable[object]]
    holder: str
    regions: Regions
    policy: Policy = field(default_factory=Policy)
    offers_rtc: bool = True
    asks_if_running: bool = True
    retention: timedelta | None = None
    start_seconds: float = 30.0
    reads_per_second: float = 10.0
    commit_seconds: float = COMMIT_SECONDS
    ask_seconds: float = ASK_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    renew_seconds: float = RENEW_SECONDS
    late_seconds: float = LATE_SECONDS
    look_seconds: float = LOOK_SECONDS
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def listen(self, bolt: AsyncApp) -> None:
        """Register the listeners."""
        register(bolt, self.services)

    @cached_property
    def services(self) -> Services:
        """The services that listeners use."""
        return Services(
            incoming=Incoming(self.acceptance, self.now, self.new_id, self.installation),
            acceptance=self.acceptance,
            invocations=self.invocations,
            job_listing=self.job_listing,
            job_lists=self.job_lists,
            starts=self.starts,
            named_starts=self.named_starts,
            named_by=self.named_by,
            quick_starts=self.quick_starts,
            room_list=self.room_list,
            panels=self.panels,
            stops=self.stops,
            reconciliation=self.reconciliation,
            details=self.details,
            home_tabs=self.home_tabs,
            worker=self.worker,
            rtc=self.rtc if self.offers_rtc else None,
            windows=self.windows,
            delivery=self.delivery,
            claims=self.claims,
            tasks=self.tasks,
            policy=self.gate,
            regions=self.regions,
            late_seconds=self.late_seconds,
        )

    @property
    def background_loops(self) -> Sequence[BackgroundLoop]:
        """The background loops of a process."""
        clearing = partial(keep_clearing, self.invocations, now=self.now)
        pruning = [self.pruning_older_than(self.retention).keep_pruning] if self.retention else []
        return (
            self.recovery.keep_recovering,
            self.posts.keep_delivering,
            self.watcher.keep_watching,
            clearing,
            self.user_groups.keep_reading,
            self.home_tabs.keep_drawing,
            *pruning,
        )

    def pruning_older_than(self, age: timedelta) -> Retention:
        """Return what removes rows of this age from the invocation log."""
        return Retention(
            Pruning(self.database),
            Leases(self.database),
            age=age,
            holder=self.holder,
            now=self.now,
            clock=self.clock,
            sleep=self.sleep,
        )

    @cached_property
    def gate(self) -> Gate:
        """Allows or refuses each use of the bot."""
        return Gate(
            self.policy,
            members=self.user_groups.members,
            counts=StartCounts(self.database),
            ask=self.acceptance.ask,
        )

    @cached_property
    def user_groups(self) -> UserGroups:
        """Reads the members of the policy's user groups."""
        return UserGroups(
            self.slack,
            lambda: self.gate.policy.groups,
            team_id=self.installation.team_id if self.installation.is_org_wide else None,
            clock=self.clock,
            sleep=self.sleep,
        )

    @cached_property
    def watched_jobs(self) -> WatchedJobs:
        """Reads and completes the jobs that the watcher follows."""
        return WatchedJobs(self.database)

    @cached_property
    def claims(self) -> Claims:
        """Keeps the claims on rows that this process works on."""
        return Claims(self.invocations, self.tasks, now=self.now)

    @cached_property
    def rooms(self) -> Rooms:
        """Remembers the rooms' names and configurations."""
        return Rooms(self.metastudio, clock=self.clock)

    @cached_property
    def acceptance(self) -> Acceptance:
        """Commits invocations before they are acknowledged."""
        return Acceptance(
            self.invocations,
            self.tasks,
            self.claims,
            seconds=self.commit_seconds,
            ask_seconds=self.ask_seconds,
            room_name=self._room_name,
            sleep=self.sleep,
        )

    def _room_name(self, room_id: str | None) -> str | None:
        """Return the name of a room if MetaStudio has told it in the last minutes."""
        return self.rooms.name(room_id) or self.room_list.name(room_id)

    @cached_property
    def room_list(self) -> RoomList:
        """The rooms by their names."""
        return RoomList(self.metastudio, clock=self.clock)

    @cached_property
    def quick_starts(self) -> QuickStarts:
        """Reads and changes quick starts."""
        return QuickStarts(self.database)

    @cached_property
    def job_lists(self) -> JobLists:
        """Reads lists of jobs."""
        return JobLists(self.database)

    @cached_property
    def job_listing(self) -> JobListing:
        """Lists jobs for a person."""
        return JobListing(
            job_lists=self.job_lists,
            quick_starts=self.quick_starts,
            outside_jobs=OutsideJobs(
                job_lists=self.job_lists,
                metastudio=self.metastudio,
                room_name=self._room_name,
                now=self.now,
                seconds=self.look_seconds,
                clock=self.clock,
            ),
            outcomes=self.outcomes,
        )

    @cached_property
    def home_tabs(self) -> HomeTabs:
        """Draws Home tabs."""
        return HomeTabs(
            job_lists=self.job_lists,
            quick_starts=self.quick_starts,
            gate=self.gate,
            modals=self.modals,
            regions=self.regions,
            room_name=self._room_name,
            workspace_url=self.installation.url,
            now=self.now,
            clock=self.clock,
            sleep=self.sleep,
        )

    @cached_property
    def panel_content(self) -> PanelContent:
        """Makes the content of panels."""
        return PanelContent(self.quick_starts)

    @cached_property
    def panels(self) -> Panels:
        """Posts panels, and lets them be edited."""
        return Panels(
            invocations=self.invocations,
            acceptance=self.acceptance,
            content=self.panel_content,
            posts=Posts(self.database),
            delivery=self.delivery,
            outcomes=self.outcomes,
            now=self.now,
            new_id=self.new_id,
        )

    @cached_property
    def outcomes(self) -> Outcomes:
        """Stores the outcomes of invocations, and tells people."""
        return Outcomes(self.invocations, self.posts, now=self.now, sleep=self.sleep)

    @cached_property
    def reconciliation(self) -> Reconciliation:
        """Finds the jobs of starts whose outcome is unknown."""
        return Reconciliation(
            invocations=self.invocations,
            metastudio=self.metastudio,
            outcomes=self.outcomes,
            start_seconds=self.start_seconds,
            now=self.now,
            sleep=self.sleep,
        )

    @cached_property
    def starts(self) -> Starts:
        """Starts jobs."""
        return Starts(
            invocations=self.invocations,
            acceptance=self.acceptance,
            metastudio=self.metastudio,
            outcomes=self.outcomes,
            reconciliation=self.reconciliation,
            suggestions=Suggestions(self.quick_starts, self.room_list, self.invocations, self.gate),
            full_rooms=self.full_rooms,
            acquire=self.acquire,
            seconds=self.start_seconds,
            asks_if_running=self.asks_if_running,
            now=self.now,
        )

    @cached_property
    def full_rooms(self) -> FullRooms:
        """Tells people which jobs hold a room that takes no more."""
        return FullRooms(
            invocations=self.invocations,
            metastudio=self.metastudio,
            outcomes=self.outcomes,
            policy=self.gate,
            workspace_url=self.installation.url,
        )

    @cached_property
    def stop_first(self) -> StopFirst:
        """Stops a job, then starts its room."""
        return StopFirst(
            invocations=self.invocations,
            metastudio=self.metastudio,
            stops=self.stops,
            starts=self.starts,
            outcomes=self.outcomes,
            policy=self.gate,
            now=self.now,
            sleep=self.sleep,
            renew_seconds=self.renew_seconds,
        )

    @cached_property
    def named_by(self) -> NamedBy:
        """Finds the quick starts that starts were asked for by."""
        return NamedBy(self.invocations, self.quick_starts)

    @cached_property
    def named_starts(self) -> NamedStarts:
        """Starts rooms by their names."""
        return NamedStarts(
            invocations=self.invocations,
            quick_starts=self.quick_starts,
            room_list=self.room_list,
            starts=self.starts,
            outcomes=self.outcomes,
            policy=self.gate,
            workspace_url=self.installation.url,
        )

    @cached_property
    def stops(self) -> Stops:
        """Stops jobs."""
        return Stops(
            invocations=self.invocations,
            acceptance=self.acceptance,
            metastudio=self.metastudio,
            outcomes=self.outcomes,
            policy=self.gate,
            now=self.now,
            renew_seconds=self.renew_seconds,
        )

    @cached_property
    def rtc(self) -> RtcAccess:
        """Shows what a client needs to join a job's RTC room."""
        return RtcAccess(
            invocations=self.invocations,
            acceptance=self.acceptance,
            metastudio=self.metastudio,
            outcomes=self.outcomes,
            modals=self.modals,
            now=self.now,
            seconds=self.answer_seconds,
        )

    @cached_property
    def windows(self) -> Windows:
        """Opens modals for people."""
        return Windows(outcomes=self.outcomes, modals=self.modals)

    @cached_property
    def details(self) -> Details:
        """Shows everything that is known of a job."""
        return Details(
            invocations=self.invocations,
            metastudio=self.metastudio,
            windows=self.windows,
            seconds=self.answer_seconds,
        )

    @cached_property
    def modals(self) -> Modals:
        """Opens modals."""
        return Modals(self.slack, sleep=self.sleep)

    @cached_property
    def worker(self) -> Worker:
        """Continues rows: new ones, and those that a process has left behind."""
        return Worker(
            invocations=self.invocations,
            starts=self.starts,
            stops=self.stops,
            rtc=self.rtc,
            reconciliation=self.reconciliation,
            outcomes=self.outcomes,
            named_starts=self.named_starts,
            stop_first=self.stop_first,
            full_rooms=self.full_rooms,
            named_by=self.named_by,
            panels=self.panels,
            policy=self.gate,
            now=self.now,
        )

    @cached_property
    def recovery(self) -> Recovery:
        """Claims rows that a process has left behind."""
        return Recovery(
            invocations=self.invocations,
            worker=self.worker,
            claims=self.claims,
            now=self.now,
            sleep=self.sleep,
        )

    @cached_property
    def posts(self) -> DeliveryLoop:
        """Delivers every message about a job, and keeps it up to date."""
        return DeliveryLoop(
            posts=Posts(self.database),
            rendering=Rendering(
                self.invocations,
                rtc_access=self.offers_rtc,
                panels=self.panel_content,
                workspace_url=self.installation.url,
            ),
            delivery=self.delivery,
            now=self.now,
            new_id=self.new_id,
            sleep=self.sleep,
        )

    @cached_property
    def completion(self) -> Completion:
        """Adds missing voices, video and room names to announcements."""
        return Completion(
            watched_jobs=self.watched_jobs,
            metastudio=self.metastudio,
            rooms=self.rooms,
            posts=self.posts,
            clock=self.clock,
            sleep=self.sleep,
        )

    @cached_property
    def watcher(self) -> Watcher:
        """Follows jobs to their end."""
        return Watcher(
            watched_jobs=self.watched_jobs,
            leases=Leases(self.database),
            metastudio=self.metastudio,
            posts=self.posts,
            completion=self.completion,
            holder=self.holder,
            reads_per_second=self.reads_per_second,
            now=self.now,
            clock=self.clock,
            sleep=self.sleep,
        )
