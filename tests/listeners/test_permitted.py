"""What a person is shown: the help and the list of jobs offer only what they may do."""

import pytest

from bot.domain.policy import Policy
from tests.fakes import buttons_of
from tests.listeners.desk import JONAS, MEI, Desk


@pytest.fixture
async def running(desk: Desk) -> Desk:
    """Mei has started a job in the lobby, and Jonas one in the boardroom."""
    await desk.types("/avatar-start", "lobby")
    await desk.types("/avatar-start", "boardroom", user_id=JONAS)
    return desk


@pytest.mark.parametrize(
    ("policy", "stops"),
    [
        ("", ["lobby job-1", "boardroom job-2"]),
        ("[stop]\nusers = []", ["lobby job-1"]),
        ('[stop]\nrooms = ["boardroom"]', ["lobby job-1", "boardroom job-2"]),
        (f'[stop.deny]\nusers = ["{MEI}"]', []),
    ],
)
async def test_the_list_of_jobs_stops_only_what_its_person_may(
    running: Desk, policy: str, stops: list[str]
) -> None:
    running.policy = Policy.parse(policy)
    await running.types("/avatar", "jobs")

    assert "2 avatar jobs are under way." in running.told()
    [shown] = running.channel.told
    values = [each["value"] for each in buttons_of(shown) if each["action_id"].startswith("stop_job")]
    assert sorted(values) == sorted(stops)


@pytest.mark.parametrize(
    ("policy", "shown", "hidden"),
    [
        ("", ("stop", "jobs"), ()),
        ('[start]\nrooms = ["lobby"]\n[stop]\nrooms = ["lobby"]', ("stop", "jobs"), ()),
        ("[look]\nusers = []", ("stop",), ("jobs",)),
        ("[stop]\nusers = []", ("stop", "jobs"), ()),
        ("[start]\nusers = []\n[stop]\nusers = []", ("jobs",), ("stop",)),
    ],
)
async def test_the_help_leaves_out_what_its_person_may_not_do_at_all(
    desk: Desk, policy: str, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    desk.policy = Policy.parse(policy)
    text = (await desk.types("/avatar", "help"))["text"]
    for verb in shown:
        assert f"• `/avatar {verb}" in text
    for verb in hidden:
        assert f"• `/avatar {verb}" not in text


async def test_who_may_start_nothing_reads_so_in_the_help(desk: Desk) -> None:
    desk.policy = Policy.parse('ask = "the avatar team"\n[start]\nusers = []')
    text = (await desk.types("/avatar-start", "help"))["text"]
    assert "You may not start avatars with this bot." in text
    assert "Ask the avatar team." in text
    assert "room_id" not in text
    desk.policy = Policy.parse('[start]\nrooms = ["lobby"]\nregions = ["cn-north-4"]')
    assert "may not" not in (await desk.types("/avatar-start", "help"))["text"]


@pytest.mark.parametrize(
    ("policy", "offered"),
    [("", ["Open it", "Stop it", "Start another"]), ("[stop]\nusers = []", ["Open it", "Start another"])],
)
async def test_a_question_about_a_running_job_offers_its_stop_only_to_who_may(
    desk: Desk, policy: str, offered: list[str]
) -> None:
    await desk.types("/avatar-start", "lobby", user_id=JONAS)
    desk.clock.advance(minutes=1)
    desk.policy = Policy.parse(policy)
    ack = await desk.types("/avatar-start", "lobby")

    [buttons] = [block["elements"] for block in ack["blocks"] if block["type"] == "actions"]
    assert [button["text"]["text"] for button in buttons] == offered
