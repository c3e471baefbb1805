"""Sign requests with an access key: the algorithm SDK-HMAC-SHA256 as an `httpx.Auth`.

Source: Huawei Cloud's API signing guide. No well-maintained package signs httpx requests this way.
"""

import hashlib
import hmac
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

import httpx
from pydantic import SecretStr
from typing_extensions import override

ALGORITHM = "SDK-HMAC-SHA256"
_SIGNED = ("content-type", "host", "x-project-id", "x-sdk-date", "x-security-token")


def signature(
    secret_key: str, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, date: str
) -> str:
    """Compute the hex signature of one request.

    Args:
        path: as sent, percent-encoded or not. The canonical form ends in `/`; the request need not.
        query: as sent, without the `?`.
        headers: exactly those to sign, names in lower case.
        date: the value of X-Sdk-Date, `YYYYMMDDTHHMMSSZ` in UTC.
    """
    canonical = "\n".join(
        (
            method.upper(),
            _canonical_path(path),
            _canonical_query(query),
            "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers)),
            ";".join(sorted(headers)),
            hashlib.sha256(body).hexdigest(),
        )
    )
    to_sign = "\n".join((ALGORITHM, date, hashlib.sha256(canonical.encode()).hexdigest()))
    return hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _canonical_path(path: str) -> str:
    return quote(path, safe="/~%").rstrip("/") + "/"


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


class AkSkAuth(httpx.Auth):
    """Signs requests with an access key. A temporary key adds its security token."""

    requires_request_body = True

    def __init__(
        self,
        access_key: SecretStr,
        secret_key: SecretStr,
        *,
        project_id: str,
        security_token: SecretStr | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._security_token = security_token
        self._project_id = project_id
        self._now = now

    @override
    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        date = self._now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        request.headers["X-Sdk-Date"] = date
        request.headers["X-Project-Id"] = self._project_id
        if self._security_token:
            request.headers["X-Security-Token"] = self._security_token.get_secret_value()
        signed = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        signed_with = signature(
            self._secret_key.get_secret_value(),
            method=request.method,
            path=request.url.raw_path.partition(b"?")[0].decode("ascii"),
            query=request.url.query.decode("ascii"),
            headers=signed,
            body=request.content,
            date=date,
        )
        request.headers["Authorization"] = (
            f"{ALGORITHM} Access={self._access_key.get_secret_value()}, "
            f"SignedHeaders={';'.join(sorted(signed))}, Signature={signed_with}"
        )
        yield request
