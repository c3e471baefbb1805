"""Convert rows of the table `invocations` to invocations, and back.

The reason of an invocation is in two columns: `reason_code`, and `reason_args` as JSON.
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
    """Return the invocations of rows. Skip and log rows with values that this version does not know."""
    found = []
    for row in rows:
        try:
            found.append(invocation_of(row))
        except ValueError as error:
            _log.error("an invocation cannot be read", invocation_id=row[0], reason=str(error))
    return found


def invocation_of(row: Sequence[Any]) -> Invocation:
    """Return the invocation of a row of COLUMNS."""
    values = dict(zip(NAMES, row, strict=True))
    for name, kind in _KINDS:
        values[name] = values[name] and kind(values[name])
    code, args = (values.pop(name) for name in _REASON)
    return Invocation(**values, reason=reason_of(code, args) if code else None)


def values_of(invocation: Invocation) -> dict[str, Any]:
    """Return the column values of an invocation, by the names in NAMES."""
    values = {name: getattr(invocation, name) for name in _PLAIN}
    values["reason_code"], values["reason_args"] = _columns_of(invocation.reason)
    return values


def in_columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts of an invocation by the names of their columns."""
    columns = dict(facts)
    if "reason" in columns:
        columns["reason_code"], columns["reason_args"] = _columns_of(columns.pop("reason"))
    return columns


def reason_of(code: str, args: str | None) -> Reason:
    """Return the reason of the two columns. An unknown code becomes `other` with the code as its text."""
    known = code_of(code)
    if known is None:
        return other(code)
    try:
        values = json.loads(args or "{}")
    except ValueError:
        values = {}
    return Reason(known, values if isinstance(values, dict) else {})


def _columns_of(reason: Reason | None) -> tuple[str | None, str | None]:
    """Return the two columns. JSON is in ASCII, so characters that a database refuses as text are kept."""
    if reason is None:
        return None, None
    return reason.code.value, json.dumps(dict(reason.args)) if reason.args else None
