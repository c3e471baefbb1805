"""Socket Mode: the bot opens a WebSocket to Slack, so Slack need not reach the bot.

The connection is managed here. slack-sdk's own client retries an old ticket forever, and does not pause when
Slack ends each new connection.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.errors import AvatarError, StartupError, Unreachable
from bot.runtime.background import Tasks
from bot.runtime.waiting import Pauses, Sleep
from bot.slack.ack_sent import DueAcks, ack_pending
from bot.slack.errors import reason_for

CONNECT_SECONDS = 10.0
"""Seconds within which Slack must say hello on a new connection."""

HEARTBEAT_SECONDS = 5.0
"""Seconds between pings. A ping must be answered within half the time, else the connection is dead."""

ACK_SECONDS = 3.0
LEAVE_SECONDS = 15.0
"""Seconds to read on from the old connection after Slack has asked for a new one."""

STEADY_SECONDS = 10.0
"""Seconds after which a connection counts as a success: the next one is opened without a pause."""

_REFRESHES = frozenset({"refresh_requested", "warning"})
"""Slack's reasons to move to a new connection although nothing is wrong."""

_ADVICE = {
    "too_many_websockets": "Slack allows ten connections per app: stop other processes with this app token.",
    "link_disabled": "Switch Socket Mode on in the app's settings at api.slack.com.",
}

_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=2.0)

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Connection:
    """One WebSocket. `reason` is Slack's word for why it should end; empty if Slack said none."""

    socket: aiohttp.ClientWebSocketResponse
    accepted: bool = False
    reason: str = ""
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when Slack has accepted or ended the connection."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when nothing new will arrive."""

    def accept(self) -> None:
        """Mark the connection as accepted: Slack said hello."""
        self.accepted = True
        self.decided.set()

    def end(self, reason: str = "") -> None:
        """Mark the connection as ended; the first reason counts."""
        self.reason = self.reason or reason
        self.decided.set()
        self.over.set()

    @property
    def is_to_be_replaced(self) -> bool:
        """Whether Slack asks for a new connection although nothing is wrong."""
        return self.reason in _REFRESHES

    @property
    def is_good(self) -> bool:
        """Whether payloads may arrive through it. A connection to be replaced still works until then."""
        return not self.socket.closed and (not self.over.is_set() or self.is_to_be_replaced)

    @property
    def words(self) -> str:
        """The reason why it ended, in words."""
        return f"Slack ended the connection: {self.reason}" if self.reason else "the connection was lost"


@dataclass(frozen=True, slots=True)
class _End:
    """The end of one try to be connected. `lived` is in seconds since Slack's hello; None without a hello."""

    trouble: str | None
    advice: str = ""
    lived: float | None = None
    retry_after: float = 0.0


