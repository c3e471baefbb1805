"""An endpoint that cannot be reached: the error names the cause, but never a proxy's password."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import pytest
from pydantic import SecretStr

from bot.errors import NotSent
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio
from bot.metastudio.credentials import IamAccount, IamLogin
from bot.metastudio.http import Http
from bot.metastudio.transport import open_transport
from bot.runtime.causes import cause_of
from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from tests.metastudio.cloud import PROJECT, Clock, RawServer, answers

TLS = Path(__file__).parent.parent / "data" / "tls"
OpenClient = Callable[..., MetaStudio]

pytestmark = pytest.mark.filterwarnings(  # httpx-aiohttp still logs in to proxies the old way
    "ignore:.*(BasicAuth|proxy_auth).*deprecated:DeprecationWarning"
)


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


async def told(metastudio: MetaStudio) -> str:
    """Return what a person reads about a call that was not sent."""
    with pytest.raises(NotSent) as caught:
        await metastudio.check(seconds=10)
    return f"{sentence(caught.value.reason)} {advice(caught.value)}"


@asynccontextmanager
async def serving_tls(certificate: str) -> AsyncIterator[str]:
    """Run a server with this certificate, and yield its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / certificate, TLS / "key.pem")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_name_that_cannot_be_resolved(open_client: OpenClient) -> None:
    words = await told(open_client(endpoint="https://metastudio.invalid"))
    assert "MetaStudio cannot be reached at metastudio.invalid: its name cannot be resolved." in words
    assert "METASTUDIO_ENDPOINT" in words


async def test_a_port_that_refuses(open_client: OpenClient) -> None:
    words = await told(open_client(endpoint=f"http://127.0.0.1:{closed_port()}"))
    assert "at 127.0.0.1: the connection was refused." in words


async def test_a_certificate_that_nobody_vouches_for(open_client: OpenClient) -> None:
    async with serving_tls("this_machine.pem") as address:
        words = await told(open_client(endpoint=address))
    assert "its certificate is not trusted (self-signed certificate)." in words
    assert "SSL_CERT_FILE" in words


async def test_a_server_that_speaks_no_tls(open_client: OpenClient) -> None:
    async with MetaStudioStandIn(Credentials()) as server:
        words = await told(open_client(endpoint=server.url.replace("http:", "https:")))
    assert "it does not speak TLS there." in words


PROXIED = "https://metastudio.example"


def through(proxy: str) -> httpx.AsyncBaseTransport:
    return open_transport(httpx.Proxy(proxy))


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (407, "the proxy wants a login (407)"),
        (403, "the proxy refused the connection (403)"),
        (502, "the proxy refused the connection (502)"),
    ],
)
async def test_a_proxy_that_lets_nothing_through(open_client: OpenClient, status: int, cause: str) -> None:
    async with RawServer(answers(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())) as proxy:
        address = proxy.url.replace("http://", "http://user:canary-password@")
        words = await told(open_client(through(address), endpoint=PROXIED))
    assert f"MetaStudio cannot be reached at metastudio.example: {cause}." in words
    assert "HTTPS_PROXY" in words
    assert "canary" not in words


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("127.0.0.1", "the proxy refused the connection"),
        ("proxy.invalid", "the proxy's name cannot be resolved"),
    ],
)
async def test_a_proxy_that_is_not_there(open_client: OpenClient, host: str, cause: str) -> None:
    address = f"http://user:canary-password@{host}:{closed_port()}"
    words = await told(open_client(through(address), endpoint=PROXIED))
    assert f": {cause}." in words
    assert "HTTPS_PROXY" in words
    assert "canary" not in words


async def test_iams_endpoint_is_told_by_its_own_name(
    open_client: OpenClient, open_http: Callable[..., Http], clock: Clock
) -> None:
    account = IamAccount("bot", SecretStr("canary-password"), "team", PROJECT)
    login = IamLogin(open_http(), account, endpoint="https://iam.invalid", now=clock)
    words = await told(open_client(credentials=login))
    assert words == (
        "IAM gave the bot no token, so nothing was sent to MetaStudio. "
        "IAM cannot be reached at iam.invalid: its name cannot be resolved. "
        "Try again; if it stays so, check HUAWEICLOUD_SDK_IAM_ENDPOINT and the network of its machine."
    )


def connector_error(kind: type[Any], behind: Exception) -> Any:
    return kind(SimpleNamespace(host="cloud.example", port=443, ssl=True), behind)


def distrusting(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            connector_error(aiohttp.ClientConnectorCertificateError, distrusting("certificate has expired")),
            "its certificate is not trusted (certificate has expired)",
        ),
        (
            connector_error(aiohttp.ClientConnectorCertificateError, distrusting("Hostname mismatch.")),
            "its certificate is not trusted (Hostname mismatch)",
        ),
        (connector_error(aiohttp.ClientConnectorError, TimeoutError()), "the connection timed out"),
        (
            connector_error(aiohttp.ClientConnectorError, OSError(113, "No route to host")),
            "the network has no route to it",
        ),
        (connector_error(aiohttp.ClientConnectorError, ConnectionResetError()), "the connection was cut"),
        (aiohttp.ConnectionTimeoutError(), "the connection timed out"),
        (TimeoutError(), "the answer timed out"),
        (aiohttp.ServerDisconnectedError(), "the connection was lost"),
    ],
    ids=["expired", "another host", "slow", "no way", "cut", "timeout", "no answer", "lost"],
)
def test_other_causes_have_words_too(error: Exception, words: str) -> None:
    cause = cause_of(error, "cloud.example")
    assert cause is not None
    assert cause.words == words


def test_what_tells_no_cause_has_none() -> None:
    assert cause_of(ValueError("canary")) is None
    assert cause_of(None) is None
