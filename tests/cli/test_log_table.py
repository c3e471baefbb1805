import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot.cli.log_table import COLUMNS, write_csv, write_json, write_row, write_table
from bot.domain.invocation import Action, Invocation, Source, Status
from bot.reasons import ReasonCode as Code
from bot.reasons import other, reason
from bot.store.rows import SECRET_COLUMNS
from tests.fakes import an_invocation, changed

STARTED = an_invocation(
    id="0198c0de",
    created_at=datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC),
    action=Action.START,
    source=Source.COMMAND,
    status=Status.STARTED,
    channel_id="C0AVATARS1",
    user_id="U0MEI00001",
    text="room-1 cn-north-4",
    room_id="room-1",
    region="cn-north-4",
    http_status=202,
    request_id="request-1",
    job_id="job-1",
    latency_ms=420,
    trigger_id="13345224609.the-secret-trigger",
    response_url="https://hooks.slack.com/commands/T1/1/the-secret-address",
)
FAILED = changed(
    STARTED,
    id="0198c0df",
    status=Status.FAILED,
    job_id=None,
    latency_ms=None,
    reason=reason(Code.ROOM_IS_FULL),
    error_code="MSS.20010135",
)


async def stream(*rows: Invocation) -> AsyncIterator[Invocation]:
    for row in rows:
        yield row


def a_terminal() -> Console:
    return Console(
        file=io.StringIO(), width=200, force_terminal=True, color_system="standard", legacy_windows=False
    )


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def as_json(*rows: Invocation) -> str:
    out = io.StringIO()
    await write_json(stream(*rows), out)
    return out.getvalue()


async def as_csv(*rows: Invocation) -> str:
    out = io.StringIO(newline="")
    await write_csv(stream(*rows), out)
    return out.getvalue()


async def as_table(*rows: Invocation) -> str:
    console = Console(file=io.StringIO(), width=200)
    await write_table(stream(*rows), console)
    return printed(console)


@pytest.mark.parametrize("write", [as_json, as_csv, as_table])
async def test_no_output_format_shows_a_secret_column(write: Callable[..., Awaitable[str]]) -> None:
    shown = await write(STARTED, FAILED)
    assert "job-1" in shown
    assert "the-secret" not in shown
    assert SECRET_COLUMNS.isdisjoint(COLUMNS)


async def test_json_is_an_array_with_every_column() -> None:
    rows = json.loads(await as_json(STARTED, FAILED))
    assert [tuple(row) for row in rows] == [COLUMNS, COLUMNS]
    assert rows[0]["created_at"] == "2026-01-01T12:00:01+00:00"
    assert (rows[0]["status"], rows[0]["latency_ms"], rows[0]["reason"]) == ("started", 420, None)
    assert (rows[1]["status"], rows[1]["error_code"]) == ("failed", "MSS.20010135")


async def test_an_empty_log_is_empty_in_every_format() -> None:
    assert json.loads(await as_json()) == []
    assert (await as_csv()).splitlines() == [",".join(COLUMNS)]
    assert await as_table() == "No rows.\n"


async def test_a_button_on_home_was_pressed_in_no_channel() -> None:
    assert f"{STARTED.origin.user_id} on Home clicked start" in await as_table(
        replace(STARTED, source=Source.HOME)
    )


async def test_csv_is_read_back_as_it_was() -> None:
    quoted = replace(STARTED, text='room-1, "quoted"\nand a second line')
    rows = list(csv.DictReader(io.StringIO(await as_csv(quoted, FAILED), newline="")))
    assert rows[0]["text"] == quoted.text
    assert (rows[0]["job_id"], rows[0]["latency_ms"]) == ("job-1", "420")
    assert (rows[1]["job_id"], rows[1]["reason"]) == ("", "The room's concurrency is used up.")
    assert (rows[1]["reason_code"], rows[1]["reason_args"]) == ("room_is_full", "")
    assert (rows[0]["reason"], rows[0]["reason_code"], rows[0]["reason_args"]) == ("", "", "")


