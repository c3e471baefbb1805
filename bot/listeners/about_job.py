"""What listeners about a job share: find the job, its start, and whether it is over."""

from dataclasses import dataclass, replace

from bot.domain.arguments import JobRef, parse_job_value
from bot.domain.invocation import JobInvocation, JobState, Status
from bot.jobs.stop import OVER_ALREADY
from bot.listeners.use import SAME_DELIVERY, Accepted, Use, Wish
from bot.messages.ended import over


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutJob(Wish):
    """A wish about a job."""

    asked: JobInvocation
    job: JobRef

    @property
    def told(self) -> JobRef:
        """Return the job as its person may be told of it."""
        return self.job.as_told(self.start, self.asked)


def parse_job(use: Use) -> JobRef:
    """Return the job in a button's value."""
    return parse_job_value(use.invocation.text)


async def find_job(use: Use, job: JobRef) -> AboutJob:
    """Find the start of a button's job; if the invocation log has it, its room counts."""
    use.invocation = use.invocation.about_job(job.room_id, job.job_id)
    start = await find_start(use, job.job_id)
    return about(use, job.as_logged(start), start)


def about(use: Use, job: JobRef, start: JobInvocation | None) -> AboutJob:
    """Return a wish about the job, with the room's name at its start, if that is known."""
    asked = use.invocation.about_job(job.room_id, job.job_id)
    room_name = (start.room_name if start else None) or asked.room_name
    return AboutJob(asked=replace(asked, room_name=room_name), start=start, job=job)


async def find_start(use: Use, job_id: str) -> JobInvocation | None:
    """Return the start that made the job, if the invocation log has it."""
    return await use.services.acceptance.ask(use.services.invocations.find_start(job_id))


async def answer_if_over(use: Use, wish: AboutJob) -> Accepted | None:
    """Answer what became of the job of a button, if it is over.

    A message that cannot be edited keeps its buttons.
    """
    start = wish.start
    if start is None or start.job.state is None or not start.job.state.is_over:
        return None
    services = use.services
    stop = None
    if start.job.state is JobState.STOPPED:
        stop = await services.acceptance.ask(services.invocations.find_stop(wish.job.job_id))
    if not await services.incoming.close(use.invocation, Status.DONE, OVER_ALREADY):
        return SAME_DELIVERY
    return Accepted(words=over(start, stop, tells_room=start.is_visible_to(use.invocation)))
