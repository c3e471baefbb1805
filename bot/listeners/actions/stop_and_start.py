"""*Stop and start mine*, on a job that holds a room which takes no more."""

from dataclasses import replace

from bot.domain.arguments import ButtonValue, JobRef
from bot.domain.invocation import Action
from bot.errors import InvalidArguments
from bot.jobs.stop_first import stop_before
from bot.listeners.about_job import find_start
from bot.listeners.about_start import (
    StartWish,
    commit_start,
    get_start,
    once_more,
    parse_button_value,
    quick_start_of,
)
from bot.listeners.use import Button, Use
from bot.messages.buttons import STOP_AND_START
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def find(use: Use, wanted: ButtonValue) -> StartWish:
    """Find the start, to be sent after the stop of the job.

    Args:
        wanted: the start that the room had no place for, and the job.

    Raises:
        InvalidArguments: the button names no such start or no job.
        Refused: the person may not stop the job.
    """
    refused = await get_start(use, wanted.invocation_id)
    if not refused.made_no_job:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_REFUSED_START))
    job = JobRef.of(refused.request.room_id, wanted.argument)
    if job is None:
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_JOB))
    asked = replace(once_more(use, refused), after_job_id=job.job_id)
    use.services.policy.check(stop_before(asked, job.job_id), await find_start(use, job.job_id))
    return StartWish(
        asked=asked,
        previous_id=refused.id,
        knows_running=True,
        is_private=True,
        quick_start=await quick_start_of(use, refused),
    )


BUTTON = Button(
    action_id=STOP_AND_START,
    action=Action.START,
    parse=parse_button_value,
    find=find,
    handle=commit_start,
    verdict="Nothing was stopped or started.",
)
