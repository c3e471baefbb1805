from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.sandbox.slack import SlackStandIn, default_workspace
from bot.sandbox.slack.payloads import escaped
from tests.clock import Clock

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]

MEI, JONAS, AMARA = "U0MEI00001", "U0JONAS001", "U0AMARA001"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("room-1 cn-north-4", "room-1 cn-north-4"),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("&amp;", "&amp;amp;"),
        ("for @jonas!", "for <@U0JONAS001|jonas>!"),
        ("@avatar-bot", "<@U0AVATARBOT|avatar-bot>"),
        ("mail mei@jonas", "mail mei@jonas"),
        ("@nobody in #nowhere", "@nobody in #nowhere"),
        ("#avatars", "<#C0AVATARS1|avatars>"),
        ("#plans", "<#C0PLANS001|plans>"),
        ("#studio", "<#C0STUDIO01|studio>"),
        ("see https://a.b/c?d=1&e=@mei", "see <https://a.b/c?d=1&amp;e=@mei>"),
        ("@channel @here", "<!channel> <!here>"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("“room-1” `x`", "“room-1” `x`"),
    ],
)
def test_typed_text_is_escaped_as_slack_does(typed: str, sent: str) -> None:
    assert escaped(typed, default_workspace(), MEI) == sent


def test_a_channel_that_the_person_cannot_see_stays_plain_text() -> None:
    assert escaped("#plans", default_workspace(), JONAS) == "#plans"


@given(st.text(alphabet=st.characters(exclude_characters="@#/")))
def test_no_typed_character_can_become_markup(typed: str) -> None:
    sent = escaped(typed, default_workspace(), MEI)
    assert "<" not in sent
    assert ">" not in sent


async def test_private_conversations_keep_their_names(slack: SlackStandIn) -> None:
    for channel in ("C0STUDIO01", "D0MEIJONAS", "C0GENERAL1"):
        slack.request_url = "http://127.0.0.1:9/"
        await slack.command("/avatar-start", channel=channel)
    names = [exchange.sent["channel_name"] for exchange in slack.traffic]
    assert names == ["privategroup", "directmessage", "general"]


@pytest.mark.parametrize(
    ("command", "user", "channel"),
    [
        ("avatar-start", MEI, "C0AVATARS1"),
        ("/", MEI, "C0AVATARS1"),
        ("/avatar start", MEI, "C0AVATARS1"),
        ("/avatar-start", "U0NOBODY01", "C0AVATARS1"),
        ("/avatar-start", MEI, "C0NOWHERE1"),
        ("/avatar-start", JONAS, "C0PLANS001"),
    ],
)
async def test_what_nobody_can_type_is_refused(
    slack: SlackStandIn, command: str, user: str, channel: str
) -> None:
    with pytest.raises(ValueError, match=r"command|nobody|sees no channel"):
        await slack.command(command, user=user, channel=channel)


async def test_a_trigger_is_good_once_within_three_seconds(
    slack: SlackStandIn, app: AsyncApp, connected: Connected, clock: Clock
) -> None:
    triggers: list[str] = []

    @app.command("/avatar-start")
    async def start(ack: AsyncAck, body: dict[str, Any]) -> None:
        triggers.append(body["trigger_id"])
        await ack()

    async with connected(app):
        await slack.command("/avatar-start")
        await slack.command("/avatar-start")
    one, two = triggers
    assert slack.use_trigger(one) is None
    assert slack.use_trigger(one) == "exchanged_trigger_id"
    clock.advance(3)
    assert slack.use_trigger(two) == "expired_trigger_id"
    assert slack.use_trigger("1.2.3") == "invalid_trigger_id"
