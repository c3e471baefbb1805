"""Break glass through real sockets: refused, a reason given, started, and told to everybody."""

from typing import Any

from bot.domain.invocation import Source, Status
from bot.messages.start_form import ROOM_MENU
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


async def test_a_form_asks_for_the_reason_above_itself(staged_with: StagedWith, slack: SlackStandIn) -> None:
    async with staged_with(policy=POLICY) as stage:
        await stage.types("", user=JONAS)
        [form] = slack.views.stack(JONAS)
        found = await slack.forms.suggest(JONAS, form.id, "room", ROOM_MENU, "lobby k")
        [room] = found.groups[0]["options"]
        chosen = {"type": "external_select", "selected_option": room}
        await slack.forms.submit(JONAS, form.id, {"room": {ROOM_MENU: chosen}})
        assert stage.metastudio.jobs == []

        _, question = slack.views.stack(JONAS)
        await slack.forms.submit(JONAS, question.id, because("the CEO waits"))
        await stage.bot.tasks.idle()
        assert slack.views.stack(JONAS) == []
        [announcement] = stage.announced()
        assert "Break glass" in announcement.text
        assert "Lobby kiosk" in announcement.text
