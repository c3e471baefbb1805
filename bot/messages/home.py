"""The Home tab: what runs, what its person can start, and what came of their last uses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.home_tab import HomeStart, HomeTab
from bot.domain.invocation import Source
from bot.domain.job_list import JobList, May
from bot.domain.quick_start import QuickStart
from bot.messages.jobs import draw_rows, newest_first
from bot.messages.message import SECTION_LIMIT, Block, button, context, plain, section
from bot.messages.mrkdwn import code, fit_lines, moment
from bot.messages.quick_starts import facts_of
from bot.messages.replies import declined
from bot.messages.uses import use_in_words
from bot.messages.words import RoomName

HOME_START = "home_start"
"""The action ID of the *Start* buttons on Home."""

MOST_JOB_BLOCKS = 40
MOST_STARTS = 40
"""Slack takes 100 blocks a view."""

MOST_CHARACTERS = 30_000
NEWS = timedelta(minutes=1)
"""How long what came of a press on Home stands at the top."""

_HELP = (
    "`/avatar-start` in a channel opens a form; `/avatar-start help` shows what can be typed.\n"
    "`/avatar jobs` lists what runs and what has just ended, `/avatar quick help` is about quick starts."
)


def home(
    tab: HomeTab,
    now: datetime,
    *,
    may: May,
    room_name: RoomName,
    workspace_url: str | None = None,
    hidden_in: str = "private channels",
) -> dict[str, Any]:
    """Return the view.

    Args:
        may: which buttons the person may use.
        workspace_url: where Slack shows the workspace, for links to announcements.
        hidden_in: in which channels the hidden jobs are.
    """
    blocks = [
        *_news(tab, now),
        _header("Running now"),
        *(_jobs(tab.jobs, now, may, workspace_url, hidden_in) if tab.jobs else _refused(tab)),
        _header("Quick starts"),
        *_starts(tab, room_name),
        _header("Your last uses"),
        *_uses(tab),
        {"type": "divider"},
        context(_HELP),
    ]
    return {"type": "home", "blocks": blocks}


def _header(text: str) -> Block:
    return {"type": "header", "text": plain(text)}


def _news(tab: HomeTab, now: datetime) -> list[Block]:
    """Return what has come of the person's last use, if they pressed a button here a moment ago."""
    last = tab.uses[0] if tab.uses else None
    if last is None or last.source is not Source.HOME or now - last.created_at >= NEWS:
        return []
    return [section(f"*You pressed a button:* {use_in_words(last)}.")]


def _jobs(jobs: JobList, now: datetime, may: May, workspace_url: str | None, hidden_in: str) -> list[Block]:
    rows = list(newest_first(jobs))
    drawn = [
        blocks
        for _, blocks in draw_rows(
            rows, now, may, workspace_url, left=MOST_CHARACTERS, most_blocks=MOST_JOB_BLOCKS
        )
    ]
    total = jobs.under_way_total + len(jobs.unknown)
    left = total - len(drawn)
    rest = [
        "" if rows else "No avatar job is running.",
        f"and {left} more: `/avatar jobs`" if left > 0 else "",
        f"and {jobs.hidden} in {hidden_in}" if jobs.hidden else "",
    ]
    said = "\n".join(each for each in rest if each)
    return [block for blocks in drawn for block in blocks] + ([context(said)] if said else [])


def _refused(tab: HomeTab) -> list[Block]:
    return [section(declined(tab.refusal, verdict="").text)] if tab.refusal else []


def _starts(tab: HomeTab, room_name: RoomName) -> list[Block]:
    if not tab.has_place:
        return [context("Start an avatar in a channel first: then quick starts have buttons here.")]
    if not tab.starts:
        return [context("There are none for you yet: `/avatar quick add NAME room_id` in a channel.")]
    rows = [_start(*each, number, room_name) for number, each in enumerate(tab.starts[:MOST_STARTS], 1)]
    left = len(tab.starts) - len(rows)
    return rows + ([context(f"and {left} more: `/avatar quick list` in a channel")] if left > 0 else [])


def _start(quick_start: QuickStart, start: HomeStart, number: int, room_name: RoomName) -> Block:
    facts = " · ".join(facts_of(quick_start, room_name))
    told = f"announced in <#{start.place.channel_id}>"
    where = f"of all channels, {told}" if quick_start.is_everywhere else told
    start_button = button("Start", action_id=f"{HOME_START}-{number}", value=start.value, style="primary")
    return section(f"*{code(quick_start.name)}* · {facts}\n{where}", start_button)


def _uses(tab: HomeTab) -> Sequence[Block]:
    if not tab.uses:
        return [context("You have not used the bot yet.")]
    lines = [f"{moment(use.created_at)} · {use_in_words(use)}" for use in tab.uses]
    return [section(fit_lines(lines, limit=SECTION_LIMIT, most=len(lines)))]
