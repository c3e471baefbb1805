"""`avatar-bot run` as a process: it serves, it drains, and if it cannot start it says why and ends."""

import signal
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import flat
from tests.locked import locked
from tests.process.audit import rows_in
from tests.process.conftest import Spawn, StandIns, is_up, until
from tests.stage import ROOM, free_port


def rows(folder: Path) -> list[Any]:
    """The log where the bot keeps it unless it is told otherwise."""
    return [flat(row) for row in rows_in(f"sqlite+aiosqlite:///{folder}/avatar-bot.db")]


@pytest.mark.parametrize("over", ["socket", "http"])
def test_it_serves_commands_given_nothing_but_environment_variables(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path, over: str
) -> None:
    port = free_port()
    asked = ("--request-url", f"http://127.0.0.1:{port}/slack/events") if over == "http" else ()
    cloud = stand_ins(*asked)
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": str(port)})
    until(lambda: is_up(port), bot)

    assert not cloud.command(f"{ROOM} cn-north-4")["ack"]
    until(lambda: any(message["origin"] == "chat.postMessage" for message in cloud.messages()), bot)
    forged = urllib.request.Request(f"http://127.0.0.1:{port}/slack/events", data=b"command=/avatar-start")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(forged, timeout=5)
    assert refusal.value.code == (401 if over == "http" else 404)
    refusal.value.close()

    bot.send(signal.SIGTERM)
    assert bot.wait() == 0
    [row] = rows(tmp_path)
    assert (row.status, row.job_id) == ("started", cloud.jobs()[0]["job_id"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_start_that_runs_when_the_process_is_asked_to_stop_is_finished_first(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path, number: signal.Signals
) -> None:
    cloud = stand_ins("--answer-seconds", "1.5")
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": "0"})
    until(lambda: cloud.sockets() == 1, bot)
    cloud.command(ROOM)
    until(lambda: len(cloud.jobs()) == 1, bot)
    bot.send(number)

    assert bot.wait() == 0
    [row] = rows(tmp_path)
    assert row.status == "started"
    assert row.announced_at is not None
    assert any(str(row.job_id) in message["text"] for message in cloud.messages())


def test_with_a_policy_file_a_hangup_reads_it_again(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud, policy = stand_ins(), tmp_path / "policy.toml"
    policy.write_text("[start]\nusers = []")
    settings = {"AVATAR_HTTP_PORT": "0", "AVATAR_POLICY_FILE": str(policy)}
    bot = spawn("bot", "run", environment=cloud.environment | settings)
    until(lambda: cloud.sockets() == 1, bot)
    assert "You may not start avatars" in cloud.command(ROOM)["ack"]["text"]

    policy.write_text("[start]\nusers = nobody")
    bot.send(signal.SIGHUP)
    until(lambda: "the policy that was read before still holds" in bot.words, bot)
    policy.write_text("# everybody")
    bot.send(signal.SIGHUP)
    until(lambda: "the policy was read again and holds" in bot.words, bot)
    cloud.command(ROOM)
    until(lambda: len(cloud.jobs()) == 1, bot)
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0


def test_a_start_that_outlasts_the_drain_is_continued_by_the_next_process(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud = stand_ins("--answer-seconds", "20")
    environment = cloud.environment | {"AVATAR_HTTP_PORT": "0", "AVATAR_DRAIN_SECONDS": "0.5"}
    bot = spawn("bot", "run", environment=environment)
    until(lambda: cloud.sockets() == 1, bot)
    cloud.command(ROOM)
    until(lambda: len(cloud.jobs()) == 1, bot)
    bot.send(signal.SIGTERM)

    assert bot.wait() == 0
    [left] = rows(tmp_path)
    assert left.status == "starting"

    next_bot = spawn("bot", "run", environment=environment)
    until(lambda: "The call was cut off; the job had started." in str(cloud.messages()), next_bot)
    next_bot.send(signal.SIGTERM)
    assert next_bot.wait() == 0
    [row] = rows(tmp_path)
    assert (row.status, row.job_id) == ("started", cloud.jobs()[0]["job_id"])
    assert len(cloud.jobs()) == 1


def test_every_wrong_setting_is_named_at_once(spawn: Spawn) -> None:
    wrong = {
        "AVATAR_START_TIMEOUT": "soon",
        "SLACK_BOT_TOKEN": "xoxp-secret-1",
        "AVATAR_DATABASE_URL": "postgresql+asyncpg://bot:p@canary:canary@db/log",
    }
    bot = spawn("bot", "run", environment=wrong)

    assert bot.wait() == 2
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "HUAWEICLOUD_SDK_PROJECT_ID",
        "HUAWEICLOUD_SDK_AK",
        "AVATAR_START_TIMEOUT",
        "AVATAR_DATABASE_URL",
    ):
        assert f"  {name}: " in bot.words
    assert "xoxp-secret-1" not in bot.words
    assert "canary" not in bot.words
    assert "Traceback" not in bot.words


def test_tokens_that_slack_refuses_are_both_named(spawn: Spawn, stand_ins: Callable[..., StandIns]) -> None:
    wrong = {"SLACK_BOT_TOKEN": "xoxb-wrong", "SLACK_APP_TOKEN": "xapp-wrong"}
    bot = spawn("bot", "run", environment=stand_ins().environment | wrong)

    assert bot.wait() == 2
    assert "SLACK_BOT_TOKEN: Slack refuses it (invalid_auth)" in bot.words
    assert "SLACK_APP_TOKEN: Slack refuses it (invalid_auth)" in bot.words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"AVATAR_DATABASE_URL": "sqlite+aiosqlite:////nowhere/at/all.db"},
            "The database file /nowhere/at/all.db cannot be opened",
        ),
    ],
    ids=["no folder"],
)
def test_a_missing_necessity_is_reported_and_ends_the_process(
    spawn: Spawn, stand_ins: Callable[..., StandIns], wrong: dict[str, str], words: str
) -> None:
    bot = spawn("bot", "run", environment=stand_ins().environment | wrong)

    assert bot.wait() == 1
    assert words in bot.words
    assert "canary-password" not in bot.words
    assert "Traceback" not in bot.words


