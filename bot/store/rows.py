"""Rows of the table `invocations` as invocations, and the other way round.

A row is flat: the reason of an invocation stands in `reason_code` and, as JSON, in `reason_args`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import structlog

from bot.domain.invocation import Action, ChannelKind, Invocation, JobState, Source, Status
from bot.reasons import Reason, code_of, other
from bot.store.tables import invocations

_REASON = ("reason_code", "reason_args")


def _names() -> Iterator[str]:
    for field in fields(Invocation):
        yield from _REASON if field.name == "reason" else (field.name,)


NAMES = tuple(_names())
_PLAIN = tuple(name for name in NAMES if name not in _REASON)
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
            _log.error("an invocation cannot be read", invocation_id=row[0], reason=str(error))
    return found


def invocation_of(row: Sequence[Any]) -> Invocation:
    """The invocation that a row of COLUMNS holds."""
    values = dict(zip(NAMES, row, strict=True))
    for name, kind in _KINDS:
        values[name] = values[name] and kind(values[name])
    code, args = (values.pop(name) for name in _REASON)
    return Invocation(**values, reason=reason_of(code, args) if code else None)


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
    except ValueError:
        values = {}
    return Reason(known, values if isinstance(values, dict) else {})


def _columns_of(reason: Reason | None) -> tuple[str | None, str | None]:
    """The arguments in ASCII, so that what a database does not take as text comes back as it was."""
    if reason is None:
        return None, None
    return reason.code.value, json.dumps(dict(reason.args)) if reason.args else None