@pytest.mark.parametrize(
    "formula",
    [
        '=HYPERLINK("https://evil.example")',
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "  =1+1",
        "＝1+1",
    ],
)
async def test_no_cell_is_a_formula(formula: str) -> None:
    [row] = csv.DictReader(io.StringIO(await as_csv(replace(STARTED, text=formula)), newline=""))
    assert not row["text"].lstrip().startswith(("=", "+", "-", "@", "＝"))


async def test_harmless_cells_stay_as_they_are() -> None:
    [row] = csv.DictReader(io.StringIO(await as_csv(replace(STARTED, text="room-1 = x")), newline=""))
    assert row["text"] == "room-1 = x"


async def test_the_table_shows_what_matters_most() -> None:
    shown = await as_table(STARTED, FAILED)
    for word in (
        "2026-01-01 12:00:01",
        "started",
        "U0MEI00001",
        "C0AVATARS1",
        "room-1 cn-north-4",
        "job job-1",
        "420 ms",
        "The room's concurrency is used up.",
        "MSS.20010135 · request request-1",
    ):
        assert word in shown


def test_one_row_is_shown_column_by_column_without_the_empty_ones() -> None:
    console = Console(file=io.StringIO(), width=120)
    write_row(FAILED, console)
    shown = printed(console)
    assert "MSS.20010135" in shown
    assert "job_id" not in shown
    assert "the-secret" not in shown


@pytest.mark.parametrize(
    "control", ["\0", "\x07", "\b", "\r", "\n", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066"]
)
async def test_typed_text_does_not_control_the_terminal(control: str) -> None:
    row = changed(STARTED, text=f"a{control}b", reason=other(f"c{control}d"), user_id=f"U{control}1")
    plain = changed(STARTED, text="a\ufffdb", reason=other("c\ufffdd"), user_id="U\ufffd1")
    typed, wanted = a_terminal(), a_terminal()
    await write_table(stream(row), typed)
    write_row(replace(row, reason=None), typed)
    await write_table(stream(plain), wanted)
    write_row(replace(plain, reason=None), wanted)
    assert printed(typed) == printed(wanted)


async def test_what_a_reason_quotes_stands_in_csv_and_json_as_data_too() -> None:
    quoting = replace(STARTED, reason=reason(Code.REGION_UNKNOWN, word="北京", allowed="cn-north-4"))
    [told] = json.loads(await as_json(quoting))
    assert told["reason_args"] == {"word": "北京", "allowed": "cn-north-4"}
    [row] = csv.DictReader(io.StringIO(await as_csv(quoting), newline=""))
    assert row["reason"] == told["reason"] != ""
    assert json.loads(row["reason_args"]) == told["reason_args"]


@given(st.text(alphabet=st.characters(exclude_categories=[])))
async def test_no_text_gets_a_control_character_into_csv_or_json(text: str) -> None:
    row = replace(STARTED, text=text, reason=other(text))
    for shown in (await as_csv(row), await as_json(row)):
        lines = shown.replace("\r\n", "").replace("\n", "").replace("\t", "")
        assert not any(char < " " or "\x80" <= char <= "\x9f" for char in lines)
    assert json.loads(await as_json(row))[0]["text"] == text


async def test_markup_in_a_text_is_text() -> None:
    shown = await as_table(replace(STARTED, text="[bold red]room-1[/] :smile:"))
    assert "[bold red]room-1[/] :smile:" in shown


async def test_an_endless_text_is_cut_in_the_table() -> None:
    assert (await as_table(replace(STARTED, text="x" * 5000))).count("x") < 300


async def test_in_a_narrow_terminal_nothing_is_cut_off() -> None:
    long = changed(STARTED, job_id="j" * 36, reason=other("q" * 90))
    console = Console(file=io.StringIO(), width=70)
    await write_table(stream(long), console)
    write_row(long, console)
    assert "…" not in printed(console)
    assert printed(console).count("j") == 2 * 36 + 2  # and those of the headings
