"""Deliver messages: try one route after the other until one works, so that a job ID is never lost.

| for | routes |
|---|---|
| a channel | chat.postMessage, response_url (in the channel), chat.postEphemeral, a direct message |
| one person | response_url (ephemeral), chat.postEphemeral, a direct message |
| one person who pressed a button on Home | a direct message |

chat.postMessage fails in channels to which the bot was not invited. The response_url works in every channel
in which people can type the command. A route is tried again if it may work in a moment (see `calls.py`). If
Slack refuses the content of a message, it is sent again without blocks, and then shortened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.invocation import Invocation, Source
from bot.domain.post import Post
from bot.errors import Undeliverable
from bot.messages.announcement import FIXED_HINT, INVITE_HINT
from bot.messages.message import Message
from bot.slack.calls import SlackCalls, post_to_response_url, said_by
from bot.slack.errors import SLACK_FAILURES, Again, SlackFailure, word_for

CHANNEL_SECONDS = 15.0
"""Time limit for posting to the channel, with all tries and Slack's Retry-After. After it the next route is
tried, whose messages cannot be edited."""

ROUTE_SECONDS = 5.0
"""Time limit for each of the other routes."""

_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})

_log = structlog.get_logger()

T = TypeVar("T")

Render = Callable[[str], Message]
"""Makes the message; its argument is a hint for the small print."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where a message is. Both are None after a route whose answer does not say it, such as response_url."""

    channel: str | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True)
class _Route:
    """One way to deliver a message. `is_fixed`: its messages cannot be edited later."""

    name: str
    send: Callable[[Message], Awaitable[Delivered]]
    seconds: float
    is_fixed: bool = True


