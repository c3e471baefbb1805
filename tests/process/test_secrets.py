"""No secret gets out: not into the process log at DEBUG, the database, or anything sent to Slack."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn, Tokens
from tests.stage import ROOM, free_port, until


def signing(credentials: Credentials) -> dict[str, str]:
    return {
        "HUAWEICLOUD_SDK_AK": credentials.access_key,
        "HUAWEICLOUD_SDK_SK": credentials.secret_key,
    }


def logging_in(credentials: Credentials) -> dict[str, str]:
    return {
        "METASTUDIO_IAM_USER": credentials.iam_user,
        "METASTUDIO_IAM_PASSWORD": credentials.iam_password,
        "METASTUDIO_IAM_DOMAIN": credentials.iam_domain,
    }


@pytest.mark.parametrize(
    ("way", "mode", "log_format"),
    [
        (signing, "socket", "json"),
        (signing, "http", "console"),
        (logging_in, "socket", "console"),
        (logging_in, "http", "json"),
    ],
)
async def test_secrets_stay_inside(tmp_path: Path, mode: str, way: object, log_format: str) -> None:
    credentials, tokens, port = Credentials(), Tokens.made_up(), free_port()
    async with MetaStudioStandIn(credentials) as metastudio, SlackStandIn(tokens) as slack:
        environment = {
            "SLACK_BOT_TOKEN": tokens.bot_token,
            "SLACK_APP_TOKEN": tokens.app_token,
            "SLACK_SIGNING_SECRET": tokens.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "HUAWEICLOUD_SDK_PROJECT_ID": credentials.project_id,
            "METASTUDIO_ENDPOINT": metastudio.url,
            "AVATAR_MODE": mode,
            "AVATAR_HTTP_PORT": str(port),
            "AVATAR_LOG_LEVEL": "DEBUG",
            "AVATAR_LOG_FORMAT": log_format,
            "AVATAR_START_TIMEOUT": "2",
            **way(credentials),  # type: ignore[operator]  # one of the two functions above
        }
        if way is logging_in:
            environment["HUAWEICLOUD_SDK_IAM_ENDPOINT"] = metastudio.url
        said = await use_everything(slack, metastudio, environment, tmp_path, port)
        secrets = {
            tokens.bot_token,
            tokens.app_token,
            tokens.signing_secret,
            credentials.secret_key,
            credentials.iam_password,
            *metastudio.issued_signatures,
            *slack.issued_response_urls,
            *(url.rpartition("/")[2] for url in slack.issued_response_urls),
        }
        assert metastudio.issued_signatures
        assert slack.issued_response_urls

    stored = database_bytes(tmp_path)
    sent = str(slack.messages()) + str(
        [exchange.sent for exchange in slack.traffic if exchange.kind == "web_api"]
    )
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in stored
        assert secret not in sent
    assert "debug" in said  # so much is said that a secret would be among it
    assert "Traceback" not in said


def database_bytes(folder: Path) -> bytes:
    """Return the bytes of all of SQLite's files."""
    files = [path.read_bytes() for path in folder.glob("avatar-bot.db*")]
    assert files
    return b"".join(files)


async def use_everything(
    slack: SlackStandIn,
    metastudio: MetaStudioStandIn,
    environment: Mapping[str, str],
    folder: Path,
    port: int,
) -> str:
    """Run the bot through successes and failures; return its output on standard error."""
    log = folder / "stderr"
    with log.open("wb") as stderr:
        bot = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=folder,
            env={"PATH": os.environ["PATH"], **environment},
            stderr=stderr,
        )
    try:
        if environment["AVATAR_MODE"] == "http":
            slack.request_url = f"http://127.0.0.1:{port}/slack/events"
        await until(lambda: '"ready"' in log.read_text() or " ready " in log.read_text(), seconds=30)
        for text in (
            f"{ROOM} cn-north-4",
            "busy",
            "lost",
            "broken",
            "missing",
            "help",
            "nonsense in here",
            "bare",
        ):
            assert (await slack.command("/avatar-start", text)).error is None
        assert (await slack.command("/avatar-start", "elsewhere", channel="C0GENERAL1")).error is None
        slack.trouble.server_errors("chat.postMessage", times=1)
        assert (await slack.command("/avatar-start", "by-another-way")).error is None
        await forge(slack, port)
        await until(lambda: sum(message.origin != "ack" for message in slack.messages()) >= 8, seconds=30)
        bot.terminate()
        assert await asyncio.wait_for(bot.wait(), 30) == 0
    finally:
        with suppress(ProcessLookupError):
            bot.kill()
    return log.read_text()


async def forge(slack: SlackStandIn, port: int) -> None:
    """Send a request with a wrong signature that carries a real response_url."""
    body = f"command=/avatar-start&response_url={slack.issued_response_urls[-1]}&text=x"
    headers = {"X-Slack-Signature": "v0=0", "X-Slack-Request-Timestamp": "1"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/slack/events", data=body, headers=headers) as answer,
    ):
        assert answer.status in {401, 404}
