"""Convert rows of the table `invocations` to invocations, and back.

A row is flat. Only this module knows which columns hold which part of an invocation. The reason is in two
columns: `reason_code`, and `reason_args` as JSON.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Table

from bot.domain import steps
from bot.domain.invocation import (
    ROOM_BY_NAME,
    Action,
    ChannelKind,
    Invocation,
    Job,
    JobState,
    Origin,
    RoomType,
    Source,
    StartRequest,
    Status,
    Told,
)
from bot.errors import Answer
from bot.reasons import Reason, code_of, other
from bot.store.tables import UtcDateTime, invocations

NAMES = (
    "id",
    "created_at",
    "action",
    "source",
    "status",
    "team_id",
    "enterprise_id",
    "channel_id",
    "channel_kind",
    "user_id",
    "foreign_team_id",
    "text",
    "room_id",
    "room_name",
    "region",
    "room_type",
    "client_id",
    "previous_id",
    "after_job_id",
    "reason_code",
    "reason_args",
    "http_status",
    "error_code",
    "error_msg",
    "request_id",
    "job_id",
    "job_state",
    "configuration",
    "latency_ms",
    "started_at",
    "adopted_at",
    "ended_at",
    "trigger_id",
    "response_url",
    "message_channel",
    "message_ts",
    "announced_at",
    "lease_until",
)
"""The columns, in the order in which `avatar-bot log` shows them."""

COLUMNS = tuple(invocations.c[name] for name in NAMES)

SECRET_COLUMNS = frozenset(column.name for column in fields(Origin) if not column.repr)
"""Columns that are never shown."""


def invocation_of(row: Sequence[Any]) -> Invocation:
    """Return the invocation of a row of COLUMNS.

    Raises:
        ValueError: this version cannot read it.
    """
    values = dict(zip(NAMES, row, strict=True))
    check_times(values, _TIMES)
    code = values["reason_code"]
    return Invocation(
        id=values["id"],
        created_at=values["created_at"],
        action=Action(values["action"]),
        source=Source(values["source"]),
        status=Status(values["status"]),
        origin=_origin_of(values),
        text=values["text"],
        request=_request_of(values),
        room_name=values["room_name"],
        previous_id=values["previous_id"],
        after_job_id=values["after_job_id"],
        reason=reason_of(code, values["reason_args"]) if code else None,
        answer=Answer(values["http_status"], values["error_code"], values["error_msg"], values["request_id"]),
        job=_job_of(values),
        latency_ms=values["latency_ms"],
        told=Told(
            announced_at=values["announced_at"], channel=values["message_channel"], ts=values["message_ts"]
        ),
        lease_until=values["lease_until"],
    )


def times_in(table: Table) -> tuple[str, ...]:
    """The names of the columns that hold times."""
    return tuple(column.name for column in table.c if isinstance(column.type, UtcDateTime))


def check_times(values: Mapping[str, Any], times: Iterable[str]) -> None:
    """Refuse a row in whose columns for times stands something else, which SQLite lets happen.

    Raises:
        ValueError: saying in which column.
    """
    for name in times:
        if values[name] is not None and not isinstance(values[name], datetime):
            raise ValueError(f"{values[name]!r} in {name} is no time")


_TIMES = times_in(invocations)


def values_of(invocation: Invocation) -> dict[str, Any]:
    """Return the column values of an invocation, by the names in NAMES."""
    origin, told = invocation.origin, invocation.told
    return {
        "id": invocation.id,
        "created_at": invocation.created_at,
        "action": invocation.action,
        "source": invocation.source,
        "status": invocation.status,
        "team_id": origin.team_id,
        "enterprise_id": origin.enterprise_id,
        "channel_id": origin.channel_id,
        "channel_kind": origin.channel_kind,
        "user_id": origin.user_id,
        "foreign_team_id": origin.foreign_team_id,
        "text": invocation.text,
        **_columns_of_request(invocation.request),
        "room_name": invocation.room_name,
        "previous_id": invocation.previous_id,
        "after_job_id": invocation.after_job_id,
        **_columns_of_reason(invocation.reason),
        **_columns_of_answer(invocation.answer),
        **_columns_of_job(invocation.job),
        "latency_ms": invocation.latency_ms,
        "trigger_id": origin.trigger_id,
        "response_url": origin.response_url,
        "message_channel": told.channel,
        "message_ts": told.ts,
        "announced_at": told.announced_at,
        "lease_until": invocation.lease_until,
    }


def values_of_step(step: steps.Step) -> dict[str, Any]:
    """Return the columns that a step writes, without the status. Only its kind decides which ones."""
    values: dict[str, Any] = {"lease_until": step.lease_until}
    if isinstance(step, steps.Settling):
        values["latency_ms"] = step.latency_ms
    if isinstance(step, steps.RoomFound | steps.RefusedInRoom):
        values |= {"room_id": step.room_id, "room_name": step.room_name}
    match step:
        case steps.Started():
            values |= _columns_of_new_job(step) | _columns_of_reason(None) | _columns_of_answer(step.answer)
        case steps.Adopted():
            values |= _columns_of_new_job(step) | _columns_of_reason(steps.ADOPTED)
            values["adopted_at"] = step.started_at
        case steps.Answered():
            values |= _columns_of_reason(step.reason) | _columns_of_answer(step.answer)
            if step.forgets_address:
                values["response_url"] = None
            if isinstance(step, steps.Refused) and step.frees_button:
                values["previous_id"] = None
            if isinstance(step, steps.Done):
                values["job_state"] = step.job_state
        case _:
            pass
    return values


def reason_of(code: str, args: str | None) -> Reason:
    """Return the reason of the two columns. An unknown code becomes `other` with the code as its text."""
    known = code_of(code)
    if known is None:
        return other(code)
    try:
        values = json.loads(args or "{}")
    except (ValueError, RecursionError):
        values = {}
    return Reason(known, values if isinstance(values, dict) else {})


def _origin_of(values: Mapping[str, Any]) -> Origin:
    kind = values["channel_kind"]
    return Origin(
        user_id=values["user_id"],
        foreign_team_id=values["foreign_team_id"],
        team_id=values["team_id"],
        enterprise_id=values["enterprise_id"],
        channel_id=values["channel_id"],
        channel_kind=ChannelKind(kind) if kind else None,
        trigger_id=values["trigger_id"],
        response_url=values["response_url"],
    )


def _request_of(values: Mapping[str, Any]) -> StartRequest | None:
    is_by_name = values["action"] == Action.START and values["room_name"] is not None
    if values["room_id"] is None and not is_by_name:
        return None
    kind = values["room_type"]
    return StartRequest(
        values["room_id"] or ROOM_BY_NAME,
        values["region"],
        RoomType(kind) if kind else None,
        values["client_id"],
    )


def _job_of(values: Mapping[str, Any]) -> Job | None:
    if values["job_id"] is None:
        return None
    state = values["job_state"]
    return Job(
        job_id=values["job_id"],
        state=JobState(state) if state else None,
        configuration=values["configuration"],
        started_at=values["started_at"],
        adopted_at=values["adopted_at"],
        ended_at=values["ended_at"],
    )


def _columns_of_request(request: StartRequest | None) -> dict[str, Any]:
    return {
        "room_id": (request and request.room_id) or None,
        "region": request and request.region,
        "room_type": request and request.room_type,
        "client_id": request and request.client_id,
    }


def _columns_of_job(job: Job | None) -> dict[str, Any]:
    return {
        "job_id": job and job.job_id,
        "job_state": job and job.state,
        "configuration": job and job.configuration,
        "started_at": job and job.started_at,
        "adopted_at": job and job.adopted_at,
        "ended_at": job and job.ended_at,
    }


def _columns_of_new_job(step: steps.WithJob) -> dict[str, Any]:
    return {
        "job_id": step.job_id,
        "job_state": JobState.ACCEPTED,
        "configuration": step.configuration,
        "region": step.region,
        "started_at": step.started_at,
        "announced_at": None,
    }


def _columns_of_answer(answer: Answer) -> dict[str, Any]:
    return {
        "http_status": answer.http_status,
        "error_code": answer.error_code,
        "error_msg": answer.error_msg,
        "request_id": answer.request_id,
    }


def _columns_of_reason(reason: Reason | None) -> dict[str, Any]:
    """Return the two columns. JSON is in ASCII, so characters that a database refuses as text are kept."""
    args = json.dumps(dict(reason.args)) if reason and reason.args else None
    return {"reason_code": reason.code.value if reason else None, "reason_args": args}
