"""Signed HTTP: post payloads to the app's request URL, as Slack does without Socket Mode.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession

from bot.sandbox.slack.delivery import DISPATCH_FAILED, OPERATION_TIMEOUT, Delivery
from bot.sandbox.slack.traffic import Traffic

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class SignedHttp:
    """The sender of payloads, which reads acks. Its clock gives the signature's timestamp."""

    def __init__(
        self,
        session: ClientSession,
        signing_secret: str,
        clock: Callable[[], float],
        traffic: Traffic,
        ack_seconds: float,
    ) -> None:
        self._session = session
        self._signing_secret = signing_secret
        self._clock = clock
        self._traffic = traffic
        self._ack_seconds = ack_seconds

    async def deliver(self, url: str, body: str, content_type: str, payload: dict[str, Any]) -> Delivery:
        """Post the body; `payload` is what the traffic record shows of it."""
        began = perf_counter()
        answer: Any = None
        try:
            async with asyncio.timeout(self._ack_seconds):
                delivery, answer = await self._post(url, body, content_type)
        except TimeoutError:
            delivery = Delivery(error=OPERATION_TIMEOUT)
        except (ClientError, OSError, ValueError):
            delivery = Delivery(error=DISPATCH_FAILED)
        milliseconds = (perf_counter() - began) * 1000
        answer = answer or {"error": delivery.error}
        self._traffic.record("request", url, sent=payload, answer=answer, milliseconds=milliseconds)
        return delivery

    async def _post(self, url: str, body: str, content_type: str) -> tuple[Delivery, dict[str, Any]]:
        headers = self._headers(body) | {"Content-Type": content_type}
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            text = await response.text()
            return _read(response, text), {"status": response.status, "body": text}

    def _headers(self, body: str) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        digest = hmac.new(
            self._signing_secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256
        ).hexdigest()
        return {
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={digest}",
        }


def _read(response: ClientResponse, text: str) -> Delivery:
    """Read the ack: only 200 acknowledges. The body is the payload: JSON, else text to show, else nothing."""
    if response.status >= 500:
        return Delivery(error="http_service_error", http_status=response.status)
    if response.status != 200:
        return Delivery(error="http_client_error", http_status=response.status)
    if not text.strip():
        return Delivery(http_status=200)
    if response.content_type != "application/json":
        return Delivery(ack={"text": text}, http_status=200)
    try:
        return Delivery(ack=json.loads(text), http_status=200)
    except ValueError:
        return Delivery(error="invalid_command_response", http_status=200)
