import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bot.runtime.process_log import MASK, SECRET_NAMES, Redactor, configure_logging
from bot.settings import LogFormat, LogLevel

BOT_TOKEN = "xoxb-1234567890-abcdefGHIJKL"
SECRET_KEY = "kZ8/q+V2=wX5yR0tLm3"
REAL_URL = "https://hooks.slack.com/commands/T024BE7LD/7001234567890/kq1Jw-9ZpXs_4aQe"
LOCAL_URL = "http://127.0.0.1:1234/commands/T0/12/abc-DEF_ghi"
TICKET = "4411346d-90cc-4ae6-9004-0e90fc50d26f"
TRIGGER = "13345224609.738474920.8088930838d88f008e0"
SIGNATURE = "eyJ0eXAiOiJKV1Q.c2lnbmF0dXJl.AbC/d+e="

Log = Callable[..., Any]


@pytest.fixture
def redact() -> Redactor:
    return Redactor([BOT_TOKEN, SECRET_KEY])


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture
def logging_left_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in ("alembic", "httpx", "slack_sdk.web")}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def json_log(logging_left_as_it_was: None) -> Callable[[], list[dict[str, Any]]]:
    """Configure the process log in JSON, at DEBUG; return a function that parses the lines so far.

    aiosqlite's lines are left out: another test's closed connection may still have a thread that logs.
    """
    out = io.StringIO()
    configure_logging(level=LogLevel.DEBUG, style=LogFormat.JSON, secrets=[BOT_TOKEN, SECRET_KEY], stream=out)

    def lines() -> list[dict[str, Any]]:
        parsed = [json.loads(line) for line in out.getvalue().splitlines()]
        return [line for line in parsed if line["logger"] != "aiosqlite"]

    return lines


@pytest.fixture(params=[False, True], ids=["plain", "in colour"])
def console_log(request: pytest.FixtureRequest, logging_left_as_it_was: None) -> Callable[[], str]:
    """Configure the process log for people, at DEBUG; return a function that returns the text so far."""
    out = Terminal() if request.param else io.StringIO()
    configure_logging(
        level=LogLevel.DEBUG, style=LogFormat.CONSOLE, secrets=[BOT_TOKEN, SECRET_KEY], stream=out
    )
    return out.getvalue


COMMAND = {
    "token": "gIkuvaNzQIHg97ATvDxqgjtO",
    "team_id": "T024BE7LD",
    "command": "/avatar-start",
    "text": "room-1 cn-north-4",
    "response_url": REAL_URL,
    "trigger_id": TRIGGER,
}
ENVELOPE = {"envelope_id": "68268468-f580-4246-b799-1f2410ff5b9e", "payload": COMMAND}
JOB = {
    "job_id": "26f06524-4f75-4b3a-a853-b649a21aaf66",
    "rtc_room_info": {"room_id": "room-1", "users": [{"user_id": "u-1", "signature": SIGNATURE}]},
}
FORM = "&".join(f"{name}={quote(value, safe='')}" for name, value in COMMAND.items())
BUTTON = json.dumps({"user": {"id": "U1"}, "response_url": REAL_URL, "trigger_id": TRIGGER})

