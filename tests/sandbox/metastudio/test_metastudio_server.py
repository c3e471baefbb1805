"""The server around the operations: its record, its control endpoints, its shutdown."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx
import pytest

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn

Call = Callable[..., Awaitable[httpx.Response]]
START = "/smart-chat-rooms/lobby/smart-chat-jobs"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v2/anything"),
        ("DELETE", "/v3/auth/tokens"),
        ("POST", "/v1/p/smart-chat-rooms/r/smart-chat-jobs/j/stop"),
        ("GET", "/v1/p/smart-chat-rooms/r/smart-chat-jobs"),
    ],
)
async def test_an_unknown_path_is_answered_as_unknown(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "APIGW.0101"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


async def test_every_call_is_on_record_without_any_secret(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    started = await call("POST", START)
    project = stand_in.credentials.project_id
    await client.get(
        f"/v1/{project}/smart-chat-rooms?limit=0", headers={"X-Auth-Token": "a-ready-made-token"}
    )
    await client.get(f"/v1/{project}/smart-chat-rooms")
    await client.post("/v3/auth/tokens", content=b"{}")
    assert [(made.method, made.status, made.error_code, made.auth) for made in stand_in.calls] == [
        ("POST", 202, None, "signature"),
        ("GET", 400, "MSS.00000003", "token"),
        ("GET", 401, "MSS.00000001", "none"),
        ("POST", 400, "IAM.400", "password"),
    ]
    first = stand_in.calls[0]
    assert first.path == f"/v1/{project}{START}"
    assert first.request_id == started.headers["X-Request-Id"]
    assert first.milliseconds >= 0
    record = repr(stand_in.calls) + repr(stand_in.jobs) + repr(stand_in.credentials)
    secrets = {"a-ready-made-token", stand_in.credentials.secret_key, stand_in.credentials.iam_password}
    assert not [secret for secret in secrets | stand_in.issued_signatures if secret in record]


async def test_the_record_forgets_its_oldest_calls(stand_in: MetaStudioStandIn) -> None:
    assert stand_in.calls.maxlen == 1000


async def test_starts_are_counted_by_room_beyond_the_record(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    for room_id in ("lobby", "lobby", "busy", "lost"):
        with contextlib.suppress(httpx.TransportError):
            await call("POST", f"/smart-chat-rooms/{room_id}/smart-chat-jobs")
    stand_in.calls.clear()
    await client.post(f"/v1/x{START}")
    await call("GET", "/digital-human-chat/smart-chat-rooms/lobby/smart-chat-jobs")
    counted = (await client.get("/sandbox/starts")).json()
    assert counted == {"starts": {"lobby": 2, "lost": 1}, "calls": {"lobby": 3, "busy": 1, "lost": 1}}
    assert (stand_in.starts_made, dict(stand_in.starts_received)) == (counted["starts"], counted["calls"])


async def test_control_shows_the_jobs_of_one_room(call: Call, client: httpx.AsyncClient) -> None:
    for room_id in ("lobby", "studio", "lobby"):
        await call("POST", f"/smart-chat-rooms/{room_id}/smart-chat-jobs")
    for query, count in (("", 3), ("?room_id=lobby", 2), ("?room_id=elsewhere", 0)):
        assert len((await client.get(f"/sandbox/jobs{query}")).json()["jobs"]) == count


async def test_control_shows_jobs_calls_and_rooms(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    job_id = (await call("POST", START)).json()["job_id"]
    (job,) = (await client.get("/sandbox/jobs")).json()["jobs"]
    assert (job["job_id"], job["room_id"], job["state"]) == (job_id, "lobby", "WAITING")
    (made,) = (await client.get("/sandbox/calls")).json()["calls"]
    assert (made["status"], made["auth"]) == (202, "signature")
    rooms = (await client.get("/sandbox/rooms")).json()
    assert "Lobby kiosk" in [room["room_name"] for room in rooms["named"]]
    assert {"room_id", "description"} == rooms["misbehaving"][0].keys()
    shown = (await client.get("/sandbox/jobs")).text
    assert not [signature for signature in stand_in.issued_signatures if signature in shown]


async def test_control_revokes_all_tokens(client: httpx.AsyncClient, stand_in: MetaStudioStandIn) -> None:
    assert (await client.post("/sandbox/tokens/revoke")).json() == {"revoked": 1}
    path = f"/v1/{stand_in.credentials.project_id}/smart-chat-rooms"
    answer = await client.get(path, headers={"X-Auth-Token": "a-ready-made-token"})
    assert answer.json()["error_code"] == "MSS.00010008"


@pytest.mark.parametrize("strange", [{"Host": "cloud.example"}, {"Origin": "https://evil.example"}])
async def test_control_is_for_callers_on_this_machine(
    client: httpx.AsyncClient, strange: dict[str, str]
) -> None:
    assert (await client.get("/sandbox/jobs", headers=strange)).status_code == 403


async def test_closing_does_not_wait_for_calls_that_hang(credentials: Credentials) -> None:
    stand_in = MetaStudioStandIn(credentials, slow_seconds=60)
    await stand_in.start()
    path = f"/v1/{credentials.project_id}/smart-chat-rooms/slow/smart-chat-jobs"
    async with httpx.AsyncClient(base_url=stand_in.url, trust_env=False, timeout=30) as client:
        await client.get("/sandbox/jobs")  # leaves an idle connection open
        headers = {"X-Auth-Token": "a-ready-made-token"}
        hanging = [asyncio.create_task(client.post(path, headers=headers)) for _ in range(3)]
        while len(stand_in.jobs) < 3:  # noqa: ASYNC110 - the stand-in sends no event for jobs
            await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            await stand_in.close()
        outcomes = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(outcome, httpx.TransportError) for outcome in outcomes)


async def test_a_closed_stand_in_has_no_url_and_can_start_again(credentials: Credentials) -> None:
    stand_in = MetaStudioStandIn(credentials)
    with pytest.raises(RuntimeError, match="not running"):
        _ = stand_in.url
    for _ in range(2):
        await stand_in.start()
        with pytest.raises(RuntimeError, match="already running"):
            await stand_in.start()
        async with httpx.AsyncClient(base_url=stand_in.url, trust_env=False) as client:
            assert (await client.get("/sandbox/jobs")).status_code == 200
        await stand_in.close()
    await stand_in.close()


async def test_a_port_that_is_taken_leaves_nothing_behind(stand_in: MetaStudioStandIn) -> None:
    taken = int(stand_in.url.rpartition(":")[2])
    second = MetaStudioStandIn(Credentials())
    with pytest.raises(OSError, match="address"):
        await second.start(port=taken)
    await second.start()
    await second.close()


async def test_stand_ins_in_one_process_are_independent(call: Call) -> None:
    await call("POST", START)
    async with MetaStudioStandIn(Credentials()) as other:
        assert other.jobs == []
        assert list(other.calls) == []
        assert other.credentials.secret_key != Credentials().secret_key


async def test_a_path_of_odd_bytes_is_answered(stand_in: MetaStudioStandIn) -> None:
    host, _, port = stand_in.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    project = stand_in.credentials.project_id.encode()
    writer.write(
        b"POST /v1/" + project + b"/smart-chat-rooms/%ff\xc3%2F/smart-chat-jobs HTTP/1.1\r\n"
        b"Host: x\r\nX-Auth-Token: a-ready-made-token\r\nConnection: close\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split()[1] in {b"202", b"400"}
