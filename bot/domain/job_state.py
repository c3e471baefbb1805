"""Map MetaStudio's report of a job to the job's state. Pure."""

from dataclasses import dataclass

from bot.domain.invocation import JobState
from bot.domain.job import JobReport
from bot.errors import Answer

NOBODY_JOINED = "MSS.45000023"
"""The error code of a job that ended because no client joined its RTC room."""

UNDER_WAY = {"WAITING": JobState.ACCEPTED, "PROCESSING": JobState.RUNNING}
"""MetaStudio's states of jobs that hold a channel. SUCCEED means that the job ended normally."""

_OVER = frozenset({"SUCCEED", "FAILED", "DELETING"})


@dataclass(frozen=True, slots=True)
class JobLife:
    """A job's state, with what is known of its duration, of its error and of the person who stopped it."""

    state: JobState
    seconds: float | None = None
    error: Answer | None = None
    stopped_by: str | None = None


def life_of(report: JobReport, *, stopped_by: str | None = None) -> JobLife | None:
    """Return the job's state by this report; None if the report does not say it.

    Args:
        stopped_by: the person who stopped the job with the bot.
    """
    state = (report.state or "").upper()
    if state in UNDER_WAY:
        return JobLife(UNDER_WAY[state], report.duration)
    if state not in _OVER:
        return None
    error = report.error_info
    answer = Answer(error_code=error.error_code, error_msg=error.error_msg) if error else Answer()
    failed = state == "FAILED" or bool(answer.error_code)
    if stopped_by:
        return JobLife(JobState.STOPPED, report.duration, stopped_by=stopped_by)
    if answer.error_code == NOBODY_JOINED:
        return JobLife(JobState.UNJOINED, report.duration, error=answer)
    if failed:
        return JobLife(JobState.FAILED, report.duration, error=answer)
    silent = (report.job_finish_reason or "").upper() == "MUTE_TIMEOUT"
    return JobLife(JobState.SILENT if silent else JobState.ENDED, report.duration)
