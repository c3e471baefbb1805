"""Ask a process on its standard input and read its answers from its standard output: lines of JSON."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Facts = dict[str, Any]


def say(facts: Facts) -> None:
    """Write one line and flush it."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def answer_questions(answer: Callable[[Facts], Awaitable[Facts]]) -> None:
    """Answer one question after the other, until there are no more."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        say(await answer(json.loads(line)))
