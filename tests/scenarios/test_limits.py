"""Many starts at once, the rate limit, the policy, and a database that cannot be written."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from bot.domain.invocation import Status
from bot.sandbox.metastudio import MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn
from bot.settings import Settings
from tests.locked import file_of, locked
from tests.stage import ROOM, staged, until


async def test_two_hundred_commands_at_once_are_all_acknowledged_logged_and_announced(
    slack: SlackStandIn, settings_for: Callable[..., Settings], metastudio: MetaStudioStandIn
) -> None:
    async with staged(slack, metastudio, settings_for()) as stage:
        results = await asyncio.gather(*(slack.command("/avatar-start", f"room-{n}") for n in range(200)))
        await stage.bot.tasks.idle()

        assert [result.error for result in results if result.error] == []
        assert {row.status for row in await stage.log()} == {Status.STARTED}
        announced = {message.text for message in stage.said() if message.visible_to is None}
        assert len(announced) == 200
        assert all(any(job.job_id in text for text in announced) for job in metastudio.jobs)
        assert len(metastudio.jobs) == 200


async def test_a_start_that_gets_no_turn_in_time_is_refused_and_not_sent(
    slack: SlackStandIn, settings_for: Callable[..., Settings], metastudio: MetaStudioStandIn
) -> None:
    settings = settings_for(AVATAR_STARTS_PER_SECOND=0.5, AVATAR_START_TIMEOUT=1)
    async with staged(slack, metastudio, settings) as stage:
        await asyncio.gather(slack.command("/avatar-start", "one"), slack.command("/avatar-start", "two"))
        await stage.bot.tasks.idle()

        assert sorted(row.status for row in await stage.log()) == [Status.REFUSED, Status.STARTED]
        assert len(metastudio.jobs) == 1
        assert "Too many starts are waiting" in stage.news()[-1].text


async def test_what_the_policy_does_not_allow_is_refused_told_and_logged(
    slack: SlackStandIn,
    settings_for: Callable[..., Settings],
    metastudio: MetaStudioStandIn,
    tmp_path: Path,
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[start]\nusers = ["U0JONAS001"]\n')
    async with staged(slack, metastudio, settings_for(AVATAR_POLICY_FILE=policy)) as stage:
        result = await stage.types(ROOM)
        assert result.ack is not None
        assert "You may not start avatars" in result.ack["text"]
        await stage.types(ROOM, user="U0JONAS001")

        assert [row.status for row in await stage.log()] == [Status.REFUSED, Status.STARTED]


async def test_no_job_is_started_that_cannot_be_logged(
    slack: SlackStandIn,
    settings_for: Callable[..., Settings],
    metastudio: MetaStudioStandIn,
    sqlite_url: str,
) -> None:
    async with staged(slack, metastudio, settings_for()) as stage:
        with locked(file_of(sqlite_url)):
            result = await stage.types(ROOM)

        assert result.error is None
        assert result.ack is not None
        assert "The database" in result.ack["text"]
        assert "Nothing was started" in result.ack["text"]
        assert not metastudio.jobs
        assert await stage.log() == []


async def test_a_socket_that_slack_renews_or_drops_comes_back(
    slack: SlackStandIn, settings_for: Callable[..., Settings], metastudio: MetaStudioStandIn
) -> None:
    async with staged(slack, metastudio, settings_for()) as stage:
        await slack.disconnect()
        await until(lambda: slack.open_sockets == 1)
        await stage.types("one")
        slack.abort_sockets()
        await until(lambda: slack.open_sockets == 0)
        await until(lambda: slack.open_sockets == 1)
        await stage.types("two")

        assert len(metastudio.jobs) == 2
