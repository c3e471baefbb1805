"""Messages about quick starts: answers to `/avatar quick …`, the panel, and what a word was understood as."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.invocation import JobInvocation, RoomInvocation
from bot.domain.job_list import JobList
from bot.domain.quick_start import Listed, QuickStart
from bot.domain.room_names import By
from bot.domain.start_words import Meant
from bot.errors import ReasonedError
from bot.messages import words
from bot.messages.failures import said
from bot.messages.jobs import jobs_list
from bot.messages.message import TEXT_LIMIT, Message, actions, button, context, section
from bot.messages.mrkdwn import code, fit_lines, mention
from bot.messages.words import RoomName
from bot.reasons import Reason

QUICK_START = "quick_start"
"""The action ID of the buttons of a panel."""

MOST_BUTTONS = 200
_A_ROW = 25
"""Maximum number of buttons in a row, set by Slack."""

_HOW_TO_ADD = "`/avatar quick add NAME room_id [region]` adds one."
_OF = {False: "of this channel", True: "of all channels"}


def usage(command: str) -> Message:
    """Say how to use `/avatar quick`."""
    lines = (
        ("add NAME room_id [region] [room_type=…] [client_id=…]", "names what to start in this channel"),
        ("list [BEGINNING]", "shows all that this channel knows"),
        ("rename OLD NEW", "gives one another name"),
        ("remove NAME", "takes one away"),
        ("panel", "posts a message with a button for each, to be pinned"),
    )
    return Message(
        "\n".join(
            (
                f"*{command} quick* keeps quick starts: `/avatar-start NAME` starts one.",
                *(f"• {code(f'{command} quick {typed}')}: {does}" for typed, does in lines),
                "`--everywhere` after add, rename or remove means the quick starts of all channels.",
            )
        )
    )


def added(quick_start: QuickStart, name_of: RoomName, *, hides: bool = False) -> Message:
    """Say that a quick start was added.

    Args:
        hides: a quick start of everywhere has the same name.
    """
    return Message(
        "\n".join(
            (
                f"Added {_what(quick_start, name_of)}.",
                f"{code(f'/avatar-start {quick_start.name}')} starts it.",
                *(
                    [f"In this channel it comes before the {code(quick_start.name)} of all channels."]
                    if hides
                    else ()
                ),
            )
        )
    )


def renamed(old: str, new: str, *, everywhere: bool) -> Message:
    """Say that a quick start has a new name."""
    return Message(f"The quick start {code(old)} {_OF[everywhere]} is now {code(new)}.")


def removed(quick_start: QuickStart, name_of: RoomName, *, uncovers: bool = False) -> Message:
    """Say that a quick start was removed, and what it started, so that a person can add it again.

    Args:
        uncovers: a quick start of everywhere has the same name.
    """
    also = f" {code(quick_start.name)} means the one of all channels here from now on." if uncovers else ""
    return Message(f"Removed {_what(quick_start, name_of)}.{also}")


def quick_list(found: Sequence[Listed], name_of: RoomName, *, beginning: str = "") -> Message:
    """List the quick starts of a channel, then those of everywhere."""
    wanted = [each for each in found if each.quick_start.name.startswith(beginning)]
    if not wanted:
        so = f" whose name begins with {code(beginning, 60)}" if beginning else ""
        return Message(f"There is no quick start{so} here. {_HOW_TO_ADD}")
    own = [each for each in wanted if not each.quick_start.is_everywhere]
    everywhere = [each for each in wanted if each.quick_start.is_everywhere]
    lines = [
        *(["*Quick starts of this channel*"] if own else ()),
        *(_line(each, name_of) for each in own),
        *(["*Quick starts of all channels*"] if everywhere else ()),
        *(_line(each, name_of) for each in everywhere),
    ]
    text = "\n".join(lines)
    if len(text) <= TEXT_LIMIT:
        return Message(text)
    hint = "`/avatar quick list BEGINNING` shows those whose name begins so."
    fitting = fit_lines(lines, limit=TEXT_LIMIT - len(hint) - 1, most=len(lines))
    return Message(f"{fitting}\n{hint}")


def panel(found: Sequence[Listed]) -> Message:
    """Make the panel: a button for each quick start that its channel can use."""
    names = [each.quick_start.name for each in found if not each.is_shadowed]
    if not names:
        empty = "There are no quick starts here yet."
        return Message(f"{empty} {_HOW_TO_ADD}", (section(f"*{empty}*"), context(_HOW_TO_ADD)))
    shown = names[:MOST_BUTTONS]
    left = len(names) - len(shown)
    title = "Start an avatar"
    rest = f"and {left} more: `/avatar-start NAME`, `/avatar quick list`" if left else "`/avatar quick list`"
    listed = fit_lines([code(name) for name in names], limit=TEXT_LIMIT - 200, most=len(names))
    rows = [
        actions(
            [
                button(name, action_id=f"{QUICK_START}-{row * _A_ROW + place}", value=name)
                for place, name in enumerate(names_of_row, 1)
            ]
        )
        for row, names_of_row in enumerate(shown[at : at + _A_ROW] for at in range(0, len(shown), _A_ROW))
    ]
    small_print = f"{rest} shows what each of them starts."
    return Message(
        f"{title}, by `/avatar-start NAME`:\n{listed}", (section(f"*{title}*"), *rows, context(small_print))
    )


def posting_panel() -> Message:
    """Say that the panel is being posted."""
    return Message("Posting the panel … Pin it: More actions, *Pin to this conversation*.")


def not_posted(why: Reason) -> Message:
    """Say why a panel was not posted."""
    return Message(said(ReasonedError(why)))


def starting_as(start: RoomInvocation, meant: Meant) -> Message:
    """Say that a start is under way, and what its first word was understood as."""
    room = words.room(start.request.room_id, start.room_name)
    where = f" in {words.region(start.request.region)}" if start.request.region else ""
    match meant.by:
        case By.QUICK_START_HERE | By.QUICK_START_EVERYWHERE:
            return Message(f"Starting {code(meant.word)}, a {meant.by}: {room}{where} …")
        case By.NAME | By.BEGINNING:
            found = "found by how its name begins" if meant.by is By.BEGINNING else "found by its name"
            return Message(f"Starting {room}{where}, {found} …")
        case By.ID:
            return Message(f"Starting {room}{where} …")


def stopping_one_of(word: str, jobs: Sequence[JobInvocation], now: datetime) -> Message:
    """Ask which of several jobs to stop. Each has its button."""
    listed = jobs_list(JobList(under_way=jobs, under_way_total=len(jobs)), now)
    asking = f"{len(jobs)} jobs are meant by {code(word)}, and none was stopped. Stop the one you mean."
    lines = listed.text.splitlines()[1:]
    return Message("\n".join([asking, *lines]), (section(asking), *listed.blocks[1:]))


def looking_for(word: str) -> Message:
    """Say that the room of a start is being looked up by its name."""
    return Message(f"Looking for the room {code(word)}, to start it …")


def _what(quick_start: QuickStart, name_of: RoomName) -> str:
    facts = " · ".join(facts_of(quick_start, name_of))
    return f"the quick start {code(quick_start.name)} {_OF[quick_start.is_everywhere]}: {facts}"


def _line(listed: Listed, name_of: RoomName) -> str:
    quick_start = listed.quick_start
    hidden = [f"hidden here by this channel's {code(quick_start.name)}"] if listed.is_shadowed else []
    facts = [*facts_of(quick_start, name_of), f"by {mention(quick_start.user_id)}", *hidden]
    return f"• {code(quick_start.name)}: {' · '.join(facts)}"


def facts_of(quick_start: QuickStart, name_of: RoomName) -> list[str]:
    """Return what a quick start starts, part by part."""
    return [
        f"{words.room(quick_start.room_id, name_of(quick_start.room_id))}",
        *([words.region(quick_start.region)] if quick_start.region else ()),
        *([code(quick_start.room_type)] if quick_start.room_type else ()),
        *([f"client {code(quick_start.client_id)}"] if quick_start.client_id else ()),
    ]
