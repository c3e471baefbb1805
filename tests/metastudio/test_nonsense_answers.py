"""Undocumented answers: each becomes an error of the error tree, which claims nothing that is not certain."""

import json
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from typing_extensions import override

from bot.errors import OutcomeUnknown, Rejected
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio
from bot.metastudio.credentials import ReadyMadeToken
from bot.metastudio.http import Http
from bot.runtime.rate_limiter import RateLimiter
from tests.metastudio.cloud import (
    FULL_ANSWER,
    JOB_ID,
    PROJECT,
    ROOM,
    Body,
    Clock,
    Pauses,
    RawServer,
    Says,
    ScriptedCloud,
    answers,
    on_the_wire,
)

OpenClient = Callable[..., MetaStudio]

WITHOUT_A_JOB = {
    "nothing": b"",
    "not JSON": b"<html>accepted</html>",
    "half of it": b'{"job_id": "26f0',
    "not UTF-8": b'{"job_id": "\xff\xfe"}',
    "half a character": rb'{"job_id": "\ud800"}',
    "compressed without being asked": b"\x1f\x8b\x08\x00rest",
    "a list": b'[{"job_id": "x"}]',
    "a string": b'"26f06524"',
    "a number": b"1",
    "null": b"null",
    "no job": b"{}",
    "the job is null": b'{"job_id": null}',
    "the job is empty": b'{"job_id": ""}',
    "the job is blank": b'{"job_id": " \\t "}',
    "the job is a list": b'{"job_id": ["x"]}',
    "the job is an object": b'{"job_id": {"id": "x"}}',
    "the job is a truth": b'{"job_id": true}',
    "the job is NaN": b'{"job_id": NaN}',
    "the job is endless": b'{"job_id": 1e999}',
    "an integer too long to read": b'{"job_id": "x", "video_config": {"width": ' + b"9" * 5000 + b"}}",
    "too deep": b'{"job_id": "x", "a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "10 MB": b'{"job_id": "x", "a": "' + b"a" * 10_000_000 + b'"}',
}


async def start(metastudio: MetaStudio) -> Any:
    return await metastudio.start(ROOM, app_user_id="U1", seconds=5)


@pytest.mark.parametrize("name", WITHOUT_A_JOB)
async def test_a_success_without_a_usable_job_has_an_unknown_outcome(
    open_client: OpenClient, name: str
) -> None:
    cloud = ScriptedCloud(Says(202, WITHOUT_A_JOB[name], {"X-Request-Id": "request-1"}))
    with pytest.raises(OutcomeUnknown) as caught:
        await start(open_client(cloud))
    assert advice(caught.value)
    assert len(cloud.requests) == 1


async def test_where_an_accepted_start_names_no_job_its_request_id_is_kept(open_client: OpenClient) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        await start(open_client(ScriptedCloud(Says(202, {}, {"X-Request-Id": "request-1"}))))
    assert (caught.value.answer.http_status, caught.value.answer.request_id) == (202, "request-1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("video_config", {"width": float("nan"), "height": float("inf")}),
        ("video_config", {"width": 10**4000, "height": -(10**4000)}),
        ("video_config", {"width": "wide", "height": [1]}),
        ("video_config", ["1920", "1080"]),
        ("chat_subtitle_config", "off"),
        ("voice_config_list", {"speed": 100}),
        ("voice_config_list", ["CN", 7, [], {"speed": {}}]),
        ("rtc_room_info", {"users": {"signature": "rtc-signature"}}),
        ("rtc_room_info", {"users": [{"signature": ["rtc-signature"], "ctime": "never"}]}),
        ("is_transparent", "perhaps"),
        ("chat_video_type", {"Hub": True}),
        ("region", []),
        ("default_language", False),
    ],
)
async def test_a_field_that_surprises_costs_no_job(open_client: OpenClient, field: str, value: Any) -> None:
    started = await start(open_client(ScriptedCloud(Says(202, FULL_ANSWER | {field: value}))))
    assert started.job.job_id == JOB_ID
    others = {"job_id": JOB_ID} | {name: known for name, known in FULL_ANSWER.items() if name != field}
    expected = (await start(open_client(ScriptedCloud(Says(202, others))))).job
    assert started.job.model_dump(exclude={field}) == expected.model_dump(exclude={field})
    assert "rtc-signature" not in repr(started.job)