class Delivery:
    """Delivers messages to channels and people. `time_factor` multiplies the time limits of the routes."""

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
        """Deliver a message to the channel of an invocation.

        Raises:
            Undeliverable: no route works at the moment.
        """
        routes = [
            _Route(
                "channel", partial(self._post, invocation.origin.channel_id), CHANNEL_SECONDS, is_fixed=False
            ),
            _Route(
                "response_url in channel", partial(self._respond, invocation, "in_channel"), ROUTE_SECONDS
            ),
            *self._private_routes(invocation),
        ]
        return await self._deliver(invocation, routes, render)

    async def tell(self, invocation: Invocation, message: Message, *, instead: bool = False) -> Delivered:
        """Deliver a message to the person of an invocation only.

        Args:
            instead: replace the message whose button was clicked. Only that person may see that message.

        Raises:
            Undeliverable: no route works at the moment.
        """
        respond = partial(self._respond, invocation, "ephemeral", replace_original=instead)
        by_url = _Route("response_url", respond, ROUTE_SECONDS)
        private = self._private_routes(invocation)
        routes = private if invocation.source is Source.HOME else [by_url, *private]
        return await self._deliver(invocation, routes, lambda _hint: message)

    async def remark(self, invocation: Invocation, message: Message) -> None:
        """Tell the person something that they can do without, by their response_url or not at all."""
        try:
            async with asyncio.timeout(ROUTE_SECONDS * self._time_factor):
                await self._respond(invocation, "ephemeral", message)
        except SLACK_FAILURES as error:
            _log.info("a remark is not delivered", reason=word_for(error))

    async def post(self, post: Post, message: Message) -> Delivered:
        """Send a post to its channel with chat.postMessage, its only route.

        Raises:
            Undeliverable: Slack does not accept it at the moment.
        """
        try:
            async with asyncio.timeout(CHANNEL_SECONDS * self._time_factor):
                return await self._send(partial(self._post, post.channel), message, keep=post.job_id)
        except SLACK_FAILURES as error:
            word = word_for(error)
            raise Undeliverable(f"Slack does not accept the message ({word}).", word=word) from None

    async def edit(self, post: Post, message: Message) -> bool:
        """Edit the message of a post. Return False if the edit has to be tried again.

        Raises:
            Undeliverable: the message cannot be edited, now or later.
        """
        return await self._edit_or_reply(post, self._update, message)

    async def reply(self, post: Post, message: Message) -> bool:
        """Reply in a post's thread, but not in the channel. Return False if it has to be tried again.

        Raises:
            Undeliverable: the thread does not exist, now or later.
        """
        return await self._edit_or_reply(post, self._post_in_thread, message)

    async def _edit_or_reply(
        self, post: Post, send: Callable[[str, str, Message], Awaitable[object]], message: Message
    ) -> bool:
        if not post.channel or not post.ts:
            raise Undeliverable("The message was sent by a route that does not allow edits.")
        try:
            async with asyncio.timeout(CHANNEL_SECONDS * self._time_factor):
                await self._send(partial(send, post.channel, post.ts), message, keep=post.job_id)
        except SLACK_FAILURES as error:
            word = word_for(error)
            _log.warning("an edit or a reply failed", reason=word, job_id=post.job_id)
            if isinstance(error, SlackFailure) and error.again is Again.NEVER:
                raise Undeliverable(f"Slack does not allow the edit or reply ({word}).") from None
            return False
        return True

    async def _send(
        self, send: Callable[[Message], Awaitable[T]], message: Message, *, keep: str | None
    ) -> T:
        """Send a message, simplified if Slack refuses its content. The job ID `keep` is never cut off."""
        while True:
            try:
                return await self._calls.make(partial(send, message))
            except SlackFailure as failure:
                simpler = message.simpler(keep=keep)
                if simpler is None or not failure.is_about_content:
                    raise
                _log.error("Slack refused the content of a message", reason=failure.word)
                message = simpler

    async def _update(self, channel: str, ts: str, message: Message) -> None:
        answer = await self._slack.chat_update(channel=channel, ts=ts, **message.arguments())
        said_by(answer, "ts")

    async def _post_in_thread(self, channel: str, ts: str, message: Message) -> None:
        await self._post(channel, message, thread_ts=ts)

    def _private_routes(self, invocation: Invocation) -> Sequence[_Route]:
        """Return the routes to one person. Who pressed a button on Home looks at no channel."""
        ephemeral = _Route("ephemeral", partial(self._post_ephemeral, invocation), ROUTE_SECONDS)
        direct = _Route(
            "direct message", partial(self._post, invocation.origin.user_id), ROUTE_SECONDS, is_fixed=False
        )
        return (direct,) if invocation.source is Source.HOME else (ephemeral, direct)

    async def _deliver(self, invocation: Invocation, routes: Sequence[_Route], render: Render) -> Delivered:
        invitation, job_id = "", invocation.job.job_id if invocation.job else None
        for route in routes:
            message = render(f"{FIXED_HINT if route.is_fixed else ''} {invitation}".strip())
            try:
                async with asyncio.timeout(route.seconds * self._time_factor):
                    return await self._send(route.send, message, keep=job_id)
            except SLACK_FAILURES as error:
                reason = word_for(error)
                _log.warning("a route is closed", route=route.name, reason=reason)
                if reason in _NOT_A_MEMBER and _is_channel(invocation.origin.channel_id):
                    invitation = INVITE_HINT
        raise Undeliverable(f"No route to Slack accepted the message of invocation {invocation.id}.")

    async def _post(
        self, channel: str | None, message: Message, *, thread_ts: str | None = None
    ) -> Delivered:
        answer = await self._slack.chat_postMessage(
            channel=_require_channel(channel),
            thread_ts=thread_ts,
            unfurl_links=False,
            unfurl_media=False,
            **message.arguments(),
        )
        return Delivered(*said_by(answer, "channel", "ts"))

    async def _post_ephemeral(self, invocation: Invocation, message: Message) -> Delivered:
        answer = await self._slack.chat_postEphemeral(
            channel=_require_channel(invocation.origin.channel_id),
            user=invocation.origin.user_id,
            **message.arguments(),
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
        response_url = invocation.origin.response_url
        if not response_url:
            raise SlackFailure("no response_url", Again.NEVER)
        how = {"response_type": response_type, "replace_original": replace_original}
        await post_to_response_url(
            self._session, response_url, how | message.arguments(), proxy=self._slack.proxy
        )
        return Delivered()


def _require_channel(channel: str | None) -> str:
    if not channel:
        raise SlackFailure("no channel", Again.NEVER)
    return channel


def _is_channel(channel_id: str | None) -> bool:
    """Return True for a channel (C…): a bot cannot be invited to a direct message (D…, G…)."""
    return channel_id is not None and channel_id.startswith("C")
