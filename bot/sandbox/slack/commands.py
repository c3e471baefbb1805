"""Slash commands on the person's side: typing, delivery, and what Slack shows of the ack."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bot.sandbox.slack.content import Refusal, read_content
from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.messages import SLACKBOT, Message, MessageLog, Origin

UNKNOWN_COMMAND = "unknown_command"


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command that the app has registered, as people find it in the list of commands."""

    command: str
    description: str = ""
    usage_hint: str = ""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a typed command.

    `ack` is the ack's payload, None for an empty one. `error` is the word in Slack's "failed with the error
    …": operation_timeout, dispatch_failed, http_client_error, http_service_error, unknown_command, or
    invalid_command_response with the reasons in `problems`. `milliseconds` is how long the person waited,
    `http_status` the app's answer to signed HTTP, `trigger_id` the one sent to the app.
    """

    ack: dict[str, Any] | None
    error: str | None
    milliseconds: float
    http_status: int | None = None
    problems: tuple[str, ...] = ()
    trigger_id: str = field(default="", repr=False)


class Commands:
    """Commands, delivered to the app through `deliver`.

    If a command fails, Slackbot tells the person who typed it.
    """

    def __init__(
        self, messages: MessageLog, deliver: Callable[[dict[str, str]], Awaitable[Delivery]]
    ) -> None:
        self._messages = messages
        self._deliver = deliver

    async def run(self, payload: dict[str, str]) -> CommandResult:
        began = perf_counter()
        delivery = await self._deliver(payload)
        milliseconds = (perf_counter() - began) * 1000
        error, problems = delivery.error, tuple[str, ...]()
        if error is None:
            refusal = self._show(delivery.ack, payload)
            if refusal is not None:
                error, problems = "invalid_command_response", refusal.problems or (refusal.error,)
        if error is not None:
            words = f"{payload['command']} failed with the error “{error}”"
            self._notify(words, payload["channel_id"], payload["user_id"])
        ack = delivery.ack if isinstance(delivery.ack, dict) else None
        return CommandResult(ack, error, milliseconds, delivery.http_status, problems, payload["trigger_id"])

    def refuse_unknown(self, command: str, channel: str, user: str) -> CommandResult:
        """Say that there is no such command; the app is not told."""
        self._notify(f"`{command}` is not a valid command.", channel, user)
        return CommandResult(None, UNKNOWN_COMMAND, 0.0)

    def _notify(self, words: str, channel: str, user: str) -> None:
        self._messages.write(channel, words, [], origin="notice", user=SLACKBOT, visible_to=user)

    def _show(self, ack: Any, payload: dict[str, str]) -> Refusal | None:
        """Write the message in the ack, if there is one."""
        if ack is None:
            return None
        if not isinstance(ack, dict):
            return Refusal("not an object")
        if not ack.get("text") and not ack.get("blocks"):
            return None
        shown = show_response(self._messages, ack, payload["channel_id"], payload["user_id"], "ack")
        return shown if isinstance(shown, Refusal) else None


def show_response(
    messages: MessageLog,
    response: dict[str, Any],
    channel: str,
    user: str,
    origin: Origin,
    *,
    replaced: Message | None = None,
) -> Message | Refusal:
    """Write the message of an ack or a response_url, visible to the person alone unless it is `in_channel`.

    A message that is `replaced` keeps its place and its readers.
    """
    content = read_content(response)
    if isinstance(content, Refusal):
        return content
    if replaced is not None:
        messages.edit(replaced, content.text, content.blocks or [])
        return replaced
    visible_to = None if response.get("response_type") == "in_channel" else user
    return messages.write(
        channel,
        content.text,
        content.blocks or [],
        origin=origin,
        visible_to=visible_to,
    )
