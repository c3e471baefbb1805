"""A stand-in on a real socket with a clock that the test controls, and a client with its own signing."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from tests.clock import Clock

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


def signed_headers(  # the cloud's algorithm in its simplest form, for plain ASCII paths
    credentials: Credentials,
    host: str,
    date: str,
    method: str,
    target: str,
    *,
    body: bytes = b"",
    extra: dict[str, str] | None = None,
) -> dict[str, str]:
    parts = urlsplit(target)
    headers = {"host": host, "x-sdk-date": date, "x-project-id": credentials.project_id}
    if credentials.security_token is not None:
        headers["x-security-token"] = credentials.security_token
    headers |= extra or {}
    query = sorted(
        (quote(k, safe=""), quote(v, safe="")) for k, v in parse_qsl(parts.query, keep_blank_values=True)
    )
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        (
            method,
            parts.path + "/",
            "&".join(f"{k}={v}" for k, v in query),
            "".join(f"{name}:{headers[name]}\n" for name in sorted(headers)),
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    to_sign = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(credentials.secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    claim = f"Access={credentials.access_key}, SignedHeaders={names}, Signature={signature}"
    return headers | {"Authorization": f"SDK-HMAC-SHA256 {claim}"}


@pytest.fixture
def credentials() -> Credentials:
    return Credentials(ready_made_token="a-ready-made-token")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def pass_time(clock: Clock) -> Callable[[float], None]:
    return clock.advance


@pytest.fixture
def pace() -> float:
    return 1.0


@pytest.fixture
async def stand_in(credentials: Credentials, clock: Clock, pace: float) -> AsyncIterator[MetaStudioStandIn]:
    async with MetaStudioStandIn(credentials, clock=clock, pace=pace, slow_seconds=0.3) as running:
        yield running


@pytest.fixture
async def client(stand_in: MetaStudioStandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stand_in.url, trust_env=False) as open_client:
        yield open_client


@pytest.fixture
def sign(stand_in: MetaStudioStandIn, clock: Clock) -> Callable[..., dict[str, str]]:
    """Return headers for `(method, target, body=b"", *, extra=None, late=0, credentials=…)`."""

    def make(
        method: str,
        target: str,
        body: bytes = b"",
        *,
        extra: dict[str, str] | None = None,
        late: float = 0,
        credentials: Credentials = stand_in.credentials,
    ) -> dict[str, str]:
        host = urlsplit(stand_in.url).netloc
        date = datetime.fromtimestamp(clock() - late, UTC).strftime("%Y%m%dT%H%M%SZ")
        return signed_headers(credentials, host, date, method, target, body=body, extra=extra)

    return make


@pytest.fixture
def call(
    client: httpx.AsyncClient, sign: Callable[..., dict[str, str]], credentials: Credentials
) -> Callable[..., Awaitable[httpx.Response]]:
    """Send a properly signed call: `(method, path after the project, body=b"", extra=None)`."""

    async def send(
        method: str, path: str, body: bytes = b"", extra: dict[str, str] | None = None
    ) -> httpx.Response:
        target = f"/v1/{credentials.project_id}{path}"
        return await client.request(
            method, target, content=body, headers=sign(method, target, body, extra=extra), timeout=5
        )

    return send
