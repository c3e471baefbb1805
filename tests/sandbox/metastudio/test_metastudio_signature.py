"""Signatures are checked with the vendor's algorithm, over the bytes that were received."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.metastudio.signature import ReceivedRequest, SignatureError, verify

Sign = Callable[..., dict[str, str]]
VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "signing-vectors.json").read_text(encoding="utf-8")
)


def received(vector: dict[str, Any]) -> ReceivedRequest:
    url = urlsplit(vector["url"])
    claim = (
        f"SDK-HMAC-SHA256 Access={vector['access_key']}, "
        f"SignedHeaders={vector['signed_headers']}, Signature={vector['signature']}"
    )
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    headers |= {"host": url.netloc, "x-sdk-date": vector["date"], "authorization": claim}
    target = f"{url.path}?{url.query}" if url.query else url.path
    return ReceivedRequest(vector["method"], target, headers, vector["body"].encode())


def verify_vector(vector: dict[str, Any], request: ReceivedRequest) -> None:
    now = datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    verify(request, access_key=vector["access_key"], secret_key=vector["secret_key"], now=now)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_known_signatures_are_accepted(vector: dict[str, Any]) -> None:
    verify_vector(vector, received(vector))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_known_signature_covers_method_target_headers_and_body(vector: dict[str, Any]) -> None:
    request = received(vector)
    dated = {**request.headers, "host": "elsewhere.example.com"}
    altered = (
        replace(request, method="PUT"),
        replace(request, target=request.target + "x"),
        replace(request, headers=dated),
        replace(request, body=request.body + b" "),
    )
    for other in altered:
        with pytest.raises(SignatureError, match="does not match"):
            verify_vector(vector, other)


def test_the_form_in_which_a_query_is_encoded_makes_no_difference() -> None:
    vector = VECTORS[0]
    request = received(vector)
    path = request.target.partition("?")[0]
    marker = "13551d6b%2D755d-4757-b956-536f674975c0"
    verify_vector(vector, replace(request, target=f"{path}?marker={marker}&limit=2"))


@pytest.fixture
def start_path(credentials: Credentials) -> str:
    return f"/v1/{credentials.project_id}/smart-chat-rooms/lobby/smart-chat-jobs"


def assert_refused(answer: httpx.Response, words: str) -> None:
    assert answer.status_code == 401
    body = answer.json()
    assert body["error_code"] == "APIGW.0301"
    assert words in body["error_msg"]
    assert body["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("late", [-899, 0, 899])
async def test_a_clock_a_little_off_is_accepted(
    client: httpx.AsyncClient, sign: Sign, start_path: str, late: float
) -> None:
    answer = await client.post(start_path, headers=sign("POST", start_path, late=late))
    assert answer.status_code == 202


@pytest.mark.parametrize("late", [-901, 901])
async def test_a_clock_more_than_fifteen_minutes_off_is_refused(
    client: httpx.AsyncClient, sign: Sign, start_path: str, late: float
) -> None:
    answer = await client.post(start_path, headers=sign("POST", start_path, late=late))
    assert_refused(answer, "15 minutes")


async def test_a_body_altered_on_the_way_is_refused(
    client: httpx.AsyncClient, sign: Sign, start_path: str, stand_in: MetaStudioStandIn
) -> None:
    headers = sign("POST", start_path, b'{"region":"cn-north-4"}')
    answer = await client.post(start_path, headers=headers, content=b'{"region":"cn-southwest-2"}')
    assert_refused(answer, "does not match")
    assert stand_in.jobs == []


async def test_a_wrong_secret_key_is_refused(
    client: httpx.AsyncClient, sign: Sign, start_path: str, credentials: Credentials
) -> None:
    wrong = replace(credentials, secret_key="not-the-secret-key")
    answer = await client.post(start_path, headers=sign("POST", start_path, credentials=wrong))
    assert_refused(answer, "does not match")


async def test_an_unknown_access_key_is_refused(
    client: httpx.AsyncClient, sign: Sign, start_path: str, credentials: Credentials
) -> None:
    wrong = replace(credentials, access_key="NOBODY")
    answer = await client.post(start_path, headers=sign("POST", start_path, credentials=wrong))
    assert_refused(answer, "access key does not exist")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("SignedHeaders=host;", "SignedHeaders="), "not among the signed headers: host"),
        (("SignedHeaders=host;", "SignedHeaders=accept-colour;host;"), "signed but not sent: accept-colour"),
        (("SDK-HMAC-SHA256", "Bearer"), "does not have the form"),
        (("Signature=", "Signature=0"), "does not have the form"),
    ],
)
async def test_an_authorization_header_that_is_not_right_is_refused_with_the_reason(
    client: httpx.AsyncClient, sign: Sign, start_path: str, change: tuple[str, str], words: str
) -> None:
    headers = sign("POST", start_path)
    headers["Authorization"] = headers["Authorization"].replace(*change)
    assert_refused(await client.post(start_path, headers=headers), words)


async def test_a_missing_date_is_refused(client: httpx.AsyncClient, sign: Sign, start_path: str) -> None:
    headers = sign("POST", start_path)
    del headers["x-sdk-date"]
    assert_refused(await client.post(start_path, headers=headers), "X-Sdk-Date is missing")


async def test_the_project_in_the_header_must_be_the_one_in_the_path(
    client: httpx.AsyncClient, sign: Sign, start_path: str
) -> None:
    headers = sign("POST", start_path, extra={"x-project-id": "another"})
    assert_refused(await client.post(start_path, headers=headers), "X-Project-Id")


async def test_another_project_is_not_this_accounts(client: httpx.AsyncClient, sign: Sign) -> None:
    path = "/v1/another/smart-chat-rooms/lobby/smart-chat-jobs"
    answer = await client.post(path, headers=sign("POST", path, extra={"x-project-id": "another"}))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MSS.00010009")


async def test_a_call_without_any_proof_is_unauthorised(client: httpx.AsyncClient, start_path: str) -> None:
    answer = await client.post(start_path)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "MSS.00000001")


async def test_a_query_is_part_of_what_is_signed(
    client: httpx.AsyncClient, sign: Sign, credentials: Credentials
) -> None:
    path = f"/v1/{credentials.project_id}/smart-chat-rooms"
    target = f"{path}?room_name=lobby+kiosk&limit=5"
    answer = await client.get(target, headers=sign("GET", target))
    assert answer.json()["count"] == 1
    assert_refused(await client.get(f"{path}?limit=6", headers=sign("GET", target)), "does not match")


async def test_bytes_that_are_not_utf_8_are_refused_like_any_wrong_signature(
    client: httpx.AsyncClient, sign: Sign, start_path: str
) -> None:
    headers: dict[str, str | bytes] = {**sign("POST", start_path), "x-project-id": b"\xff\xfe"}
    raw = [
        (name.encode(), value.encode() if isinstance(value, str) else value)
        for name, value in headers.items()
    ]
    assert_refused(await client.post(start_path, headers=raw), "does not match")


async def test_permanent_keys_have_no_security_token(
    client: httpx.AsyncClient, sign: Sign, start_path: str
) -> None:
    headers = sign("POST", start_path, extra={"x-security-token": "from-elsewhere"})
    assert_refused(await client.post(start_path, headers=headers), "does not belong")


class TestTemporaryKeys:
    @pytest.fixture
    def credentials(self) -> Credentials:
        return Credentials(security_token="the-session-token")

    async def test_are_accepted_with_their_security_token(
        self, client: httpx.AsyncClient, sign: Sign, start_path: str
    ) -> None:
        answer = await client.post(start_path, headers=sign("POST", start_path))
        assert answer.status_code == 202

    async def test_are_refused_without_it(
        self, client: httpx.AsyncClient, sign: Sign, start_path: str, credentials: Credentials
    ) -> None:
        permanent = replace(credentials, security_token=None)
        headers = sign("POST", start_path, credentials=permanent)
        assert_refused(await client.post(start_path, headers=headers), "X-Security-Token is missing")

    async def test_are_refused_with_another_one(
        self, client: httpx.AsyncClient, sign: Sign, start_path: str, credentials: Credentials
    ) -> None:
        other = replace(credentials, security_token="another-token")
        headers = sign("POST", start_path, credentials=other)
        assert_refused(await client.post(start_path, headers=headers), "does not belong")

    async def test_are_refused_where_it_is_not_signed(
        self, client: httpx.AsyncClient, sign: Sign, start_path: str, credentials: Credentials
    ) -> None:
        permanent = replace(credentials, security_token=None)
        headers = sign("POST", start_path, credentials=permanent)
        headers["X-Security-Token"] = "the-session-token"
        answer = await client.post(start_path, headers=headers)
        assert_refused(answer, "not among the signed headers: x-security-token")
