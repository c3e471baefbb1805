"""The one place that makes foreign text harmless in Slack's mrkdwn and keeps it within a length.

Everything that a person typed or a service returned goes through `escape` or `code`. Escaping comes before
truncating, and a cut never leaves half an entity behind.
"""

import re
from collections.abc import Sequence
from datetime import datetime

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HALF_ENTITY = re.compile(r"&[a-z]*$")
_MARKS = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "'"})
_UNDERSCORE_AT_AN_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_MENTIONS = re.compile(r"<(?:[@#]|!subteam)[^<>]*>(?: or <(?:[@#]|!subteam)[^<>]*>)*")
_USER_ID = re.compile(r"[A-Za-z0-9]{1,50}")


def escape(text: str, limit: int) -> str:
    """The text with `&`, `<` and `>` as entities, in at most `limit` characters; a cut ends in `…`."""
    whole = text.translate(_ENTITIES)
    if len(whole) <= limit:
        return whole
    return _HALF_ENTITY.sub("", whole[: limit - 1]) + "…" if limit > 0 else ""


def literal(text: str, limit: int) -> str:
    """The text with marks of mrkdwn as characters that only look like them: Slack has no escape for those."""
    unmarked = _UNDERSCORE_AT_AN_EDGE.sub("\u02cd", text.translate(_MARKS))
    return escape(unmarked, limit)


def unmarked(mrkdwn: str) -> str:
    """Return a refusal's text for a place where Slack shows marks, mentions and entities as they are."""
    plain = _MENTIONS.sub("the bot's admins", mrkdwn).replace("*", "")
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def pieces(text: str, limit: int) -> list[str]:
    """The whole text, escaped, in pieces of at most `limit` characters, for what is useless once cut."""
    found = [""]
    for char in text:
        safe = char.translate(_ENTITIES)
        if len(found[-1]) + len(safe) > limit:
            found.append("")
        found[-1] += safe
    return found


def code(text: str, limit: int = 200) -> str:
    """The text in code ticks, on one line; a tick inside it becomes an apostrophe."""
    line = " ".join(text.replace("`", "'").split())
    return f"`{escape(line, limit - 2)}`" if line else ""


def mention(user_id: str) -> str:
    """The person as Slack shows them. Slack hands out the ID; what is no ID is shown as text."""
    return f"<@{user_id}>" if _USER_ID.fullmatch(user_id) else escape(user_id, 50)


def link(address: str, text: str) -> str:
    """A link. The text is the bot's own."""
    return f"<{escape(address, 1000)}|{text}>"


def moment(when: datetime) -> str:
    """A moment in UTC as Slack shows it to each reader in their own time zone."""
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} {{time}}|{when:%Y-%m-%d %H:%M} UTC>"


def day_and_time(when: datetime) -> str:
    """A moment for the middle of a sentence, where `moment` would have the capital letter of `Today`."""
    return f"<!date^{int(when.timestamp())}^{{date_short}}, {{time}}|{when:%Y-%m-%d, %H:%M} UTC>"


def clock_time(when: datetime) -> str:
    """The time of day of a moment, for each reader in their own time zone."""
    return f"<!date^{int(when.timestamp())}^{{time}}|{when:%H:%M} UTC>"


def fit_lines(lines: Sequence[str], *, limit: int, most: int, total: int | None = None) -> str:
    """As many of the first `most` lines as fit in `limit` characters; the rest is counted: `and 7 more`.

    Args:
        total: how many there are, if not all of them are at hand.
    """
    for count in range(min(len(lines), most), -1, -1):
        left = (total or len(lines)) - count
        shown = [*lines[:count], f"and {left} more"] if left else list(lines[:count])
        text = "\n".join(shown)
        if len(text) <= limit:
            return text
    return ""
