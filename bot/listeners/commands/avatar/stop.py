"""`/avatar stop <job_id [room_id] | room | quick start>`."""

from dataclasses import dataclass, replace
from functools import partial

from bot.domain.arguments import JOB_ID, JobRef, StopWanted, parse_stop
from bot.domain.invocation import Action, Job, JobInvocation, StartRequest, Status
from bot.domain.quick_start import QuickStart
from bot.domain.room_names import (
    By,
    Match,
    NamedRoom,
    closest,
    find_room,
    is_room_id,
    may_be_id,
    may_be_name,
)
from bot.errors import InvalidArguments
from bot.listeners.about_job import AboutJob, about, find_start
from bot.listeners.understanding import find_quick_start, known_quick_starts
from bot.listeners.use import SAME_DELIVERY, Accepted, Subcommand, Use, Wish
from bot.messages.quick_starts import stopping_one_of
from bot.messages.stops import stopping
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

MOST_JOBS = 500
"""How many of the jobs that run are looked through, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Wish):
    """A wish to stop a job, where several are meant."""

    word: str
    jobs: tuple[JobInvocation, ...]


def parse(use: Use) -> StopWanted:
    """The job ID, and maybe the room of one that was started elsewhere; or another word for a job."""
    if len(use.words) == 1 and not JOB_ID.fullmatch(use.words[0]) and may_be_name(use.words[0]):
        return StopWanted(use.words[0])
    return parse_stop(use.words)


async def find(use: Use, wanted: StopWanted) -> AboutJob | OneOf:
    """The job with its room: the log's, or else the one that was typed."""
    word = wanted.job_id
    start = await find_start(use, word) if JOB_ID.fullmatch(word) else None
    if start is None and wanted.room_id is None:
        return await _find_by_room(use, word)
    use.invocation = replace(use.invocation, job=Job(job_id=word))
    return about(use, JobRef((start.request.room_id if start else wanted.room_id) or "", word), start)


async def _find_by_room(use: Use, word: str) -> AboutJob | OneOf:
    """The jobs that run where a quick start, a room ID or a room's name says, as far as its person sees them.

    Raises:
        InvalidArguments: none runs there.
    """
    services = use.services
    quick_start = await find_quick_start(use, word)
    running = await services.acceptance.ask(services.job_lists.running(use.invocation, limit=MOST_JOBS))
    jobs = tuple(_of(quick_start, running) if quick_start else _in_room(word, running))
    if len(jobs) == 1:
        [start] = jobs
        use.invocation = replace(use.invocation, job=Job(job_id=start.job.job_id))
        return about(use, JobRef.in_row(start), start)
    if jobs:
        use.invocation = use.invocation.asking_for(StartRequest(jobs[0].request.room_id))
        return OneOf(asked=use.invocation, word=word, jobs=jobs)
    if quick_start is not None:
        raise InvalidArguments(reason(Code.NO_JOB_OF_ROOM, word=word))
    if is_room_id(word):
        use.invocation = replace(use.invocation, job=Job(job_id=word))
        raise InvalidArguments(reason(Code.JOB_NOT_STARTED_HERE, job_id=word))
    close = closest(word, _rooms(running), await known_quick_starts(use))
    if close is None and may_be_id(word):
        use.invocation = replace(use.invocation, job=Job(job_id=word))
        raise InvalidArguments(reason(Code.JOB_NOT_STARTED_HERE, job_id=word))
    raise InvalidArguments(reason(Code.NO_JOB_OF_ROOM, word=word, close=close))


def _of(quick_start: QuickStart, jobs: list[JobInvocation]) -> list[JobInvocation]:
    """The jobs that are as the quick start would start them."""
    return [
        job
        for job in jobs
        if job.request.room_id == quick_start.room_id
        and quick_start.client_id in {None, job.request.client_id}
        and quick_start.region in {None, job.request.region}
    ]


def _in_room(word: str, jobs: list[JobInvocation]) -> list[JobInvocation]:
    match find_room(word, _rooms(jobs)):
        case Match(room, By()):
            return [job for job in jobs if job.request.room_id == room.room_id]
        case several:
            wanted = {room.room_id for room in several}
            return [job for job in jobs if job.request.room_id in wanted]


def _rooms(jobs: list[JobInvocation]) -> list[NamedRoom]:
    """The rooms in which jobs run, by the names that they had at their start."""
    rooms = {job.request.room_id: job.room_name or job.request.room_id for job in jobs}
    return [NamedRoom(room_id, name) for room_id, name in rooms.items()]


async def stop(use: Use, wish: AboutJob | OneOf) -> Accepted:
    """Commit the stop; where several jobs are meant, ask which."""
    if isinstance(wish, OneOf):
        if not await use.services.incoming.close(wish.asked, Status.DONE):
            return SAME_DELIVERY
        return Accepted(words=stopping_one_of(wish.word, wish.jobs, wish.asked.created_at))
    services = use.services
    received = await services.stops.commit(wish.asked)
    if received is None:
        return SAME_DELIVERY
    late = stopping(wish.told, received.room_name)
    return Accepted(late=late, work=partial(services.worker.work_on, received))


SUBCOMMAND = Subcommand(
    verb="stop", action=Action.STOP, parse=parse, find=find, handle=stop, verdict="Nothing was stopped."
)
