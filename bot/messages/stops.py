"""What somebody who stops a job is told."""

from bot.domain.arguments import JobRef
from bot.domain.invocation import Invocation
from bot.errors import MetaStudioError, OutcomeUnknown
from bot.messages import words
from bot.messages.failures import happened, reference, said, what_to_do
from bot.messages.message import Message
from bot.messages.mrkdwn import code


def stopping(ref: JobRef, room_name: str | None = None) -> Message:
    """The ack of a stop that is under way."""
    return Message(f"Stopping job {_named(ref, room_name)} …")


def stopped(ref: JobRef, room_name: str | None = None) -> Message:
    """MetaStudio has taken the stop."""
    return Message(f"MetaStudio is ending job {_named(ref, room_name)}; that takes a few seconds.")


def over_already(ref: JobRef, room_name: str | None = None, *, typed: bool) -> Message:
    """There was nothing to stop. MetaStudio has one answer for a job that is over and one that never was.

    Args:
        typed: the ID was, so that it may be wrong.
    """
    also = ", or MetaStudio never had such a job there: check both IDs" if typed else ""
    return Message(f"Job {_named(ref, room_name)} is over already{also}.")


def not_stopped(ref: JobRef, error: MetaStudioError, invocation: Invocation) -> Message:
    """Why a job was not stopped. A stop whose outcome is not known may be sent again, unlike a start."""
    job = _named(ref, invocation.room_name, bold=False)
    if isinstance(error, OutcomeUnknown):
        verdict = f"*It is not known whether job {job} was stopped.*"
        story = f"{happened(error)}\n{what_to_do('Stop it once more; that does no harm.')}"
    else:
        verdict = f"*Job {job} was not stopped.*"
        story = said(error)
    return Message(f"{verdict}\n{story}\n{reference(invocation, error)}")


def _named(ref: JobRef, room_name: str | None, *, bold: bool = True) -> str:
    """The room is left out where it is not to be told."""
    if not ref.room_id:
        return code(ref.job_id)
    return f"{code(ref.job_id)} in room {words.room(ref.room_id, room_name, bold=bold)}"
