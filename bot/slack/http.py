"""Slack's requests in HTTP mode: read within limits, checked, and handed to Bolt."""

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
"""How long a request may take to arrive whole. Slack itself gives up after as long."""

BODY_BYTES = 256 * 1024
"""The longest body. Slack's are a few kilobytes, with a large form some tens of them."""

SMALL_BYTES = 16 * 1024
LARGE_BODIES_BYTES = 16 * 1024 * 1024
"""What all bodies together may hold beyond the first bytes of each, which are taken in any case."""


_log = structlog.get_logger()


class _Refused(Exception):
    """The request is not handed on, and this is what its sender gets."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def _too_large() -> _Refused:
    return _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")


def _unreadable() -> _Refused:
    return _Refused(HTTPStatus.BAD_REQUEST, "the request cannot be read")


class SlackEvents:
    """Slack's signed requests. The signature is checked on the raw bytes, before anything reads them."""

    def __init__(self, app: AsyncApp, signatures: Signatures) -> None:
        self._app = app
        self._signatures = signatures
        self._large_bytes = 0
        self._due_acks = DueAcks()

    async def receive(self, request: web.Request) -> web.Response:
        """Hand a genuine request to Bolt; 401 for a forged or stale one."""
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
            except Exception as error:  # noqa: BLE001 - listeners never raise: Bolt trips over the payload's shape
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
        """The body, as long as it, and all the bodies together, are not too large."""
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
    """Whether Slack only looks at our certificate, which it does without a command (`ssl_check=1`)."""
    return request.query.get("ssl_check") == "1" or b"ssl_check=1" in body.split(b"&")


def _bolt_request(body: bytes) -> AsyncBoltRequest:
    """The request as Bolt takes it.

    Read here, as Bolt's own reading loses every command in which the word "payload" is typed. What is read
    already it takes only as if it had come through Socket Mode.
    """
    try:
        return AsyncBoltRequest(body=_payload(body.decode()), mode="socket_mode")
    except (ValueError, RecursionError, AttributeError, TypeError, LookupError):
        raise _unreadable() from None


def _payload(text: str) -> dict[str, Any]:
    """A command's fields, or the JSON object of whatever else Slack sends."""
    if not text.startswith("{"):
        fields = dict(parse_qsl(text, keep_blank_values=True))
        if "payload" not in fields:
            return fields
        text = fields["payload"]
    payload = json.loads(text)
    if not isinstance(payload, dict):
        raise TypeError
    return payload
