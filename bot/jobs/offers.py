"""Which buttons a person is offered beside a job: those that the policy lets them use at this moment."""

from dataclasses import dataclass

from bot.domain.arguments import JobRef
from bot.domain.invocation import Action, Invocation, has_job
from bot.domain.job_list import Listed, OutsideJob
from bot.jobs.gate import Gate
from bot.messages.buttons import RTC_ACCESS, STOP_JOB

_ACTIONS = {STOP_JOB: Action.STOP, RTC_ACCESS: Action.RTC_ACCESS}


@dataclass(frozen=True, slots=True)
class Offers:
    """Decides for the person of `asked`. `rtc_access`: RTC access is not switched off."""

    gate: Gate
    asked: Invocation
    rtc_access: bool

    def may(self, action_id: str, listed: Listed) -> bool:
        """Return True if the person may use this button on this job."""
        if action_id not in _ACTIONS or (action_id == RTC_ACCESS and not self.rtc_access):
            return False
        action = _ACTIONS[action_id]
        if isinstance(listed, OutsideJob):
            return self.gate.may_use(action, self.asked, JobRef(listed.room_id, listed.job_id))
        return has_job(listed) and self.gate.may_use(action, self.asked, JobRef.in_row(listed), listed)
