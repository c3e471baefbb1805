"""The composition root: the only place that wires things together, starts, drains and closes them."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from aiohttp import ClientSession
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.arguments import Regions
from bot.domain.policy import Policy
from bot.durable.accept import Acceptance
from bot.durable.claims import Claims
from bot.durable.retention import keep_clearing
from bot.errors import SettingFault, SettingsError
from bot.jobs.outcome import Outcomes
from bot.jobs.reconcile import Reconciliation
from bot.jobs.recovery import Recovery
from bot.jobs.rtc_access import RtcAccess
from bot.jobs.start import Starts
from bot.jobs.stop import Stops
from bot.listeners.actions.buttons import Actions
from bot.listeners.commands.avatar import AvatarCommand
from bot.listeners.commands.avatar_start import StartCommand
from bot.listeners.incoming import Incoming
from bot.metastudio.client import MetaStudio
from bot.metastudio.connect import open_metastudio
from bot.metastudio.credential_check import check_credentials
from bot.posts.updates import Showing
from bot.runtime.background import Tasks
from bot.runtime.health import WebServer
from bot.runtime.rate_limiter import RateLimiter
from bot.runtime.readiness import CostlyCheck, Readiness
from bot.runtime.waiting import Pauses, Sleep, once_reachable
from bot.settings import Mode, Settings
from bot.settings import RtcAccess as RtcAccessSetting
from bot.slack.bolt import bolt_app
from bot.slack.client import Installation, find_installation, open_session, open_ticket, slack_client
from bot.slack.delivery import Delivery
from bot.slack.http import SlackEvents
from bot.slack.signatures import Signatures
from bot.slack.socket_mode import SocketMode
from bot.store.connect import open_database
from bot.store.database import Database
from bot.store.file_lock import lock_file
from bot.store.invocations import Invocations
from bot.store.leases import Leases, inherit
from bot.store.migrate import migrate
from bot.store.watched_jobs import WatchedJobs
from bot.watching.completion import Completion
from bot.watching.rooms import Rooms
from bot.watching.watcher import Watcher

_log = structlog.get_logger()

BackgroundLoop = Callable[[], Coroutine[Any, Any, None]]
"""What is done all the time, until cancelled."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot."""

    invocations: Invocations
    tasks: Tasks
    web_url: str | None


def stop_requested() -> asyncio.Event:
    """Set once the process is asked to stop: by SIGTERM, by Ctrl-C, or by SIGHUP unless `nohup` hides it."""
    stop = asyncio.Event()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


@asynccontextmanager
async def running_bot(
    settings: Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[], str] = lambda: uuid4().hex,
    clock: Callable[[], float] = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Bot]:
    """A bot that takes commands from entry to exit. `clock` and `sleep` pace its tries, looks and edits.

    It waits for a database and for a Slack that cannot be reached yet. On exit it takes no more commands,
    finishes its work within AVATAR_DRAIN_SECONDS, then closes its clients and the database. On a failed start
    it closes what it had opened.

    Raises:
        SettingsError: a token or file is not good.
        StartupError: the database, Slack or the port is not to be had.
        DatabaseUnavailable: the database was lost while it was taken over.
    """
    policy = read_policy(settings)
    async with AsyncExitStack() as stack:
        database_url = settings.AVATAR_DATABASE_URL.get_secret_value()
        stack.enter_context(lock_file(database_url))
        readiness = Readiness("slack", "database")
        web = await _open_web(stack, settings, readiness)
        database = await once_reachable(
            lambda: stack.enter_async_context(open_database(database_url)),
            waiting=partial(readiness.waits, "database"),
            pauses=Pauses(),
        )
        await once_reachable(
            partial(migrate, database), waiting=partial(readiness.waits, "database"), pauses=Pauses()
        )
        await inherit(database, now())
        invocations = Invocations(database)
        is_writable = CostlyCheck(invocations.check_writable)
        stack.push_async_callback(is_writable.close)
        readiness.watch("database", is_writable)
        session = await stack.enter_async_context(open_session())
        slack = slack_client(settings, session)
        installation = await once_reachable(
            partial(find_installation, slack, _app_token(settings)),
            waiting=partial(readiness.waits, "slack"),
            pauses=Pauses(),
        )
        metastudio = await stack.enter_async_context(open_metastudio(settings, now=now))
        tasks = Tasks()
        stack.push_async_callback(tasks.drain, settings.AVATAR_DRAIN_SECONDS)
        bolt = bolt_app(slack, installation, new_id)
        background_loops = _assemble(
            bolt,
            settings,
            policy,
            database=database,
            invocations=invocations,
            slack=slack,
            installation=installation,
            delivery=Delivery(slack, session),
            metastudio=metastudio,
            tasks=tasks,
            now=now,
            new_id=new_id,
            clock=clock,
            sleep=sleep,
        )
        if web:
            stack.push_async_callback(web.close)
        if token := _app_token(settings):
            await _open_socket(
                stack, bolt, slack, session, token, ticket=installation.ticket, readiness=readiness
            )
        elif web and settings.SLACK_SIGNING_SECRET:
            secret = settings.SLACK_SIGNING_SECRET.get_secret_value()
            web.slack = SlackEvents(bolt, Signatures(secret, now=now))
            readiness.watch("slack", _always_well)
        background = Tasks()
        stack.push_async_callback(background.cancel)
        for background_loop in background_loops:
            background.spawn(background_loop())
        background.spawn(check_credentials(metastudio))
        _log.info(
            "ready", mode=settings.mode.value, team_id=installation.team_id, web=web.url if web else None
        )
        try:
            yield Bot(invocations, tasks, web.url if web else None)
        finally:
            _log.info("stopping")


