"""Answers to one person: a start is under way, a use is refused, or a start made no job."""

from bot.domain.arguments import JobRef
from bot.domain.correction import START_COMMAND, correction
from bot.domain.invocation import RoomInvocation, Source
from bot.errors import InvalidArguments, ReasonedError, Refused
from bot.messages import words
from bot.messages.buttons import details_button, retry_button, start_now_button, stop_button
from bot.messages.corrections import meant_button
from bot.messages.failures import happened, reference, said
from bot.messages.message import Block, Message, composed
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
    doing = f"Stopping job {code(start.after_job_id)}, then starting" if start.after_job_id else "Starting"
    return Message(f"⏳  {doing} {room}{where} … The result comes as a message of its own.")


def declined(
    error: ReasonedError,
    command: str | None = None,
    *,
    verdict: str = "Nothing was started.",
    meant: Block | None = None,
) -> Message:
    """Say why nothing was done, before the ack.

    Args:
        command: the typed command, if there was one; the answer names its help.
        verdict: the result in a sentence; it may be empty.
        meant: a button that does what was meant.
    """
    told = with_mentions(happened(error)) if isinstance(error, Refused) else happened(error)
    opening = f"*{verdict}* {told}" if verdict else told
    is_mistake = command is not None and isinstance(error, InvalidArguments)
    help_ = f"{code(f'{command} help')} shows what can be typed." if is_mistake else ""
    remedy = escape(advice(error), 1000)
    lines = [opening, with_mentions(remedy) if isinstance(error, Refused) else remedy]
    buttons = [meant] if meant else []
    return composed("\n".join(line for line in lines if line), buttons=buttons, small_print=help_)


def not_started(start: RoomInvocation, error: ReasonedError) -> Message:
    """Say why an acknowledged start made no job. The message mentions its person."""
    may_again = error.reason.code is Code.NO_TURN or not (
        isinstance(error, Refused) or error.reason.code in _NAMES_NO_ROOM or "job_of" in error.reason.args
    )
    again = [retry_button(start)] if may_again else []
    return composed(
        f"{_not_started(start)}\n{said(error)}",
        buttons=[*_meant(start, error), *_of_the_job(error), *again],
        small_print=f"{mention(start.origin.user_id)} · {reference(start, error)}",
    )


def _meant(start: RoomInvocation, error: ReasonedError) -> list[Block]:
    """Return a button that starts the room that was meant, if the typed one does not exist."""
    if start.source is not Source.COMMAND:
        return []
    meant = correction(START_COMMAND, start.text, error.reason)
    button = meant_button(start.id, meant, error.reason) if meant else None
    return [button] if button else []


def _of_the_job(error: ReasonedError) -> list[Block]:
    """Return the buttons of a job whose ID was given in place of a room's."""
    args = error.reason.args
    if "job_of" not in args:
        return []
    job = JobRef.of(str(args.get("job_room")), str(args.get("job_id"))) if args.get("may_stop") else None
    stop = [stop_button(job.room_id, job.job_id)] if job else []
    return [details_button(str(args["job_of"])), *stop]


def interrupted(start: RoomInvocation) -> Message:
    """Say that the bot was stopped before it sent a start. The start can safely be sent now."""
    job = f" It may have stopped job {code(start.after_job_id)}." if start.after_job_id else ""
    return composed(
        f"{_not_started(start)}\nThe bot was stopped before it sent the start.{job}",
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
