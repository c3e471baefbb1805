"""Quick starts: a name once in a place, and each change in one commit with the row of who has made it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.invocation import Action, Invocation, Status
from bot.domain.quick_start import QuickStart
from bot.store.database import Database
from bot.store.invocations import Invocations
from bot.store.quick_starts import QuickStarts
from tests.store.conftest import NOON

AnInvocation = Callable[..., Invocation]
TEAM, HERE, THERE = "T1", "C1", "C2"
MOST = 3


@pytest.fixture
def quick_starts(database: Database) -> QuickStarts:
    return QuickStarts(database)


@pytest.fixture
def a_use(an_invocation: AnInvocation) -> AnInvocation:
    """Somebody's change of quick starts."""

    def make() -> Invocation:
        return an_invocation(action=Action.QUICK, status=Status.DONE)

    return make


def named(name: str, channel_id: str | None = HERE, **changes: Any) -> QuickStart:
    values: dict[str, Any] = {
        "id": f"{name} of {channel_id}",
        "team_id": TEAM,
        "channel_id": channel_id,
        "name": name,
        "room_id": "24bad716",
        "user_id": "U0MEI00001",
        "created_at": NOON,
    }
    return QuickStart(**(values | changes))


async def logged(log: Invocations) -> int:
    return len([row async for row in log.find()])


async def test_a_quick_start_comes_back_as_it_was_kept(
    quick_starts: QuickStarts, a_use: AnInvocation
) -> None:
    whole = named("lobby", region="cn-north-4", room_type="METALINK", client_id="kiosk 7 ☂")
    bare = named("lobby", None)
    for each in (whole, bare):
        assert await quick_starts.add(each, a_use(), most=MOST)

    assert await quick_starts.known_in(TEAM, HERE) == [whole, bare]
    assert await quick_starts.named(TEAM, THERE, "lobby") == [bare]
    assert await quick_starts.known_in("T2", HERE) == []
    assert await quick_starts.named(TEAM, None, "lobby") == [bare]


async def test_those_of_several_channels_are_read_with_those_of_everywhere(
    quick_starts: QuickStarts, a_use: AnInvocation
) -> None:
    for each in (named("lobby"), named("lobby", None), named("hall", THERE), named("attic", "C3")):
        assert await quick_starts.add(each, a_use(), most=MOST)

    async def names(*channels: str) -> list[str]:
        return sorted(each.id for each in await quick_starts.known_in_any(TEAM, channels))

    assert await names(HERE, THERE) == ["hall of C2", "lobby of C1", "lobby of None"]
    assert await names() == ["lobby of None"]


@pytest.mark.parametrize("channel_id", [HERE, None], ids=["a channel", "everywhere"])
async def test_a_name_is_taken_once_in_a_place_however_many_want_it(
    quick_starts: QuickStarts, log: Invocations, a_use: AnInvocation, channel_id: str | None
) -> None:
    wanted = [named("lobby", channel_id, id=f"q{number}") for number in range(5)]
    added = await asyncio.gather(*(quick_starts.add(each, a_use(), most=MOST) for each in wanted))

    assert sorted(added) == [False] * 4 + [True]
    assert len(await quick_starts.named(TEAM, HERE, "lobby")) == 1
    assert await logged(log) == 1


async def test_a_place_has_so_many_and_no_more(quick_starts: QuickStarts, a_use: AnInvocation) -> None:
    for name in ("a", "b", "c"):
        assert await quick_starts.add(named(name), a_use(), most=MOST)

    assert not await quick_starts.add(named("d"), a_use(), most=MOST)
    assert await quick_starts.add(named("d", None), a_use(), most=MOST)
    assert await quick_starts.add(named("d", THERE), a_use(), most=MOST)


@pytest.mark.parametrize("channel_id", [HERE, None], ids=["a channel", "everywhere"])
async def test_a_rename_and_a_removal_concern_one_place_and_are_logged(
    quick_starts: QuickStarts, log: Invocations, a_use: AnInvocation, channel_id: str | None
) -> None:
    other = None if channel_id else HERE
    await quick_starts.add(named("lobby", channel_id), a_use(), most=MOST)
    await quick_starts.add(named("lobby", other), a_use(), most=MOST)
    await quick_starts.add(named("desk", channel_id), a_use(), most=MOST)

    assert not await quick_starts.rename(TEAM, channel_id, "lobby", "desk", a_use())
    assert not await quick_starts.rename(TEAM, channel_id, "attic", "cellar", a_use())
    assert not await quick_starts.remove(TEAM, channel_id, "attic", a_use())
    assert not await quick_starts.remove("T2", channel_id, "lobby", a_use())
    assert await logged(log) == 3
    assert await quick_starts.rename(TEAM, channel_id, "lobby", "kiosk", a_use())
    assert await quick_starts.remove(TEAM, channel_id, "desk", a_use())
    assert await logged(log) == 5

    found = await quick_starts.known_in(TEAM, HERE)
    assert sorted((each.name, each.channel_id) for each in found if each.channel_id == channel_id) == [
        ("kiosk", channel_id)
    ]
    assert [each.name for each in found if each.channel_id == other] == ["lobby"]


async def test_a_change_that_cannot_be_logged_is_not_made(
    quick_starts: QuickStarts, a_use: AnInvocation
) -> None:
    use = a_use()
    await quick_starts.add(named("lobby"), use, most=MOST)

    with pytest.raises(Exception, match="database_failed"):
        await quick_starts.remove(TEAM, HERE, "lobby", use)
    assert await quick_starts.named(TEAM, HERE, "lobby") == [named("lobby")]
