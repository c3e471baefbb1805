"""Rows of the table `invocations` as invocations, and the other way round.

A row is flat: the reason of an invocation stands in `reason_code` and, as JSON, in `reason_args`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Source, Status
from bot.reasons import Reason, code_of, other
from bot.store.tables import UtcDateTime, invocations

_REASON = ("reason_code", "reason_args")


def _names() -> Iterator[str]:
    for field in fields(Invocation):
        yield from _REASON if field.name == "reason" else (field.name,)


NAMES = tuple(_names())
_PLAIN = tuple(name for name in NAMES if name not in _REASON)
COLUMNS = tuple(invocations.c[name] for name in NAMES)

_KINDS: tuple[tuple[str, type[StrEnum]], ...] = (
    ("action", Action),
    ("source", Source),
    ("status", Status),
    ("channel_kind", ChannelKind),
    ("job_state", JobState),
)


def invocation_of(row: Sequence[Any]) -> Invocation:
    """The invocation that a row of COLUMNS holds.

    Raises:
        ValueError: this version cannot read it.
    """
    values = dict(zip(NAMES, row, strict=True))
    check_times(values, _TIMES)
    for name, kind in _KINDS:
        values[name] = word_of(kind, values[name])
    code, args = (values.pop(name) for name in _REASON)
    return Invocation(**values, reason=reason_of(code, args) if code else None)


def word_of(kind: type[StrEnum], value: Any) -> Any:
    """The word that a column holds, if any.

    Raises:
        ValueError: it is none that this version knows.
    """
    return None if value is None else kind(value)


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
    """What a row of NAMES holds of an invocation."""
    values = {name: getattr(invocation, name) for name in _PLAIN}
    values["reason_code"], values["reason_args"] = _columns_of(invocation.reason)
    return values


def in_columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of an invocation by the names of their columns."""
    columns = dict(facts)
    if "reason" in columns:
        columns["reason_code"], columns["reason_args"] = _columns_of(columns.pop("reason"))
    return columns


def reason_of(code: str, args: str | None) -> Reason:
    """The reason in two columns; one that this version does not know goes by the name of its code."""
    known = code_of(code)
    if known is None:
        return other(code)
    try:
        values = json.loads(args or "{}")
    except (ValueError, RecursionError):
        values = {}
    return Reason(known, values if isinstance(values, dict) else {})


def _columns_of(reason: Reason | None) -> tuple[str | None, str | None]:
    """The arguments in ASCII, so that what a database does not take as text comes back as it was."""
    if reason is None:
        return None, None
    return reason.code.value, json.dumps(dict(reason.args)) if reason.args else None
