"""`python -m bot.sandbox`: the stand-ins as a process of their own."""

import asyncio
import hashlib
import hmac
import os
import shlex
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.__main__ import _above_zero
from bot.sandbox.metastudio.signature import ALGORITHM, DATE_FORMAT, ReceivedRequest, canonical_request

Running = Callable[..., AbstractAsyncContextManager[dict[str, str]]]
AVATARS = "C0AVATARS1"


@pytest.fixture
def running() -> Running:
    """Run it with arguments for the length of an `async with`, and yield the environment that it prints."""

    @asynccontextmanager
    async def run(*arguments: str) -> AsyncIterator[dict[str, str]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot.sandbox", *arguments),
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )
        assert process.stdout is not None
        environment = {}
        while "METASTUDIO_ENDPOINT" not in environment:
            line = (await process.stdout.readline()).decode()
            name, _, value = line.removeprefix("export ").strip().partition("=")
            environment[name] = shlex.split(value)[0]
        try:
            yield environment
        finally:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                assert await process.wait() == 0

    return run


def signed(environment: dict[str, str], path: str) -> dict[str, str]:
    """Return the headers of an empty POST, signed with the keys of the environment."""
    headers = {
        "host": environment["METASTUDIO_ENDPOINT"].removeprefix("http://"),
        "x-project-id": environment["HUAWEICLOUD_SDK_PROJECT_ID"],
        "x-sdk-date": datetime.now(UTC).strftime(DATE_FORMAT),
    }
    names = tuple(headers)
    canonical = canonical_request(ReceivedRequest("POST", path, headers, b""), names)
    to_sign = "\n".join((ALGORITHM, headers["x-sdk-date"], hashlib.sha256(canonical).hexdigest()))
    secret = environment["HUAWEICLOUD_SDK_SK"].encode()
    claim = {
        "Access": environment["HUAWEICLOUD_SDK_AK"],
        "SignedHeaders": ";".join(names),
        "Signature": hmac.new(secret, to_sign.encode(), hashlib.sha256).hexdigest(),
    }
    words = ", ".join(f"{name}={value}" for name, value in claim.items())
    return headers | {"Authorization": f"{ALGORITHM} {words}"}


async def test_slack_limits_the_posts_of_a_channel_and_uses_signed_http_where_told_so(
    running: Running,
) -> None:
    url = "http://127.0.0.1:9/slack/events"
    async with running("--posts-per-second", "0.01", "--request-url", url) as environment:
        assert "SLACK_APP_TOKEN" not in environment
        client = AsyncWebClient(
            environment["SLACK_BOT_TOKEN"], base_url=environment["SLACK_API_URL"], retry_handlers=[]
        )
        await client.chat_postMessage(channel=AVATARS, text="1")
        with pytest.raises(SlackApiError) as refused:
            await client.chat_postMessage(channel=AVATARS, text="2")
        assert refused.value.response.headers["Retry-After"] == "100"
        slack = environment["SLACK_API_URL"].removesuffix("/api/")
        async with aiohttp.ClientSession() as session:
            typed = {"command": "/avatar-start", "text": "room-1"}
            answer = await session.post(f"{slack}/sandbox/commands", json=typed)
            assert (await answer.json())["error"] == "dispatch_failed"


async def test_metastudio_lets_jobs_live_at_the_pace_asked_for(running: Running) -> None:
    async with running("--pace", "0.01", "--answer-seconds", "0.2") as environment:
        assert environment["SLACK_APP_TOKEN"]
        endpoint = environment["METASTUDIO_ENDPOINT"]
        async with aiohttp.ClientSession() as session:

            async def ask(path: str) -> Any:
                return await (await session.get(f"{endpoint}{path}")).json()

            path = f"/v1/{environment['HUAWEICLOUD_SDK_PROJECT_ID']}/smart-chat-rooms/lobby/smart-chat-jobs"
            began = asyncio.get_running_loop().time()
            started = await session.post(f"{endpoint}{path}", headers=signed(environment, path))
            assert started.status == 202
            assert asyncio.get_running_loop().time() - began >= 0.2
            async with asyncio.timeout(5):
                while (await ask("/sandbox/jobs"))["jobs"][0]["state"] != "SUCCEED":  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.05)
            [job] = (await ask("/sandbox/jobs?room_id=lobby"))["jobs"]
            assert job["ended_at"] - job["created_at"] == pytest.approx(1.23)
            assert await ask("/sandbox/starts") == {"starts": {"lobby": 1}, "calls": {"lobby": 1}}


@pytest.mark.parametrize("value", ["0", "-1", "fast", "nan", "inf"])
def test_a_pace_is_a_number_above_zero(value: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"{value} is not a number above 0"):
        _above_zero(value)


@pytest.mark.parametrize(("option", "value"), [("--pace", "0"), ("--posts-per-second", "inf")])
async def test_an_invalid_pace_is_refused(option: str, value: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox", f"{option}={value}", stderr=asyncio.subprocess.PIPE
    )
    _, words = await process.communicate()
    assert process.returncode == 2
    assert f"{value} is not a number above 0" in words.decode()
