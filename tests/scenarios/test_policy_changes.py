"""A policy that changes while the bot runs: its file, its user groups, and what somebody has started."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.invocation import Status
from bot.reasons import ReasonCode as Code
from bot.sandbox.slack import SlackStandIn
from tests.stage import JONAS, MEI, Stage, StagedWith

ONCALL = "S0ONCALL01"


def ack_of(result: object) -> str:
    ack = getattr(result, "ack", None) or {}
    return str(ack.get("text", ""))


async def starts_in_the_end(stage: Stage, room: str, **where: str) -> None:
    """Somebody types the same until it is allowed."""
    made = len(stage.metastudio.jobs)
    async with asyncio.timeout(15):
        await stage.types(room, **where)
        while len(stage.metastudio.jobs) == made:
            await asyncio.sleep(0.2)
            await stage.types(room, **where)


async def test_who_is_on_call_may_start_and_the_change_of_shift_counts(
    staged_with: StagedWith, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.user_groups.READ_AGAIN_SECONDS", 1.0)
    slack.workspace.optional_scopes.add("usergroups:read")
    slack.workspace.user_groups[ONCALL] = [MEI]
    async with staged_with(policy=f'ask = "the avatar team"\n[start]\ngroups = ["{ONCALL}"]') as stage:
        await stage.types("lobby")
        refusal = ack_of(await stage.types("hall", user=JONAS))
        assert "You may not start avatars with this bot." in refusal
        assert "Ask the avatar team. The rule is `[start] groups` in the bot's policy." in refusal

        slack.workspace.user_groups[ONCALL] = [JONAS]
        await starts_in_the_end(stage, "hall", user=JONAS)
        assert "You may not start" in ack_of(await stage.types("kiosk", user=MEI))
        assert [job.room_id for job in stage.metastudio.jobs] == ["lobby", "hall"]


async def test_without_the_scope_nobody_is_a_member_and_the_refusal_says_why(
    staged_with: StagedWith,
) -> None:
    async with staged_with(policy=f'[start]\ngroups = ["{ONCALL}"]') as stage:
        refusal = ack_of(await stage.types("lobby"))
        assert f"Slack does not tell the bot at the moment who is in the user group `{ONCALL}`" in refusal
        [row] = await stage.log()
        assert row.status is Status.REFUSED
        assert row.reason is not None
        assert row.reason.code is Code.GROUP_UNKNOWN


async def test_a_changed_file_holds_for_the_next_use(staged_with: StagedWith, tmp_path: Path) -> None:
    async with staged_with(policy="[start]\nper_person_and_hour = 2") as stage:
        for room in ("lobby", "hall"):
            await stage.types(room)
        refusal = ack_of(await stage.types("kiosk"))
        assert "You have started 2 avatars within the last hour" in refusal
        assert len(stage.metastudio.jobs) == 2

        (tmp_path / "policy.toml").write_text("[start]\nper_person_and_hour = 3")
        await starts_in_the_end(stage, "kiosk")
        assert len(stage.metastudio.jobs) == 3
