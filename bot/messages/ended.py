"""How a job ended: for its thread, for whoever started it, and for who presses an outdated button."""

from bot.domain.invocation import Invocation, JobInvocation, JobState
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.message import Message
from bot.messages.mrkdwn import code, moment


def ended(invocation: JobInvocation, life: JobLife) -> Message:
    """How the job ended. It names the room, for a direct message has no announcement above it."""
    return Message(_sentence(invocation, life))


def over(start: JobInvocation, stop: Invocation | None, *, tells_room: bool = True) -> Message:
    """What became of a job, for who presses a button of a message that still offers something.

    Args:
        stop: what ended it, if it was stopped by way of the bot.
        tells_room: the person may read of the room.
    """
    life = JobLife(start.job.state or JobState.GONE, stopped_by=stop.origin.user_id if stop else None)
    when = f" That was {moment(start.job.ended_at)}." if start.job.ended_at else ""
    return Message(f"{_sentence(start, life, tells_room=tells_room)}{when}")


def _sentence(start: JobInvocation, life: JobLife, *, tells_room: bool = True) -> str:
    was = "was " if life.state is JobState.STOPPED else ""
    how = words.state(life)
    job = code(start.job.job_id)
    room = f" in room {words.room(start.request.room_id, start.room_name)}" if tells_room else ""
    return f"Job {job}{room} {was}{how[0].lower()}{how[1:]}."
