"""Rows of the table `invocations` as invocations."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

import structlog

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Source, Status
from bot.store.tables import invocations

NAMES = tuple(field.name for field in fields(Invocation))
COLUMNS = tuple(invocations.c[name] for name in NAMES)

_log = structlog.get_logger()

_KINDS = (
    ("action", Action),
    ("source", Source),
    ("status", Status),
    ("channel_kind", ChannelKind),
    ("job_state", JobState),
)


def invocations_of(rows: Iterable[Sequence[Any]]) -> list[Invocation]:
    """The invocations that rows hold, less those with words that this version does not know."""
    found = []
    for row in rows:
        try:
            found.append(invocation_of(row))
        except ValueError as error:
            _log.error("a row of the log cannot be read", invocation_id=row[0], reason=str(error))
    return found


def invocation_of(row: Sequence[Any]) -> Invocation:
    """The invocation that a row of COLUMNS holds."""
    values = dict(zip(NAMES, row, strict=True))
    for name, kind in _KINDS:
        values[name] = values[name] and kind(values[name])
    return Invocation(**values)