class SocketMode:
    """The connection, renewed until it is closed. Each try uses a new ticket.

    Args:
        app: answers the payloads.
        session: opens the WebSockets.
        new_ticket: asks Slack for the address of a new connection.
        ticket: the address of the first connection, if there is one already.
        proxy: the proxy to Slack, if there is one.
        now: the time in seconds, from a clock that never goes back.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        app: AsyncApp,
        session: aiohttp.ClientSession,
        new_ticket: Callable[[], Awaitable[str]],
        *,
        ticket: str | None = None,
        proxy: str | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._app = app
        self._session = session
        self._new_ticket = new_ticket
        self._ticket = ticket
        self._proxy = proxy
        self._now = now
        self._sleep = sleep
        self._pauses = Pauses()
        self._current: _Connection | None = None
        self._trouble = "not connected yet"
        self._opened = asyncio.Event()
        self._readers = Tasks()
        self._in_hand = Tasks()
        self._due_acks = DueAcks()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> str | None:
        """The reason why no commands can arrive; None if they can."""
        return None if self._current and self._current.is_good else self._trouble

    async def open(self) -> None:
        """Connect, and stay connected from then on. Returns after the first connection succeeds."""
        self._keeper = asyncio.create_task(self._stay_connected())
        await self._opened.wait()

    async def close(self) -> None:
        """Acknowledge the received payloads and disconnect; Slack gives the rest to other connections."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        await self._in_hand.drain(ACK_SECONDS)
        if self._current:
            await self._current.socket.close()
        await self._readers.cancel()

    async def _stay_connected(self) -> None:
        """Connect, wait for the end, and connect again.

        An accepted connection is replaced at once, but only if no connection has failed since one that
        lasted: short connections in a row are followed by pauses.
        """
        while True:
            end = await self._live()
            if end.lived is not None and end.lived >= STEADY_SECONDS:
                self._pauses.reset()
            at_once = end.lived is not None and not self._pauses.have_begun
            pause = self._pauses.next(at_least=end.retry_after)
            if end.trouble:
                self._trouble = end.trouble
                _log.warning("not connected to Slack", reason=end.trouble, advice=end.advice)
            if not at_once:
                await self._sleep(pause)

    async def _live(self) -> _End:
        """Use one ticket and one connection until its end."""
        try:
            connection = await self._connect()
        except AvatarError as error:
            self._current = None
            retry_after = error.retry_after if isinstance(error, Unreachable) else 0.0
            advice = error.advice if isinstance(error, StartupError) else ""
            return _End(str(error), advice, retry_after=retry_after)
        except Exception:  # noqa: BLE001 - the next try may succeed, whatever failed
            self._current = None
            _log.exception("connecting to Slack failed")
            return _End("an error inside the bot")
        self._current, began = connection, self._now()
        self._opened.set()
        _log.info("connected to Slack")
        await connection.over.wait()
        lived = self._now() - began
        if connection.is_to_be_replaced:
            self._readers.spawn(self._leave(connection))
            return _End(None, lived=lived)
        await connection.socket.close()
        return _End(connection.words, _ADVICE.get(connection.reason, ""), lived)

    async def _connect(self) -> _Connection:
        """Open a connection and wait until Slack accepts it.

        Raises:
            AvatarError: Slack does not let us in.
        """
        ticket, self._ticket = self._ticket or await self._new_ticket(), None
        connection: _Connection | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._session.ws_connect(
                    ticket, heartbeat=HEARTBEAT_SECONDS, timeout=_TIMEOUT, proxy=self._proxy
                )
                connection = _Connection(socket)
                self._readers.spawn(self._read(connection))
                await connection.decided.wait()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(
                f"Slack's Socket Mode cannot be reached: {reason_for(error)}.",
                advice="Check that this machine may open WebSockets to wss-primary.slack.com.",
            ) from None
        finally:
            if connection is not None and not connection.accepted:
                await connection.socket.close()
        if not connection.accepted:
            raise Unreachable(f"{connection.words}.", advice=_ADVICE.get(connection.reason, ""))
        return connection

    async def _leave(self, connection: _Connection) -> None:
        """Read on for a while from a connection that is replaced: a payload may still be on its way."""
        await self._sleep(LEAVE_SECONDS)
        await connection.socket.close()

    async def _read(self, connection: _Connection) -> None:
        try:
            async for message in connection.socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(connection, message.data)
        finally:
            connection.end()

    def _take(self, connection: _Connection, text: str) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        match message:
            case {"type": "hello"}:
                connection.accept()
            case {"type": "disconnect"}:
                connection.end(str(message.get("reason") or "disconnect")[:100])
            case {"envelope_id": str(), "payload": dict()}:
                request = SocketModeRequest.from_dict(message)
                if request:
                    self._in_hand.spawn(self._handle(connection, request))
            case _:
                _log.warning("Slack sent a message that the bot does not understand")

    async def _handle(self, connection: _Connection, request: SocketModeRequest) -> None:
        with ack_pending(self._due_acks):
            response = await run_async_bolt_app(self._app, request)
            if response.status == 200:
                await self._acknowledge(
                    connection, SocketModeResponse(request.envelope_id, _payload(response))
                )

    async def _acknowledge(self, connection: _Connection, ack: SocketModeResponse) -> None:
        """Send the ack through the payload's own connection, else through the one that replaced it."""
        text = json.dumps(ack.to_dict())
        for candidate in (connection, self._current):
            if candidate and not candidate.socket.closed:
                try:
                    await candidate.socket.send_str(text)
                except ConnectionError:
                    continue
                return
        _log.warning("an ack could not be sent: the connection to Slack was lost")


def _payload(response: BoltResponse) -> dict[str, Any] | None:
    """Return the ack's content: nothing, text, or JSON."""
    if not response.body:
        return None
    content_type = response.headers.get("content-type", [""])[0]
    if content_type.startswith("application/json"):
        payload: dict[str, Any] = json.loads(response.body)
        return payload
    return {"text": response.body}
