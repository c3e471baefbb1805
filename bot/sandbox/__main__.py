"""The stand-ins as a process of their own: `python -m bot.sandbox`.

Prints, as shell lines, the environment that points `avatar-bot run` at them, then serves until SIGTERM or
Ctrl-C. With `--request-url` Slack's stand-in sends signed HTTP there instead of using Socket Mode.
"""

import argparse
import asyncio
import shlex
import signal
import sys
from collections.abc import Mapping

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens


async def _serve(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    credentials, tokens = Credentials(), Tokens.made_up()
    slack = SlackStandIn(tokens, request_url=arguments.request_url)
    metastudio = MetaStudioStandIn(credentials, answer_seconds=arguments.answer_seconds)
    try:
        await slack.start(port=arguments.slack_port)
        await metastudio.start(port=arguments.metastudio_port)
        for name, value in _environment(slack, tokens, metastudio, credentials).items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await slack.close()
        await metastudio.close()


def _environment(
    slack: SlackStandIn, tokens: Tokens, metastudio: MetaStudioStandIn, credentials: Credentials
) -> Mapping[str, str]:
    over_http = {"SLACK_SIGNING_SECRET": tokens.signing_secret}
    over_socket = {"SLACK_APP_TOKEN": tokens.app_token}
    return {
        "SLACK_BOT_TOKEN": tokens.bot_token,
        **(over_http if slack.request_url else over_socket),
        "SLACK_API_URL": slack.api_url,
        "HUAWEICLOUD_SDK_AK": credentials.access_key,
        "HUAWEICLOUD_SDK_SK": credentials.secret_key,
        "HUAWEICLOUD_SDK_PROJECT_ID": credentials.project_id,
        "METASTUDIO_ENDPOINT": metastudio.url,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--slack-port", type=int, default=0)
    parser.add_argument("--metastudio-port", type=int, default=0)
    parser.add_argument("--request-url", help="the bot's http://127.0.0.1:3000/slack/events")
    parser.add_argument(
        "--answer-seconds", type=float, default=0.0, help="how long MetaStudio takes to start"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
