"""One HTTP exchange with the cloud: bytes out, a bounded answer or a named failure back.

The failure says the one thing that matters for a call that must not be made twice: whether anything can have
been sent. httpx-aiohttp reports a connection that was lost after sending as `httpx.ConnectTimeout` too
(version 0.2.0, `AIOHTTP_EXC_MAP`), so the aiohttp error behind it decides.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic_core import from_json

from bot.diagnostics import MASK, forms
from bot.errors import Answer, NotSent, OutcomeUnknown
from bot.proxies import proxy_for

MAX_ANSWER_BYTES = 1_000_000
MAX_HEADER_BYTES = 65_536
"""An IAM token is a header of several kilobytes; aiohttp's own limit is 8190 bytes."""

CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read whole. `body` is the parsed JSON, or None where it was none."""

    status: int
    headers: Mapping[str, str]
    body: Any
    sent_secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def answer(self) -> Answer:
        """The status, error code, error text and request ID, in whichever of the cloud's shapes they came."""
        body = self.body if isinstance(self.body, dict) else {}
        error = body.get("error")
        iam = error if isinstance(error, dict) else {}
        text = self._text
        return Answer(
            http_status=self.status,
            error_code=text(body.get("error_code")) or text(iam.get("code")),
            error_msg=text(body.get("error_msg")) or text(iam.get("message")) or text(iam.get("title")),
            request_id=text(self.headers.get("X-Request-Id")) or text(body.get("request_id")),
        )

    def _text(self, value: Any) -> str | None:
        """What is shown to people and stored. A service may quote what it was sent: that is masked."""
        if not isinstance(value, str | int) or isinstance(value, bool):
            return None
        text = str(value)
        for secret in self.sent_secrets:
            for form in forms(secret) if len(secret) <= len(text) else ():
                text = text.replace(form, MASK)
        return text[:1000]


def open_transport(proxy: httpx.Proxy | None = None) -> httpx.AsyncBaseTransport:
    """The connections to the cloud. Over aiohttp: httpx's own pool is ten times slower under load (measured).

    An idle connection is kept for a few seconds only: a request on one that the far side has just closed
    could not be told from one that was carried out.
    """
    return AiohttpTransport(client=_open_session, proxy=proxy)


def open_proxied(*addresses: str) -> dict[str, httpx.AsyncBaseTransport]:
    """A transport for each address that the environment wants reached through a proxy."""
    proxies = {address: proxy_for(address) for address in addresses}
    return {address: open_transport(httpx.Proxy(proxy)) for address, proxy in proxies.items() if proxy}


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, auth: httpx.Auth | None = None, *, secret: str = ""
) -> Reply:
    """Send one request, once, and read its answer.

    Args:
        secret: what in the body must not be seen; what authenticates is known from the headers.

    Raises:
        NotSent: there was no connection.
        OutcomeUnknown: the connection was lost, or what came is no answer. Whatever was asked may be done.
    """
    try:
        response = await http.send(request, auth=auth, stream=True)
        try:
            content = await _read(response)
        finally:
            await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, ValueError, OSError) as error:
        raise _failure(error, request.url.host) from None
    secrets = (secret, *_secrets_in(request.headers)) if secret else tuple(_secrets_in(request.headers))
    return Reply(response.status_code, response.headers, _parse(content), secrets)


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise OutcomeUnknown("MetaStudio's answer is too large to be read.")
    return bytes(content)


def _parse(content: bytes) -> Any:
    """JSON, read with patience: one byte or half a surrogate that does not belong must not cost a job ID."""
    text = content.decode("utf-8-sig", "replace")
    try:
        return from_json(text)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _secrets_in(headers: httpx.Headers) -> Iterator[str]:
    """What authenticates: the values whole, and the parts of an Authorization."""
    for name in ("Authorization", "X-Auth-Token", "X-Security-Token"):
        if value := headers.get(name):
            yield value
            yield from re.findall(r"(?:Access|Signature)=([^,\s]+)", value)


def _failure(error: Exception, host: str) -> NotSent | OutcomeUnknown:
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    if _nothing_was_sent(cause):
        return NotSent(
            f"MetaStudio cannot be reached at {host}.",
            advice="Try again; if it stays so, check METASTUDIO_ENDPOINT and the network of its machine.",
        )
    if isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return OutcomeUnknown("The connection to MetaStudio was lost before its answer came.")
    return OutcomeUnknown(f"MetaStudio's answer cannot be read ({type(cause).__name__}).")


def _nothing_was_sent(cause: BaseException) -> bool:
    if isinstance(cause, aiohttp.ClientError):
        return isinstance(
            cause,
            aiohttp.ClientConnectorError
            | aiohttp.ConnectionTimeoutError
            | aiohttp.ClientHttpProxyError
            | aiohttp.InvalidURL,
        )
    return isinstance(
        cause,
        httpx.ConnectError
        | httpx.ConnectTimeout
        | httpx.PoolTimeout
        | httpx.ProxyError
        | httpx.UnsupportedProtocol
        | httpx.InvalidURL
        | UnicodeError,  # a host name that cannot be one
    )
