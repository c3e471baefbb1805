"""Run the load generator as a process. It prints its Socket Mode address, then answers questions.

| question | answer |
|---|---|
| `meet`: a bot was started, at `port`, or 0 if it connects by itself | `at`: when it had acknowledged |
| `play`: type `count` commands, `at_once` at a time, for at most `seconds` | how long they took |
| `part`: the questions about this bot are over | |
"""

import argparse
import asyncio
import time

from bench.announcements import Announcements
from bench.dialogue import Facts, answer_questions, say
from bench.load.crowd import Crowd
from bench.load.ways import SignedHttp, SocketMode, Way

MEET_SECONDS = 40.0


class Load:
    """The load generator, for one bot after the other."""

    def __init__(self, announcements: Announcements, signing_secret: str, origin: str) -> None:
        self._announcements = announcements
        self._signing_secret = signing_secret
        self._origin = origin
        self._way: Way | None = None
        self._socket_mode = SocketMode()

    async def listen(self) -> int:
        """Let bots connect, and return the port of Socket Mode."""
        self._announcements.listen()
        await self._socket_mode.listen()
        return self._socket_mode.port

    async def answer(self, question: Facts) -> Facts:
        """Answer one question. An error is returned as `failure`."""
        deeds = {"meet": self._meet, "play": self._play, "part": self._part}
        try:
            return await deeds[question.pop("do")](question)
        except OSError as error:  # this includes TimeoutError
            return {"failure": str(error) or "it is not ready in time"}

    async def _meet(self, question: Facts) -> Facts:
        way = SignedHttp(question["port"], self._signing_secret) if question["port"] else self._socket_mode
        self._way = way
        first = way.prepare(question["number"], self._origin)
        async with asyncio.timeout(MEET_SECONDS):
            await way.open()
            await first()
        return {"at": time.monotonic()}

    async def _play(self, question: Facts) -> Facts:
        if self._way is None:
            return {"failure": "there is no bot"}
        numbers = range(question["number"], question["number"] + question["count"])
        deliveries = [(number, self._way.prepare(number, self._origin)) for number in numbers]
        crowd = Crowd(self._announcements, announces=question["announces"])
        return await crowd.play(deliveries, at_once=question["at_once"], seconds=question["seconds"])

    async def _part(self, _question: Facts) -> Facts:
        if self._way is not None:
            await self._way.close()
        self._way = None
        return {}


async def serve(pipe: int, signing_secret: str, origin: str) -> None:
    """Answer until there are no more questions."""
    load = Load(Announcements(pipe), signing_secret, origin)
    say({"socket_port": await load.listen()})
    await answer_questions(load.answer)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("--announcements", type=int, required=True, help="the pipe to read from")
    parser.add_argument("--signing-secret", required=True)
    parser.add_argument("--origin", required=True, help="where response_urls lead")
    told = parser.parse_args()
    asyncio.run(serve(told.announcements, told.signing_secret, told.origin))
