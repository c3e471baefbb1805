"""Connections that fail, on real sockets. The question is always: can the request have arrived?

The transport reports a connection that was lost after sending like one that was never made. So these tests
use the real transport and count what the server has read.
"""

import asyncio
import socket
from collections.abc import Callable

import pytest

from bot.errors import MetaStudioError, NotSent, OutcomeUnknown
from bot.messages.reasons import sentence
from bot.metastudio.client import MetaStudio
from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from tests.metastudio.cloud import (
    ACCEPTED_ON_THE_WIRE,
    JOB_ID,
    ROOM,
    Behaviour,
    Pauses,
    RawServer,
    answers,
    closes,
    closes_halfway,
    on_the_wire,
    resets,
    says_nothing,
    stops_halfway,
)

OpenClient = Callable[..., MetaStudio]


async def start(metastudio: MetaStudio, seconds: float = 5) -> str | None:
    return (await metastudio.start(ROOM, app_user_id="U1", seconds=seconds)).job.job_id


async def fail(metastudio: MetaStudio, seconds: float = 5) -> MetaStudioError:
    with pytest.raises(MetaStudioError) as caught:
        await start(metastudio, seconds)
    return caught.value


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


async def test_a_closed_port_is_tried_four_times_and_nothing_was_sent(
    open_client: OpenClient, pauses: Pauses
) -> None:
    error = await fail(open_client(endpoint=f"http://127.0.0.1:{closed_port()}"), seconds=30)
    assert type(error) is NotSent
    assert "127.0.0.1" in sentence(error.reason)
    assert pauses == [0.75, 1.5, 3.0]


async def test_a_host_without_an_address_cannot_be_reached(open_client: OpenClient, pauses: Pauses) -> None:
    error = await fail(open_client(endpoint="https://metastudio.invalid"), seconds=30)
    assert type(error) is NotSent
    assert "metastudio.invalid" in sentence(error.reason)
    assert len(pauses) == 3


async def test_a_server_without_tls_cannot_be_reached_by_https(
    open_client: OpenClient, pauses: Pauses
) -> None:
    async with MetaStudioStandIn(Credentials()) as stand_in:
        error = await fail(open_client(endpoint=stand_in.url.replace("http:", "https:")), seconds=30)
        assert type(error) is NotSent
        assert len(pauses) == 3
        assert stand_in.jobs == []


@pytest.mark.parametrize("behave", [closes, resets, closes_halfway], ids=lambda behave: behave.__name__)
async def test_a_connection_lost_after_sending_leaves_the_outcome_unknown(
    open_client: OpenClient, pauses: Pauses, behave: Behaviour
) -> None:
    async with RawServer(behave) as server:
        error = await fail(open_client(endpoint=server.url))
        assert type(error) is OutcomeUnknown
        assert len(server.requests) == 1
    assert pauses == []


@pytest.mark.parametrize("behave", [closes, resets], ids=lambda behave: behave.__name__)
async def test_that_holds_on_a_connection_that_served_before(
    open_client: OpenClient, behave: Behaviour
) -> None:
    async def first_answers(request: bytes, server_writes: asyncio.StreamWriter) -> None:
        step = answers(ACCEPTED_ON_THE_WIRE) if len(server.requests) == 1 else behave
        await step(request, server_writes)

    async with RawServer(first_answers) as server:
        metastudio = open_client(endpoint=server.url)
        assert await start(metastudio) == JOB_ID
        assert type(await fail(metastudio)) is OutcomeUnknown
        assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("behave", [says_nothing, stops_halfway], ids=lambda behave: behave.__name__)
async def test_a_server_that_falls_silent_is_left_at_the_time_limit(
    open_client: OpenClient, behave: Behaviour
) -> None:
    async with RawServer(behave) as server:
        error = await fail(open_client(endpoint=server.url), seconds=0.2)
        assert type(error) is OutcomeUnknown
        assert "0.2 seconds" in sentence(error.reason)
        assert len(server.requests) == 1


async def test_a_connection_is_kept_for_the_next_start(open_client: OpenClient) -> None:
    async with RawServer(answers(ACCEPTED_ON_THE_WIRE)) as server:
        metastudio = open_client(endpoint=server.url)
        for _ in range(3):
            assert await start(metastudio) == JOB_ID
        assert (len(server.requests), server.connections) == (3, 1)


async def test_a_connection_that_the_server_closed_while_idle_costs_nothing(open_client: OpenClient) -> None:
    async def answers_and_soon_closes(request: bytes, writer: asyncio.StreamWriter) -> None:
        await answers(ACCEPTED_ON_THE_WIRE)(request, writer)
        await asyncio.sleep(0.02)
        writer.close()

    async with RawServer(answers_and_soon_closes) as server:
        metastudio = open_client(endpoint=server.url)
        for _ in range(3):
            assert await start(metastudio) == JOB_ID
            await asyncio.sleep(0.1)
        assert (len(server.requests), server.connections) == (3, 3)


async def test_after_a_start_that_was_given_up_the_next_has_a_connection_of_its_own(
    open_client: OpenClient,
) -> None:
    async def late_once(request: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            await asyncio.sleep(0.15)
            writer.write(on_the_wire(202, b'{"job_id": "of the first"}'))
        else:
            writer.write(ACCEPTED_ON_THE_WIRE)

    async with RawServer(late_once) as server:
        metastudio = open_client(endpoint=server.url)
        assert type(await fail(metastudio, seconds=0.1)) is OutcomeUnknown
        assert await start(metastudio) == JOB_ID
        assert server.connections == 2


async def test_a_hundred_starts_at_once_are_a_hundred_requests(open_client: OpenClient) -> None:
    async with RawServer(answers(ACCEPTED_ON_THE_WIRE)) as server:
        metastudio = open_client(endpoint=server.url)
        assert set(await asyncio.gather(*(start(metastudio) for _ in range(100)))) == {JOB_ID}
        assert len(server.requests) == 100
