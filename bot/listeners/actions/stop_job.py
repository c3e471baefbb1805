"""*Stop*, on an announcement and in the list of jobs."""

from functools import partial

from bot.domain.invocation import Action
from bot.listeners.about_job import AboutJob, answer_if_over, find_job, parse_job
from bot.listeners.use import SAME_DELIVERY, Accepted, Button, Use
from bot.messages.buttons import STOP_JOB
from bot.messages.stops import stopping


async def stop(use: Use, wish: AboutJob) -> Accepted:
    """Commit the stop, unless the job is over."""
    if over := await answer_if_over(use, wish):
        return over
    stops = use.services.stops
    received = await stops.commit(wish.asked)
    if received is None:
        return SAME_DELIVERY
    late = stopping(wish.told, received.room_name)
    return Accepted(late=late, work=partial(use.services.worker.work_on, received))


BUTTON = Button(
    action_id=STOP_JOB,
    action=Action.STOP,
    parse=parse_job,
    find=find_job,
    handle=stop,
    verdict="Nothing was stopped.",
)
