"""The way to the app: Socket Mode, or signed HTTP while a request URL is set; the payloads are the same."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.signed_http import FORM, JSON, SignedHttp
from bot.sandbox.slack.socket_mode import SocketMode


class Dispatcher:
    """Hands payloads to the app and returns what it acknowledged.

    `http` gives the sender and the request URL, or None for Socket Mode; it is asked at each payload.
    """

    def __init__(self, sockets: SocketMode, http: Callable[[], tuple[SignedHttp, str] | None]) -> None:
        self._sockets = sockets
        self._http = http

    async def command(self, payload: dict[str, str]) -> Delivery:
        """A slash command: a form of its own over HTTP."""
        if (http := self._http()) is None:
            return await self._sockets.deliver("slash_commands", payload)
        sender, url = http
        return await sender.deliver(url, urlencode(payload), FORM, payload)

    async def interaction(self, payload: dict[str, Any]) -> Delivery:
        """Something done with an element or a view: JSON in a form's one field over HTTP."""
        if (http := self._http()) is None:
            return await self._sockets.deliver("interactive", payload)
        sender, url = http
        return await sender.deliver(url, urlencode({"payload": json.dumps(payload)}), FORM, payload)

    async def event(self, payload: dict[str, Any]) -> Delivery:
        """Something that happened: JSON over HTTP."""
        if (http := self._http()) is None:
            return await self._sockets.deliver("events_api", payload)
        sender, url = http
        return await sender.deliver(url, json.dumps(payload), JSON, payload)
