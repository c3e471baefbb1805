"""Shortcuts on the person's side: what Slack lists in its menus, and their delivery to the app."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from bot.sandbox.slack.delivery import Delivery, Interacted
from bot.sandbox.slack.interactions import InteractionPayloads
from bot.sandbox.slack.messages import MessageLog
from bot.sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class KnownShortcut:
    """A shortcut that the app has registered, as people find it: in the composer, or on each message."""

    callback_id: str
    name: str
    description: str = ""
    of_messages: bool = False


class Shortcuts:
    """Sends the use of shortcuts. `known` returns those that are registered."""

    def __init__(
        self,
        workspace: Workspace,
        messages: MessageLog,
        payloads: InteractionPayloads,
        deliver: Callable[[dict[str, Any]], Awaitable[Delivery]],
        known: Callable[[], Sequence[KnownShortcut]],
    ) -> None:
        self._workspace = workspace
        self._messages = messages
        self._payloads = payloads
        self._deliver = deliver
        self._known = known

    async def use(self, viewer: str, callback_id: str, channel: str) -> Interacted:
        """Use a global shortcut while a channel is open.

        Raises ValueError, in words, if that person could not have done it.
        """
        self._check(callback_id, of_messages=False)
        self._workspace.presence(viewer, channel)
        return await self._send(self._payloads.shortcut(viewer, callback_id, channel))

    async def use_on(self, viewer: str, callback_id: str, channel: str, ts: str) -> Interacted:
        """Use a message shortcut.

        Raises ValueError, in words, if that person could not have done it.
        """
        self._check(callback_id, of_messages=True)
        message = self._messages.get(channel, ts)
        if message is None or message.visible_to is not None or not self._messages.is_seen(message, viewer):
            raise ValueError(f"{viewer} sees no message {ts!r} in {channel!r} that has a menu")
        return await self._send(self._payloads.shortcut_on(viewer, callback_id, message))

    def _check(self, callback_id: str, *, of_messages: bool) -> None:
        if (callback_id, of_messages) not in {(each.callback_id, each.of_messages) for each in self._known()}:
            raise ValueError(f"there is no such shortcut {callback_id!r}")

    async def _send(self, payload: dict[str, Any]) -> Interacted:
        began = perf_counter()
        delivery = await self._deliver(payload)
        return Interacted(delivery.error, (perf_counter() - began) * 1000)
