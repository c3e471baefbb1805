"""Find duplicates: starts that ask for the same job as an earlier start.

A start is a duplicate as long as an equal start is under way or unknown, and for 10 s after that one has
started. Two starts are equal if they have the same team, room and client ID. Without a region, any region
matches: MetaStudio chooses one, and the row holds it after the answer. If *Start anyway* was used on an
unknown start, the new start counts instead of the unknown one, unless the new one made no job.
"""

from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, select

from bot.domain.invocation import MADE_NO_JOB, Action, JobState, RoomInvocation, Status
from bot.store.rows import COLUMNS
from bot.store.statements import placeholder
from bot.store.tables import invocations, is_open

DUPLICATE_TIME = timedelta(seconds=10)
"""A start has duplicates for this long after its job has started."""

_UNDER_WAY = tuple(state for state in JobState if not state.is_over)


class Duplicates(NamedTuple):
    """Two queries for the duplicates of a start: those not settled, and those just started.

    They are two because each uses its own index.
    """

    open: Select[Any]
    just_started: Select[Any]


def duplicate_queries(invocation: RoomInvocation) -> tuple[Duplicates, dict[str, Any]]:
    """Return the queries for the duplicates of a start, and their values.

    The times have both a lower and an upper limit: after a clock was set back, a start of hours ago is no
    duplicate.
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
        columns.room_id == placeholder("duplicate_room"),
        columns.action == Action.START,
        same("team_id", "duplicate_team", given),
        same("client_id", "duplicate_client", given),
    ]
    if "duplicate_region" in given:
        equal.append((columns.region == placeholder("duplicate_region")) | columns.region.is_(None))
    later = invocations.alias("later")
    return Duplicates(
        select(*COLUMNS).where(
            is_open,
            *equal,
            ~exists().where(later.c.previous_id == columns.id, later.c.status.not_in(MADE_NO_JOB)),
        ),
        select(*COLUMNS).where(
            *equal,
            columns.status == Status.STARTED,
            columns.started_at > placeholder("duplicate_after"),
            columns.started_at < placeholder("duplicate_before"),
            columns.job_state.is_(None) | columns.job_state.in_(_UNDER_WAY),
        ),
    )


def same(column: str, name: str, given: frozenset[str]) -> ColumnElement[bool]:
    """Return the condition that a column has the value of `name`, or is NULL if that is not `given`."""
    found = invocations.c[column]
    return found == placeholder(name) if name in given else found.is_(None)
