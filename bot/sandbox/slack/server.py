"""The stand-in itself: one server on loopback that plays Slack for one app."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from bot.sandbox.guard import refuse_strangers
from bot.sandbox.slack.actions import Actions
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.commands import CommandResult, Commands, SlashCommand
from bot.sandbox.slack.control import Control
from bot.sandbox.slack.control_forms import FormsControl
from bot.sandbox.slack.control_workspace import WorkspaceControl
from bot.sandbox.slack.delivery import Interacted
from bot.sandbox.slack.dispatcher import Dispatcher
from bot.sandbox.slack.endpoints import Endpoints
from bot.sandbox.slack.forms import Forms
from bot.sandbox.slack.interactions import InteractionPayloads
from bot.sandbox.slack.messages import Message, MessageLog
from bot.sandbox.slack.payloads import CommandPayloads, escaped
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.shortcuts import KnownShortcut, Shortcuts
from bot.sandbox.slack.signed_http import SignedHttp
from bot.sandbox.slack.socket_mode import SocketMode
from bot.sandbox.slack.stream import Stream
from bot.sandbox.slack.traffic import Traffic
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.trouble import Trouble
from bot.sandbox.slack.user_groups import user_group_methods
from bot.sandbox.slack.view_methods import ViewMethods
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.web_api import Tokens, WebApi
from bot.sandbox.slack.workspace import Workspace, default_workspace

SHUTDOWN_SECONDS = 0.2
"""Seconds that unanswered requests may delay the end."""

BACKLOG = 1024
"""Connections that may wait to be accepted: with the usual 128, TCP delays a burst of 200 by a second."""


class SlackStandIn:
    """Slack on 127.0.0.1, for one workspace and one app.

    These may be set at any time: `request_url` (while set, payloads go there as signed HTTP, else through
    Socket Mode), `posts_per_second` (Slack's own is about 1 in a channel; None means no limit), `commands`
    (if not empty, other commands are unknown) and `known_shortcuts`. Callers may add routes to `application`
    before `start`. `changes` tells pages what to fetch again. `clock` returns seconds since the epoch, for
    everything except the wait for an ack.
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
        commands: Sequence[SlashCommand] = (),
        known_shortcuts: Sequence[KnownShortcut] = (),
    ) -> None:
        self.request_url = request_url
        self.commands = commands
        self.known_shortcuts = known_shortcuts
        self.workspace = workspace or default_workspace()
        self.changes = Changes()
        self.workspace.changed = partial(self.changes.tell, "workspace")
        secrets = [tokens.bot_token, tokens.app_token, tokens.signing_secret]
        self.traffic = Traffic(clock, secrets, partial(self.changes.tell, "traffic"))
        self.application = web.Application(client_max_size=4 * 1024 * 1024, middlewares=[refuse_strangers])
        self._tokens = tokens
        self._clock = clock
        self._ack_seconds = ack_seconds
        self._messages = MessageLog(self.workspace, clock, partial(self.changes.tell, "messages"))
        self._response_urls = ResponseUrls(clock, self.workspace.team_id)
        self._triggers = Triggers(clock)
        self.views = Views(self.workspace, clock, self.changes)
        self._payloads = CommandPayloads(self.workspace, self._response_urls, self._triggers)
        self._sockets = SocketMode(
            self.workspace.bot.app_id,
            self.traffic,
            ack_seconds,
            partial(self.changes.tell, "sockets"),
            clock=clock,
        )
        self.trouble = Trouble(clock, self._sockets.disconnect, self._sockets.abort)
        dispatcher = Dispatcher(self._sockets, self._http)
        self._commands = Commands(self._messages, dispatcher.command)
        self._interactions = InteractionPayloads(
            self.workspace,
            self.views,
            self._response_urls,
            self._triggers,
            clock=clock,
            origin=lambda: self.url,
        )
        self.actions = Actions(self._messages, self.views, self._interactions, dispatcher.interaction)
        self.forms = Forms(self.views, self._interactions, dispatcher.interaction)
        self.shortcuts = Shortcuts(
            self.workspace,
            self._messages,
            self._interactions,
            dispatcher.interaction,
            lambda: self.known_shortcuts,
        )
        self._send_event = dispatcher.event
        self._web_api = WebApi(
            tokens,
            self.workspace,
            self._messages,
            clock=clock,
            open_socket_url=self._open_socket_url,
            posts_per_second=posts_per_second,
            more_methods={
                **ViewMethods(self.workspace, self.views, self._triggers).by_name(),
                **user_group_methods(self.workspace),
            },
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
        """Every response_url that was ever issued, oldest first."""
        return self._response_urls.issued

    @property
    def open_sockets(self) -> int:
        """The number of the app's sockets that can receive payloads."""
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
        """Stop at once: end hanging requests and drop open connections."""
        self.trouble.clear()
        self.changes.release()
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
        """Type a command and wait for the app's ack.

        By default the first person types, in the first public channel with the bot (both given by ids).
        Raises ValueError if that person could not have typed it there.
        """
        user, channel = self._who_where(user, channel)
        self._payloads.check(command, user=user, channel=channel)
        if self.commands and command not in {known.command for known in self.commands}:
            return self._commands.refuse_unknown(command, channel, user)
        payload = self._payloads.build(command, text, user=user, channel=channel, origin=self.url)
        return await self._commands.run(payload)

    async def open_home(self, user: str) -> Interacted:
        """Open the app's Home tab, and send the app the event."""
        began = perf_counter()
        delivery = await self._send_event(self._interactions.home_opened(user))
        return Interacted(delivery.error, (perf_counter() - began) * 1000)

    def say(
        self, text: str, *, user: str | None = None, channel: str | None = None, thread_ts: str | None = None
    ) -> Message:
        """Write a message as a person; person and channel have the same defaults as for a command.

        Raises ValueError, in words, if that person could not have written it.
        """
        person, place = self.workspace.presence(*self._who_where(user, channel))
        if place.archived:
            raise ValueError(f"#{place.name} is archived")
        written = escaped(text, self.workspace, person.id)
        return self._messages.write(
            place.id, written, [], origin="person", user=person.id, thread_ts=thread_ts
        )

    def messages(
        self,
        channel: str | None = None,
        viewer: str | None = None,
        *,
        after: str | None = None,
        latest: int | None = None,
    ) -> list[Message]:
        """Return messages as the viewer sees them, oldest first; without a viewer, everybody's.

        `after` leaves out messages up to that ts, `latest` limits the number.
        """
        return self._messages.seen(channel, viewer, after=after, latest=latest)

    def use_trigger(self, trigger_id: str) -> str | None:
        """Use up a trigger_id; return None, or Slack's word for why it cannot be used."""
        used = self._triggers.use(trigger_id)
        return used if isinstance(used, str) else None

    async def wait_until_connected(self, sockets: int = 1) -> None:
        """Wait until the app has this many sockets open."""
        await self._sockets.wait_until_open(sockets)

    async def disconnect(self) -> None:
        """Ask the app to reconnect all its sockets, as Slack does every few hours."""
        await self._sockets.disconnect()

    def abort_sockets(self) -> None:
        """Drop all sockets without a message."""
        self._sockets.abort()

    def _who_where(self, user: str | None, channel: str | None) -> tuple[str, str]:
        """Return the ids of a person and a channel, with defaults for both."""
        return user or self.workspace.first_person().id, channel or self.workspace.home_channel().id

    def _register_routes(self) -> None:
        endpoints = Endpoints(
            self._web_api,
            self._response_urls,
            self._messages,
            sockets=self._sockets,
            traffic=self.traffic,
            trouble=self.trouble,
        )
        endpoints.register(self.application)
        Control(self).register(self.application)
        WorkspaceControl(self).register(self.application)
        FormsControl(self).register(self.application)
        Stream(self.changes).register(self.application)

    def _open_socket_url(self) -> str:
        return self._sockets.issue_url(self.url)

    def _http(self) -> tuple[SignedHttp, str] | None:
        """Return the HTTP sender and its target at the moment; None for Socket Mode."""
        if self.request_url is None:
            return None
        if self._session is None:
            raise RuntimeError("the stand-in has not been started")
        http = SignedHttp(
            self._session, self._tokens.signing_secret, self._clock, self.traffic, self._ack_seconds
        )
        return http, self.request_url
