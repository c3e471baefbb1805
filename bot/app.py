"""The composition root: open what the bot needs, run the bot, drain it and close everything."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import structlog
from aiohttp import ClientSession
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.arguments import Regions
from bot.domain.policy import Policy
from bot.environment.policy_file import read_policy, stamp_of
from bot.graph import Graph
from bot.jobs.policy_reload import GROUP_SECONDS, PolicyReload
from bot.messages.reasons import in_words
from bot.metastudio.connect import open_metastudio
from bot.metastudio.credential_check import check_credentials
from bot.runtime.background import Tasks
from bot.runtime.health import WebServer
from bot.runtime.rate_limiter import RateLimiter
from bot.runtime.readiness import CostlyCheck, Readiness
from bot.runtime.waiting import Pauses, Sleep, once_reachable
from bot.settings import Mode, RunningRoom, Settings, Switch
from bot.slack.bolt import bolt_app
from bot.slack.client import find_installation, open_session, open_ticket, slack_client
from bot.slack.delivery import Delivery
from bot.slack.http import SlackEvents
from bot.slack.signatures import Signatures
from bot.slack.socket_mode import SocketMode
from bot.store.connect import open_database
from bot.store.file_lock import lock_file
from bot.store.invocations import Invocations
from bot.store.leases import inherit
from bot.store.migrate import migrate

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot."""

    invocations: Invocations
    tasks: Tasks
    web_url: str | None


def stop_requested(*, on_hangup: bool = True) -> asyncio.Event:
    """Return an event that SIGTERM, Ctrl-C or SIGHUP sets. Under `nohup` SIGHUP is ignored.

    Args:
        on_hangup: SIGHUP means nothing else.
    """
    stop = asyncio.Event()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if on_hangup and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def reload_requested() -> asyncio.Event:
    """Return an event that SIGHUP sets whenever the policy file is to be read again."""
    reload = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.set)
    return reload


utc_now: Callable[[], datetime] = partial(datetime.now, UTC)
"""Return the current time in UTC."""


@asynccontextmanager
async def running_bot(
    settings: Settings,
    *,
    reload_asked: asyncio.Event | None = None,
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[], str] = lambda: uuid4().hex,
    clock: Callable[[], float] = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Bot]:
    """Run a bot that accepts commands until the block ends. `clock` and `sleep` time its retries and reads.

    The policy file is read again when it changes, and when `reload_asked` is set.

    At the start it waits until the database and Slack can be reached. At the end it accepts no more commands,
    finishes its work within AVATAR_DRAIN_SECONDS, then closes its clients and the database. If the start
    fails, it closes what it has opened.

    Raises:
        SettingsError: a token or a file is wrong.
        StartupError: the database, Slack or the port cannot be used.
        DatabaseUnavailable: the connection to the database was lost during the start.
    """
    policy_file = settings.AVATAR_POLICY_FILE
    policy_stamp = stamp_of(policy_file) if policy_file else None
    policy = read_policy(policy_file) if policy_file else Policy()
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
        slack = slack_client(settings.SLACK_API_URL, settings.SLACK_BOT_TOKEN, session)
        installation = await once_reachable(
            partial(find_installation, slack, _app_token(settings)),
            waiting=partial(readiness.waits, "slack"),
            pauses=Pauses(),
        )
        metastudio = await stack.enter_async_context(open_metastudio(settings, now=now))
        tasks = Tasks()
        stack.push_async_callback(tasks.drain, settings.AVATAR_DRAIN_SECONDS)
        bolt = bolt_app(slack, installation, new_id)
        graph = Graph(
            database=database,
            invocations=invocations,
            slack=slack,
            installation=installation,
            delivery=Delivery(slack, session),
            metastudio=metastudio,
            tasks=tasks,
            now=now,
            new_id=new_id,
            acquire=RateLimiter(settings.AVATAR_STARTS_PER_SECOND).acquire,
            holder=new_id(),
            regions=Regions(settings.AVATAR_REGIONS, settings.AVATAR_DEFAULT_REGION),
            policy=policy,
            offers_rtc=settings.AVATAR_RTC_ACCESS is Switch.ON,
            asks_if_running=settings.AVATAR_RUNNING_ROOM is RunningRoom.ASK,
            retention=settings.log_retention,
            start_seconds=settings.AVATAR_START_TIMEOUT,
            reads_per_second=settings.AVATAR_READS_PER_SECOND,
            clock=clock,
            sleep=sleep,
        )
        await graph.user_groups.read(policy.groups, seconds=GROUP_SECONDS)
        graph.listen(bolt)
        if web:
            stack.push_async_callback(web.close)
        if token := _app_token(settings):
            await _open_socket(
                stack, bolt, slack, session, token, ticket=installation.ticket, readiness=readiness
            )
        elif web and settings.SLACK_SIGNING_SECRET:
            secret = settings.SLACK_SIGNING_SECRET.get_secret_value()
            web.slack = SlackEvents(bolt, Signatures(secret, now=now))
            readiness.watch("slack", _no_trouble)
        background = Tasks()
        stack.push_async_callback(background.cancel)
        for background_loop in graph.background_loops:
            background.spawn(background_loop())
        if policy_file:
            reload = PolicyReload(
                policy_file,
                graph.gate,
                graph.user_groups,
                known=policy_stamp,
                asked=reload_asked or asyncio.Event(),
                sleep=sleep,
            )
            background.spawn(reload.keep_reloading())
        background.spawn(check_credentials(metastudio, in_words=in_words))
        _log.info(
            "ready", mode=settings.mode.value, team_id=installation.team_id, web=web.url if web else None
        )
        try:
            yield Bot(invocations, tasks, web.url if web else None)
        finally:
            _log.info("stopping")


def _app_token(settings: Settings) -> str | None:
    """Return the token for Socket Mode; None in HTTP mode."""
    if settings.mode is not Mode.SOCKET or not settings.SLACK_APP_TOKEN:
        return None
    return settings.SLACK_APP_TOKEN.get_secret_value()


async def _open_web(stack: AsyncExitStack, settings: Settings, readiness: Readiness) -> WebServer | None:
    """Open the web server before anything else, so that `/readyz` says what the bot waits for."""
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
    """Connect over Socket Mode, without a time limit."""
    new_ticket = partial(open_ticket, slack, app_token)
    socket = SocketMode(bolt, session, new_ticket, ticket=ticket, proxy=slack.proxy)

    async def trouble() -> str | None:
        return socket.trouble

    readiness.watch("slack", trouble)
    stack.push_async_callback(socket.close)
    await socket.open()


async def _no_trouble() -> None:
    """Report no trouble: in HTTP mode Slack connects to the bot."""
