"""Draw messages for a terminal, similar to Slack. Pure: from a message to `rich` renderables."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.sandbox.slack.messages import SLACKBOT, Message
from bot.sandbox.slack.mrkdwn import mrkdwn, unescaped
from bot.sandbox.slack.workspace import Workspace

_SHORT_LINES = 4
"""The number of lines of a message's text that show which message it is and what happened."""

_BUTTONS = {"primary": "bold white on dark_green", "danger": "bold white on dark_red"}


def names_in(workspace: Workspace) -> dict[str, str]:
    """Return the names of people, the bot and channels by their ids, for mentions."""
    people = {person.id: person.name for person in workspace.people.values()}
    channels = {channel.id: channel.name for channel in workspace.channels.values()}
    return people | channels | {workspace.bot.user_id: workspace.bot.name, SLACKBOT: "Slackbot"}


def draw_message(message: Message, names: Mapping[str, str]) -> RenderableType:
    """Draw a message as a panel: author, APP mark and time above, its blocks or else its text inside."""
    content = draw_blocks(message.blocks, names) if message.blocks else mrkdwn(message.text, names)
    title = Text.assemble(
        (names.get(message.user, message.user), "bold"),
        " ",
        *((("APP", "reverse dim"), " ") if message.origin not in {"notice", "person"} else ()),
        (_time(message.ts), "dim"),
    )
    return Panel(
        content,
        title=title,
        title_align="left",
        subtitle=Text(" · ".join(_notes(message, names)), style="dim"),
        subtitle_align="left",
        border_style="yellow" if message.visible_to else "blue",
        padding=(0, 1),
    )


def draw_shortly(message: Message, names: Mapping[str, str]) -> Text:
    """Draw a message as one line, for somebody who has seen it, or the message it answers, before."""
    lines = mrkdwn(message.text, names).split("\n")[:_SHORT_LINES]
    time = Text(_time(message.edited or message.ts))
    notes = [Text(note) for note in _notes(message, names)]
    head = Text(" · ", style="dim").join([time, *notes])
    head.stylize("dim")
    return Text("  ").join([head, Text(" · ").join(lines)])


def draw_blocks(blocks: list[dict[str, Any]], names: Mapping[str, str]) -> RenderableType:
    """Draw every block in order. A block that cannot be drawn is reported in red, never left out."""
    return Group(*(_draw_block(block, names) for block in blocks))


def _notes(message: Message, names: Mapping[str, str]) -> list[str]:
    """Return where a message is, and what is special about it."""
    notes = [f"#{names.get(message.channel, message.channel)}", *(["edited"] if message.edited else [])]
    if message.thread_ts:
        notes.append("in a thread and in the channel" if message.reply_broadcast else "in a thread")
    if message.visible_to:
        notes.append("Only visible to you")
    return notes


def _draw_block(block: dict[str, Any], names: Mapping[str, str]) -> RenderableType:
    draw = _DRAWINGS.get(str(block.get("type")))
    return _cannot_draw(block) if draw is None else draw(block, names)


def _header(block: dict[str, Any], _names: Mapping[str, str]) -> RenderableType:
    return Text(_plain(block.get("text")), style="bold underline")


def _divider(_block: dict[str, Any], _names: Mapping[str, str]) -> RenderableType:
    return Rule(style="dim")


def _section(block: dict[str, Any], names: Mapping[str, str]) -> RenderableType:
    parts: list[RenderableType] = []
    if "text" in block:
        parts.append(_text(block["text"], names))
    if block.get("fields"):
        grid = Table.grid(padding=(0, 3), expand=False)
        for pair in _pairs(block["fields"]):
            grid.add_row(*(_text(field, names) for field in pair))
        parts.append(grid)
    if "accessory" in block:
        parts.append(_element(block["accessory"]))
    return Group(*parts)


def _context(block: dict[str, Any], names: Mapping[str, str]) -> RenderableType:
    pieces = [
        Text(f"[{part.get('alt_text', 'image')}]") if part.get("type") == "image" else _text(part, names)
        for part in block.get("elements", [])
    ]
    line = Text("  ").join(pieces)
    line.stylize("dim")
    return line


def _actions(block: dict[str, Any], _names: Mapping[str, str]) -> RenderableType:
    return Text("  ").join(_element(part) for part in block.get("elements", []))


def _image(block: dict[str, Any], _names: Mapping[str, str]) -> RenderableType:
    return Text(f"[image: {block.get('alt_text', '')}]", style="dim")


def _table(block: dict[str, Any], _names: Mapping[str, str]) -> RenderableType:
    table = Table(show_header=False, show_lines=True)
    for row in block.get("rows", []):
        table.add_row(*(Text(_cell(cell)) for cell in row))
    return table


def _element(element: dict[str, Any]) -> Text:
    """Draw a button or a menu as its label."""
    if element.get("type") == "button":
        label = _plain(element.get("text"))
        return Text(f"[{label}]", style=_BUTTONS.get(element.get("style", ""), "bold"))
    if element.get("type") in {"static_select", "overflow"}:
        options = ", ".join(_plain(option.get("text")) for option in element.get("options", []))
        label = _plain(element.get("placeholder")) or "…"
        return Text(f"[{label} ▾ {options}]", style="bold")
    return _cannot_draw(element)


def _cannot_draw(what: dict[str, Any]) -> Text:
    return Text(f"cannot draw: {what.get('type')}", style="bold red")


def _text(value: Any, names: Mapping[str, str]) -> Text:
    if isinstance(value, dict) and value.get("type") == "mrkdwn":
        return mrkdwn(str(value.get("text", "")), names)
    return Text(_plain(value))


def _plain(value: Any) -> str:
    return unescaped(str(value.get("text", ""))) if isinstance(value, dict) else ""


def _cell(value: Any) -> str:
    """Return the text of a table's cell: raw text, or all texts within rich text."""
    if isinstance(value, dict):
        return _plain(value) or "".join(_cell(part) for part in value.get("elements", []))
    return ""


def _pairs(fields: list[Any]) -> Iterator[list[Any]]:
    """Yield fields in pairs, as Slack sets them in two columns."""
    for first in range(0, len(fields), 2):
        yield fields[first : first + 2]


def _time(ts: str) -> str:
    return datetime.fromtimestamp(float(ts), UTC).strftime("%H:%M UTC")


_DRAWINGS: dict[str, Callable[[dict[str, Any], Mapping[str, str]], RenderableType]] = {
    "header": _header,
    "divider": _divider,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "table": _table,
}