LINES = {
    "a Socket Mode message": f"Received message (type: TEXT, data: '{json.dumps(ENVELOPE)}', extra: )",
    "with escaped slashes": "Received message (type: TEXT, data: '"
    + json.dumps(ENVELOPE).replace("/", r"\/")
    + "', extra: , session: s_1)",
    "JSON within JSON": json.dumps({"body": json.dumps(ENVELOPE).replace("/", r"\/")}),
    "in Python's words": f"Running listener with {COMMAND!r}",
    "a stand-in's address": json.dumps(COMMAND | {"response_url": LOCAL_URL}),
    "a form": f"Invalid request signature detected (body: {FORM})",
    "a form that holds JSON": f"body: payload={quote(BUTTON, safe='')}",
    "a request to a response_url": f'Sending - url: {REAL_URL}, body: {{"text": "hi"}}, headers: {{}}',
    "a request to a stand-in": f'Sending - url: {LOCAL_URL}, body: {{"text": "hi"}}, headers: {{}}',
    "a bare address": f"POST {REAL_URL}",
    "a bare path": f"POST {LOCAL_URL.removeprefix('http://127.0.0.1:1234')} 200",
    "a workflow's address": f"POST {REAL_URL.replace('/commands/', '/workflows/')}",
    "a button's address": f"POST {REAL_URL.replace('/commands/', '/actions/')}",
    "a government's address": f"POST {REAL_URL.replace('slack.com', 'slack-gov.com')}",
    "a socket's address": f"body: {{'ok': True, 'url': 'wss://wss-primary.slack.com/link/?ticket={TICKET}&app_id=A1'}}",
    "an escaped socket's address": json.dumps(
        {"url": f"wss://wss-primary.slack.com/link/?ticket={TICKET}&app_id=A1"}
    ),
    "a token": f"token {BOT_TOKEN} is used",
    "an unknown token": "using xoxe.xoxp-1-Mi0yLTk4NzY1 and xapp-1-A1-99-abcdef",
    "a header": f"Authorization: Bearer {BOT_TOKEN}",
    "headers": f"headers: {{'Content-Type': 'x', 'Authorization': 'Bearer {TICKET}'}}",
    "raw headers": f"((b'X-Auth-Token', b'{TICKET}'), (b'Authorization', b'Bearer {TICKET}'))",
    "a password in a header": f"Proxy-Authorization: Basic {TICKET}",
    "a signed request": f"Authorization: SDK-HMAC-SHA256 Access=AK1, SignedHeaders=host, Signature={TICKET}",
    "an IAM token": f"X-Subject-Token: {TICKET}",
    "a security token": f'{{"X-Security-Token": "{TICKET}"}}',
    "Slack's signature": f"X-Slack-Signature=v0={TICKET}",
    "a job": json.dumps(JOB),
    "a job in Python's words": repr(JOB),
    "a job within JSON": json.dumps({"body": json.dumps(JOB)}),
    "a login": json.dumps({"auth": {"password": {"user": {"name": "bot", "password": 'open "sesame" now'}}}}),
}
SECRETS = [
    BOT_TOKEN,
    COMMAND["token"],
    "kq1Jw-9ZpXs_4aQe",
    "kq1Jw",
    "9ZpXs_4aQe",
    "abc-DEF_ghi",
    "DEF_ghi",
    TRIGGER,
    TICKET,
    SIGNATURE,
    "c2lnbmF0dXJl",
    "Mi0yLTk4NzY1",
    "1-A1-99-abcdef",
    "sesame",
]


