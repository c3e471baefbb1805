"""Delivering messages: every route is tried in turn until one takes it, so that a job ID is never lost.

| for | routes |
|---|---|
| a channel | chat.postMessage, response_url (in the channel), chat.postEphemeral, a direct message |
| one person | response_url (ephemeral), chat.postEphemeral, a direct message |

chat.postMessage fails where the bot is not a member; the response_url works wherever the command was typed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import LogUnavailable, Undeliverable
from bot.messages.announcement import INVITE_HINT
from bot.messages.message import Message
from bot.model import Invocation
from bot.slack_errors import SLACK_FAILURES, word_for
from bot.store.invocations import Invocations

PAUSES = (1.0, 4.0, 15.0)
"""Seconds between rounds through all routes, when Slack takes the message on none of them."""

ROUTE_SECONDS = 20.0
"""How long one route may take, Slack's Retry-After included; then the next one is tried."""

_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})

_log = structlog.get_logger()

Render = Callable[[str], Message]
"""From a hint for the small print to the message."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a message is to be found; a response_url does not tell."""

    channel: str | None = None
    ts: str | None = None


class _Closed(Exception):
    """A route that is not open, with the reason in a word."""


@dataclass(frozen=True, slots=True)
class _Route:
    name: str
    send: Callable[[Message], Awaitable[Delivery]]


class Announcer:
    """Tells channels and people what became of an invocation, and notes in the log that they know."""

    def __init__(
        self,
        slack: AsyncWebClient,
        session: aiohttp.ClientSession,
        invocations: Invocations,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        route_seconds: float = ROUTE_SECONDS,
    ) -> None:
        self._slack = slack
        self._session = session
        self._invocations = invocations
        self._now = now
        self._sleep = sleep
        self._route_seconds = route_seconds

    async def announce(self, invocation: Invocation, render: Render) -> None:
        """Tell the channel.

        Raises:
            Undeliverable: Slack took it on no route, several times over.
        """
        routes = [
            _Route("channel", partial(self._post, invocation.channel_id)),
            _Route("response_url in channel", partial(self._respond, invocation, "in_channel")),
            *self._private_routes(invocation),
        ]
        await self._deliver(invocation, routes, render)

    async def tell(self, invocation: Invocation, message: Message) -> None:
        """Tell the person who asked, and nobody else.

        Raises:
            Undeliverable: Slack took it on no route, several times over.
        """
        routes = [
            _Route("response_url", partial(self._respond, invocation, "ephemeral")),
            *self._private_routes(invocation),
        ]
        await self._deliver(invocation, routes, lambda _hint: message)

    def _private_routes(self, invocation: Invocation) -> Sequence[_Route]:
        return (
            _Route("ephemeral", partial(self._post_ephemeral, invocation)),
            _Route("direct message", partial(self._post, invocation.user_id)),
        )

    async def _deliver(self, invocation: Invocation, routes: Sequence[_Route], render: Render) -> None:
        for pause in (*PAUSES, None):
            delivery = await self._try_each(routes, render, invitable=_is_channel(invocation.channel_id))
            if delivery is not None:
                await self._note(invocation, delivery)
                return
            if pause is not None:
                await self._sleep(pause)
        raise Undeliverable(f"Slack took the message of invocation {invocation.id} on no route.")

    async def _try_each(
        self, routes: Sequence[_Route], render: Render, *, invitable: bool
    ) -> Delivery | None:
        hint = ""
        for route in routes:
            try:
                async with asyncio.timeout(self._route_seconds):
                    return await route.send(render(hint))
            except (_Closed, *SLACK_FAILURES) as error:
                reason = str(error) if isinstance(error, _Closed) else word_for(error)
                _log.warning("a route is closed", route=route.name, reason=reason)
                if reason in _NOT_A_MEMBER and invitable:
                    hint = INVITE_HINT
        return None

    async def _note(self, invocation: Invocation, delivery: Delivery) -> None:
        try:
            await self._invocations.mark_announced(
                invocation, self._now(), channel=delivery.channel, ts=delivery.ts
            )
        except LogUnavailable as error:
            _log.error("not noted as announced", reason=str(error))

    async def _post(self, channel: str | None, message: Message) -> Delivery:
        if not channel:
            raise _Closed("no channel")
        try:
            response = await self._post_as_it_is(channel, message)
        except SlackApiError as error:
            if not message.blocks or word_for(error) != "invalid_blocks":
                raise
            _log.error("Slack refused the blocks", channel=channel)
            response = await self._post_as_it_is(channel, Message(message.text))
        return Delivery(response["channel"], response["ts"])

    async def _post_as_it_is(self, channel: str, message: Message) -> AsyncSlackResponse:
        return await self._slack.chat_postMessage(
            channel=channel, unfurl_links=False, unfurl_media=False, **message.arguments()
        )

    async def _post_ephemeral(self, invocation: Invocation, message: Message) -> Delivery:
        if not invocation.channel_id:
            raise _Closed("no channel")
        await self._slack.chat_postEphemeral(
            channel=invocation.channel_id, user=invocation.user_id, **message.arguments()
        )
        return Delivery()

    async def _respond(self, invocation: Invocation, response_type: str, message: Message) -> Delivery:
        if not invocation.response_url:
            raise _Closed("no response_url")
        webhook = AsyncWebhookClient(
            invocation.response_url, session=self._session, retry_handlers=self._slack.retry_handlers
        )
        webhook.proxy = self._slack.proxy  # its constructor would take the environment's, NO_PROXY or not
        response = await webhook.send_dict({"response_type": response_type, **message.arguments()})
        if response.status_code != 200:
            raise _Closed(f"HTTP {response.status_code}")
        return Delivery()


def _is_channel(channel_id: str | None) -> bool:
    """A bot can be invited to a channel (C…), not to a direct message (D…, G…)."""
    return (channel_id or "").startswith("C")
