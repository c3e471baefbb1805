"""Starts that are taken for the same wish, because the same room was asked for a moment ago.

Who names no region means whichever MetaStudio chooses, which stands in the row once it has answered. A button
says that another one is wanted; only the same button, clicked twice, makes twins.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from bot.model import Action, Invocation, JobState, Source, Status
from bot.store.rows import COLUMNS
from bot.store.tables import invocations

TWIN_TIME = timedelta(seconds=10)

_UNDER_WAY = tuple(state for state in JobState if not state.is_over)
_TAKES_A_CHANNEL = (Status.RECEIVED, Status.STARTING, Status.STARTED, Status.UNKNOWN)


def twin_query(invocation: Invocation) -> tuple[Select[Any], dict[str, Any]]:
    """What finds the twins of an invocation, and the values that belong into it.

    A clock that was set back must not make twins of what was asked for hours ago: both ends are bounded.
    """
    values = {
        "twin_room": invocation.room_id,
        "twin_after": invocation.created_at - TWIN_TIME,
        "twin_before": invocation.created_at + TWIN_TIME,
        "twin_region": invocation.region,
        "twin_user": invocation.user_id,
        "twin_text": invocation.text,
    }
    query = _query(names_region=invocation.region is not None, by_button=invocation.source is Source.BUTTON)
    return query, values


@cache
def _query(*, names_region: bool, by_button: bool) -> Select[Any]:
    columns = invocations.c
    query = select(*COLUMNS).where(
        columns.room_id == _value("twin_room"),
        columns.created_at > _value("twin_after"),
        columns.created_at < _value("twin_before"),
        columns.action == Action.START,
        columns.status.in_(_TAKES_A_CHANNEL),
        columns.job_state.is_(None) | columns.job_state.in_(_UNDER_WAY),
    )
    if names_region:
        query = query.where((columns.region == _value("twin_region")) | columns.region.is_(None))
    if by_button:
        query = query.where(
            columns.source == Source.BUTTON,
            columns.user_id == _value("twin_user"),
            columns.text == _value("twin_text"),
        )
    return query


def _value(name: str) -> Any:
    return bindparam(name, required=False)
