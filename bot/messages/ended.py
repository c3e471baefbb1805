"""Messages about the end of a job: in its thread, to its starter, and to a person who uses an old button."""

from bot.domain.invocation import Invocation, JobInvocation, JobState
from bot.domain.job_state import JobLife
from bot.messages import words
from bot.messages.announcement import job_code
from bot.messages.buttons import start_again_button
from bot.messages.message import Message, composed
from bot.messages.mrkdwn import code, day_and_time, mention

_TO_DO = "Start it again; if it fails once more, give MetaStudio's support the job ID and the code."


def ended(start: JobInvocation, life: JobLife, *, is_alone: bool = False) -> Message:
    """Say how the job ended. If it failed, mention the person who started it, so that Slack notifies them.

    Args:
        is_alone: it stands in no thread of an announcement, which would have the button.
    """
    lines = [words.headline(words.room(start.request.room_id, start.room_name), life)]
    if life.state is JobState.FAILED:
        lines.append(f"{mention(start.origin.user_id)}, you started it. {_TO_DO}")
    code_of_error = life.error.error_code if life.error else None
    small_print = " · ".join(
        [f"Job {job_code(start.job.job_id)}", *([code(code_of_error, 60)] if code_of_error else ())]
    )
    again = [start_again_button(start)] if is_alone else []
    return composed("\n".join(lines), buttons=again, small_print=small_print)


def over(start: JobInvocation, stop: Invocation | None, *, tells_room: bool = True) -> Message:
    """Say what happened to a job, to a person who uses a button of an outdated message.

    Args:
        stop: what ended it, if it was stopped by way of the bot.
        tells_room: the person may read of the room.
    """
    life = JobLife(start.job.state or JobState.GONE, stopped_by=stop.origin.user_id if stop else None)
    job = f"job {job_code(start.job.job_id)}"
    when = f" That was on {day_and_time(start.job.ended_at)}." if start.job.ended_at else ""
    subject = words.room(start.request.room_id, start.room_name) if tells_room else job
    which = f"\n{words.capital(job)}" if tells_room else ""
    return Message(f"{words.headline(subject, life)}.{when}{which}")
