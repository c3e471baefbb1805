"""Break glass through real sockets: refused, a reason given, started, and told to everybody."""

from typing import Any

from bot.domain.invocation import Source, Status
from bot.sandbox.slack import SlackStandIn
from tests.stage import JONAS, MEI, StagedWith

STUDIO = "C0STUDIO01"
LABEL = "Start anyway with a reason"
POLICY = f'[start]\nusers = []\n[break_glass]\nusers = ["{JONAS}"]'


def because(why: str) -> dict[str, Any]:
    return {"reason": {"reason": {"type": "plain_text_input", "value": why}}}


async def test_who_is_on_call_starts_what_is_refused_and_the_channel_reads_why(
    staged_with: StagedWith, slack: SlackStandIn
) -> None:
    async with staged_with(policy=POLICY) as stage:
        await stage.types("lobby", user=MEI)
        assert LABEL not in str(stage.said(MEI)[-1].blocks)
        await stage.types("lobby", user=JONAS)
        await stage.clicks(LABEL, stage.said(JONAS)[-1], user=JONAS)
        [view] = slack.views.stack(JONAS)
        assert "refuses this start of room `lobby`" in str(view.content["blocks"])
        assert stage.metastudio.jobs == []

        submitted = await slack.forms.submit(JONAS, view.id, because("the <CEO> waits"))
        await stage.bot.tasks.idle()
        assert (submitted.error, submitted.errors) == (None, None)
        assert slack.views.stack(JONAS) == []
        [announcement] = stage.announced()
        note = f"Break glass: <@{JONAS}> started what the policy refuses. Reason: the &lt;CEO&gt; waits"
        assert note in announcement.text
        assert note in str(announcement.blocks)
        row = (await stage.log())[-1]
        assert (row.source, row.status, row.text) == (Source.BREAK_GLASS, Status.STARTED, "the <CEO> waits")


async def test_where_the_bot_is_no_member_the_channel_reads_it_all_the_same(
    staged_with: StagedWith, slack: SlackStandIn
) -> None:
    slack.workspace.remove(STUDIO, slack.workspace.bot.user_id)
    async with staged_with(policy=POLICY) as stage:
        await stage.types("lobby", user=JONAS, channel=STUDIO)
        await stage.clicks(LABEL, stage.said(JONAS, STUDIO)[-1], user=JONAS)
        [view] = slack.views.stack(JONAS)
        await slack.forms.submit(JONAS, view.id, because("the CEO waits"))
        await stage.bot.tasks.idle()
        assert any("Break glass" in message.text for message in stage.announced(STUDIO))
