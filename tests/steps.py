"""Steps of invocations, for tests that need only the new status."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update

from bot.domain import steps
from bot.domain.invocation import Invocation, Status
from bot.store.invocations import Invocations
from bot.store.statements import execute
from bot.store.tables import invocations

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


async def note_told(
    log: Invocations, row: Invocation, at: datetime, *, channel: str | None = None, ts: str | None = None
) -> None:
    """Note that people have been told of a row, as the mark of its post does."""
    told = {"announced_at": at, "message_channel": channel, "message_ts": ts}
    nothing_left = {"response_url": None, "lease_until": None}
    statement = update(invocations).where(invocations.c.id == row.id)
    await execute(log._database, statement.values(told | nothing_left))
