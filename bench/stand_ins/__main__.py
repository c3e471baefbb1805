"""Run the stand-ins as a process. It prints its port, then answers each question with its counts."""

import argparse
import asyncio
from functools import partial

from bench import announcements
from bench.dialogue import Facts, answer_questions, say
from bench.stand_ins.metastudio import MetaStudio
from bench.stand_ins.slack import Slack
from bench.wire.server import Answer, Request, listen


async def serve(pipe: int) -> None:
    """Serve both until there are no more questions."""
    metastudio = MetaStudio()
    slack = Slack(partial(announcements.send, pipe))

    def answer(request: Request) -> Answer:
        return (metastudio if request.target.startswith(b"/v1/") else slack).answer(request)

    async def obey(question: Facts) -> Facts:
        if "metastudio_seconds" in question:
            metastudio.seconds = float(question["metastudio_seconds"])
        if "socket_url" in question:
            slack.invite_to(str(question["socket_url"]))
        return {**metastudio.calls, **slack.calls}

    server, port = await listen(answer)
    say({"port": port})
    await answer_questions(obey)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.stand_ins", description=__doc__)
    parser.add_argument("--announcements", type=int, required=True, help="the pipe to write to")
    asyncio.run(serve(parser.parse_args().announcements))
