"""Acknowledge, call and post over bare sockets: a yardstick, not a contender.

Its result is what the stand-ins and the load generator can sustain at least.
"""

import asyncio
import os
from urllib.parse import urlsplit

from bench.identifiers import IN_JOB, IN_ROOM, PLACE, ROOM, job_of
from bench.wire.client import Connections
from bench.wire.server import Answer, Request, listen, rendered

HOST = urlsplit(os.environ["METASTUDIO_ENDPOINT"])
ACK = Answer(rendered("200 OK", b'{"response_type":"ephemeral","text":"Starting"}'))
EMPTY = b"{}"


def _request(target: str, body: bytes) -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: {HOST.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


START = _request(f"/v1/bench/smart-chat-rooms/{ROOM}{PLACE}/smart-chat-jobs", EMPTY)
POST = _request("/api/chat.postMessage", f'{{"channel":"C0BENCH001","text":"{job_of(0)}"}}'.encode())


async def main() -> None:
    """Serve until killed."""
    connections = Connections(HOST.port or 80)
    under_way: set[asyncio.Task[None]] = set()
    place = PLACE.encode()

    async def carry_out(number: bytes) -> None:
        _, answer = await connections.exchange(START.replace(place, number))
        if job := IN_JOB.search(answer):
            await connections.exchange(POST.replace(place, job[1]))

    def take(request: Request) -> Answer:
        if room := IN_ROOM.search(request.body):
            task = asyncio.create_task(carry_out(room[1]))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        return ACK

    await listen(take, int(os.environ["AVATAR_HTTP_PORT"]))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
