"""Delivering messages: every route is tried in turn until one takes it, so that a job ID is never lost.

| for | routes |
|---|---|
| a channel | chat.postMessage, response_url (in the channel), chat.postEphemeral, a direct message |
| one person | response_url (ephemeral), chat.postEphemeral, a direct message |

chat.postMessage fails where the bot is not a member; the response_url works wherever the command was typed.
Each route is tried more than once where it may work in a moment (see `slack_calls`), and with less of the
message where Slack does not take its content: without blocks, then cut short.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.invocation import Invocation
from bot.domain.post import Post
from bot.errors import Undeliverable
from bot.messages.announcement import FIXED_HINT, INVITE_HINT
from bot.messages.message import Message
from bot.slack.calls import SlackCalls, post_to_response_url, said_by
from bot.slack.errors import SLACK_FAILURES, Again, SlackFailure, word_for

CHANNEL_SECONDS = 15.0
"""How long posting to the channel may take, Slack's Retry-After and all tries included; then comes the next
route, whose messages cannot be edited."""

ROUTE_SECONDS = 5.0
"""How long each of the other routes may take."""

_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})

_log = structlog.get_logger()

T = TypeVar("T")

Render = Callable[[str], Message]
"""From a hint for the small print to the message."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where a message is to be found; a response_url does not tell."""

    channel: str | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True)
class _Route:
    """`is_fixed`: what goes there cannot be edited later."""

    name: str
    send: Callable[[Message], Awaitable[Delivered]]
    seconds: float
    is_fixed: bool = True


