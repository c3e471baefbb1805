"""Show Slack's mrkdwn as text on a terminal.

https://docs.slack.dev/messaging/formatting-message-text describes the markup, and the tokens of dates.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.style import Style
from rich.text import Text

_TOKEN = re.compile(
    r"```(?P<block>.+?)```"
    r"|`(?P<code>[^`\n]+)`"
    r"|<(?P<link>[^<>]+)>"
    r"|(?<!\w)\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?!\w)"
    r"|(?<!\w)_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<!\w)~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?!\w)",
    re.DOTALL,
)
_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike"}
_CODE = "bright_red on grey11"
_MENTION = "bold bright_blue"
_DATE = re.compile(r"!date\^(?P<epoch>\d{1,11})\^(?P<form>[^^|]*)")
_DATE_TOKENS = {
    "{date_num}": "%Y-%m-%d",
    "{date}": "%B %d, %Y",
    "{date_short}": "%b %d, %Y",
    "{date_long}": "%A, %B %d, %Y",
    "{date_pretty}": "%B %d, %Y",
    "{date_short_pretty}": "%b %d, %Y",
    "{date_long_pretty}": "%A, %B %d, %Y",
    "{ago}": "%Y-%m-%d %H:%M",
    "{time}": "%H:%M",
    "{time_secs}": "%H:%M:%S",
}
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def mrkdwn(markup: str, names: Mapping[str, str]) -> Text:
    """Convert markup to styled text. `names` maps ids of people and channels to names."""
    text = Text()
    end = 0
    for found in _TOKEN.finditer(markup):
        text.append(unescaped(markup[end : found.start()]))
        text.append_text(_piece(found, names))
        end = found.end()
    text.append(unescaped(markup[end:]))
    return text


def unescaped(text: str) -> str:
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _piece(found: re.Match[str], names: Mapping[str, str]) -> Text:
    kind, content = found.lastgroup or "", found[found.lastgroup or 0]
    if kind in {"code", "block"}:
        return Text(unescaped(content.strip("\n")), style=_CODE)
    if kind == "link":
        return _angled(content, names)
    inner = mrkdwn(content, names)
    inner.stylize(_STYLES[kind])
    return inner


def _angled(content: str, names: Mapping[str, str]) -> Text:
    """Convert the content between < and >: a person, a channel, a broadcast, a date or a link."""
    target, _, label = content.partition("|")
    if target.startswith("@"):
        return Text("@" + (label or names.get(target[1:], target[1:])), style=_MENTION)
    if target.startswith("#"):
        return Text("#" + (label or names.get(target[1:], target[1:])), style=_MENTION)
    if date := _DATE.match(content):
        return Text(_date(date, content.rpartition("|")[2]))
    if target.startswith("!"):
        return Text("@" + (label or target[1:]), style=_MENTION)
    address = unescaped(target)
    return Text(unescaped(label) or address, style=Style(color="bright_blue", underline=True, link=address))


def _date(date: re.Match[str], fallback: str) -> str:
    """Format the time in UTC; Slack would show the reader's own time."""
    try:
        moment = datetime.fromtimestamp(int(date["epoch"]), UTC)
    except (OverflowError, ValueError):
        return unescaped(fallback)
    shown = date["form"]
    for token, form in _DATE_TOKENS.items():
        shown = shown.replace(token, moment.strftime(form))
    return f"{unescaped(shown)} UTC"
