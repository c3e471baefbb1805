"""Duplicates: starts that are taken for the same wish as one that is there already.

An equal start is under way or its outcome is unknown, however long that takes, or it has started moments ago.
Equal are starts of the same team, room and client ID. Without a region, any region matches: MetaStudio
chooses one, and it stands in the row once it has answered. An unknown start of which *Start anyway* was used
stands in nobody's way any more: the start that this led to does, unless that made no job.
"""

from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, exists, select

from bot.domain.invocation import Action, JobState, RoomInvocation, Status
from bot.store.rows import COLUMNS
from bot.store.tables import invocations, is_open

DUPLICATE_TIME = timedelta(seconds=10)
"""How long after its job has started a start has duplicates."""

_UNDER_WAY = tuple(state for state in JobState if not state.is_over)

_MADE_NO_JOB = (Status.FAILED, Status.REFUSED)


class Duplicates(NamedTuple):
    """Two queries that find the duplicates of a start: those not settled, and those just started.

    Two, for each has an index of its own.
    """

    open: Select[Any]
    just_started: Select[Any]


def duplicate_queries(invocation: RoomInvocation) -> tuple[Duplicates, dict[str, Any]]:
    """What finds the duplicates of a start, and the values that belong into it.

    A clock that was set back must not make duplicates of what started hours ago: both ends are bounded.
    """
    values = {
        "duplicate_room": invocation.request.room_id,
        "duplicate_after": invocation.created_at - DUPLICATE_TIME,
        "duplicate_before": invocation.created_at + DUPLICATE_TIME,
    }
    optional = {
        "duplicate_region": invocation.request.region,
        "duplicate_team": invocation.origin.team_id,
        "duplicate_client": invocation.request.client_id,
    }
    given = {name: value for name, value in optional.items() if value is not None}
    return _queries(frozenset(given)), values | given


@cache
def _queries(given: frozenset[str]) -> Duplicates:
    columns = invocations.c
    equal = [
        columns.room_id == _value("duplicate_room"),
        columns.action == Action.START,
        _same("team_id", "duplicate_team", given),
        _same("client_id", "duplicate_client", given),
    ]
    if "duplicate_region" in given:
        equal.append((columns.region == _value("duplicate_region")) | columns.region.is_(None))
    later = invocations.alias("later")
    return Duplicates(
        select(*COLUMNS).where(
            is_open,
            *equal,
            ~exists().where(later.c.previous_id == columns.id, later.c.status.not_in(_MADE_NO_JOB)),
        ),
        select(*COLUMNS).where(
            *equal,
            columns.status == Status.STARTED,
            columns.started_at > _value("duplicate_after"),
            columns.started_at < _value("duplicate_before"),
            columns.job_state.is_(None) | columns.job_state.in_(_UNDER_WAY),
        ),
    )


def _same(column: str, name: str, given: frozenset[str]) -> ColumnElement[bool]:
    """Equal values, where a missing one is equal to a missing one."""
    found = invocations.c[column]
    return found == _value(name) if name in given else found.is_(None)


def _value(name: str) -> Any:
    return bindparam(name, required=False)
