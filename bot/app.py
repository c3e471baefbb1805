"""The composition root: the only place that wires things together, starts, drains and closes them."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from aiolimiter import AsyncLimiter
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.announcer import Announcer
from bot.errors import LogUnavailable, SettingFault, SettingsError
from bot.housekeeping import keep_house
from bot.intake import Intake
from bot.listeners.commands import Commands
from bot.messages.replies import went_wrong
from bot.metastudio.connect import open_metastudio
from bot.parsing import Regions
from bot.policy import Policy
from bot.settings import Settings
from bot.slack import Installation, find_installation, open_session, slack_client
from bot.socket_mode import SocketMode
from bot.starts import Starts
from bot.store.database import open_database
from bot.store.invocations import Invocations
from bot.store.migrate import migrate
from bot.tasks import Tasks
from bot.web import SlackEvents, WebServer

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot."""

    invocations: Invocations
    tasks: Tasks
    web_url: str | None


def stop_requested() -> asyncio.Event:
    """Set once the process is asked to stop, by SIGTERM or Ctrl-C."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
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
) -> AsyncIterator[Bot]:
    """A bot that takes commands from entry to exit.

    On exit it takes no more, finishes its work within AVATAR_DRAIN_SECONDS, then closes its clients and the
    database. On a failed start it closes what it had opened.

    Raises:
        SettingsError: a token or file is not good.
        StartupError: the database, Slack or the port is not to be had.
    """
    policy = read_policy(settings)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            open_database(settings.AVATAR_DATABASE_URL.get_secret_value())
        )
        await migrate(engine)
        invocations = Invocations(engine)
        session = await stack.enter_async_context(open_session())
        slack = slack_client(settings, session)
        installation = await find_installation(slack, settings)
        metastudio = await stack.enter_async_context(open_metastudio(settings, now=now))
        tasks = Tasks()
        stack.push_async_callback(tasks.drain, settings.AVATAR_DRAIN_SECONDS)
        intake = Intake(invocations, tasks)
        commands = Commands(
            starts=Starts(
                invocations=invocations,
                intake=intake,
                metastudio=metastudio,
                announcer=Announcer(slack, session, invocations, now=now),
                tasks=tasks,
                turn=_turns(settings.AVATAR_STARTS_PER_SECOND),
                seconds=settings.AVATAR_START_TIMEOUT,
                now=now,
            ),
            intake=intake,
            policy=policy,
            regions=Regions(settings.AVATAR_REGIONS, settings.AVATAR_DEFAULT_REGION),
            now=now,
            new_id=new_id,
        )
        bolt = _bolt(slack, installation, new_id)
        commands.register(bolt)
        web = await _connect(
            stack, settings, bolt=bolt, slack=slack, installation=installation, invocations=invocations
        )
        housekeeper = Tasks()
        stack.push_async_callback(housekeeper.cancel)
        housekeeper.spawn(keep_house(invocations, now=now))
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
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(
            [SettingFault("AVATAR_POLICY_FILE", f"{path} cannot be read: {reason}")]
        ) from None


async def _connect(
    stack: AsyncExitStack,
    settings: Settings,
    *,
    bolt: AsyncApp,
    slack: AsyncWebClient,
    installation: Installation,
    invocations: Invocations,
) -> WebServer | None:
    """Open the ways in; on exit they close first."""
    socket: SocketMode | None = None
    events: SlackEvents | None = None
    if settings.SLACK_APP_TOKEN and installation.socket_url:
        token = settings.SLACK_APP_TOKEN.get_secret_value()
        socket = SocketMode(bolt, token, url=installation.socket_url, proxy=slack.proxy)
        stack.push_async_callback(socket.close)
    elif settings.SLACK_SIGNING_SECRET:
        events = SlackEvents(bolt, settings.SLACK_SIGNING_SECRET.get_secret_value())

    async def is_ready() -> bool:
        try:
            await invocations.check_writable()
        except LogUnavailable:
            return False
        return socket is None or await socket.is_connected()

    web: WebServer | None = None
    if settings.AVATAR_HTTP_PORT:
        web = WebServer(
            host=settings.AVATAR_HTTP_HOST, port=settings.AVATAR_HTTP_PORT, is_ready=is_ready, slack=events
        )
        stack.push_async_callback(web.close)
        await web.open()
    if socket:
        await socket.open()
    return web


def _bolt(slack: AsyncWebClient, installation: Installation, new_id: Callable[[], str]) -> AsyncApp:
    authorized = AuthorizeResult(
        enterprise_id=None,
        team_id=installation.team_id,
        bot_user_id=installation.bot_user_id,
        bot_id=installation.bot_id,
        bot_token=slack.token,
    )

    async def authorize() -> AuthorizeResult:
        """What `auth.test` said at boot: Bolt would ask again before its first ack."""
        return authorized

    logging.getLogger("slack_bolt.AsyncApp").addFilter(_keeps_all_but_the_token_warning)
    bolt = AsyncApp(
        name="avatar-bot",
        client=slack,
        authorize=authorize,
        # The web server checks signatures on the raw bytes, before Bolt reads them.
        request_verification_enabled=False,
    )

    @bolt.error
    async def answer_all_the_same(
        error: Exception, request: AsyncBoltRequest, response: BoltResponse | None
    ) -> BoltResponse | None:
        reference = new_id()
        _log.error("a listener failed", exc_info=error, reference=reference, mode=request.mode)
        if response is None:
            return None
        body = {"response_type": "ephemeral", **went_wrong(reference).arguments()}
        return BoltResponse(status=200, body=body)

    return bolt


def _keeps_all_but_the_token_warning(record: logging.LogRecord) -> bool:
    """Bolt warns at every boot that a token goes unused; ours is used, by way of `authorize`."""
    return "`token`" not in record.getMessage()


def _turns(per_second: float) -> Callable[[], Awaitable[None]]:
    """What waits for the rate limit: so many starts a second, 0 for no limit."""
    if not per_second:
        return _no_wait
    burst = max(1.0, per_second)
    return AsyncLimiter(burst, burst / per_second).acquire


async def _no_wait() -> None:
    return
