"""One HTTP exchange with the cloud: send a request, return an answer of limited size or raise an error.

The error says whether the request can have been sent. This matters for a start, which must not be sent twice.
httpx-aiohttp raises `httpx.ConnectTimeout` even for some connections that were lost after sending (version
0.2.0, `AIOHTTP_EXC_MAP`), so the aiohttp error behind it decides.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic_core import from_json

from bot.environment.proxies import proxy_for
from bot.errors import Answer, NotSent, OutcomeUnknown
from bot.metastudio.http import Http
from bot.reasons import ReasonCode as Code
from bot.reasons import reason
from bot.runtime.causes import cause_of
from bot.runtime.process_log import MASK, Redactor, forms

MAX_ANSWER_BYTES = 1_000_000
MAX_HEADER_BYTES = 65_536
"""An IAM token is a header of several kilobytes. aiohttp's own limit is 8190 bytes."""

SHORTEST_SECRET = 6
"""Shorter values are not treated as secrets: they are part of many words."""

_by_shape = Redactor(())


@dataclass(frozen=True, slots=True)
class Service:
    """The service that is called, and the setting that holds its address."""

    name: str
    setting: str


METASTUDIO = Service("MetaStudio", "METASTUDIO_ENDPOINT")
IAM = Service("IAM", "HUAWEICLOUD_SDK_IAM_ENDPOINT")


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. `body` is the parsed JSON, or None if it was not JSON.

    `secrets` are the values that the service knows from this call or an earlier one, and may quote.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def answer(self) -> Answer:
        """The status, error code, error text and request ID: MetaStudio and IAM use different field names."""
        body = self.body if isinstance(self.body, dict) else {}
        error = body.get("error")
        iam = error if isinstance(error, dict) else {}
        text = self.text
        return Answer(
            http_status=self.status,
            error_code=text(body.get("error_code")) or text(iam.get("code")),
            error_msg=text(body.get("error_msg")) or text(iam.get("message")) or text(iam.get("title")),
            request_id=text(self.headers.get("X-Request-Id")) or text(body.get("request_id")),
        )

    def text(self, value: Any) -> str | None:
        """Return a text for people and for the database, with every secret masked that the service quotes."""
        if not isinstance(value, str | int) or isinstance(value, bool):
            return None
        text = str(value)
        for secret in self.secrets:
            for form in forms(secret) if len(secret) <= len(text) else ():
                text = text.replace(form, MASK)
        return _by_shape(text)[:1000]


def signatures_in(body: Any) -> Iterator[str]:
    """Yield the RTC signatures in an answer. A later answer may quote them, so they have to be masked."""
    room = body.get("rtc_room_info") if isinstance(body, dict) else None
    users = room.get("users") if isinstance(room, dict) else None
    for user in users if isinstance(users, list) else ():
        signature = user.get("signature") if isinstance(user, dict) else None
        if isinstance(signature, str) and len(signature) >= SHORTEST_SECRET:
            yield signature


def open_transport(proxy: httpx.Proxy | None = None) -> httpx.AsyncBaseTransport:
    """Return the connections to the cloud, over aiohttp: httpx's own pool is ten times slower (measured).

    An idle connection is kept for 4 seconds only. If the cloud closes a connection just as a request is sent
    on it, nobody can tell whether the request was carried out.
    """
    return AiohttpTransport(client=_open_session, proxy=proxy)


def open_proxied(*addresses: str) -> dict[httpx.URL, httpx.AsyncBaseTransport]:
    """Return a transport for each address that the environment reaches through a proxy."""
    proxies = {httpx.URL(address): proxy_for(address) for address in addresses}
    return {address: open_transport(httpx.Proxy(proxy)) for address, proxy in proxies.items() if proxy}


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )


async def exchange(
    http: Http,
    request: httpx.Request,
    auth: httpx.Auth | None = None,
    *,
    service: Service = METASTUDIO,
    secrets: Iterable[str] = (),
) -> Reply:
    """Send one request, once, and read its answer.

    Args:
        secrets: values to mask if the answer quotes them. Those in the request's headers are masked anyway.

    Raises:
        NotSent: there was no connection.
        OutcomeUnknown: the connection was lost, or the answer cannot be used. The request may have been
            carried out.
    """
    try:
        response = await http.send(request, auth)
        try:
            content = await _read(response, service)
        finally:
            await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, ValueError, OSError) as error:
        raise _failure(error, request.url.host, service) from None
    known = tuple(secret for secret in (*secrets, *_secrets_in(request.headers)) if secret)
    return Reply(response.status_code, response.headers, _parse(content), known)


async def _read(response: httpx.Response, service: Service) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise OutcomeUnknown(reason(Code.ANSWER_TOO_LARGE, service=service.name))
    return bytes(content)


def _parse(content: bytes) -> Any:
    """Parse JSON, with invalid bytes and lone surrogates replaced, so that the job ID is not lost to them."""
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
    """Yield the credentials in the headers: the whole values, and the parts of an Authorization."""
    for name in ("Authorization", "X-Auth-Token", "X-Security-Token"):
        if value := headers.get(name):
            yield value
            yield from re.findall(r"(?:Access|Signature)=([^,\s]+)", value)


def _failure(error: Exception, host: str, service: Service) -> NotSent | OutcomeUnknown:
    behind = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    if _nothing_was_sent(behind):
        cause = cause_of(behind, host)
        setting = cause.setting if cause else None
        return NotSent(
            reason(
                Code.UNREACHABLE,
                service=service.name,
                host=host,
                why=cause.words if cause else None,
                setting=setting or service.setting,
                network=None if setting else True,
            )
        )
    if isinstance(behind, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return OutcomeUnknown(reason(Code.CONNECTION_LOST, service=service.name))
    return OutcomeUnknown(reason(Code.ANSWER_UNREADABLE, service=service.name, kind=type(behind).__name__))


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
        | UnicodeError,  # an invalid host name
    )
