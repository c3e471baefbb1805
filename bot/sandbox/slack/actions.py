"""Clicks and choices of people on the elements of messages and views."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bot.sandbox.slack.block_ids import find_element
from bot.sandbox.slack.delivery import Delivery, Interacted
from bot.sandbox.slack.form_state import State, carried_over, changed_state, has_state, read_value
from bot.sandbox.slack.interactions import InteractionPayloads
from bot.sandbox.slack.messages import Message, MessageLog
from bot.sandbox.slack.views import Views

_SENT_ALONG = ("text", "value", "style", "placeholder")
"""The fields of an element that an app also receives with an action, if the element has them."""


@dataclass(frozen=True, slots=True)
class Act:
    """An action: the element, and the choice or input as a state holds it; None for a button."""

    block_id: str
    action_id: str
    given: dict[str, Any] = field(default_factory=dict)


class Actions:
    """Sends block_actions and remembers, for each message, what people chose in it."""

    def __init__(
        self,
        messages: MessageLog,
        views: Views,
        payloads: InteractionPayloads,
        deliver: Callable[[dict[str, Any]], Awaitable[Delivery]],
    ) -> None:
        self._messages = messages
        self._views = views
        self._payloads = payloads
        self._deliver = deliver
        self._chosen: dict[tuple[str, str, str], State] = {}

    async def in_message(self, viewer: str, channel: str, ts: str, act: Act) -> Interacted:
        """Click or choose in a message.

        Raises ValueError, in words, if that person could not have done it.
        """
        message = self._seen_message(viewer, channel, ts)
        action = _action(message.blocks, act)
        key = (viewer, channel, ts)
        state = carried_over(self._chosen.get(key, {}), message.blocks)
        if has_state(action):
            state = changed_state(state, message.blocks, {act.block_id: {act.action_id: act.given}})
            self._chosen[key] = state
        return await self._send(self._payloads.action_in_message(viewer, message, action, state))

    async def in_view(
        self, viewer: str, view_id: str, act: Act, values: Mapping[str, Any] | None = None
    ) -> Interacted:
        """Click or choose in a modal or the Home tab. `values` is other input there that was not yet sent."""
        view = self._views.acted_on(viewer, view_id)
        action = _action(view.blocks, act)
        state = changed_state(view.state, view.blocks, values or {})
        if has_state(action):
            state = changed_state(state, view.blocks, {act.block_id: {act.action_id: act.given}})
        self._views.set_state(view, state)
        return await self._send(self._payloads.action_in_view(viewer, view, action))

    def _seen_message(self, viewer: str, channel: str, ts: str) -> Message:
        message = self._messages.get(channel, ts)
        if message is None or not self._messages.is_seen(message, viewer):
            raise ValueError(f"{viewer} sees no message {ts!r} in {channel!r}")
        return message

    async def _send(self, payload: dict[str, Any]) -> Interacted:
        """Send the payload; ignore any content of the ack, as Slack does."""
        began = perf_counter()
        delivery = await self._deliver(payload)
        return Interacted(delivery.error, (perf_counter() - began) * 1000)


def _action(blocks: list[dict[str, Any]], act: Act) -> dict[str, Any]:
    """Return the entry under `actions` for an action."""
    block, element = find_element(blocks, act.block_id, act.action_id)
    kind = element["type"]
    if act.given.get("type", kind) != kind:
        raise ValueError(f"{act.action_id!r} is a {kind}, not a {act.given['type']}")
    if block["type"] == "input" and not block.get("dispatch_action", False):
        raise ValueError(f"the input {act.block_id!r} is only sent with its form")
    action = {"action_id": act.action_id, "block_id": act.block_id, "type": kind}
    action |= {name: element[name] for name in _SENT_ALONG if name in element}
    return action if kind == "button" else action | read_value(element, act.given)