@pytest.mark.parametrize(
    ("away", "words"),
    [
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, "Slack cannot be asked who the bot is"),
        (
            {"AVATAR_DATABASE_URL": "postgresql+asyncpg://bot:canary-password@127.0.0.1:9/log"},
            "The database cannot be opened",
        ),
    ],
    ids=["no Slack", "no PostgreSQL"],
)
def test_the_process_waits_for_an_unreachable_service_until_it_is_asked_to_stop(
    spawn: Spawn, stand_ins: Callable[..., StandIns], away: dict[str, str], words: str
) -> None:
    bot = spawn("bot", "run", environment=stand_ins().environment | {"AVATAR_HTTP_PORT": "0"} | away)
    until(lambda: words in bot.words, bot)
    bot.send(signal.SIGTERM)

    assert bot.wait() == 0
    assert "canary-password" not in bot.words
    assert "Traceback" not in bot.words


def test_a_taken_port_is_reported_and_ends_the_process(
    spawn: Spawn, stand_ins: Callable[..., StandIns]
) -> None:
    cloud = stand_ins()
    taken = cloud.environment["METASTUDIO_ENDPOINT"].rpartition(":")[2]
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": taken})

    assert bot.wait() == 1
    assert f"cannot listen on 127.0.0.1:{taken}" in bot.words


def test_an_unreachable_metastudio_is_told_to_the_person(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud = stand_ins()
    away = {"METASTUDIO_ENDPOINT": "http://127.0.0.1:9", "AVATAR_HTTP_PORT": "0", "AVATAR_START_TIMEOUT": "2"}
    bot = spawn("bot", "run", environment=cloud.environment | away)
    until(lambda: cloud.sockets() == 1, bot)
    cloud.command(ROOM)
    until(lambda: "MetaStudio cannot be reached" in str(cloud.messages()), bot)

    bot.send(signal.SIGTERM)
    assert bot.wait() == 0
    assert [row.status for row in rows(tmp_path)] == ["failed"]


@pytest.mark.parametrize(
    ("trusted", "cause"),
    [("this_machine", "self-signed certificate"), ("another_host", "IP address mismatch")],
)
def test_an_endpoint_with_a_wrong_certificate_is_reported_at_the_start_and_the_bot_stays_up(
    spawn: Spawn, stand_ins: Callable[..., StandIns], trusted: str, cause: str
) -> None:
    cloud = stand_ins()
    tls = Path(__file__).parent.parent / "data" / "tls"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "another_host.pem", tls / "key.pem")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wrong = {
            "METASTUDIO_ENDPOINT": f"https://127.0.0.1:{server.server_port}",
            "SSL_CERT_FILE": str(tls / f"{trusted}.pem"),
            "AVATAR_HTTP_PORT": "0",
        }
        bot = spawn("bot", "run", environment=cloud.environment | wrong)
        until(lambda: f"its certificate is not trusted ({cause}" in bot.words, bot)
        until(lambda: cloud.sockets() == 1, bot)
        server.shutdown()
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0


def test_a_log_that_cannot_be_written_refuses_the_start_in_words(
    spawn: Spawn, stand_ins: Callable[..., StandIns], tmp_path: Path
) -> None:
    cloud = stand_ins()
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": "0"})
    until(lambda: cloud.sockets() == 1, bot)
    with locked(tmp_path / "avatar-bot.db"):
        ack = cloud.command(ROOM)["ack"]

    assert "Nothing was started" in ack["text"]
    assert cloud.jobs() == []
    bot.send(signal.SIGTERM)
    assert bot.wait() == 0


def test_it_stops_at_once_when_asked_while_it_is_still_starting(
    spawn: Spawn, stand_ins: Callable[..., StandIns]
) -> None:
    cloud = stand_ins()
    cloud.trouble({"kind": "hang", "method": "auth.test", "seconds": 60})
    bot = spawn("bot", "run", environment=cloud.environment | {"AVATAR_HTTP_PORT": "0"})
    until(lambda: any(call["name"] == "apps.connections.open" for call in cloud.traffic()), bot)
    bot.send(signal.SIGTERM)

    assert bot.wait() == 0
    assert "Traceback" not in bot.words


def test_a_settings_file_in_another_encoding_is_reported_in_words(spawn: Spawn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("SLACK_BOT_TOKEN=ü".encode("utf-16"))
    bot = spawn("bot", "run")

    assert bot.wait() == 2
    assert ".env: save it as UTF-8" in bot.words
