"""The stand-ins as a process of their own: `python -m bot.sandbox`.

Prints, as shell lines, the environment that points `avatar-bot run` at them, then serves until SIGTERM or
Ctrl-C. With `--request-url` Slack's stand-in sends signed HTTP there instead of using Socket Mode.
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
    parser.add_argument("--slack-port", type=int, default=0, help="any free one without it")
    parser.add_argument("--metastudio-port", type=int, default=0, help="any free one without it")
    parser.add_argument(
        "--request-url", help="for HTTP mode, such as the bot's http://127.0.0.1:3000/slack/events"
    )
    parser.add_argument(
        "--answer-seconds", type=float, default=0.0, help="how long MetaStudio takes to start"
    )
    parser.add_argument(
        "--pace",
        type=_above_zero,
        default=1.0,
        help="multiplies the life of jobs, 3 s waiting and 120 s running",
    )
    parser.add_argument(
        "--posts-per-second", type=_above_zero, help="how many messages a channel takes; no limit without it"
    )
    return parser.parse_args()


def _above_zero(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"{text} is no number above 0")


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
