"""What a person is offered beside a job: only the buttons that the policy lets them use at this moment."""

from dataclasses import dataclass, replace

from bot.domain.invocation import Action, Invocation, has_job
from bot.domain.job_list import Listed, OutsideJob
from bot.jobs.gate import Gate
from bot.messages.buttons import RTC_ACCESS, STOP_JOB

_ACTIONS = {STOP_JOB: Action.STOP, RTC_ACCESS: Action.RTC_ACCESS}


@dataclass(frozen=True, slots=True)
class Offers:
    """Decides for the person of `asked`. `rtc_access`: it is not switched off."""

    gate: Gate
    asked: Invocation
    rtc_access: bool

    def may(self, action_id: str, listed: Listed) -> bool:
        """Return True if the person may use this button on this job."""
        if action_id not in _ACTIONS or (action_id == RTC_ACCESS and not self.rtc_access):
            return False
        if isinstance(listed, OutsideJob):
            start, room_id, job_id = None, listed.room_id, listed.job_id
        elif has_job(listed):
            start, room_id, job_id = listed, listed.request.room_id, listed.job.job_id
        else:
            return False
        wanted = replace(self.asked.about_job(room_id, job_id), action=_ACTIONS[action_id])
        return self.gate.allows(wanted, start)