class Delivery:
    """Tells channels and people. `time_factor` multiplies the time limits of the routes."""

    def __init__(
        self,
        slack: AsyncWebClient,
        session: aiohttp.ClientSession,
        *,
        time_factor: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._slack = slack
        self._session = session
        self._calls = SlackCalls(sleep=sleep, time_factor=time_factor)
        self._time_factor = time_factor

    async def announce(self, invocation: Invocation, render: Render) -> Delivered:
        """Tell the channel.

        Raises:
            Undeliverable: Slack takes it on no route at the moment.
        """
        routes = [
            _Route("channel", partial(self._post, invocation.channel_id), CHANNEL_SECONDS, is_fixed=False),
            _Route(
                "response_url in channel", partial(self._respond, invocation, "in_channel"), ROUTE_SECONDS
            ),
            *self._private_routes(invocation),
        ]
        return await self._deliver(invocation, routes, render)

    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        """Tell the person who asked, and nobody else.

        Args:
            instead: in place of the message whose button was clicked, which must be that person's alone.

        Raises:
            Undeliverable: Slack takes it on no route at the moment.
        """
        respond = partial(self._respond, invocation, "ephemeral", replace_original=instead)
        routes = [
            _Route("response_url", respond, ROUTE_SECONDS),
            *self._private_routes(invocation),
        ]
        return await self._deliver(invocation, routes, lambda _hint: message)

    async def remark(self, invocation: Invocation, message: Message) -> None:
        """Tell the person something that they can do without, by their response_url or not at all."""
        try:
            async with asyncio.timeout(ROUTE_SECONDS * self._time_factor):
                await self._respond(invocation, "ephemeral", message)
        except SLACK_FAILURES as error:
            _log.info("a remark is not delivered", reason=word_for(error))

    async def post(self, post: Post, message: Message) -> Delivered:
        """Tell the channel of a post, by the one route that it has.

        Raises:
            Undeliverable: Slack does not take it at the moment.
        """
        try:
            async with asyncio.timeout(CHANNEL_SECONDS * self._time_factor):
                return await self._send(partial(self._post, post.channel), message, keep=post.job_id)
        except SLACK_FAILURES as error:
            raise Undeliverable(f"Slack does not take the message ({word_for(error)}).") from None

    async def edit(self, post: Post, message: Message) -> bool:
        """Let a post say something else. False where it has to be tried again.

        Raises:
            Undeliverable: it cannot be edited, now or later.
        """
        return await self._reach(post, partial(self._update, post), message)

    async def reply(self, post: Post, message: Message) -> bool:
        """Add a line to a post's thread, which the channel does not see. False: try again.

        Raises:
            Undeliverable: there is no such thread, now or later.
        """
        send = partial(self._post, post.channel, thread_ts=post.ts)
        return await self._reach(post, send, message)

    async def _reach(
        self, post: Post, send: Callable[[Message], Awaitable[object]], message: Message
    ) -> bool:
        if not post.ts:
            raise Undeliverable("The announcement went where it cannot be found again.")
        try:
            async with asyncio.timeout(CHANNEL_SECONDS * self._time_factor):
                await self._send(send, message, keep=post.job_id)
        except SLACK_FAILURES as error:
            word = word_for(error)
            _log.warning("the announcement is not reached", reason=word, job_id=post.job_id)
            if isinstance(error, SlackFailure) and error.again is Again.NEVER:
                raise Undeliverable(f"Slack does not let it be changed ({word}).") from None
            return False
        return True

    async def _send(
        self, send: Callable[[Message], Awaitable[T]], message: Message, *, keep: str | None
    ) -> T:
        """Send it; with less of it where Slack does not take the content, but never without the job's ID."""
        while True:
            try:
                return await self._calls.make(partial(send, message))
            except SlackFailure as failure:
                simpler = message.simpler(keep=keep or "")
                if simpler is None or not failure.is_about_content:
                    raise
                _log.error("Slack refused the content of a message", reason=failure.word)
                message = simpler

    async def _update(self, post: Post, message: Message) -> None:
        answer = await self._slack.chat_update(
            channel=post.channel or "", ts=post.ts or "", **message.arguments()
        )
        said_by(answer, "ts")

    def _private_routes(self, invocation: Invocation) -> Sequence[_Route]:
        return (
            _Route("ephemeral", partial(self._post_ephemeral, invocation), ROUTE_SECONDS),
            _Route("direct message", partial(self._post, invocation.user_id), ROUTE_SECONDS, is_fixed=False),
        )

    async def _deliver(self, invocation: Invocation, routes: Sequence[_Route], render: Render) -> Delivered:
        invitation = ""
        for route in routes:
            message = render(f"{FIXED_HINT if route.is_fixed else ''} {invitation}".strip())
            try:
                async with asyncio.timeout(route.seconds * self._time_factor):
                    return await self._send(route.send, message, keep=invocation.job_id)
            except SLACK_FAILURES as error:
                reason = word_for(error)
                _log.warning("a route is closed", route=route.name, reason=reason)
                if reason in _NOT_A_MEMBER and _is_channel(invocation.channel_id):
                    invitation = INVITE_HINT
        raise Undeliverable(f"Slack took the message of invocation {invocation.id} on no route.")

    async def _post(
        self, channel: str | None, message: Message, *, thread_ts: str | None = None
    ) -> Delivered:
        answer = await self._slack.chat_postMessage(
            channel=_known(channel),
            thread_ts=thread_ts,
            unfurl_links=False,
            unfurl_media=False,
            **message.arguments(),
        )
        return Delivered(*said_by(answer, "channel", "ts"))

    async def _post_ephemeral(self, invocation: Invocation, message: Message) -> Delivered:
        answer = await self._slack.chat_postEphemeral(
            channel=_known(invocation.channel_id), user=invocation.user_id, **message.arguments()
        )
        said_by(answer, "message_ts")
        return Delivered()

    async def _respond(
        self,
        invocation: Invocation,
        response_type: str,
        message: Message,
        *,
        replace_original: bool = False,
    ) -> Delivered:
        if not invocation.response_url:
            raise SlackFailure("no response_url", Again.NEVER)
        how = {"response_type": response_type, "replace_original": replace_original}
        await post_to_response_url(
            self._session, invocation.response_url, how | message.arguments(), proxy=self._slack.proxy
        )
        return Delivered()


def _known(channel: str | None) -> str:
    if not channel:
        raise SlackFailure("no channel", Again.NEVER)
    return channel


def _is_channel(channel_id: str | None) -> bool:
    """A bot can be invited to a channel (C…), not to a direct message (D…, G…)."""
    return (channel_id or "").startswith("C")
