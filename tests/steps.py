"""Steps of invocations, for tests that need only the new status."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from typing_extensions import override

from bot.domain import steps
from bot.domain.invocation import Invocation, Status

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

_KINDS: dict[Status, type[steps.Step]] = {
    Status.STARTING: steps.Starting,
    Status.STARTED: steps.Started,
    Status.UNKNOWN: steps.Unknown,
    Status.FAILED: steps.Failed,
    Status.REFUSED: steps.Refused,
    Status.DONE: steps.Done,
}


def step_to(status: Status, **known: Any) -> steps.Step:
    """Return the step to a status, with the given facts. By default a start has made job-1."""
    if status is Status.STARTED:
        known = {"job_id": "job-1", "started_at": NOON, **known}
    return _KINDS[status](**known)


def adopting(job_id: str = "job-1", **known: Any) -> steps.Adopted:
    """Return the step in which a start adopts a job."""
    return steps.Adopted(**{"job_id": job_id, "started_at": NOON, **known})


def noting(row: Invocation, at: datetime, *, channel: str | None = None, ts: str | None = None) -> steps.Step:
    """Mark a row as told, as the mark of its post does."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Noted(steps.Step):
        status: ClassVar[Status] = row.status

        @override
        def facts(self) -> dict[str, Any]:
            told = {"announced_at": at, "message_channel": channel, "message_ts": ts}
            return told | {"response_url": None, "lease_until": None}

    return Noted()
