"""The line that tells of a job's end, in the thread of its announcement or to whoever started it."""

from bot.job_life import JobLife
from bot.messages import words
from bot.messages.message import Message
from bot.messages.mrkdwn import code
from bot.model import Invocation, JobState


def ended(invocation: Invocation, life: JobLife) -> Message:
    """How the job ended. It names the room, for a direct message has no announcement above it."""
    was = "was " if life.state is JobState.STOPPED else ""
    how = words.state(life)
    job, room = code(invocation.job_id or ""), words.room(invocation.room_id, invocation.room_name)
    return Message(f"Job {job} in room {room} {was}{how[0].lower()}{how[1:]}.")
