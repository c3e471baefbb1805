"""The steps of an invocation from one status to the next, each with the facts that it adds.

A step of one kind always writes the same columns, so each kind is one prepared statement. `store.rows` knows
the columns.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Self, TypeVar

from typing_extensions import override

from bot.domain.invocation import NO_ANSWER, Invocation, Job, JobState, Status
from bot.errors import Answer
from bot.reasons import Reason, ReasonCode, reason

ADOPTED = reason(ReasonCode.ADOPTED)

AnyInvocation = TypeVar("AnyInvocation", bound=Invocation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Base of all steps. Before `lease_until` no other process may claim the row; None: nothing is to do."""

    status: ClassVar[Status]

    lease_until: datetime | None = None

    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        """Return the invocation after this step."""
        return replace(invocation, status=self.status, lease_until=self.lease_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting(Step):
    """The start is about to be sent."""

    status: ClassVar[Status] = Status.STARTING


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFound(Step):
    """The room of a start, which was given by name, is found. The start is not sent yet."""

    status: ClassVar[Status] = Status.RECEIVED

    room_id: str
    room_name: str

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        return _in_room(Step.applied_to(self, invocation), self.room_id, self.room_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling(Step):
    """A step that settles an invocation. `latency_ms` is the time since it was received."""

    latency_ms: int | None = None

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        return replace(Step.applied_to(self, invocation), latency_ms=self.latency_ms)

    def timed(self, *, latency_ms: int, lease_until: datetime | None) -> Self:
        """Return the step with its latency and lease."""
        return replace(self, latency_ms=latency_ms, lease_until=lease_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithJob(Settling):
    """The start has a job. The job is not announced yet."""

    status: ClassVar[Status] = Status.STARTED

    job_id: str
    started_at: datetime
    region: str | None = None
    configuration: str | None = None

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        request = invocation.request
        return replace(
            Settling.applied_to(self, invocation),
            request=replace(request, region=self.region) if request else None,
            job=Job(
                job_id=self.job_id,
                state=JobState.ACCEPTED,
                configuration=self.configuration,
                started_at=self.started_at,
            ),
            told=replace(invocation.told, announced_at=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(WithJob):
    """MetaStudio has answered the start with a job."""

    answer: Answer = NO_ANSWER

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        return replace(WithJob.applied_to(self, invocation), reason=None, answer=self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(WithJob):
    """The job of a start whose answer was lost has been found."""

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        started = WithJob.applied_to(self, invocation)
        job = started.job and replace(started.job, adopted_at=self.started_at)
        return replace(started, reason=ADOPTED, job=job)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Settling):
    """A step with a reason, with MetaStudio's answer, or with both.

    `forgets_address`: clear the response_url, because it is not needed any more.
    """

    reason: Reason | None = None
    answer: Answer = NO_ANSWER
    forgets_address: bool = False

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        origin = replace(invocation.origin, response_url=None) if self.forgets_address else invocation.origin
        settled = Settling.applied_to(self, invocation)
        return replace(settled, reason=self.reason, answer=self.answer, origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Answered):
    """The outcome of the start is unknown."""

    status: ClassVar[Status] = Status.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Answered):
    """The invocation failed."""

    status: ClassVar[Status] = Status.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Answered):
    """The invocation is not allowed or not wanted. `frees_button`: its button may be used again."""

    status: ClassVar[Status] = Status.REFUSED

    frees_button: bool = False

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        refused = Answered.applied_to(self, invocation)
        return replace(refused, previous_id=None) if self.frees_button else refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedInRoom(Refused):
    """The start is refused after its room, which was given by name, was found."""

    room_id: str
    room_name: str

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        refused = Refused.applied_to(self, invocation)
        return _in_room(refused, self.room_id, self.room_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid(Answered):
    """The typed words name no room, and only MetaStudio could tell."""

    status: ClassVar[Status] = Status.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Answered):
    """An invocation that is not a start is done. `job_state` is the new state of its job, if any."""

    status: ClassVar[Status] = Status.DONE

    job_state: JobState | None = None

    @override
    def applied_to(self, invocation: AnyInvocation) -> AnyInvocation:
        done = Answered.applied_to(self, invocation)
        return replace(done, job=replace(done.job, state=self.job_state)) if done.job else done


def _in_room(invocation: AnyInvocation, room_id: str, room_name: str) -> AnyInvocation:
    request = invocation.request
    return replace(invocation, request=request and replace(request, room_id=room_id), room_name=room_name)
