"""Quick starts under a policy that names them: by whatever way they are started, and by their names alone."""

import pytest

from bot.domain.invocation import JobState, Status
from bot.domain.policy import Policy
from bot.domain.room_names import NamedRoom
from tests.listeners.desk import JONAS, MEI, Desk

HALL = "24bad716-87b1-45e5-8912-6102f7693265"


@pytest.fixture
async def named(desk: Desk) -> Desk:
    """The hall has a quick start, and only what has one may be started."""
    await desk.types("/avatar", f"quick add hall {HALL}")
    desk.policy = Policy.parse('[start]\nquick_starts = ["hall"]')
    return desk


def rooms(desk: Desk) -> list[str]:
    return [request.room_id for request, _, _ in desk.cloud.starts]


async def test_a_quick_start_is_started_and_its_room_is_not(named: Desk) -> None:
    refusal = await named.types("/avatar-start", HALL)
    assert f"Room `{HALL}` may not be started" in refusal["text"]
    assert "Allowed quick starts: `hall`." in refusal["text"]
    await named.types("/avatar-start", "hall")
    assert rooms(named) == [HALL]


async def test_another_one_of_it_is_started_by_its_button(named: Desk) -> None:
    await named.types("/avatar-start", "hall")
    await named.types("/avatar-start", "hall", user_id=JONAS)
    duplicate = (await named.rows())[-1]
    assert duplicate.status is Status.REFUSED
    await named.clicks("start_another", duplicate.id)
    assert rooms(named) == [HALL, HALL]


async def test_a_denied_quick_start_is_refused_by_each_way(named: Desk) -> None:
    named.policy = Policy.parse('[start.deny]\nquick_starts = ["hall"]')
    assert "Quick start `hall` may not be started" in (await named.types("/avatar-start", "HALL"))["text"]
    await named.clicks("quick_start", "hall")
    assert "Quick start `hall` may not be started" in named.told()
    assert rooms(named) == []


async def test_who_may_change_quick_starts_is_said_by_a_table_of_its_own(named: Desk) -> None:
    named.policy = Policy.parse(f'admins = ["S0LEADS"]\n[quick]\nusers = ["{MEI}"]')
    add = f"quick add desk {HALL}"
    assert "You may not change quick starts" in (await named.types("/avatar", add, user_id=JONAS))["text"]
    everywhere = await named.types("/avatar", f"{add} --everywhere")
    assert "Nothing was changed." in everywhere["text"]
    named.members = {"S0LEADS": frozenset({MEI})}
    await named.types("/avatar", f"{add} --everywhere")
    assert (await named.row()).status is Status.DONE


async def test_it_may_be_started_again_as_often_as_it_may_be_started(named: Desk) -> None:
    await named.types("/avatar-start", "hall")
    for number in range(1, 4):
        await named.ends(f"job-{number}", JobState.ENDED)
        named.clock.advance(minutes=5)
        if number % 2:
            await named.types("/avatar-start", "again")
        else:
            await named.clicks("start_again", (await named.row()).id)
    assert rooms(named) == [HALL] * 4

    named.policy = Policy.parse('[start.deny]\nquick_starts = ["hall"]')
    await named.ends("job-4", JobState.ENDED)
    named.clock.advance(minutes=5)
    await named.clicks("start_again", (await named.row()).id)
    assert "Quick start `hall` may not be started" in named.told()
    assert rooms(named) == [HALL] * 4


async def test_the_reason_for_a_broken_glass_is_no_name_of_a_quick_start(named: Desk) -> None:
    named.policy = Policy.parse(f'[start]\nquick_starts = ["hall"]\n[break_glass]\nusers = ["{MEI}"]')
    refusal = await named.types("/avatar-start", "vault")
    await named.clicks("break_glass", refusal["blocks"][-1]["elements"][0]["value"])
    metadata = named.slack.opened[-1]["view"]["private_metadata"]
    await named.submits(named.submitting("break_glass", metadata, reason="hall is broken"))
    broken = await named.row()
    await named.ends("job-1", JobState.ENDED)
    named.clock.advance(minutes=5)

    await named.clicks("start_again", broken.id, user={"id": JONAS})
    await named.types("/avatar-start", "again", user_id=JONAS)
    assert rooms(named) == ["vault"]


async def test_the_name_of_a_room_is_no_name_of_a_quick_start(named: Desk) -> None:
    vault = "34bad716-87b1-45e5-8912-6102f7693265"
    named.policy = Policy()
    named.cloud.on_list_rooms = (NamedRoom(vault, "loft"),)
    named.cloud.unknown_rooms = {"loft"}
    await named.types("/avatar-start", "loft")
    await named.ends("job-2", JobState.ENDED)
    named.clock.advance(minutes=5)
    by_name = await named.row()
    await named.types("/avatar", f"quick add loft {HALL}")
    named.policy = Policy.parse('[start]\nquick_starts = ["loft"]')

    await named.clicks("start_again", by_name.id)
    assert rooms(named) == ["loft", vault]
