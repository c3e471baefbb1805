"""Run the stand-ins as a process of their own: `python -m bot.sandbox`.

It prints the environment that points `avatar-bot run` at them, as shell lines, then serves until SIGTERM or
Ctrl-C. With `--request-url`, Slack's stand-in sends signed HTTP there instead of using Socket Mode.
"""

import argparse
import asyncio
import contextlib
import math
import shlex
import signal
import sys

from bot.sandbox.environment import environment_for
from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tokens = Tokens.made_up()
    slack = SlackStandIn(
        tokens, request_url=arguments.request_url, posts_per_second=arguments.posts_per_second
    )
    metastudio = MetaStudioStandIn(
        Credentials(), pace=arguments.pace, answer_seconds=arguments.answer_seconds
    )
    try:
        await slack.start(port=arguments.slack_port)
        await metastudio.start(port=arguments.metastudio_port)
        for name, value in environment_for(slack, tokens, metastudio).items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        sys.stderr.write("The stand-ins serve until Ctrl-C.\n")
        await stop.wait()
    finally:
        await slack.close()
        await metastudio.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--slack-port", type=int, default=0, help="default: any free port")
    parser.add_argument("--metastudio-port", type=int, default=0, help="default: any free port")
    parser.add_argument("--request-url", help="for HTTP mode: the bot's http://127.0.0.1:3000/slack/events")
    parser.add_argument(
        "--answer-seconds", type=float, default=0.0, help="seconds that MetaStudio takes to answer a start"
    )
    parser.add_argument(
        "--pace",
        type=_above_zero,
        default=1.0,
        help="multiplies the durations in a job's life: 3 s waiting, 120 s running",
    )
    parser.add_argument(
        "--posts-per-second",
        type=_above_zero,
        help="messages a second that a channel accepts; default: no limit",
    )
    return parser.parse_args()


def _above_zero(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"{text} is not a number above 0")


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
