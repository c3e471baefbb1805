"""Send requests to the cloud over httpx's transports."""

from collections.abc import Mapping
from typing import Any

import httpx

CONNECT_SECONDS = 5.0

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "avatar-bot"}
_EXTENSIONS = {"timeout": httpx.Timeout(None, connect=CONNECT_SECONDS).as_dict()}


class Http:
    """Sends single requests. It is used instead of `httpx.AsyncClient`.

    The client prepares each call for cookies, redirects and several proxies. None of MetaStudio's calls needs
    them, and they cost 0.1 ms of CPU time a start (measured). There is no time limit but for connecting:
    callers limit how long a call may take, retries included.

    Args:
        proxied: the transport for each origin that is reached through a proxy.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        proxied: Mapping[httpx.URL, httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._transport = transport
        self._proxied = {_origin(url): through for url, through in (proxied or {}).items()}

    def build_request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
    ) -> httpx.Request:
        """Return a request with the headers of all requests."""
        all_headers = {**_HEADERS, **(headers or {})}
        return httpx.Request(
            method, url, headers=all_headers, params=params, json=json, extensions=_EXTENSIONS
        )

    async def send(self, request: httpx.Request, auth: httpx.Auth | None = None) -> httpx.Response:
        """Send a request, once. The body of the answer is yet to be read, and the answer to be closed.

        Raises:
            httpx.HTTPError: there is no answer.
        """
        if auth:
            request = next(auth.auth_flow(request))
        transport = self._transport
        if self._proxied:
            transport = self._proxied.get(_origin(request.url), transport)
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in (self._transport, *self._proxied.values()):
            await transport.aclose()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
