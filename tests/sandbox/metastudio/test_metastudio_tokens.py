"""IAM issues a token for a password; the token is accepted until it expires or is revoked."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn

LOGIN = "/v3/auth/tokens?nocatalog=true"


def login_body(credentials: Credentials, **changes: str) -> dict[str, Any]:
    parts = {
        "name": credentials.iam_user,
        "password": credentials.iam_password,
        "domain": credentials.iam_domain,
        "project": credentials.project_id,
        **changes,
    }
    user = {"name": parts["name"], "password": parts["password"], "domain": {"name": parts["domain"]}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": {"id": parts["project"]}}}}


async def log_in(client: httpx.AsyncClient, credentials: Credentials) -> str:
    answer = await client.post(LOGIN, json=login_body(credentials))
    assert answer.status_code == 201
    return answer.headers["X-Subject-Token"]


async def list_rooms(client: httpx.AsyncClient, credentials: Credentials, token: str) -> httpx.Response:
    path = f"/v1/{credentials.project_id}/smart-chat-rooms"
    return await client.get(path, headers={"X-Auth-Token": token})


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


async def test_a_login_returns_a_token_of_kilobytes_that_is_accepted(
    client: httpx.AsyncClient, credentials: Credentials
) -> None:
    token = await log_in(client, credentials)
    assert 5500 < len(token) < 7000
    assert (await list_rooms(client, credentials, token)).status_code == 200


async def test_a_login_says_until_when_the_token_is_valid(
    client: httpx.AsyncClient, credentials: Credentials
) -> None:
    answer = await client.post(LOGIN, json=login_body(credentials))
    token = answer.json()["token"]
    issued, expires = (datetime.fromisoformat(token[name]) for name in ("issued_at", "expires_at"))
    assert (expires - issued).total_seconds() == 86400
    assert token["expires_at"] == "2026-01-02T12:00:00.000000Z"


@pytest.mark.parametrize("part", ["name", "password", "domain", "project"])
async def test_a_login_with_a_wrong_part_is_refused_in_iams_shape(
    client: httpx.AsyncClient, credentials: Credentials, part: str
) -> None:
    answer = await client.post(LOGIN, json=login_body(credentials, **{part: "wrong"}))
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["title"]) == (401, "Unauthorized")
    assert error["message"]
    assert "X-Subject-Token" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"auth":{}}', b'{"auth":{"identity":[]}}', b"\xff"])
async def test_an_invalid_login_is_a_bad_request(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(LOGIN, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["title"] == "Bad Request"


async def test_a_token_expires(
    client: httpx.AsyncClient, credentials: Credentials, pass_time: Callable[[float], None]
) -> None:
    token = await log_in(client, credentials)
    pass_time(86399)
    assert (await list_rooms(client, credentials, token)).status_code == 200
    pass_time(1)
    assert outcome(await list_rooms(client, credentials, token)) == (400, "MSS.00010008")


async def test_revoked_tokens_are_refused_and_a_new_login_helps(
    client: httpx.AsyncClient, credentials: Credentials, stand_in: MetaStudioStandIn
) -> None:
    token = await log_in(client, credentials)
    assert stand_in.revoke_tokens() == 2  # including the ready-made one
    assert outcome(await list_rooms(client, credentials, token)) == (400, "MSS.00010008")
    assert (await list_rooms(client, credentials, await log_in(client, credentials))).status_code == 200


async def test_a_ready_made_token_is_accepted(client: httpx.AsyncClient, credentials: Credentials) -> None:
    assert (await list_rooms(client, credentials, "a-ready-made-token")).status_code == 200


async def test_a_made_up_token_is_refused(client: httpx.AsyncClient, credentials: Credentials) -> None:
    assert outcome(await list_rooms(client, credentials, "made-up")) == (400, "MSS.00010008")


async def test_a_token_is_refused_for_another_project(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/another/smart-chat-rooms", headers={"X-Auth-Token": "a-ready-made-token"})
    assert outcome(answer) == (400, "MSS.00010009")


class TestHugeToken:
    @pytest.fixture
    def credentials(self) -> Credentials:
        return Credentials(ready_made_token="M" * 60_000)

    async def test_fits_into_a_header(self, client: httpx.AsyncClient, credentials: Credentials) -> None:
        assert (await list_rooms(client, credentials, "M" * 60_000)).status_code == 200
