"""The steps of an invocation from one status to the next, each with what has become known by it.

A step names all that it writes, so each kind of step is one statement, however often it is taken.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self

from typing_extensions import override

from bot.domain.invocation import Invocation, JobState, Status
from bot.errors import Answer
from bot.reasons import Reason, ReasonCode, reason

_NO_ANSWER = Answer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Any of them. Until `lease_until` no other process may claim the row; None: nothing is left to do."""

    status: ClassVar[Status]

    lease_until: datetime | None = None

    def facts(self) -> dict[str, Any]:
        """What it changes of an invocation besides the status, by the names of its fields."""
        return {"lease_until": self.lease_until}

    def applied_to(self, invocation: Invocation) -> Invocation:
        """The invocation after this step."""
        return replace(invocation, status=self.status, **self.facts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting(Step):
    """The start is about to be sent."""

    status: ClassVar[Status] = Status.STARTING


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFound(Step):
    """The room of a start that named it by its name is found; the start has still to be sent."""

    status: ClassVar[Status] = Status.RECEIVED

    room_id: str
    room_name: str

    @override
    def facts(self) -> dict[str, Any]:
        return Step.facts(self) | {"room_id": self.room_id, "room_name": self.room_name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling(Step):
    """What comes of an invocation, after so many milliseconds."""

    latency_ms: int | None = None

    @override
    def facts(self) -> dict[str, Any]:
        return {"lease_until": self.lease_until, "latency_ms": self.latency_ms}

    def timed(self, *, latency_ms: int, lease_until: datetime | None) -> Self:
        """The same at a time."""
        return replace(self, latency_ms=latency_ms, lease_until=lease_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Settling):
    """MetaStudio has answered the start with a job, which has still to be announced."""

    status: ClassVar[Status] = Status.STARTED

    job_id: str
    started_at: datetime
    region: str | None = None
    configuration: str | None = None
    answer: Answer = _NO_ANSWER

    @override
    def facts(self) -> dict[str, Any]:
        return Settling.facts(self) | _of_job(self) | {"reason": None} | _of_answer(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Settling):
    """The job of a start whose answer was lost is found, and has still to be announced."""

    status: ClassVar[Status] = Status.STARTED

    job_id: str
    started_at: datetime
    region: str | None = None
    configuration: str | None = None

    @override
    def facts(self) -> dict[str, Any]:
        found = {"adopted_at": self.started_at, "reason": reason(ReasonCode.ADOPTED)}
        return Settling.facts(self) | _of_job(self) | found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Settling):
    """A step with a reason, with MetaStudio's answer, or with both.

    `forgets_address`: the response_url is not needed any more.
    """

    reason: Reason | None = None
    answer: Answer = _NO_ANSWER
    forgets_address: bool = False

    @override
    def facts(self) -> dict[str, Any]:
        facts = Settling.facts(self) | {"reason": self.reason} | _of_answer(self.answer)
        return facts | {"response_url": None} if self.forgets_address else facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Answered):
    """Nobody knows what came of the start."""

    status: ClassVar[Status] = Status.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Answered):
    """It did not come about."""

    status: ClassVar[Status] = Status.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Answered):
    """It is not allowed, or not wanted. `frees_button`: the button that led to it may be used again."""

    status: ClassVar[Status] = Status.REFUSED

    frees_button: bool = False

    @override
    def facts(self) -> dict[str, Any]:
        facts = Answered.facts(self)
        return facts | {"previous_id": None} if self.frees_button else facts


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedInRoom(Refused):
    """The same, once the room that was named by its name is found."""

    room_id: str
    room_name: str

    @override
    def facts(self) -> dict[str, Any]:
        return Refused.facts(self) | {"room_id": self.room_id, "room_name": self.room_name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid(Answered):
    """What was typed means nothing that can be started, which took a look at MetaStudio to see."""

    status: ClassVar[Status] = Status.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Answered):
    """What is no start is done. `job_state` is what it has made of its job."""

    status: ClassVar[Status] = Status.DONE

    job_state: JobState | None = None

    @override
    def facts(self) -> dict[str, Any]:
        return Answered.facts(self) | {"job_state": self.job_state}


def _of_job(step: Started | Adopted) -> dict[str, Any]:
    return {
        "job_id": step.job_id,
        "job_state": JobState.ACCEPTED,
        "configuration": step.configuration,
        "region": step.region,
        "started_at": step.started_at,
        "announced_at": None,
    }


def _of_answer(answer: Answer) -> dict[str, Any]:
    return {
        "http_status": answer.http_status,
        "error_code": answer.error_code,
        "error_msg": answer.error_msg,
        "request_id": answer.request_id,
    }
