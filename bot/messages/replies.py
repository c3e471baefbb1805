"""What the bot answers to one person: acks, usage, refusals, and why a start made no job."""

from datetime import datetime

from bot.domain.arguments import Regions
from bot.domain.invocation import Invocation, RoomInvocation, RoomType, Status
from bot.errors import InvalidArguments, ReasonedError, Refused
from bot.messages import words
from bot.messages.buttons import (
    look_again_button,
    start_another_button,
    start_anyway_button,
    start_now_button,
)
from bot.messages.failures import reference, said, what_to_do
from bot.messages.message import Block, Message, with_buttons
from bot.messages.mrkdwn import code, escape, mention
from bot.messages.policy_reasons import with_mentions
from bot.messages.reasons import sentence

_OR_A_NAME = 'or a quick start, or the room\'s name: `"Lobby kiosk"`'

ID_LIMIT = 2000
"""A job ID is shown whole."""


def starting(start: RoomInvocation) -> Message:
    """The ack of a start that is under way."""
    where = f" in {words.region(start.request.region)}" if start.request.region else ""
    return Message(f"Starting room {words.room(start.request.room_id, start.room_name)}{where} …")


def usage(command: str, regions: Regions) -> Message:
    """How to use the command."""
    allowed = ", ".join(words.region(region) for region in regions.allowed)
    default = f"left out, it is {words.region(regions.default)}" if regions.default else "may be left out"
    kinds = ", ".join(code(kind) for kind in RoomType)
    return Message(
        "\n".join(
            (
                f"*{escape(command, 50)}* starts a virtual avatar in a room and tells this channel.",
                f"Use: {code(f'{command} room_id [region] [room_type=…] [client_id=…]')}",
                f"• `room_id`: the interactive dialog's ID, from the MetaStudio console; {_OR_A_NAME}",
                f"• `region`: where it runs: {allowed}; {default}",
                f"• `room_type`: {kinds}; left out, it is `RTC`",
                "• `client_id`: your own ID for this use, up to 128 characters",
                f"Example: {code(f'{command} 24bad716-87b1-45e5-8912-6102f7693265 {regions.allowed[0]}')}",
            )
        )
    )


def avatar_usage(command: str, start_command: str) -> Message:
    """How to use the command for jobs that are there."""
    return Message(
        "\n".join(
            (
                f"*{escape(command, 50)}* shows the jobs that run, and stops them.",
                f"• {code(f'{command} jobs')}: what runs, each with a button to stop it",
                f"• {code(f'{command} stop job_id')}: stops a job; a room or a quick start does as well",
                f"• {code(f'{command} stop job_id room_id')}: stops one that was not started with this bot",
                f"• {code(f'{command} quick help')}: quick starts, which give names to what you start often",
                f"{code(f'{start_command} help')} shows how to start one.",
            )
        )
    )


def declined(
    error: ReasonedError, command: str | None = None, *, verdict: str = "Nothing was started."
) -> Message:
    """Why nothing was done, for what is found out before the ack.

    Args:
        command: what was typed, if anything was: its help is pointed to.
        verdict: what that comes to, in a sentence; empty where there is nothing to say of it.
    """
    closing = [verdict] if verdict else []
    if command and isinstance(error, InvalidArguments):
        closing.append(f"{code(f'{command} help')} shows what can be typed.")
    told = with_mentions(said(error)) if isinstance(error, Refused) else said(error)
    return Message("\n".join([told, *([" ".join(closing)] if closing else ())]))


def not_started(invocation: RoomInvocation, error: ReasonedError) -> Message:
    """Why a start that was acknowledged made no job."""
    verdict = f"*Room {_in_bold(invocation)} was not started.*"
    return Message(f"{verdict}\n{said(error)}\n{reference(invocation, error)}")


