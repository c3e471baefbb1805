"""Sockets of apps in separate processes, which share the payloads and are killed."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackStandIn, Tokens

Eventually = Callable[[Callable[[], object]], Awaitable[None]]

APP = """
import asyncio, json, sys
import aiohttp

async def serve(address):
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        async for message in socket:
            envelope = json.loads(message.data)
            if envelope["type"] == "slash_commands":
                text = envelope["payload"]["text"]
                print(text, flush=True)
                if text != "silence":
                    await socket.send_json({"envelope_id": envelope["envelope_id"]})

asyncio.run(serve(sys.argv[1]))
"""


@dataclass
class Replica:
    """One process of the app; it prints what it receives, and acknowledges everything but "silence"."""

    process: asyncio.subprocess.Process
    heard: list[str] = field(default_factory=list)

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.heard.append(line.decode().strip())


@pytest.fixture
async def replicas(slack: SlackStandIn, tokens: Tokens) -> AsyncIterator[list[Replica]]:
    """Start three of them, each with one socket, in the order of their sockets."""
    client = AsyncWebClient(base_url=slack.api_url)

    @asynccontextmanager
    async def running() -> AsyncIterator[Replica]:
        opened = await client.apps_connections_open(app_token=tokens.app_token)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", APP, str(opened["url"]), stdout=asyncio.subprocess.PIPE
        )
        replica = Replica(process)
        listening = asyncio.create_task(replica.listen())
        before = slack.open_sockets
        async with asyncio.timeout(20):
            await slack.wait_until_connected(before + 1)
        yield replica
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening

    async with running() as one, running() as two, running() as three:
        yield [one, two, three]


async def test_each_payload_goes_to_one_process_and_all_have_their_share(
    slack: SlackStandIn, replicas: list[Replica], eventually: Eventually
) -> None:
    typed = [f"room-{number}" for number in range(30)]
    results = await asyncio.gather(*(slack.command("/avatar-start", text) for text in typed))
    assert {result.error for result in results} == {None}
    await eventually(lambda: sum(len(replica.heard) for replica in replicas) == 30)
    assert sorted(text for replica in replicas for text in replica.heard) == sorted(typed)
    assert [len(replica.heard) for replica in replicas] == [10, 10, 10]


async def test_a_killed_process_is_noticed_at_once_and_sent_nothing_more(
    slack: SlackStandIn, replicas: list[Replica], eventually: Eventually
) -> None:
    replicas[0].process.kill()
    async with asyncio.timeout(0.5):
        await eventually(lambda: slack.open_sockets == 2)
    results = await asyncio.gather(*(slack.command("/avatar-start", str(number)) for number in range(20)))
    assert {result.error for result in results} == {None}
    await eventually(lambda: sum(len(replica.heard) for replica in replicas) == 20)
    assert [len(replica.heard) for replica in replicas] == [0, 10, 10]


async def test_a_payload_whose_process_is_killed_has_failed_and_is_not_sent_again(
    slack: SlackStandIn, replicas: list[Replica], eventually: Eventually
) -> None:
    typing = asyncio.create_task(slack.command("/avatar-start", "silence"))
    await eventually(lambda: any(replica.heard for replica in replicas))
    [unlucky] = [replica for replica in replicas if replica.heard]
    unlucky.process.kill()
    result = await typing
    assert (result.error, result.ack) == ("operation_timeout", None)
    [notice] = slack.messages()
    assert notice.text == "/avatar-start failed with the error “operation_timeout”"
    await asyncio.gather(*(slack.command("/avatar-start", "next") for _ in range(4)))
    others = [replica for replica in replicas if replica is not unlucky]
    await eventually(lambda: sum(len(replica.heard) for replica in others) == 4)
    assert [replica.heard for replica in others] == [["next", "next"]] * 2
    envelopes = [exchange for exchange in slack.traffic if exchange.kind == "envelope"]
    assert [envelope.sent["payload"]["text"] for envelope in envelopes].count("silence") == 1


async def test_with_the_last_process_killed_nothing_is_dispatched(
    slack: SlackStandIn, replicas: list[Replica], eventually: Eventually
) -> None:
    for replica in replicas:
        replica.process.kill()
    await eventually(lambda: slack.open_sockets == 0)
    result = await slack.command("/avatar-start", "room-1")
    assert result.error == "dispatch_failed"
    assert result.milliseconds < 500
