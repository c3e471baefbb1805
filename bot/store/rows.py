"""Rows of the table `invocations` as invocations."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from bot.model import Action, Invocation, JobState, Source, Status
from bot.store.tables import invocations

NAMES = tuple(field.name for field in fields(Invocation))
COLUMNS = tuple(invocations.c[name] for name in NAMES)

_KINDS = (("action", Action), ("source", Source), ("status", Status), ("job_state", JobState))


def invocation_of(row: Row[Any]) -> Invocation:
    """The invocation that a row of COLUMNS holds."""
    values = dict(zip(NAMES, row, strict=True))
    for name, kind in _KINDS:
        values[name] = values[name] and kind(values[name])
    return Invocation(**values)
