"""How a job ended: for its thread, for whoever started it, and for who presses an outdated button."""

from bot.domain.invocation import Invocation, JobState
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.message import Message
from bot.messages.mrkdwn import code, moment


def ended(invocation: Invocation, life: JobLife) -> Message:
    """How the job ended. It names the room, for a direct message has no announcement above it."""
    return Message(_sentence(invocation, life))


def over(start: Invocation, stop: Invocation | None) -> Message:
    """What became of a job, for who presses a button of a message that still offers something.

    Args:
        stop: what ended it, if it was stopped by way of the bot.
    """
    life = JobLife(start.job_state or JobState.GONE, stopped_by=stop.user_id if stop else None)
    when = f" That was {moment(start.ended_at)}." if start.ended_at else ""
    return Message(f"{_sentence(start, life)}{when}")


def _sentence(start: Invocation, life: JobLife) -> str:
    was = "was " if life.state is JobState.STOPPED else ""
    how = words.state(life)
    job = code(start.job_id or "")
    room = f" in room {words.room(start.room_id, start.room_name)}" if start.room_id else ""
    return f"Job {job}{room} {was}{how[0].lower()}{how[1:]}."
