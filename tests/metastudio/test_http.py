"""Requests and the transports that they take."""

import httpx
import pytest

from bot.metastudio.http import CONNECT_SECONDS, Http
from tests.metastudio.cloud import Says, ScriptedCloud


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://cloud.example/v1/rooms?limit=1", "proxied"),
        ("https://cloud.example:443/", "proxied"),
        ("https://CLOUD.example/", "proxied"),
        ("https://cloud.example:8443/", "direct"),
        ("http://cloud.example/", "direct"),
        ("https://iam.example/", "direct"),
    ],
)
async def test_only_requests_to_a_proxied_origin_take_the_proxy(url: str, taken: str) -> None:
    direct, proxied = ScriptedCloud(Says(200)), ScriptedCloud(Says(200))
    http = Http(direct, {httpx.URL("https://cloud.example"): proxied})

    response = await http.send(http.build_request("GET", url))
    await response.aclose()

    assert {"direct": direct.requests, "proxied": proxied.requests}[taken]
    assert len(direct.requests) + len(proxied.requests) == 1


async def test_a_cookie_is_not_sent_back_and_a_redirect_is_not_followed() -> None:
    moved = Says(302, headers={"Set-Cookie": "a=b", "Location": "https://elsewhere.example/"})
    cloud = ScriptedCloud(moved)
    http = Http(cloud)
    for _ in range(2):
        response = await http.send(http.build_request("POST", "https://cloud.example/", json={}))
        await response.aclose()
        assert response.status_code == 302

    assert [str(request.url) for request in cloud.requests] == ["https://cloud.example/"] * 2
    assert "Cookie" not in cloud.requests[1].headers
    assert cloud.requests[0].extensions["timeout"]["connect"] == CONNECT_SECONDS
