"""Answers to one person: a start is under way, a use is refused, or a start made no job."""

from bot.domain.invocation import RoomInvocation
from bot.errors import InvalidArguments, ReasonedError, Refused
from bot.messages import words
from bot.messages.buttons import retry_button, start_in_region_button, start_now_button
from bot.messages.failures import happened, reference, said
from bot.messages.message import Message, composed
from bot.messages.mrkdwn import code, escape, mention
from bot.messages.policy_reasons import with_mentions
from bot.messages.reasons import advice
from bot.reasons import ReasonCode as Code

_NAMES_NO_ROOM = frozenset({Code.ROOM_NAME_UNKNOWN, Code.ROOM_NAME_OF_SEVERAL})
"""Why a start has to be typed in other words: the same words would end the same way."""


def starting(start: RoomInvocation) -> Message:
    """Say that a start is under way, because its result takes longer."""
    where = f" in {words.region_name(start.request.region)}" if start.request.region else ""
    room = words.room(start.request.room_id, start.room_name)
    return Message(f"⏳  Starting {room}{where} … The result comes as a message of its own.")


def declined(
    error: ReasonedError,
    command: str | None = None,
    *,
    verdict: str = "Nothing was started.",
    invocation_id: str | None = None,
) -> Message:
    """Say why nothing was done, before the ack.

    Args:
        command: the typed command, if there was one; the answer names its help.
        verdict: the result in a sentence; it may be empty.
        invocation_id: the row of a typed command, for a button that starts in the region that was meant.
    """
    told = with_mentions(happened(error)) if isinstance(error, Refused) else happened(error)
    opening = f"*{verdict}* {told}" if verdict else told
    is_mistake = command is not None and isinstance(error, InvalidArguments)
    help_ = f"{code(f'{command} help')} shows what can be typed." if is_mistake else ""
    remedy = escape(advice(error), 1000)
    lines = [opening, with_mentions(remedy) if isinstance(error, Refused) else remedy]
    close = error.reason.args.get("close")
    meant = invocation_id and close and error.reason.code is Code.REGION_UNKNOWN
    buttons = [start_in_region_button(invocation_id or "", str(close))] if meant else []
    return composed("\n".join(line for line in lines if line), buttons=buttons, small_print=help_)


def not_started(start: RoomInvocation, error: ReasonedError) -> Message:
    """Say why an acknowledged start made no job. The message mentions its person."""
    may_again = error.reason.code is Code.NO_TURN or not (
        isinstance(error, Refused) or error.reason.code in _NAMES_NO_ROOM
    )
    return composed(
        f"{_not_started(start)}\n{said(error)}",
        buttons=[retry_button(start)] if may_again else [],
        small_print=f"{mention(start.origin.user_id)} · {reference(start, error)}",
    )


def interrupted(start: RoomInvocation) -> Message:
    """Say that the bot was stopped before it sent a start. The start can safely be sent now."""
    return composed(
        f"{_not_started(start)}\nThe bot was stopped before it sent the start.",
        buttons=[start_now_button(start)],
        small_print=f"{mention(start.origin.user_id)} · {reference(start)}",
    )


def _not_started(start: RoomInvocation) -> str:
    return f"🔴  {words.capital(words.room(start.request.room_id, start.room_name))} was not started."


def went_wrong(entry: str) -> Message:
    """Say that the bot has a bug. Nothing was done."""
    return composed(
        "🔴  Something went wrong inside the bot. Nothing was started or stopped.",
        small_print=f"Whoever runs the bot finds more under {code(entry)}.",
    )
