"""*RTC access*, on an announcement."""

from functools import partial

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action
from bot.errors import Refused
from bot.jobs.rtc_access import RtcAccess
from bot.listeners.about_job import AboutJob, answer_if_over, find_job, parse_job
from bot.listeners.use import SAME_DELIVERY, Accepted, Button, Use
from bot.messages.buttons import RTC_ACCESS
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


async def find(use: Use, job: JobRef) -> AboutJob:
    """Find the job, if RTC access is switched on: old messages have the button even if it is not."""
    wish = await find_job(use, job)
    switched_on(use)
    return wish


def switched_on(use: Use) -> RtcAccess:
    """Return the use case.

    Raises:
        Refused: RTC access is switched off.
    """
    if use.services.rtc is None:
        raise Refused(reason(Code.RTC_ACCESS_OFF))
    return use.services.rtc


async def show(use: Use, wish: AboutJob) -> Accepted:
    """Commit the request, unless the job is over."""
    if over := await answer_if_over(use, wish):
        return over
    received = await switched_on(use).commit(wish.asked)
    return Accepted(work=partial(use.services.worker.work_on, received)) if received else SAME_DELIVERY


BUTTON = Button(action_id=RTC_ACCESS, action=Action.RTC_ACCESS, parse=parse_job, find=find, handle=show)
