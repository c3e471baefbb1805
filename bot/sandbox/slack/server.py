"""The stand-in itself: one server on loopback that plays Slack for one app."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from bot.sandbox.slack.commands import CommandResult, Commands
from bot.sandbox.slack.control import Control
from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.endpoints import Endpoints
from bot.sandbox.slack.messages import Message, MessageLog
from bot.sandbox.slack.payloads import CommandPayloads
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.signed_http import SignedHttp
from bot.sandbox.slack.socket_mode import SocketMode
from bot.sandbox.slack.traffic import Traffic
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.trouble import Trouble
from bot.sandbox.slack.web_api import Tokens, WebApi
from bot.sandbox.slack.workspace import Workspace, default_workspace

SHUTDOWN_SECONDS = 0.2
"""How long requests that are still being answered may hold up the end."""

BACKLOG = 1024
"""Connections that may wait to be taken: with the usual 128, TCP makes a burst of 200 wait a second."""


class SlackStandIn:
    """Slack on 127.0.0.1, for one workspace and one app.

    Settable at any time: `request_url` (payloads go there as signed HTTP while it is set, else through
    Socket Mode) and `posts_per_second` (Slack's own is about 1 in a channel; None is no limit). Routes of
    the caller's own may be added to `application` before `start`. `clock` gives seconds since the epoch,
    for everything but the wait for an acknowledgement.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        clock: Callable[[], float] = time.time,
        request_url: str | None = None,
        ack_seconds: float = 3.0,
        posts_per_second: float | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.request_url = request_url
        self.workspace = workspace or default_workspace()
        self.traffic = Traffic(clock, [tokens.bot_token, tokens.app_token, tokens.signing_secret])
        self.application = web.Application(client_max_size=4 * 1024 * 1024)
        self._tokens = tokens
        self._clock = clock
        self._ack_seconds = ack_seconds
        self._messages = MessageLog(self.workspace, clock)
        self._response_urls = ResponseUrls(clock, self.workspace.team_id)
        self._triggers = Triggers(clock)
        self._payloads = CommandPayloads(self.workspace, self._response_urls, self._triggers)
        self._sockets = SocketMode(self.workspace.bot.app_id, self.traffic, ack_seconds)
        self.trouble = Trouble(clock, self._sockets.disconnect)
        self._commands = Commands(self._messages, self._deliver)
        self._web_api = WebApi(
            tokens,
            self.workspace,
            self._messages,
            clock=clock,
            open_socket_url=self._open_socket_url,
            posts_per_second=posts_per_second,
        )
        self._register_routes()
        self._runner: web.AppRunner | None = None
        self._session: ClientSession | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """The origin, such as http://127.0.0.1:41235."""
        if self._url is None:
            raise RuntimeError("the stand-in has not been started")
        return self._url

    @property
    def api_url(self) -> str:
        """The Web API's base, for `AsyncWebClient(base_url=…)`."""
        return f"{self.url}/api/"

    @property
    def posts_per_second(self) -> float | None:
        return self._web_api.posts_per_second

    @posts_per_second.setter
    def posts_per_second(self, value: float | None) -> None:
        self._web_api.posts_per_second = value

    @property
    def issued_response_urls(self) -> list[str]:
        """Every response_url that was ever handed out, oldest first."""
        return self._response_urls.issued

    @property
    def open_sockets(self) -> int:
        """How many sockets of the app can be sent payloads."""
        return self._sockets.open_sockets

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Port 0 takes any free one."""
        self._session = ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())
        self._runner = web.AppRunner(self.application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        try:
            await self._runner.setup()
            site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
            await site.start()
        except BaseException:
            await self.close()
            raise
        self._url = f"http://{host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop at once: whatever hangs is let go, whatever is open is dropped."""
        self.trouble.clear()
        self._sockets.abort()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def command(
        self, command: str, text: str = "", *, user: str | None = None, channel: str | None = None
    ) -> CommandResult:
        """Type a command and wait for the app's acknowledgement.

        By the first person and in the first public channel with the bot, unless told otherwise (by ids).
        Raises ValueError where that person could not have typed it there.
        """
        payload = self._payloads.build(
            command,
            text,
            user=user or self.workspace.first_person().id,
            channel=channel or self.workspace.home_channel().id,
            origin=self.url,
        )
        return await self._commands.run(payload)

    def messages(self, channel: str | None = None, viewer: str | None = None) -> list[Message]:
        """Messages as the viewer sees them, oldest first; without a viewer, everybody's."""
        return self._messages.seen(channel, viewer)

    def use_trigger(self, trigger_id: str) -> str | None:
        """Use up a trigger_id: None, or Slack's word for why it cannot be used."""
        return self._triggers.use(trigger_id)

    async def wait_until_connected(self, sockets: int = 1) -> None:
        """Return once the app has so many sockets open."""
        await self._sockets.wait_until_open(sockets)

    async def disconnect(self) -> None:
        """Ask the app to reconnect all its sockets, as Slack does every few hours."""
        await self._sockets.disconnect()

    def abort_sockets(self) -> None:
        """Drop all sockets without a word."""
        self._sockets.abort()

    def _register_routes(self) -> None:
        endpoints = Endpoints(self._web_api, self._response_urls, self._messages, self.traffic, self.trouble)
        endpoints.register(self.application)
        Control(self).register(self.application)
        self.application.router.add_get("/link/", self._sockets.handle)

    def _open_socket_url(self) -> str:
        return self._sockets.issue_url(self.url)

    async def _deliver(self, payload: dict[str, str]) -> Delivery:
        if self.request_url is None:
            return await self._sockets.deliver("slash_commands", payload)
        if self._session is None:
            raise RuntimeError("the stand-in has not been started")
        http = SignedHttp(
            self._session, self._tokens.signing_secret, self._clock, self.traffic, self._ack_seconds
        )
        return await http.deliver(self.request_url, payload)
