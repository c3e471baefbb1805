"""The invocation log as a table, as CSV or as JSON.

Logged text may come from anybody, so it can control neither the terminal nor a spreadsheet.
"""

import csv
import json
import unicodedata
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bot.domain.invocation import Invocation, Source
from bot.messages.reasons import sentence
from bot.store.rows import NAMES, SECRET_COLUMNS, values_of


def _columns() -> Iterator[str]:
    for name in NAMES:
        if name == "reason_code":
            yield "reason"
        if name not in SECRET_COLUMNS:
            yield name


COLUMNS = tuple(_columns())
"""All that is shown of a row: every column but the secret ones, and the reason as a sentence."""

_STYLES = {
    "started": "green",
    "failed": "red",
    "unknown": "bold red",
    "refused": "yellow",
    "invalid": "yellow",
}
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def as_plain_data(invocation: Invocation) -> dict[str, Any]:
    """A row as JSON takes it: column → text, number or null; times in ISO 8601."""
    reason = invocation.reason
    told = values_of(invocation) | {
        "reason": sentence(reason) if reason else None,
        "reason_args": dict(reason.args) if reason else None,
    }
    return {name: _plain(told[name]) for name in COLUMNS}


async def write_json(rows: AsyncIterator[Invocation], out: TextIO) -> None:
    """Write one JSON array with one row per line."""
    separator = "["
    async for row in rows:
        out.write(f"{separator}\n{json.dumps(as_plain_data(row))}")
        separator = ","
    out.write("[]\n" if separator == "[" else "\n]\n")


async def write_csv(rows: AsyncIterator[Invocation], out: TextIO) -> None:
    """Write CSV with a header row.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front. A control character, which
    could control a terminal, becomes U+FFFD.
    """
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    async for row in rows:
        writer.writerow({name: _harmless(_in_cell(value)) for name, value in as_plain_data(row).items()})


async def write_table(rows: AsyncIterator[Invocation], console: Console) -> None:
    """Print the most important columns as a table, newest row first; IDs fit whole into 80 columns."""
    table = _table("time (UTC)", "status", "what", show_lines=True)
    async for row in rows:
        took = f"\n{row.latency_ms} ms" if row.latency_ms is not None else ""
        table.add_row(
            f"{row.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            Text(row.status, style=_STYLES.get(row.status, "")).append(took, style="dim"),
            Text("\n").join(_cell(line) for line in _story(row) if line),
        )
    console.print(table if table.row_count else "No rows.")


def write_row(invocation: Invocation, console: Console) -> None:
    """Print one row, one column per line; leave out empty columns."""
    table = _table("column", "value", title="The row in the log", title_justify="left")
    for name, value in as_plain_data(invocation).items():
        if (shown := _in_cell(value)) not in (None, ""):
            table.add_row(name, _cell(str(shown)))
    console.print(table)


def _table(*names: str, **style: Any) -> Table:
    """Create a table that folds long values: half a job ID would be useless."""
    return Table(*(Column(name, overflow="fold") for name in names), **style)


def _story(row: Invocation) -> Iterator[str]:
    """Return who typed what, where, and what came of it, line by line."""
    glass = " broke the glass" if row.source is Source.BREAK_GLASS else ""
    is_click = row.source in {Source.BUTTON, Source.HOME}
    button = f" clicked {row.action}" if is_click else ""
    form = f" in the form, {row.action}" if row.source is Source.FORM else ""
    where = "on Home" if row.source is Source.HOME else f"in {row.origin.channel_id}"
    text = f": {row.text}" if row.text else ""
    yield f"{row.origin.user_id} {where}{button}{form}{glass}{text}"
    yield f"room {row.room_name}" if row.room_name else ""
    state = f" ({row.job.state})" if row.job and row.job.state else ""
    yield f"job {row.job.job_id}{state}" if row.job else ""
    yield sentence(row.reason) if row.reason else ""
    codes = {"": row.answer.error_code, "request ": row.answer.request_id}
    yield " · ".join(label + value for label, value in codes.items() if value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _in_cell(value: Any) -> Any:
    return (json.dumps(value, ensure_ascii=False) if value else "") if isinstance(value, dict) else value


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    clean = "".join(
        char if unicodedata.category(char) != "Cc" or char in "\t\n" else "\ufffd" for char in value
    )
    return f"'{clean}" if clean.lstrip().startswith(_FORMULA_STARTS) else clean


def _cell(value: str | None) -> Text:
    """Return a value as terminal text, without control characters that move the cursor or change colours."""
    clean = "".join(char if unicodedata.category(char)[0] != "C" else "\ufffd" for char in value or "")
    return Text(clean[:300])
