"""`avatar-bot policy check`: what it says, and its exit status."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.cli.main import cli
from bot.cli.policy_check import check
from bot.domain.policy_question import Act, Question
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.settings import PolicySettings

POLICY = """
ask = "#avatar-admins"
admins = ["U0LU"]

[start]
groups = ["S0ONCALL"]
channels = ["C0AVATARS"]
rooms = ["lobby"]
regions = ["cn-north-4"]
per_person_and_hour = 10

[break_glass]
users = ["U0EVE"]
"""


@pytest.fixture(autouse=True)
def _policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.toml").write_text(POLICY)
    monkeypatch.setenv("AVATAR_POLICY_FILE", "policy.toml")


def checked(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["policy", "check", *arguments])
    return result.exit_code, " ".join(result.output.split())


HERE = ("--channel", "C0AVATARS", "--room", "lobby", "--region", "cn-north-4")


def test_what_is_allowed_says_by_which_rule() -> None:
    status, said = checked("U0MEI", "start", *HERE, "--group", "S0ONCALL")
    assert status == 0
    assert said.startswith("Allowed: U0MEI may start avatars. Decided by: [start].")
    assert "At most 10 an hour" in said
    status, said = checked("U0LU", "start")
    assert status == 0
    assert said.startswith("Allowed: U0LU may start avatars. Decided by: admins. ")


def test_what_is_refused_says_by_which_rule_and_whom_to_ask() -> None:
    status, said = checked("U0MEI", "start", *HERE[:2], "--room", "hall", "--group", "S0ONCALL")
    assert status == 1
    assert "Refused: Room `hall` may not be started with this bot." in said
    assert "Ask #avatar-admins. The rule is `[start] rooms` in the bot's policy." in said
    status, said = checked("U0EVE", "start", *HERE, "--group", "S0OTHERS")
    assert status == 1
    assert "[break_glass] names them" in said


def test_a_group_that_is_not_known_is_said_to_be() -> None:
    status, said = checked("U0MEI", "start", *HERE)
    assert status == 1
    assert "Refused: it is not known whether U0MEI is in S0ONCALL. The rule is `[start] groups`" in said
    assert "Who is in S0ONCALL is not known, so nobody is." in said
    assert "Slack was not asked: SLACK_BOT_TOKEN is not set." in said


def test_whose_job_it_is_and_who_they_are_can_be_said() -> None:
    assert checked("U0MEI", "rtc", "--room", "lobby")[0] == 1
    assert checked("U0MEI", "rtc", "--room", "lobby", "--own")[0] == 0
    assert checked("U0MEI", "stop", "--room", "lobby")[0] == 0
    assert checked("U0MEI", "stop", "--room", "lobby", "--guest")[0] == 1


def test_the_default_region_counts_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    member = ("U0MEI", "start", *HERE[:4], "--group", "S0ONCALL")
    assert checked(*member)[0] == 1
    monkeypatch.setenv("AVATAR_DEFAULT_REGION", "cn-north-4")
    assert checked(*member)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("U0MEI",), "ACTION"),
        (("@mei", "start"), "USER: '@mei' is not a Slack user ID"),
        (("U0MEI", "dance"), "dance"),
        (("U0MEI", "start", "--channel", "#avatars"), "--channel: '#avatars' is not a Slack channel ID"),
        (("U0MEI", "start", "--room", "a room"), "--room: 'a room' is not the ID"),
        (
            ("U0MEI", "start", "--group", "S0ONCALL"),
            "It depends on --channel: the policy's rule is `[start] channels`",
        ),
        (("U0MEI", "start", "--group", "S0ONCALL", *HERE[:2]), "It depends on --room"),
        (("U0MEI", "start", "--file", "missing.toml"), "missing.toml cannot be read"),
    ],
)
def test_wrong_usage_says_what_to_give(arguments: tuple[str, ...], words: str) -> None:
    status, said = checked(*arguments)
    assert status == 2
    assert words in said.replace("│ ", "").replace(" │", "")


def test_a_broken_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[start]\nuser = []")
    status, said = checked("U0MEI", "start")
    assert status == 2
    assert "start.user: there is no such rule" in said


def test_without_a_policy_everybody_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVATAR_POLICY_FILE")
    status, said = checked("U0ANYBODY", "start")
    assert status == 0
    assert "There is no policy" in said
    assert "Decided by" not in said


async def test_slack_is_asked_who_is_in_a_group(slack: SlackStandIn, tokens: Tokens) -> None:
    slack.workspace.optional_scopes.add("usergroups:read")
    slack.workspace.user_groups["S0ONCALL"] = ["U0MEI"]
    settings = PolicySettings(
        SLACK_BOT_TOKEN=SecretStr(tokens.bot_token),
        SLACK_API_URL=slack.api_url.rstrip("/"),
        AVATAR_POLICY_FILE=Path("policy.toml"),
    )
    for user, status in (("U0MEI", 0), ("U0JONAS", 1)):
        question = Question(
            act=Act.START, user_id=user, channel_id="C0AVATARS", room_id="lobby", region="cn-north-4"
        )
        assert (await check(settings, None, question, ())).status == status