def test_what_is_sent_to_slack_is_not_written_down_even_at_debug(
    json_log: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("slack_sdk.web.async_base_client").debug("A modal with %s", SIGNATURE)
    assert json_log() == []


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_secrets_are_not_in_the_line(line: str, redact: Redactor) -> None:
    assert any(secret in line or quote(secret, safe="") in line for secret in SECRETS)
    redacted = redact(line)
    assert MASK in redacted
    assert [secret for secret in SECRETS if secret in redacted] == []
    assert f"{MASK}]" not in redacted


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_line_in_json_is_still_json_and_holds_no_secret(
    line: str, json_log: Callable[[], list[dict[str, Any]]]
) -> None:
    logging.getLogger("slack_sdk.socket_mode.aiohttp").debug(line)
    structlog.get_logger().info("seen", what=line, nested={"deep": [line]})
    foreign, own = json_log()
    assert (foreign["logger"], foreign["level"]) == ("slack_sdk.socket_mode.aiohttp", "debug")
    assert foreign["event"] == own["what"] == own["nested"]["deep"][0]
    shown = json.dumps([foreign, own])
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize("spelt", [str, str.upper, lambda text: text.replace("s", "\u017f")])
@pytest.mark.parametrize(
    "text",
    [
        "xoxe-1-Mi0y",
        "xapp-1-A1",
        "redis://me:pw@host",
        "hooks.slack.com/x",
        "/commands/T0/1/k",
        "/actions/T0/1/k",
        "/workflows/T0/1/k",
        *(f"{name}=k" for name in SECRET_NAMES),
    ],
)
def test_one_sign_of_a_secret_is_enough(text: str, spelt: Callable[[str], str], redact: Redactor) -> None:
    assert MASK in redact(spelt(text))


def test_the_rest_of_a_message_stays_beside_its_masked_secrets(redact: Redactor) -> None:
    assert redact(json.dumps(COMMAND)) == json.dumps(
        COMMAND | {"token": MASK, "response_url": MASK, "trigger_id": MASK}
    )
    assert redact(f"wss://x.slack.com/link/?ticket={TICKET}&app_id=A1") == (
        f"wss://x.slack.com/link/?ticket={MASK}&app_id=A1"
    )


@pytest.mark.parametrize(
    "line",
    [
        "status=started job_id=26f06524-4f75-4b3a-a853-b649a21aaf66 room_id=room-1 region=cn-north-4",
        "request_id=f3a1b2c4d5e6f708 invocation_id=0198c0de-7000-7000-8000-0123456789ab latency_ms=420",
        "POST https://metastudio.example/v1/p/smart-chat-rooms/room-1/smart-chat-jobs 202",
        "POST https://slack.com/api/chat.postMessage",
        "The signature of the bot's request was refused.",
        "Check the keys or the token, and the clock.",
        "METASTUDIO_AUTH_TOKEN, or HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
        "Applying slack_bolt.middleware.authorization.AsyncSingleTeamAuthorization",
        '{"trigger": "none", "response_type": "ephemeral", "tokens": 3}',
        "/avatar-start room-1 cn-north-4 client_id=desk-7",
        "bot/listeners/commands.py:56 avatar_start",
        'File "/srv/bot/listeners/commands.py", line 56',
        "",
    ],
)
def test_ordinary_lines_are_left_alone(line: str, redact: Redactor) -> None:
    assert redact(line) == line


@pytest.mark.parametrize(
    "piece",
    ["\\", "/", "token", "token=", "token:'", "('", "http://", "https://hooks.slack", "%20", "-", " "],
)
def test_no_line_keeps_the_redaction_busy(piece: str, redact: Redactor) -> None:
    began = time.process_time()
    redact(piece * 20_000)
    assert time.process_time() - began < 1


def test_words_too_short_to_be_secrets_are_left_alone() -> None:
    assert Redactor(["", "start"])("status=started") == "status=started"


KNOWN = st.text(min_size=6, max_size=40).filter(lambda secret: secret not in MASK)


@given(KNOWN)
def test_a_known_secret_never_survives(secret: str) -> None:
    redact = Redactor([secret])
    written = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
    ]
    for form in written:
        for line in (form, f"it is {form}, they say", f"?q={form}&r=1", f'{{"it": "{form}"}}'):
            redacted = redact(line)
            assert MASK in redacted
            assert [left for left in written if left in redacted] == []


def test_values_keep_their_types_and_secret_names_are_masked(
    json_log: Callable[[], list[dict[str, Any]]],
) -> None:
    structlog.get_logger("bot").info(
        "settled",
        latency_ms=420,
        share=0.5,
        done=True,
        job_id=None,
        trigger_id=None,
        rooms=("room-1", "room-2"),
        signature=12345678,
        auth_token=TICKET,
        body={"X-Auth-Token": TICKET, "n": 1},
        error=ValueError(f"no such key: {SECRET_KEY}"),
    )
    [line] = json_log()
    assert (line["latency_ms"], line["share"], line["done"], line["job_id"]) == (420, 0.5, True, None)
    assert line["rooms"] == ["room-1", "room-2"]
    assert (line["trigger_id"], line["signature"], line["auth_token"]) == (None, MASK, MASK)
    assert line["body"] == {"X-Auth-Token": MASK, "n": 1}
    assert line["error"] == f"ValueError('no such key: {MASK}')"
    assert (line["event"], line["level"], line["logger"]) == ("settled", "info", "bot")
    assert line["timestamp"].endswith("Z")


