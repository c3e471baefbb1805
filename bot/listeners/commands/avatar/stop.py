"""`/avatar stop <job_id> [room_id]`."""

from dataclasses import replace
from functools import partial

from bot.domain.arguments import JobRef, StopWanted, parse_stop
from bot.domain.invocation import Action, Job
from bot.errors import InvalidArguments
from bot.listeners.about_job import AboutJob, about, find_start
from bot.listeners.use import SAME_DELIVERY, Accepted, Subcommand, Use
from bot.messages.stops import stopping
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


def parse(use: Use) -> StopWanted:
    """The job ID, and maybe the room of one that was started elsewhere."""
    return parse_stop(use.words)


async def find(use: Use, wanted: StopWanted) -> AboutJob:
    """The job with its room: the log's, or else the one that was typed."""
    use.invocation = replace(use.invocation, job=Job(job_id=wanted.job_id))
    start = await find_start(use, wanted.job_id)
    room_id = start.request.room_id if start else wanted.room_id
    if room_id is None:
        raise InvalidArguments(reason(Code.JOB_NOT_STARTED_HERE, job_id=wanted.job_id))
    return about(use, JobRef(room_id, wanted.job_id), start)


async def stop(use: Use, wish: AboutJob) -> Accepted:
    """Commit the stop."""
    services = use.services
    received = await services.stops.commit(wish.asked)
    if received is None:
        return SAME_DELIVERY
    late = stopping(wish.told, received.room_name)
    return Accepted(late=late, work=partial(services.worker.work_on, received))


SUBCOMMAND = Subcommand(
    verb="stop", action=Action.STOP, parse=parse, find=find, handle=stop, verdict="Nothing was stopped."
)
