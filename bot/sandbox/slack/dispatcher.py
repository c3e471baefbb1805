"""Send payloads to the app: through Socket Mode, or by signed HTTP while a request URL is set."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.signed_http import FORM, JSON, SignedHttp
from bot.sandbox.slack.socket_mode import SocketMode


class Dispatcher:
    """The sender of payloads; it returns what the app acknowledged.

    `http` returns the HTTP sender and the request URL, or None for Socket Mode. It is called for each
    payload.
    """

    def __init__(self, sockets: SocketMode, http: Callable[[], tuple[SignedHttp, str] | None]) -> None:
        self._sockets = sockets
        self._http = http

    async def command(self, payload: dict[str, str]) -> Delivery:
        """Send a slash command: over HTTP, a form."""
        if (http := self._http()) is None:
            return await self._sockets.deliver("slash_commands", payload)
        sender, url = http
        return await sender.deliver(url, urlencode(payload), FORM, payload)

    async def interaction(self, payload: dict[str, Any]) -> Delivery:
        """Send an interaction with an element or a view: over HTTP, JSON in a form's one field."""
        if (http := self._http()) is None:
            return await self._sockets.deliver("interactive", payload)
        sender, url = http
        return await sender.deliver(url, urlencode({"payload": json.dumps(payload)}), FORM, payload)

    async def event(self, payload: dict[str, Any]) -> Delivery:
        """Send an event: over HTTP, JSON."""
        if (http := self._http()) is None:
            return await self._sockets.deliver("events_api", payload)
        sender, url = http
        return await sender.deliver(url, json.dumps(payload), JSON, payload)