def test_a_name_that_only_ends_like_a_secrets_name_leaves_the_line_whole(
    json_log: Callable[[], list[dict[str, Any]]],
) -> None:
    for event in (
        "bad signature:",
        "Applying AsyncSingleTeamAuthorization",
        "token",
        'the "token"',
        "password=",
    ):
        logging.getLogger("third.party").warning(event)
    lines = json_log()
    assert [line["level"] for line in lines] == ["warning"] * 5
    assert lines[0]["event"] == "bad signature:"


def test_every_line_within_an_invocation_carries_its_id(json_log: Callable[[], list[dict[str, Any]]]) -> None:
    with structlog.contextvars.bound_contextvars(invocation_id="0198c0de"):
        structlog.get_logger().info("ours")
        logging.getLogger("slack_sdk").debug("theirs")
    structlog.get_logger().info("after")
    ours, theirs, after = json_log()
    assert ours["invocation_id"] == theirs["invocation_id"] == "0198c0de"
    assert "invocation_id" not in after


def fail_with_secrets() -> None:
    local_secret = SECRET_KEY * 20
    raise ConnectionError(f"cannot post to {REAL_URL} with {BOT_TOKEN}{local_secret[:0]}")


def database_failures() -> None:
    for log in (logging.getLogger("aiohttp.client").exception, structlog.get_logger().exception):
        try:
            fail_with_secrets()
        except ConnectionError:
            log("it failed")
    try:
        fail_with_secrets()
    except ConnectionError as error:
        structlog.get_logger().error("a task failed", exc_info=error)


def test_tracebacks_go_through_the_redaction_too(json_log: Callable[[], list[dict[str, Any]]]) -> None:
    database_failures()
    lines = json_log()
    assert [line["event"] for line in lines] == ["it failed", "it failed", "a task failed"]
    for line in lines:
        assert "fail_with_secrets" in line["exception"]
        assert f"ConnectionError: cannot post to {MASK} with {MASK}" in line["exception"]
        assert "exc_info" not in line


def test_for_people_too_and_local_variables_are_not_shown(console_log: Callable[[], str]) -> None:
    database_failures()
    structlog.get_logger().info("seen", signature=TICKET, address=REAL_URL, who="U1")
    logging.getLogger("slack_sdk").debug(LINES["a Socket Mode message"])
    shown = console_log()
    assert shown.count("Traceback (most recent call last)") == 3
    assert f"cannot post to {MASK} with {MASK}" in shown
    assert "U1" in shown
    assert [secret for secret in (*SECRETS, SECRET_KEY, SECRET_KEY[:10]) if secret in shown] == []


@pytest.mark.parametrize(("terminal", "is_json"), [(False, True), (True, False)])
def test_a_terminal_gets_lines_for_people_and_a_file_gets_json(
    logging_left_as_it_was: None, *, terminal: bool, is_json: bool
) -> None:
    out = Terminal() if terminal else io.StringIO()
    configure_logging(level=LogLevel.INFO, style=LogFormat.AUTO, secrets=(), stream=out)
    structlog.get_logger().info("hello")
    assert out.getvalue().startswith("{") is is_json
    assert "hello" in out.getvalue()


def test_at_info_chatty_libraries_are_quiet(logging_left_as_it_was: None) -> None:
    out = io.StringIO()
    configure_logging(level=LogLevel.INFO, style=LogFormat.JSON, secrets=(), stream=out)
    logging.getLogger("httpx").info("HTTP Request: POST …")
    logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")
    logging.getLogger("slack_sdk").debug("details")
    structlog.get_logger().debug("details")
    assert out.getvalue() == ""
    logging.getLogger("httpx").warning("trouble")
    assert json.loads(out.getvalue())["event"] == "trouble"
