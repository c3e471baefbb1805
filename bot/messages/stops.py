"""Answers to a person who stops a job."""

from bot.domain.arguments import JobRef
from bot.domain.invocation import Invocation
from bot.errors import MetaStudioError, OutcomeUnknown
from bot.messages import words
from bot.messages.buttons import stop_button
from bot.messages.failures import happened, reference, said
from bot.messages.message import Message, composed
from bot.messages.mrkdwn import code


def stopping(ref: JobRef, room_name: str | None = None) -> Message:
    """Say that a stop is under way, because its result takes longer."""
    return composed(f"⏳  Stopping {_subject(ref, room_name)} …", small_print=_job(ref))


def stopped(ref: JobRef, room_name: str | None = None) -> Message:
    """Say that MetaStudio has accepted the stop."""
    subject = words.capital(_subject(ref, room_name))
    return composed(f"⛔  {subject} is being stopped: it ends in a few seconds.", small_print=_job(ref))


def over_already(ref: JobRef, room_name: str | None = None, *, typed: bool) -> Message:
    """Say that the job is over. MetaStudio gives the same answer for a job that never existed.

    Args:
        typed: a person typed the job ID, so it may be wrong.
    """
    also = ", or MetaStudio never had such a job there: check both IDs" if typed else ""
    subject = words.capital(_subject(ref, room_name))
    return composed(f"⚪  {subject} is over already{also}.", small_print=_job(ref))


def not_stopped(ref: JobRef, error: MetaStudioError, invocation: Invocation) -> Message:
    """Say why a job was not stopped. A stop of unknown outcome may be sent again, unlike a start."""
    subject = _subject(ref, invocation.room_name)
    if isinstance(error, OutcomeUnknown):
        verdict = f"❔  It is not known whether {subject} was stopped."
        story = f"{happened(error)}\nStop it once more; that does no harm."
    else:
        verdict = f"🔴  {words.capital(subject)} was not stopped."
        story = said(error)
    job = JobRef.of(ref.room_id, ref.job_id)
    again = [stop_button(job.room_id, job.job_id, room_name=invocation.room_name)] if job else []
    parts = [part for part in (_job(ref), reference(invocation, error)) if part]
    return composed(f"{verdict}\n{story}", buttons=again, small_print=words.capital(" · ".join(parts)))


def _subject(ref: JobRef, room_name: str | None) -> str:
    """Return the room in words, or the job if the person may not see the room."""
    return words.room(ref.room_id, room_name) if ref.room_id else f"job {code(ref.job_id)}"


def _job(ref: JobRef) -> str:
    return f"Job {code(ref.job_id)}" if ref.room_id else ""
