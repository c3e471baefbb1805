"""Receive Slack's requests in HTTP mode: read them within limits, check them, and hand them to Bolt."""

import asyncio
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import StreamReader, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.ack_sent import DueAcks, ack_pending
from bot.slack.signatures import Signatures

BODY_SECONDS = 3.0
"""Seconds within which a whole request must arrive. Slack itself gives up after 3 s."""

BODY_BYTES = 256 * 1024
"""The longest body. Slack's bodies have a few kilobytes, a large form some tens of them."""

SMALL_BYTES = 16 * 1024
LARGE_BODIES_BYTES = 16 * 1024 * 1024
"""The memory for all bodies together, not counting the first SMALL_BYTES of each body."""


_log = structlog.get_logger()


class _Refused(Exception):
    """A refusal: the request is not handed on, and its sender gets this answer."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def _too_large() -> _Refused:
    return _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")


def _unreadable() -> _Refused:
    return _Refused(HTTPStatus.BAD_REQUEST, "the request cannot be read")


class SlackEvents:
    """The receiver of Slack's signed requests. It checks the signature on the raw bytes before parsing."""

    def __init__(self, app: AsyncApp, signatures: Signatures) -> None:
        self._app = app
        self._signatures = signatures
        self._large_bytes = 0
        self._due_acks = DueAcks()

    async def receive(self, request: web.Request) -> web.Response:
        """Hand a genuine request to Bolt; answer 401 to a forged or stale one."""
        try:
            body = await self._read(request)
            if _is_certificate_check(request, body):
                return web.Response()
            self._check_signature(request, body)
            bolt_request = _bolt_request(body)
        except _Refused as refusal:
            response = web.json_response({"error": refusal.words}, status=refusal.status)
            response.force_close()
            return response
        with ack_pending(self._due_acks):
            try:
                return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))
            except Exception as error:  # noqa: BLE001 - listeners never raise; Bolt may fail on the payload's shape
                _log.warning("Bolt cannot read a request of Slack's", error=type(error).__name__)
                return web.json_response({"error": "unknown request"}, status=HTTPStatus.BAD_REQUEST)

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        timestamps = request.headers.getall("X-Slack-Request-Timestamp", ())
        signatures = request.headers.getall("X-Slack-Signature", ())
        if not self._signatures.is_genuine(body, timestamps, signatures):
            raise _Refused(HTTPStatus.UNAUTHORIZED, "invalid request")

    async def _read(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > BODY_BYTES:
            raise _too_large()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read_within_limits(request.content)
        except (TimeoutError, ConnectionError, web.RequestPayloadError):
            raise _unreadable() from None

    async def _read_within_limits(self, content: StreamReader) -> bytes:
        """Read the body, unless it, or all bodies together, are too large."""
        body, large = bytearray(), 0
        try:
            async for chunk in content.iter_any():
                body += chunk
                if len(body) > BODY_BYTES:
                    raise _too_large()
                added = max(0, len(body) - SMALL_BYTES) - large
                large += added
                self._large_bytes += added
                if added and self._large_bytes > LARGE_BODIES_BYTES:
                    raise _Refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many large requests at once")
        finally:
            self._large_bytes -= large
        return bytes(body)


def _is_certificate_check(request: web.Request, body: bytes) -> bool:
    """Return whether Slack only checks our certificate (`ssl_check=1`); such a request has no command."""
    return request.query.get("ssl_check") == "1" or b"ssl_check=1" in body.split(b"&")


def _bolt_request(body: bytes) -> AsyncBoltRequest:
    """Build the request for Bolt.

    It is parsed here, because Bolt's own parser loses every command that contains the word "payload". Bolt
    takes a parsed body only in Socket Mode, hence the mode.
    """
    try:
        return AsyncBoltRequest(body=_payload(body.decode()), mode="socket_mode")
    except (ValueError, RecursionError, AttributeError, TypeError, LookupError):
        raise _unreadable() from None


def _payload(text: str) -> dict[str, Any]:
    """Parse a command's fields, or the JSON object of every other request."""
    if not text.startswith("{"):
        fields = dict(parse_qsl(text, keep_blank_values=True))
        if "payload" not in fields:
            return fields
        text = fields["payload"]
    payload = json.loads(text)
    if not isinstance(payload, dict):
        raise TypeError
    return payload
