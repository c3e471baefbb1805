"""The steps of an invocation from one status to the next, each with the facts that it adds.

A step of one kind always writes the same columns, so each kind is one prepared statement.
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
    """Base of all steps. Before `lease_until` no other process may claim the row; None: nothing is to do."""

    status: ClassVar[Status]

    lease_until: datetime | None = None

    def facts(self) -> dict[str, Any]:
        """Return the changed fields of the invocation by name, without the status."""
        return {"lease_until": self.lease_until}

    def applied_to(self, invocation: Invocation) -> Invocation:
        """Return the invocation after this step."""
        return replace(invocation, status=self.status, **self.facts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting(Step):
    """The start is about to be sent."""

    status: ClassVar[Status] = Status.STARTING


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling(Step):
    """A step that settles an invocation. `latency_ms` is the time since it was received."""

    latency_ms: int | None = None

    @override
    def facts(self) -> dict[str, Any]:
        return {"lease_until": self.lease_until, "latency_ms": self.latency_ms}

    def timed(self, *, latency_ms: int, lease_until: datetime | None) -> Self:
        """Return the step with its latency and lease."""
        return replace(self, latency_ms=latency_ms, lease_until=lease_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Settling):
    """MetaStudio has answered the start with a job. The job is not announced yet."""

    status: ClassVar[Status] = Status.STARTED

    job_id: str
    started_at: datetime
    region: str | None = None
    configuration: str | None = None
    answer: Answer = _NO_ANSWER

    @override
    def facts(self) -> dict[str, Any]:
        return Settling.facts(self) | _job_facts(self) | {"reason": None} | _answer_facts(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Settling):
    """The job of a start whose answer was lost has been found. The job is not announced yet."""

    status: ClassVar[Status] = Status.STARTED

    job_id: str
    started_at: datetime
    region: str | None = None
    configuration: str | None = None

    @override
    def facts(self) -> dict[str, Any]:
        found = {"adopted_at": self.started_at, "reason": reason(ReasonCode.ADOPTED)}
        return Settling.facts(self) | _job_facts(self) | found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Settling):
    """A step with a reason, with MetaStudio's answer, or with both.

    `forgets_address`: clear the response_url, because it is not needed any more.
    """

    reason: Reason | None = None
    answer: Answer = _NO_ANSWER
    forgets_address: bool = False

    @override
    def facts(self) -> dict[str, Any]:
        facts = Settling.facts(self) | {"reason": self.reason} | _answer_facts(self.answer)
        return facts | {"response_url": None} if self.forgets_address else facts


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
    def facts(self) -> dict[str, Any]:
        facts = Answered.facts(self)
        return facts | {"previous_id": None} if self.frees_button else facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Answered):
    """An invocation that is not a start is done. `job_state` is the new state of its job, if any."""

    status: ClassVar[Status] = Status.DONE

    job_state: JobState | None = None

    @override
    def facts(self) -> dict[str, Any]:
        return Answered.facts(self) | {"job_state": self.job_state}


def _job_facts(step: Started | Adopted) -> dict[str, Any]:
    return {
        "job_id": step.job_id,
        "job_state": JobState.ACCEPTED,
        "configuration": step.configuration,
        "region": step.region,
        "started_at": step.started_at,
        "announced_at": None,
    }


def _answer_facts(answer: Answer) -> dict[str, Any]:
    return {
        "http_status": answer.http_status,
        "error_code": answer.error_code,
        "error_msg": answer.error_msg,
        "request_id": answer.request_id,
    }
