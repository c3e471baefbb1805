"""Members of user groups: read from a Slack that does not always tell, and kept for a minute."""

from dataclasses import dataclass, field

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.sandbox.slack import SlackStandIn, Tokens
from bot.slack.user_groups import KEPT_SECONDS, READ_AGAIN_SECONDS, TRY_AGAIN_SECONDS, UserGroups

ONCALL, LEADS = "S0ONCALL", "S0LEADS"


@dataclass
class Now:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class World:
    slack: SlackStandIn
    client: AsyncWebClient
    now: Now = field(default_factory=Now)
    wanted: set[str] = field(default_factory=lambda: {ONCALL})

    def __post_init__(self) -> None:
        self.slack.workspace.optional_scopes.add("usergroups:read")
        self.slack.workspace.user_groups[ONCALL] = ["U0MEI"]
        self.groups = UserGroups(self.client, lambda: self.wanted, clock=self.now)

    @property
    def asked(self) -> int:
        return sum(exchange.name == "usergroups.users.list" for exchange in self.slack.traffic)

    async def later(self, seconds: float) -> dict[str, frozenset[str]]:
        """What is known then, once what is due has been read."""
        self.now.seconds += seconds
        await self.groups.read_due()
        return {name: frozenset(users) for name, users in self.groups.members().items()}


@pytest.fixture
def world(slack: SlackStandIn, tokens: Tokens) -> World:
    return World(slack, AsyncWebClient(tokens.bot_token, base_url=slack.api_url, retry_handlers=[]))


async def test_a_list_is_read_again_before_it_is_too_old_and_not_more_often(world: World) -> None:
    assert await world.later(0) == {ONCALL: {"U0MEI"}}
    world.slack.workspace.user_groups[ONCALL] = ["U0JONAS"]
    assert await world.later(READ_AGAIN_SECONDS - 1) == {ONCALL: {"U0MEI"}}
    assert world.asked == 1
    assert await world.later(2) == {ONCALL: {"U0JONAS"}}
    assert world.asked == 2


async def test_nothing_is_asked_where_the_policy_names_no_group(world: World) -> None:
    world.wanted = set()
    assert await world.later(0) == {}
    assert world.asked == 0


async def test_what_slack_does_not_tell_for_a_minute_is_not_known(world: World) -> None:
    await world.later(0)
    world.slack.trouble.server_errors("usergroups.users.list")
    assert await world.later(KEPT_SECONDS - 1) == {ONCALL: {"U0MEI"}}
    assert await world.later(2) == {}
    world.slack.trouble.clear()
    assert await world.later(TRY_AGAIN_SECONDS) == {ONCALL: {"U0MEI"}}


async def test_an_emptied_group_is_known_to_have_nobody(world: World) -> None:
    await world.later(0)
    world.slack.workspace.user_groups[ONCALL] = []
    assert await world.later(READ_AGAIN_SECONDS) == {ONCALL: frozenset()}


async def test_a_group_that_is_gone_has_nobody(world: World) -> None:
    await world.later(0)
    del world.slack.workspace.user_groups[ONCALL]
    with capture_logs() as lines:
        assert await world.later(READ_AGAIN_SECONDS) == {ONCALL: frozenset()}
    assert "no_such_subteam" in str(lines)


async def test_without_its_scope_the_bot_says_once_what_to_do(world: World) -> None:
    world.slack.workspace.optional_scopes.clear()
    with capture_logs() as lines:
        for _ in range(3):
            assert await world.later(READ_AGAIN_SECONDS) == {}
    said = str(lines)
    assert said.count("missing_scope") == 1
    assert "add the optional scope usergroups:read" in said


async def test_slack_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    world.wanted = {ONCALL, LEADS}
    world.slack.workspace.user_groups[LEADS] = []
    world.slack.trouble.rate_limit("usergroups.users.list", times=1, retry_after=30)
    assert await world.later(0) == {}
    assert await world.later(29) == {}
    assert world.asked == 1
    assert (await world.later(1)).keys() == {ONCALL, LEADS}


async def test_reading_at_once_ends_in_time_whatever_slack_does(world: World) -> None:
    world.slack.trouble.hang("usergroups.users.list")
    await world.groups.read({ONCALL}, seconds=0.1)
    assert world.groups.members() == {}
    world.slack.trouble.clear()
    await world.groups.read({ONCALL}, seconds=5)
    assert world.groups.members() == {ONCALL: {"U0MEI"}}
