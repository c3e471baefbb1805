"""Plan what happens to a room's jobs if nobody stops them: how long they wait and run, and how they end."""

from dataclasses import dataclass
from enum import StrEnum

from bot.sandbox.metastudio.refusals import INTERNAL_ERROR, NOBODY_JOINED, Refusal

WAITING_SECONDS = 3.0
A_FEW_SECONDS = 5.0
ORDINARY_MINUTES = 2.0


class JobState(StrEnum):
    """The cloud's names for the states used here; SUCCEED means ended normally."""

    WAITING = "WAITING"
    PROCESSING = "PROCESSING"
    SUCCEED = "SUCCEED"
    FAILED = "FAILED"


class FinishReason(StrEnum):
    """The reason for a normal end: somebody stopped the job or left, or nobody spoke for too long."""

    NORMAL = "NORMAL"
    MUTE_TIMEOUT = "MUTE_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a job: a finish reason if it succeeds, an error if it fails."""

    state: JobState
    finish_reason: FinishReason | None = None
    error: Refusal | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """The planned life of a job if nobody interferes. A job that runs for 0 seconds never runs."""

    waiting_seconds: float
    running_seconds: float
    ending: Ending


STOPPED = Ending(JobState.SUCCEED, FinishReason.NORMAL)

_ORDINARY = JobPlan(
    WAITING_SECONDS, 60 * ORDINARY_MINUTES, Ending(JobState.SUCCEED, FinishReason.MUTE_TIMEOUT)
)
_OF_ROOMS = {
    "unjoined": JobPlan(A_FEW_SECONDS, 0.0, Ending(JobState.FAILED, error=NOBODY_JOINED)),
    "brief": JobPlan(WAITING_SECONDS, A_FEW_SECONDS, Ending(JobState.SUCCEED, FinishReason.NORMAL)),
    "quiet": JobPlan(WAITING_SECONDS, A_FEW_SECONDS, Ending(JobState.SUCCEED, FinishReason.MUTE_TIMEOUT)),
    "crash": JobPlan(WAITING_SECONDS, A_FEW_SECONDS, Ending(JobState.FAILED, error=INTERNAL_ERROR)),
}


def plan_for(room_id: str) -> JobPlan:
    """Return the plan of a room's jobs."""
    return _OF_ROOMS.get(room_id, _ORDINARY)