def interrupted(invocation: RoomInvocation) -> Message:
    """That the bot went down before it sent a start, which costs nothing to send now."""
    return with_buttons(
        f"*Room {_in_bold(invocation)} was not started.*\n"
        "The bot was stopped before it sent the start. Start it now if it is still wanted.",
        buttons=[start_now_button(invocation)],
        small_print=reference(invocation),
    )


def duplicate(existing: RoomInvocation, refused: RoomInvocation) -> Message:
    """That an equal start is not settled yet or has just started, for two in a row are mostly a mistake.

    A job that was started in a channel that the person cannot read stays as private as the channel is.

    Args:
        refused: the row of the start that was not sent.
    """
    room = words.room(refused.request.room_id, refused.room_name or existing.room_name)
    is_visible = existing.is_visible_to(refused)
    who = "you" if existing.origin.user_id == refused.origin.user_id else mention(existing.origin.user_id)
    if not is_visible:
        who = "somebody in a channel that cannot be read from here"
    started_at = existing.job.started_at if existing.job else None
    ago = _ago(started_at or existing.created_at, refused.created_at)
    paid = "Your start was not sent: it would make another job, and each job holds a paid channel."
    match existing.status:
        case Status.STARTED:
            job = f": job {code(existing.job.job_id, ID_LIMIT)}" if existing.job and is_visible else ""
            news = f"Room {room} was started by {who} {ago}{job}."
            use = "Use that job." if is_visible else "Ask those who work with this room."
            advice = f"{use} Start another only if you need two."
        case Status.UNKNOWN:
            news = f"Room {room} may be running: it is not known what came of the start by {who} {ago}."
            advice = "Look again whether its job is there. Start it anyway only if it is not."
        case _:
            where = f" in {words.region(existing.request.region)}" if existing.request.region else ""
            news = f"Room {room} is already starting{where}, by {who}, {ago}."
            advice = "Wait for what comes of it. Start another only if you need two."
    is_unknown = existing.status is Status.UNKNOWN
    return with_buttons(
        f"{news}\n{paid}\n{what_to_do(advice)}",
        buttons=_of_an_unknown(existing) if is_unknown else [start_another_button(refused)],
    )


def used(existing: RoomInvocation, asking: Invocation) -> Message:
    """That a button was used before, and what came of the start that this led to."""
    room = words.room(existing.request.room_id, existing.room_name)
    who = "you" if existing.origin.user_id == asking.origin.user_id else mention(existing.origin.user_id)
    opening = f"This button was used by {who} {_ago(existing.created_at, asking.created_at)}, and works once."
    closing = "Nothing more was started."
    match existing.status:
        case Status.STARTED:
            job = f": job {code(existing.job.job_id, ID_LIMIT)}" if existing.job else ""
            return Message(f"{opening}\nRoom {room} was started{job}. {closing}")
        case Status.UNKNOWN:
            return with_buttons(
                f"{opening}\nIt is not known whether room {room} started. {closing}",
                buttons=_of_an_unknown(existing),
            )
        case Status.RECEIVED | Status.STARTING:
            return Message(f"{opening}\nRoom {room} is starting; what comes of it is told. {closing}")
        case _:
            reason = escape(sentence(existing.reason), 1000) if existing.reason else ""
            return with_buttons(
                f"{opening}\nRoom {room} was not started. {reason}".rstrip(),
                buttons=[start_now_button(existing)],
            )


def _of_an_unknown(start: RoomInvocation) -> list[Block]:
    return [look_again_button(start.id), start_anyway_button(start)]


def _ago(then: datetime, now: datetime) -> str:
    seconds = (now - then).total_seconds()
    return f"{words.duration(seconds)} ago" if seconds >= 1 else "just now"


def _in_bold(invocation: RoomInvocation) -> str:
    return words.room(invocation.request.room_id, invocation.room_name, bold=False)


def went_wrong(entry: str) -> Message:
    """An error of the bot's own, before anything was done."""
    return Message(
        f"Something went wrong inside the bot, and nothing was started or stopped. "
        f"Whoever runs it finds more under {code(entry)}."
    )