def read_policy(settings: Settings) -> Policy:
    """The policy of AVATAR_POLICY_FILE, read once.

    Raises:
        SettingsError: the file cannot be read, or is wrong.
    """
    path = settings.AVATAR_POLICY_FILE
    if path is None:
        return Policy()
    try:
        return Policy.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            [SettingFault("AVATAR_POLICY_FILE", f"{path} cannot be read: {reason}")]
        ) from None


def _assemble(
    bolt: AsyncApp,
    settings: Settings,
    policy: Policy,
    *,
    database: Database,
    invocations: Invocations,
    slack: AsyncWebClient,
    installation: Installation,
    delivery: Delivery,
    metastudio: MetaStudio,
    tasks: Tasks,
    now: Callable[[], datetime],
    new_id: Callable[[], str],
    clock: Callable[[], float],
    sleep: Sleep,
) -> Sequence[BackgroundLoop]:
    """Build the use cases, with the listeners that hand on to them; returns what is done all the time."""
    watched_jobs = WatchedJobs(database)
    claims = Claims(invocations, tasks, now=now)
    rooms = Rooms(metastudio)
    acceptance = Acceptance(invocations, tasks, claims, room_name=rooms.name)
    shows_rtc = settings.AVATAR_RTC_ACCESS is RtcAccessSetting.ON
    seconds = settings.AVATAR_START_TIMEOUT
    outcomes = Outcomes(invocations, delivery, rtc_access=shows_rtc, now=now, sleep=sleep)
    reconciliation = Reconciliation(
        invocations=invocations,
        metastudio=metastudio,
        outcomes=outcomes,
        start_seconds=seconds,
        now=now,
        sleep=sleep,
    )
    starts = Starts(
        invocations=invocations,
        acceptance=acceptance,
        metastudio=metastudio,
        outcomes=outcomes,
        reconciliation=reconciliation,
        claims=claims,
        acquire=RateLimiter(settings.AVATAR_STARTS_PER_SECOND).acquire,
        seconds=seconds,
        now=now,
    )
    stops = Stops(
        invocations=invocations,
        acceptance=acceptance,
        metastudio=metastudio,
        outcomes=outcomes,
        claims=claims,
        policy=policy,
        now=now,
    )
    rtc = RtcAccess(
        invocations=invocations,
        acceptance=acceptance,
        metastudio=metastudio,
        outcomes=outcomes,
        slack=slack,
        claims=claims,
        now=now,
    )
    incoming = Incoming(acceptance, now, new_id, installation)
    regions = Regions(settings.AVATAR_REGIONS, settings.AVATAR_DEFAULT_REGION)
    StartCommand(incoming, starts, policy, regions).register(bolt)
    AvatarCommand(incoming, invocations, stops, policy).register(bolt)
    Actions(
        incoming=incoming,
        invocations=invocations,
        starts=starts,
        stops=stops,
        reconciliation=reconciliation,
        rtc=rtc if shows_rtc else None,
        delivery=delivery,
        claims=claims,
        tasks=tasks,
        policy=policy,
        regions=regions,
    ).register(bolt)
    recovery = Recovery(
        invocations=invocations,
        starts=starts,
        stops=stops,
        reconciliation=reconciliation,
        outcomes=outcomes,
        claims=claims,
        policy=policy,
        now=now,
        sleep=sleep,
    )
    showing = Showing(
        invocations=invocations,
        watched_jobs=watched_jobs,
        delivery=delivery,
        rtc_access=shows_rtc,
        now=now,
        sleep=sleep,
    )
    completion = Completion(
        watched_jobs=watched_jobs,
        metastudio=metastudio,
        rooms=rooms,
        showing=showing,
        clock=clock,
        sleep=sleep,
    )
    watcher = Watcher(
        watched_jobs=watched_jobs,
        leases=Leases(database),
        metastudio=metastudio,
        showing=showing,
        completion=completion,
        holder=new_id(),
        reads_per_second=settings.AVATAR_READS_PER_SECOND,
        now=now,
        clock=clock,
        sleep=sleep,
    )
    return (recovery.keep_recovering, watcher.keep_watching, partial(keep_clearing, invocations, now=now))


def _app_token(settings: Settings) -> str | None:
    """The token for Socket Mode; None in HTTP mode."""
    if settings.mode is not Mode.SOCKET or not settings.SLACK_APP_TOKEN:
        return None
    return settings.SLACK_APP_TOKEN.get_secret_value()


async def _open_web(stack: AsyncExitStack, settings: Settings, readiness: Readiness) -> WebServer | None:
    """Open the web server, so that it can be asked what the bot waits for."""
    if not settings.AVATAR_HTTP_PORT:
        return None
    web = WebServer(
        host=settings.AVATAR_HTTP_HOST,
        port=settings.AVATAR_HTTP_PORT,
        readiness=readiness,
        takes_events=settings.mode is Mode.HTTP,
    )
    stack.push_async_callback(web.close)
    await web.open()
    return web


async def _open_socket(
    stack: AsyncExitStack,
    bolt: AsyncApp,
    slack: AsyncWebClient,
    session: ClientSession,
    app_token: str,
    *,
    ticket: str | None,
    readiness: Readiness,
) -> None:
    """Connect over Socket Mode, however long that takes."""
    new_ticket = partial(open_ticket, slack, app_token)
    socket = SocketMode(bolt, session, new_ticket, ticket=ticket, proxy=slack.proxy)

    async def trouble() -> str | None:
        return socket.trouble

    readiness.watch("slack", trouble)
    stack.push_async_callback(socket.close)
    await socket.open()


async def _always_well() -> None:
    """Slack's requests find the bot by themselves."""
