"""Signatures: equal to the vendor's own, and checked by another implementation."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.metastudio.signing import AkSkAuth, signature
from bot.sandbox.metastudio.signature import ReceivedRequest, verify

Vector = dict[str, Any]
VECTORS: list[Vector] = json.loads((Path(__file__).parents[1] / "data/signing-vectors.json").read_text())
WITH_PROJECT = [vector for vector in VECTORS if "X-Project-Id" in vector["headers"]]
START = WITH_PROJECT[0]


def moment_of(vector: Vector) -> datetime:
    return datetime.strptime(vector["date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def auth_of(vector: Vector, **changes: Any) -> AkSkAuth:
    token = vector["headers"].get("X-Security-Token")
    moment = moment_of(vector)
    arguments: dict[str, Any] = {
        "project_id": vector["headers"]["X-Project-Id"],
        "security_token": SecretStr(token) if token else None,
        "now": lambda: moment,
    }
    keys = SecretStr(vector["access_key"]), SecretStr(vector["secret_key"])
    return AkSkAuth(*keys, **(arguments | changes))


def request_of(vector: Vector, **changes: Any) -> httpx.Request:
    arguments: dict[str, Any] = {
        "method": vector["method"],
        "url": vector["url"],
        "headers": {"Content-Type": "application/json"},
        "content": vector["body"],
    }
    return httpx.Request(**(arguments | changes))


def signed(request: httpx.Request, auth: AkSkAuth) -> httpx.Request:
    return next(auth.auth_flow(request))


def parts_of(vector: Vector) -> dict[str, Any]:
    url = urlsplit(vector["url"])
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    return {
        "method": vector["method"],
        "path": url.path,
        "query": url.query,
        "headers": headers | {"host": url.netloc, "x-sdk-date": vector["date"]},
        "body": vector["body"].encode(),
        "date": vector["date"],
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_signature_is_the_vendors(vector: Vector) -> None:
    parts = parts_of(vector)
    assert ";".join(sorted(parts["headers"])) == vector["signed_headers"]
    assert signature(vector["secret_key"], **parts) == vector["signature"]


@pytest.mark.parametrize("vector", WITH_PROJECT, ids=lambda vector: vector["name"])
def test_a_request_is_signed_as_the_vendor_signs_it(vector: Vector) -> None:
    request = signed(request_of(vector), auth_of(vector))
    assert request.headers["Authorization"] == (
        f"SDK-HMAC-SHA256 Access={vector['access_key']}, "
        f"SignedHeaders={vector['signed_headers']}, Signature={vector['signature']}"
    )
    assert request.headers["X-Sdk-Date"] == vector["date"]
    assert request.headers["X-Project-Id"] == vector["headers"]["X-Project-Id"]
    assert request.headers.get("X-Security-Token") == vector["headers"].get("X-Security-Token")
    assert str(request.url) == vector["url"]


def test_the_date_is_in_utc_wherever_the_clock_is() -> None:
    in_peking = moment_of(START).astimezone(timezone(timedelta(hours=8)))
    request = signed(request_of(START), auth_of(START, now=lambda: in_peking))
    assert request.headers["X-Sdk-Date"] == START["date"]
    assert request.headers["Authorization"].endswith(START["signature"])


def test_each_request_is_signed_with_the_time_at_which_it_is_sent() -> None:
    moments = iter([moment_of(START), moment_of(START) + timedelta(seconds=1)])
    auth = auth_of(START, now=lambda: next(moments))
    first, second = (signed(request_of(START), auth).headers for _ in range(2))
    assert (first["X-Sdk-Date"], second["X-Sdk-Date"]) == ("20191115T033655Z", "20191115T033656Z")
    assert first["Authorization"] != second["Authorization"]


def test_signing_a_request_again_replaces_its_signature() -> None:
    request = signed(signed(request_of(START), auth_of(START)), auth_of(START))
    assert request.headers.get_list("Authorization")[0].endswith(START["signature"])
    for name in ("Authorization", "X-Sdk-Date", "X-Project-Id"):
        assert len(request.headers.get_list(name)) == 1


def test_headers_that_are_not_for_signing_do_not_change_the_signature() -> None:
    headers = {"Content-Type": "application/json", "X-App-UserId": "U024BE7LH", "User-Agent": "avatar-bot"}
    request = signed(request_of(START, headers=headers), auth_of(START))
    assert request.headers["Authorization"].endswith(START["signature"])


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PUT"},
        {"url": START["url"] + "x"},
        {"url": START["url"] + "?a=1"},
        {"url": START["url"].replace("ap-southeast-3", "cn-north-4")},
        {"content": START["body"] + " "},
        {"headers": {"Content-Type": "text/plain"}},
        {"headers": {}},
    ],
    ids=["method", "path", "query", "host", "body", "content type", "no content type"],
)
def test_whatever_is_signed_changes_the_signature(changes: dict[str, Any]) -> None:
    request = signed(request_of(START, **changes), auth_of(START))
    assert not request.headers["Authorization"].endswith(START["signature"])


def test_another_secret_key_gives_another_signature() -> None:
    assert signature("another key", **parts_of(START)) != START["signature"]


def test_a_trailing_slash_and_the_order_of_the_query_make_no_difference() -> None:
    parts = parts_of(VECTORS[0])
    parts["path"] += "/"
    parts["query"] = "&".join(reversed(parts["query"].split("&")))
    assert signature(VECTORS[0]["secret_key"], **parts) == VECTORS[0]["signature"]


TEXT = st.text(max_size=6)


@settings(deadline=None, max_examples=60)
@example(segments=["room"], query=[("~", ""), ("é", "")], body=b"", token=None)
@given(
    segments=st.lists(TEXT.filter(lambda text: text not in {"", ".", ".."}), min_size=1, max_size=3),
    query=st.lists(st.tuples(TEXT, TEXT), max_size=3),
    body=st.binary(max_size=30),
    token=st.sampled_from([None, SecretStr("temporary")]),
)
def test_any_request_passes_the_clouds_own_check(
    segments: list[str], query: list[tuple[str, str]], body: bytes, token: SecretStr | None
) -> None:
    path = "/".join(quote(segment, safe="") for segment in segments)
    url = f"https://metastudio.example/v1/{path}?{urlencode(query)}"
    request = signed(request_of(START, url=url, content=body), auth_of(START, security_token=token))
    headers = {name.lower(): value for name, value in request.headers.items()}
    received = ReceivedRequest("POST", request.url.raw_path.decode(), headers, request.content)
    now = moment_of(START).timestamp()
    verify(received, access_key=START["access_key"], secret_key=START["secret_key"], now=now)


def test_the_keys_show_in_no_repr() -> None:
    auth = auth_of(WITH_PROJECT[1])
    assert START["secret_key"] not in repr(auth) + repr(vars(auth))
    assert "TOKEN" not in repr(vars(auth))