@pytest.mark.parametrize(
    "content",
    [
        b'{"error_code": [], "error_msg": {}}',
        b'{"error_code": true, "error_msg": null, "request_id": 1.5}',
        b'{"error_code": ' + b"9" * 5000 + b"}",
        b"[" * 5000,
        b'{"error": ["code"]}',
    ],
)
async def test_a_refusal_with_a_nonsense_body_is_still_a_refusal(
    open_client: OpenClient, content: bytes
) -> None:
    with pytest.raises(Rejected) as caught:
        await start(open_client(ScriptedCloud(Says(400, content))))
    assert caught.value.answer.error_code is None
    assert "400" in sentence(caught.value.reason)


async def test_codes_and_texts_that_are_numbers_are_shown(open_client: OpenClient) -> None:
    with pytest.raises(Rejected) as caught:
        await start(open_client(ScriptedCloud(Says(400, b'{"error_code": 7, "error_msg": 8}'))))
    assert (caught.value.answer.error_code, caught.value.answer.error_msg) == ("7", "8")


async def test_reading_stops_where_an_answer_grows_too_large(open_client: OpenClient) -> None:
    read = 0

    class Endless(Body):
        @override
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 100_000
                yield b" " * 100_000

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(202, stream=Endless(b""))

    with pytest.raises(OutcomeUnknown):
        await start(open_client(httpx.MockTransport(answer)))
    assert read <= 1_200_000


@pytest.mark.parametrize(
    "answer",
    [
        on_the_wire(202, b'{"job_id": "x"}', {"X-Request-Id": "a" * 70_000}),
        on_the_wire(202, b'{"job_id": "x"}', {f"X-{number}": "a" for number in range(5000)}),
        b"HTTP/1.1 202 " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 zwei OK\r\n\r\n",
        b"SMTP ready\r\n\r\n",
        b"HTTP/1.1 202 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 202 OK\r\nNo colon here\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=[
        "a huge header",
        "thousands of headers",
        "a huge first line",
        "no status",
        "another protocol",
        "a length below zero",
        "chunks without a size",
        "a header without a name",
        "TLS",
    ],
)
async def test_what_is_not_http_has_an_unknown_outcome(open_client: OpenClient, answer: bytes) -> None:
    async with RawServer(answers(answer)) as server:
        with pytest.raises(OutcomeUnknown):
            await open_client(endpoint=server.url).start(ROOM, app_user_id="U1", seconds=1)
        assert len(server.requests) == 1


async def test_odd_headers_do_no_harm(open_client: OpenClient) -> None:
    odd = {"Set-Cookie": "a=b; expires=never", "Content-Type": "text/html; charset=nonsense", "X-A": "\x80ÿ"}
    async with RawServer(answers(on_the_wire(202, b'{"job_id": "x"}', odd))) as server:
        metastudio = open_client(endpoint=server.url)
        assert (await start(metastudio)).job.job_id == "x"
        assert (await start(metastudio)).job.job_id == "x"


NAMES = [
    *FULL_ANSWER,
    *("app_id", "room_id", "users", "user_type", "user_id", "signature", "ctime", "dx", "dy"),
    *("width", "height", "voice_asset_id", "speed", "error_code", "error_msg", "request_id", "error"),
]
SECRET = "the-rtc-signature"
SIGNED = st.sampled_from([{"signature": SECRET}, {"signature": [SECRET]}, {"signature": {"is": SECRET}}])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | SIGNED
KEYS = st.sampled_from(NAMES) | st.text(max_size=5)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(
            lambda entries, more: entries | more,
            st.dictionaries(KEYS, inner, max_size=5),
            SIGNED | st.just({}),
        )
    ),
    max_leaves=20,
)
ANSWERS = JSON | st.fixed_dictionaries(
    {"job_id": st.text(min_size=1, max_size=5)}, optional=dict.fromkeys(FULL_ANSWER.keys() - {"job_id"}, JSON)
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(body=ANSWERS, status=st.sampled_from([200, 202, 299]))
async def test_no_json_surprises_the_client_and_no_signature_is_ever_seen(body: Any, status: int) -> None:
    content = json.dumps(body).encode()
    async with aclosing(Http(ScriptedCloud(Says(status, content)))) as http:
        metastudio = MetaStudio(
            http,
            ReadyMadeToken(SecretStr("token")),
            endpoint="https://metastudio.example",
            project_id=PROJECT,
            reads=RateLimiter(0),
            stops=RateLimiter(0),
            jitter=lambda: 0.0,
            now=Clock(),
            sleep=Pauses(),
        )
        try:
            started = await start(metastudio)
        except OutcomeUnknown as error:
            seen = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        else:
            assert started.job.job_id.strip()
            job = started.job
            seen = repr(started) + str(job) + job.model_dump_json() + repr(job.model_dump())
    assert SECRET not in seen
