"""The policy file while the bot runs: read again when it has changed; a broken one leaves the old policy."""

import asyncio
import os
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.domain.invocation import Action, Source, Status
from bot.domain.policy import Policy
from bot.environment.policy_file import read_policy, stamp_of
from bot.errors import SettingsError
from bot.jobs.gate import Gate
from bot.jobs.policy_reload import PolicyReload
from bot.sandbox.slack import SlackStandIn, Tokens
from bot.slack.user_groups import UserGroups
from bot.store.database import Database
from bot.store.invocations import Invocations
from tests.fakes import an_invocation
from tests.graph import a_gate
from tests.metastudio.cloud import NOON

OPEN, SHUT = "# everybody\n", "[start]\nusers = []\n"
START = an_invocation(
    id="one",
    created_at=NOON,
    action=Action.START,
    source=Source.COMMAND,
    status=Status.RECEIVED,
    user_id="U0MEI",
    room_id="lobby",
)


class World:
    def __init__(self, path: Path, gate: Gate, groups: UserGroups) -> None:
        path.write_text(OPEN)
        self.path, self.gate, self.asked = path, gate, asyncio.Event()
        self.reload = PolicyReload(path, gate, groups, known=stamp_of(path), asked=self.asked)

    async def after(self, looks: int) -> bool:
        """Whether Mei may start something once the file was looked at so often."""
        for _ in range(looks):
            await self.reload.look()
        return self.gate.allows(START)


@pytest.fixture
def groups(slack: SlackStandIn, tokens: Tokens) -> UserGroups:
    client = AsyncWebClient(tokens.bot_token, base_url=slack.api_url, retry_handlers=[])
    return UserGroups(client, lambda: ())


@pytest.fixture
def world(tmp_path: Path, database: Database, groups: UserGroups) -> World:
    return World(tmp_path / "policy.toml", a_gate(Invocations(database)), groups)


async def test_a_changed_file_is_read_once_it_is_at_rest(world: World) -> None:
    assert await world.after(2)
    world.path.write_text("[start]\nusers = [")
    assert await world.after(1)
    world.path.write_text(SHUT)
    assert await world.after(1)
    assert not await world.after(1)


async def test_a_file_put_in_place_of_it_is_read(world: World) -> None:
    other = world.path.with_suffix(".new")
    other.write_text(SHUT)
    os.utime(other, ns=(world.path.stat().st_atime_ns, world.path.stat().st_mtime_ns))
    other.rename(world.path)
    assert not await world.after(2)


async def test_it_is_read_at_once_where_somebody_asks(world: World) -> None:
    world.path.write_text(SHUT)
    world.asked.set()
    assert not await world.after(1)
    assert not world.asked.is_set()


@pytest.mark.parametrize("broken", ["[start]\nuser = []\n", "[start", "", " \n", None, b"\xff"])
async def test_a_broken_file_keeps_the_old_policy_and_says_so_once(
    world: World, broken: str | bytes | None
) -> None:
    world.path.write_text(SHUT)
    assert not await world.after(2)
    if broken is None:
        world.path.unlink()
    else:
        world.path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with capture_logs() as lines:
        assert not await world.after(4)
    assert str(lines).count("the policy that was read before still holds") == 1
    world.path.write_text(OPEN)
    assert await world.after(2)


def test_an_empty_file_is_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("\n \n")
    with pytest.raises(SettingsError, match="is empty"):
        read_policy(path)
    path.write_text("# everybody may do everything\n")
    assert read_policy(path) == Policy()


async def test_a_new_policy_holds_when_the_members_of_its_groups_are_known(
    world: World, slack: SlackStandIn, groups: UserGroups
) -> None:
    slack.workspace.optional_scopes.add("usergroups:read")
    slack.workspace.user_groups["S0ONCALL"] = ["U0JONAS"]
    world.path.write_text('[start]\ngroups = ["S0ONCALL"]')
    assert not await world.after(2)
    assert groups.members() == {"S0ONCALL": {"U0JONAS"}}
