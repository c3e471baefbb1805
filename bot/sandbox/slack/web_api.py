"""The Web API: the methods that a bot needs, with Slack's answers and Slack's errors.

https://docs.slack.dev/reference/methods
"""

import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bot.sandbox.slack.api_errors import Answer, ApiError, required
from bot.sandbox.slack.content import (
    TEXT_CHARACTERS,
    UPDATED_TEXT_CHARACTERS,
    Content,
    Refusal,
    read_content,
    too_long_together,
)
from bot.sandbox.slack.messages import Message, MessageLog, message_json
from bot.sandbox.slack.workspace import Channel, Workspace

_TRUE = (True, "true", "1")
"""The true values of a flag, in JSON and in forms."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that the stand-in accepts, and the secret that it signs with."""

    bot_token: str
    app_token: str
    signing_secret: str

    @classmethod
    def made_up(cls) -> Self:
        """Make up tokens that only this stand-in accepts."""
        return cls(f"xoxb-{secrets.token_hex(16)}", f"xapp-{secrets.token_hex(16)}", secrets.token_hex(16))


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer: JSON body, status, and its own headers."""

    answer: Answer
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class PostingTooFast(Exception):
    """More messages in a channel than the configured rate."""


class WebApi:
    """The methods by name.

    `posts_per_second` limits chat.postMessage per channel; None means no limit. `more_methods` are those not
    about messages; they need the bot's token too.
    """

    def __init__(
        self,
        tokens: Tokens,
        workspace: Workspace,
        messages: MessageLog,
        *,
        clock: Callable[[], float],
        open_socket_url: Callable[[], str],
        posts_per_second: float | None,
        more_methods: Mapping[str, Callable[[dict[str, Any]], Answer]],
    ) -> None:
        self.posts_per_second = posts_per_second
        self._tokens = tokens
        self._workspace = workspace
        self._messages = messages
        self._clock = clock
        self._open_socket_url = open_socket_url
        self._last_post: dict[str, float] = {}
        self._methods: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "auth.test": self._auth_test,
            "apps.connections.open": self._connections_open,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "chat.delete": self._delete,
            **more_methods,
        }
        self._open_methods: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "api.test": self._api_test,
            "blocks.validate": self._validate_blocks,
        }

    def call(self, method: str, token: str | None, arguments: dict[str, Any]) -> Reply:
        """Answer one call. `arguments` are from the form or JSON body, without the token."""
        headers = {"x-slack-req-id": secrets.token_hex(16)}
        if token == self._tokens.bot_token:
            scopes = ["commands", "chat:write", *sorted(self._workspace.optional_scopes)]
            headers["x-oauth-scopes"] = ",".join(scopes)
        try:
            run = self._open_methods.get(method) or self._authorised(method, token)
            return Reply({"ok": True} | run(arguments), headers=headers)
        except ApiError as refused:
            return Reply(refused.answer(), headers=headers)
        except PostingTooFast:
            return rate_limited(math.ceil(1 / (self.posts_per_second or 1)))

    def _authorised(self, method: str, token: str | None) -> Callable[[dict[str, Any]], Answer]:
        if method not in self._methods:
            raise ApiError("unknown_method")
        if not token:
            raise ApiError("not_authed")
        if token not in {self._tokens.bot_token, self._tokens.app_token}:
            raise ApiError("invalid_auth")
        wanted = self._tokens.app_token if method == "apps.connections.open" else self._tokens.bot_token
        if token != wanted:
            raise ApiError("not_allowed_token_type")
        return self._methods[method]

    def _api_test(self, arguments: dict[str, Any]) -> Answer:
        if "error" in arguments:
            raise ApiError(str(arguments["error"]))
        return {"args": arguments}

    def _validate_blocks(self, arguments: dict[str, Any]) -> Answer:
        content = read_content({"text": "-", "blocks": required(arguments, "blocks")})
        if isinstance(content, Refusal):
            raise ApiError(content.error, content.problems)
        return {}

    def _auth_test(self, _arguments: dict[str, Any]) -> Answer:
        bot = self._workspace.bot
        return {
            "url": f"https://{self._workspace.team_domain}.slack.com/",
            "team": self._workspace.team_name,
            "team_id": self._workspace.team_id,
            "user": bot.handle,
            "user_id": bot.user_id,
            "bot_id": bot.bot_id,
            "is_enterprise_install": False,
        }

    def _connections_open(self, _arguments: dict[str, Any]) -> Answer:
        return {"url": self._open_socket_url()}

    def _post_message(self, arguments: dict[str, Any]) -> Answer:
        reference = str(required(arguments, "channel"))
        is_person = reference in self._workspace.people
        found = self._workspace.direct_message(reference) if is_person else self._workspace.find(reference)
        channel = self._writable(found)
        content = _content(arguments)
        thread_ts = arguments.get("thread_ts")
        self._pace(channel.id)
        message = self._messages.write(
            channel.id,
            content.text,
            content.blocks or [],
            origin="chat.postMessage",
            thread_ts=str(thread_ts) if thread_ts else None,
            reply_broadcast=bool(thread_ts) and arguments.get("reply_broadcast") in _TRUE,
        )
        return {"channel": channel.id, "ts": message.ts, "message": message_json(message, self._workspace)}

    def _post_ephemeral(self, arguments: dict[str, Any]) -> Answer:
        channel = self._writable(self._workspace.find(str(required(arguments, "channel"))))
        user = str(required(arguments, "user"))
        if user not in channel.members:
            raise ApiError("user_not_in_channel")
        content = _content(arguments)
        message = self._messages.write(
            channel.id, content.text, content.blocks or [], origin="chat.postEphemeral", visible_to=user
        )
        return {"message_ts": message.ts}

    def _update(self, arguments: dict[str, Any]) -> Answer:
        """Update a message; a text without blocks removes the blocks.

        https://docs.slack.dev/reference/methods/chat.update names an archived channel's error so.
        """
        message = self._own_message(arguments, archived="is_inactive", foreign="cant_update_message")
        content = _content(arguments, longest=UPDATED_TEXT_CHARACTERS)
        self._messages.edit(message, content.text, content.blocks or [])
        return {
            "channel": message.channel,
            "ts": message.ts,
            "text": message.text,
            "message": message_json(message, self._workspace),
        }

    def _delete(self, arguments: dict[str, Any]) -> Answer:
        message = self._own_message(arguments, archived="is_archived", foreign="cant_delete_message")
        self._messages.delete(message)
        return {"channel": message.channel, "ts": message.ts}

    def _own_message(self, arguments: dict[str, Any], *, archived: str, foreign: str) -> Message:
        """Return the message to change; the method gives its own words for two of the possible errors."""
        reference, ts = str(required(arguments, "channel")), str(required(arguments, "ts"))
        channel = self._workspace.channels.get(reference)
        error = self._workspace.posting_error(channel)
        if error or channel is None:
            raise ApiError(archived if error == "is_archived" else error or "channel_not_found")
        message = self._messages.find(channel.id, ts)
        if message is None:
            raise ApiError("message_not_found")
        if message.user != self._workspace.bot.user_id:
            raise ApiError(foreign)
        return message

    def _writable(self, channel: Channel | None) -> Channel:
        error = self._workspace.posting_error(channel)
        if error or channel is None:
            raise ApiError(error or "channel_not_found")
        return channel

    def _pace(self, channel: str) -> None:
        now = self._clock()
        if (
            self.posts_per_second
            and now < self._last_post.get(channel, -math.inf) + 1 / self.posts_per_second
        ):
            raise PostingTooFast
        self._last_post[channel] = now


def rate_limited(retry_after: int) -> Reply:
    """Answer 429: https://docs.slack.dev/apis/web-api/rate-limits"""
    return Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(retry_after)})


def _content(arguments: dict[str, Any], *, longest: int = TEXT_CHARACTERS) -> Content:
    content = read_content(arguments, longest=longest)
    if isinstance(content, Refusal):
        raise ApiError(content.error, content.problems)
    if refusal := too_long_together(content):
        raise ApiError(refusal.error)
    return content
