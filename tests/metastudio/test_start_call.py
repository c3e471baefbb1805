"""The start call as MetaStudio receives it, with each kind of credentials."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bot.domain.invocation import RoomType, StartRequest
from bot.errors import CredentialRefused, MetaStudioError
from bot.messages.reasons import advice
from bot.sandbox.metastudio import MetaStudioStandIn
from tests.metastudio.cloud import (
    ACCEPTS,
    FULL_ANSWER,
    JOB_ID,
    NOON,
    PROJECT,
    ROOM,
    Clock,
    RawServer,
    Says,
    ScriptedCloud,
    answers,
    on_the_wire,
)
from tests.metastudio.ways import KEYS, TOKEN, WAYS, account_of, settings, settings_at

SECRETS = (
    "secret-key-of-the-test",
    "security-token-of-the-test",
    "ready-made-token-of-the-test",
    "password-of-the-test",
    "token-from-iam",
    "rtc-signature",
)
LOGS_IN = Says(201, {"token": {}}, {"X-Subject-Token": "token-from-iam"})

Open = Callable[..., Any]


def script_for(way: str, *steps: Any) -> ScriptedCloud:
    return ScriptedCloud(*([LOGS_IN] if way == "login" else []), *steps)


@pytest.mark.parametrize("region", [None, "cn-southwest-2"])
@pytest.mark.parametrize("client_id", [None, "kiosk-7"])
@pytest.mark.parametrize("room_type", [None, RoomType.RTC, RoomType.METALINK])
async def test_the_body_holds_what_was_asked_for_and_nothing_else(
    connect: Open, region: str | None, client_id: str | None, room_type: RoomType | None
) -> None:
    cloud = ScriptedCloud(ACCEPTS)
    metastudio = await connect(settings(KEYS), cloud)
    await metastudio.start(
        StartRequest("room-1", region, room_type, client_id), app_user_id="U024BE7LH", seconds=5
    )
    (request,) = cloud.requests
    asked = {"region": region, "client_id": client_id, "room_type": room_type and str(room_type)}
    assert json.loads(request.content) == {name: value for name, value in asked.items() if value}
    assert request.method == "POST"
    assert str(request.url) == (
        f"https://metastudio.example/v1/{PROJECT}/smart-chat-rooms/room-1/smart-chat-jobs"
    )


@pytest.mark.parametrize("way", WAYS)
async def test_every_start_says_who_asked_and_takes_json(connect: Open, way: str) -> None:
    cloud = script_for(way, ACCEPTS)
    metastudio = await connect(settings(WAYS[way]), cloud)
    await metastudio.start(ROOM, app_user_id="U024BE7LH", seconds=5)
    headers = cloud.requests[-1].headers
    assert headers["X-App-UserId"] == "U024BE7LH"
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert headers["Host"] == "metastudio.example"


@pytest.mark.parametrize("way", ["keys", "temporary keys"])
async def test_with_keys_a_start_is_signed_and_has_no_token(connect: Open, way: str) -> None:
    cloud = ScriptedCloud(ACCEPTS)
    await (await connect(settings(WAYS[way]), cloud)).start(ROOM, app_user_id="U1", seconds=5)
    headers = cloud.requests[0].headers
    assert headers["Authorization"].startswith("SDK-HMAC-SHA256 Access=AK-OF-THE-TEST, SignedHeaders=")
    assert headers["X-Sdk-Date"] == "20260101T120000Z"
    assert headers["X-Project-Id"] == PROJECT
    assert headers.get("X-Security-Token") == WAYS[way].get("HUAWEICLOUD_SDK_SECURITY_TOKEN")
    assert "X-Auth-Token" not in headers


@pytest.mark.parametrize(
    ("way", "token"), [("token", "ready-made-token-of-the-test"), ("login", "token-from-iam")]
)
async def test_with_a_token_a_start_is_not_signed(connect: Open, way: str, token: str) -> None:
    cloud = script_for(way, ACCEPTS)
    await (await connect(settings(WAYS[way]), cloud)).start(ROOM, app_user_id="U1", seconds=5)
    headers = cloud.requests[-1].headers
    assert headers["X-Auth-Token"] == token
    assert not {"Authorization", "X-Sdk-Date", "X-Security-Token"} & {name.title() for name in headers}


async def test_the_endpoint_may_end_in_a_slash(connect: Open) -> None:
    cloud = ScriptedCloud(ACCEPTS)
    chosen = settings(KEYS, METASTUDIO_ENDPOINT="https://metastudio.example/")
    await (await connect(chosen, cloud)).start(ROOM, app_user_id="U1", seconds=5)
    assert cloud.requests[0].url.path.startswith("/v1/")


@pytest.mark.parametrize("way", WAYS)
async def test_a_start_passes_the_checks_of_a_real_server(connect: Open, clock: Clock, way: str) -> None:
    async with MetaStudioStandIn(account_of(way), clock=lambda: clock().timestamp()) as stand_in:
        metastudio = await connect(settings_at(stand_in.url, way))
        request = StartRequest("lobby", "cn-southwest-2", RoomType.METALINK, "kiosk-7")
        started = await metastudio.start(request, app_user_id="U024BE7LH", seconds=5)
        (job,) = stand_in.jobs
    assert started.job.job_id == job.job_id
    assert started.job.region == "cn-southwest-2"
    assert (job.room_id, job.room_type, job.client_id) == ("lobby", "METALINK", "kiosk-7")
    assert job.app_user_id == "U024BE7LH"


async def test_a_clock_that_is_far_off_is_named_in_the_advice(connect: Open, clock: Clock) -> None:
    async with MetaStudioStandIn(account_of("keys"), clock=NOON.timestamp) as stand_in:
        metastudio = await connect(settings(KEYS | {"METASTUDIO_ENDPOINT": stand_in.url}))
        clock.advance(minutes=16)
        with pytest.raises(CredentialRefused) as caught:
            await metastudio.start(ROOM, app_user_id="U1", seconds=5)
        assert len(stand_in.calls) == 1
    assert caught.value.answer.error_code == "APIGW.0301"
    assert "clock" in advice(caught.value)


FAILURES = {
    "refused": Says(401, {"error_code": "MSS.00000001", "error_msg": "Unauthorized"}),
    "broken": Says(500, {"error_code": "MSS.00000004", "error_msg": "Internal Error"}),
    "unreadable": Says(202, b"nonsense"),
    "without a job": Says(202, FULL_ANSWER | {"job_id": None}),
    "lost": httpx.ReadError("lost"),
    "nonsense in code": RuntimeError("a mistake in a library"),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("way", WAYS)
async def test_no_secret_is_in_a_failures_texts(connect: Open, way: str, failure: str) -> None:
    metastudio = await connect(settings(WAYS[way]), script_for(way, FAILURES[failure]))
    with pytest.raises((MetaStudioError, RuntimeError)) as caught:
        await metastudio.start(ROOM, app_user_id="U1", seconds=5)
    error = caught.value
    told = [*traceback.format_exception(error), repr(error), repr(vars(error)), repr(vars(metastudio))]
    assert not [secret for secret in SECRETS if secret in "".join(told)]


async def test_no_secret_is_in_the_repr_of_a_started_job(connect: Open) -> None:
    started = await (await connect(settings(KEYS), ScriptedCloud(Says(202, FULL_ANSWER)))).start(
        ROOM, app_user_id="U1", seconds=5
    )
    assert JOB_ID in repr(started)
    assert not [secret for secret in SECRETS if secret in repr(started) + str(started.job)]


async def test_entries_of_netrc_are_none_of_the_clouds_business(
    connect: Open, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password of-another-service\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    accepted = on_the_wire(202, json.dumps({"job_id": JOB_ID}).encode())
    for way in (KEYS, TOKEN):
        async with RawServer(answers(accepted)) as server:
            metastudio = await connect(settings(way | {"METASTUDIO_ENDPOINT": server.url}))
            await metastudio.start(ROOM, app_user_id="U1", seconds=5)
            assert b"Basic" not in server.requests[0]


@pytest.mark.parametrize("written", ["{}", "http://{}", "http://{}/"])
async def test_a_proxy_of_the_environment_is_used_unless_no_proxy_names_the_host(
    connect: Open, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    accepted = on_the_wire(202, json.dumps({"job_id": JOB_ID}).encode())
    async with RawServer(answers(accepted)) as proxy, RawServer(answers(accepted)) as server:
        monkeypatch.setenv("http_proxy", written.format(proxy.url.removeprefix("http://")))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        chosen = settings(KEYS | {"METASTUDIO_ENDPOINT": server.url})
        await (await connect(chosen)).start(ROOM, app_user_id="U1", seconds=5)
        assert (len(proxy.requests), len(server.requests)) == (1, 0)
        assert proxy.requests[0].startswith(f"POST {server.url}/v1/".encode())
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        await (await connect(chosen)).start(ROOM, app_user_id="U1", seconds=5)
        assert (len(proxy.requests), len(server.requests)) == (1, 1)
