"""Faults of the whole of MetaStudio: made in the same process or from outside, limited, and ended."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from bot.sandbox.metastudio import MetaStudioStandIn

Call = Callable[..., Coroutine[Any, Any, httpx.Response]]
PassTime = Callable[[float], None]
START = "/smart-chat-rooms/lobby/smart-chat-jobs"
JOBS = "/digital-human-chat/smart-chat-rooms/lobby/smart-chat-jobs"
NONSENSE = "<html><body>Welcome to the hotel's network. Please log in.</body></html>"


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


async def order(client: httpx.AsyncClient, **wish: Any) -> Any:
    answer = await client.post("/sandbox/trouble", json=wish)
    assert answer.status_code == 200
    return answer.json()["trouble"]


async def started(call: Call) -> str:
    job_id = (await call("POST", START)).json()["job_id"]
    assert isinstance(job_id, str)
    return job_id


async def test_a_service_that_is_down_resets_every_connection_until_it_is_up_again(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn, pass_time: PassTime
) -> None:
    await order(client, kind="down", seconds=30)
    with pytest.raises(httpx.ReadError):
        await call("POST", START)
    with pytest.raises(httpx.ReadError):
        await client.post("/v3/auth/tokens")
    assert (await client.get("/sandbox/jobs")).json() == {"jobs": []}
    pass_time(30)
    assert (await call("POST", START)).status_code == 202

    stand_in.trouble.reset_connections()
    with pytest.raises(httpx.ReadError):
        await call("POST", START)
    assert await order(client, kind="down", seconds=0) == []
    assert (await call("POST", START)).status_code == 202


async def test_throttling_refuses_every_operation_until_it_is_over(
    call: Call, client: httpx.AsyncClient, pass_time: PassTime
) -> None:
    await order(client, kind="throttle", seconds=5)
    for method, path in (("POST", START), ("GET", "/smart-chat-rooms")):
        answer = await call(method, path)
        assert outcome(answer) == (429, "APIGW.0308")
    assert (await client.post("/v3/auth/tokens", content=b"{}")).status_code == 400
    pass_time(5)
    assert (await call("POST", START)).status_code == 202


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [({}, (404, "APIGW.0101")), ({"code": "MSS.00010003"}, (400, "MSS.00010003"))],
)
async def test_operations_on_started_jobs_may_be_unknown(
    call: Call, client: httpx.AsyncClient, wish: dict[str, str], refusal: tuple[int, str]
) -> None:
    await order(client, kind="unsupported", **wish)
    job_id = await started(call)
    for method, path in (("GET", JOBS), ("GET", f"{JOBS}/{job_id}/state"), ("POST", f"{JOBS}/{job_id}/stop")):
        assert outcome(await call(method, path)) == refusal
    assert (await call("GET", "/smart-chat-rooms")).status_code == 200
    await order(client, kind="clear")
    assert (await call("GET", f"{JOBS}/{job_id}/state")).json()["state"] == "WAITING"


async def test_one_operation_alone_may_be_unknown(call: Call, stand_in: MetaStudioStandIn) -> None:
    job_id = await started(call)
    stand_in.trouble.unsupport("stop")
    assert outcome(await call("POST", f"{JOBS}/{job_id}/stop")) == (404, "APIGW.0101")
    assert (await call("GET", JOBS)).status_code == 200


async def test_errors_affect_a_number_of_calls_of_one_operation(
    call: Call, client: httpx.AsyncClient
) -> None:
    job_id = await started(call)
    assert await order(client, kind="errors", operation="state", times=2) == [
        {"kind": "errors", "operation": "state", "until": None, "left": 2, "after": False}
    ]
    statuses = [(await call("GET", f"{JOBS}/{job_id}/state")).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert (await call("GET", JOBS)).status_code == 200


async def test_an_answer_may_be_garbage(call: Call, stand_in: MetaStudioStandIn) -> None:
    stand_in.trouble.garble("jobs", times=1)
    answer = await call("GET", JOBS)
    assert (answer.status_code, answer.text) == (200, NONSENSE)
    stand_in.trouble.garble("jobs", times=1, body='{"count": "many"}')
    assert (await call("GET", JOBS)).json() == {"count": "many"}
    assert (await call("GET", JOBS)).json()["count"] == 0


@pytest.mark.parametrize("kind", ["down", "garbage", "errors"])
async def test_a_start_fails_before_or_after_its_job_is_made(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn, kind: str
) -> None:
    async def start() -> int | None:
        try:
            return (await call("POST", START)).status_code
        except httpx.TransportError:
            return None

    ends = {"down": None, "garbage": 200, "errors": 500}[kind]
    await order(client, kind=kind, operation="start", times=1)
    assert await start() == ends
    assert stand_in.jobs == []
    await order(client, kind=kind, operation="start", times=1, after=True)
    assert await start() == ends
    assert len(stand_in.jobs) == 1
    assert (stand_in.starts_made, stand_in.starts_received) == ({"lobby": 1}, {"lobby": 2})
    assert await start() == 202


async def test_a_call_hangs_until_the_trouble_ends_and_is_answered_then(
    call: Call, stand_in: MetaStudioStandIn, pass_time: PassTime
) -> None:
    stand_in.trouble.hang("start", seconds=60)
    starting = asyncio.create_task(call("POST", START))
    looking = await call("GET", JOBS)
    await asyncio.sleep(0.1)
    assert (looking.json()["count"], starting.done(), stand_in.jobs) == (0, False, [])
    pass_time(60)
    assert (await starting).status_code == 202
    assert len(stand_in.jobs) == 1


async def test_a_start_that_hangs_afterwards_has_made_its_job(
    call: Call, client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    await order(client, kind="hang", operation="start", times=1, after=True)
    starting = asyncio.create_task(call("POST", START))
    while not stand_in.jobs:  # noqa: ASYNC110 - the stand-in sends no event for jobs
        await asyncio.sleep(0.01)
    assert (await call("POST", START)).status_code == 202
    assert not starting.done()
    await order(client, kind="clear")
    assert (await starting).json()["job_id"] == stand_in.jobs[0].job_id


async def test_a_hanging_call_does_nothing_if_its_caller_has_hung_up(
    client: httpx.AsyncClient, stand_in: MetaStudioStandIn
) -> None:
    stand_in.trouble.hang("start")
    path = f"/v1/{stand_in.credentials.project_id}{START}"
    headers = {"X-Auth-Token": "a-ready-made-token"}
    with pytest.raises(httpx.ReadTimeout):
        await client.post(path, headers=headers, timeout=0.1)
    await asyncio.sleep(0.05)  # the stand-in, in this same event loop, notices it
    stand_in.trouble.clear()
    while not stand_in.calls:  # noqa: ASYNC110 - the stand-in sends no event for calls
        await asyncio.sleep(0.01)
    assert (stand_in.jobs, stand_in.calls[0].status) == ([], None)


async def test_several_troubles_last_side_by_side_and_end_one_by_one(
    call: Call, client: httpx.AsyncClient
) -> None:
    await order(client, kind="throttle", operation="start")
    both = await order(client, kind="errors", operation="jobs", seconds=60)
    assert [trouble["kind"] for trouble in both] == ["throttle", "errors"]
    assert (await call("POST", START)).status_code == 429
    assert (await call("GET", JOBS)).status_code == 500
    assert [trouble["kind"] for trouble in await order(client, kind="errors", seconds=0)] == ["throttle"]
    assert (await call("GET", JOBS)).status_code == 200
    assert (await call("POST", START)).status_code == 429


async def test_closing_does_not_wait_for_calls_that_hang_in_trouble(stand_in: MetaStudioStandIn) -> None:
    stand_in.trouble.hang()
    path = f"/v1/{stand_in.credentials.project_id}/smart-chat-rooms"
    async with httpx.AsyncClient(base_url=stand_in.url, trust_env=False, timeout=30) as client:
        hanging = asyncio.create_task(client.get(path, headers={"X-Auth-Token": "a-ready-made-token"}))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await stand_in.close()
        with pytest.raises(httpx.TransportError):
            await hanging


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b"{}", "kind is down, throttle, unsupported, hang, garbage, errors, clock, undated or clear"),
        (b'{"kind":"flood","seconds":1}', "kind is"),
        (b'{"kind":["down"],"seconds":1}', "kind is"),
        (b'{"kind":"down","seconds":-1}', "seconds must be"),
        (b'{"kind":"down","seconds":true}', "seconds must be"),
        (b'{"kind":"down","seconds":"5"}', "seconds must be"),
        (b'{"kind":"down","seconds":NaN}', "seconds must be"),
        (b'{"kind":"down","seconds":1e999}', "seconds must be"),
        (b'{"kind":"down","times":0}', "times must be"),
        (b'{"kind":"down","times":1.5}', "times must be"),
        (b'{"kind":"down","times":1e999}', "times must be"),
        (b'{"kind":"down","operation":"begin"}', "operation is one of start, stop, state, jobs"),
        (b'{"kind":"down","operation":["start"]}', "operation is one of"),
        (b'{"kind":"down","after":1}', "after must be true or false"),
        (b'{"kind":"throttle","after":true}', "after goes with down, hang, garbage, errors"),
        (b'{"kind":"unsupported","code":"MSS.1"}', "code is one of APIGW.0101, MSS.00010003"),
        (b'{"kind":"garbage","body":{}}', "body must be a string"),
    ],
)
async def test_a_malformed_request_for_trouble_is_answered_in_words(
    client: httpx.AsyncClient, stand_in: MetaStudioStandIn, body: bytes, words: str
) -> None:
    answer = await client.post("/sandbox/trouble", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert stand_in.trouble.state() == []
