"""The messages of a workspace: write, edit, delete and read them, with visibility."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, Literal, TypeAlias

from bot.sandbox.slack.block_ids import with_ids
from bot.sandbox.slack.workspace import Workspace

Origin: TypeAlias = Literal[
    "chat.postMessage", "chat.postEphemeral", "ack", "response_url", "notice", "person"
]

SLACKBOT = "USLACKBOT"

_TS = re.compile(r"(\d{1,12})\.(\d{6})", re.ASCII)
_BROADCAST = re.compile(r"<!(channel|here|everyone)(?:\|[^>]*)?>")


@dataclass(slots=True)
class Message:
    """One message: the bot's, a person's, or a notice that Slackbot shows to one person.

    `ts` identifies it within its channel. `visible_to` is the one person who sees an ephemeral message, None
    for everybody in the channel. `thread_ts` is the message that a thread reply answers, and
    `reply_broadcast` tells that the reply was also shown in the channel. `edited` is the ts of the last edit.
    `mentions` lists which of "channel", "here" and "everyone" the message notified.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]]
    origin: Origin
    visible_to: str | None = None
    thread_ts: str | None = None
    edited: str | None = None
    mentions: tuple[str, ...] = ()
    reply_broadcast: bool = False


class MessageLog:
    """Every message, in the order of writing; none is ever forgotten.

    Messages are indexed by channel and ts.
    """

    def __init__(self, workspace: Workspace, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._workspace = workspace
        self._clock = clock
        self._changed = changed
        self._messages: dict[tuple[str, str], Message] = {}
        self._by_channel: defaultdict[str, dict[str, Message]] = defaultdict(dict)
        self._last_microsecond: defaultdict[str, int] = defaultdict(int)

    def write(
        self,
        channel: str,
        text: str,
        blocks: list[dict[str, Any]],
        *,
        origin: Origin,
        user: str | None = None,
        visible_to: str | None = None,
        thread_ts: str | None = None,
        reply_broadcast: bool = False,
    ) -> Message:
        """Add a message, by the bot unless `user` is given. A reply to a reply joins its thread."""
        answered = self.get(channel, thread_ts) if thread_ts else None
        message = Message(
            channel=channel,
            ts=self._next_ts(channel),
            user=user or self._workspace.bot.user_id,
            text=text,
            blocks=with_ids(blocks),
            origin=origin,
            visible_to=visible_to,
            thread_ts=(answered and answered.thread_ts) or thread_ts,
            mentions=broadcasts(text, blocks),
            reply_broadcast=reply_broadcast,
        )
        self._messages[channel, message.ts] = self._by_channel[channel][message.ts] = message
        self._changed()
        return message

    def edit(self, message: Message, text: str, blocks: list[dict[str, Any]]) -> None:
        message.text = text
        message.blocks = with_ids(blocks)
        message.mentions = broadcasts(text, blocks)
        message.edited = self._next_ts(message.channel)
        self._changed()

    def delete(self, message: Message) -> None:
        del self._messages[message.channel, message.ts]
        del self._by_channel[message.channel][message.ts]
        self._changed()

    def find(self, channel: str, ts: str) -> Message | None:
        """Return a message that chat.* methods can change; they do not find ephemeral ones."""
        message = self.get(channel, ts)
        return None if message is None or message.visible_to else message

    def get(self, channel: str, ts: str) -> Message | None:
        """Return a message of any kind."""
        return self._messages.get((channel, ts))

    def seen(
        self,
        channel: str | None = None,
        viewer: str | None = None,
        *,
        after: str | None = None,
        latest: int | None = None,
    ) -> list[Message]:
        """Return what a person sees, in one channel or all, oldest first; without a viewer, everything.

        `after` leaves out messages up to that ts, `latest` limits the number. Raises ValueError if `after` is
        not a ts.
        """
        written = self._messages if channel is None else self._by_channel.get(channel, {})
        newest_first: Iterator[Message] = reversed(written.values())
        if after is not None:
            newest_first = self._after(_microsecond(after), newest_first, within_one=channel is not None)
        seen = (message for message in newest_first if viewer is None or self.is_seen(message, viewer))
        return list(islice(seen, latest))[::-1]

    def is_seen(self, message: Message, viewer: str) -> bool:
        """Return whether that person sees it: channels they see, and their own ephemeral messages."""
        if message.visible_to not in (None, viewer):
            return False
        return self._workspace.can_see(viewer, self._workspace.channels[message.channel])

    @staticmethod
    def _after(moment: int, newest_first: Iterator[Message], *, within_one: bool) -> Iterator[Message]:
        """Yield messages after a moment. Within one channel ts grow: the first older one ends the search."""
        pick = takewhile if within_one else filter
        return iter(pick(lambda message: _microsecond(message.ts) > moment, newest_first))

    def _next_ts(self, channel: str) -> str:
        """Return a ts such as "1700000000.000100": unique in its channel and later than every earlier one."""
        microsecond = max(int(self._clock() * 1_000_000), self._last_microsecond[channel] + 1)
        self._last_microsecond[channel] = microsecond
        return f"{microsecond // 1_000_000}.{microsecond % 1_000_000:06d}"


def _microsecond(ts: str) -> int:
    """Return the time of a ts, in microseconds since the epoch."""
    found = _TS.fullmatch(ts)
    if found is None:
        raise ValueError(f"{ts!r} is not a ts, such as 1700000000.000100")
    return int(found[1] + found[2])


def message_json(message: Message, workspace: Workspace) -> dict[str, Any]:
    """Return the message object, as the API returns it and apps receive it."""
    bot = workspace.bot
    described: dict[str, Any] = {
        "type": "message",
        "user": bot.user_id,
        "bot_id": bot.bot_id,
        "app_id": bot.app_id,
        "team": workspace.team_id,
        "text": message.text,
        "ts": message.ts,
        "blocks": message.blocks,
    }
    if message.thread_ts:
        described["thread_ts"] = message.thread_ts
    if message.reply_broadcast:
        described["subtype"] = "thread_broadcast"
    if message.edited:
        described["edited"] = {"user": bot.user_id, "ts": message.edited}
    return described


def broadcasts(text: str, blocks: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return which of channel, here and everyone a message notifies, each once, in order of appearance."""
    found = [word for part in (text, *_markup(blocks)) for word in _BROADCAST.findall(part)]
    return tuple(dict.fromkeys(found))


def _markup(value: Any) -> Iterator[str]:
    """Yield every text in blocks that Slack reads as markup; plain text notifies nobody."""
    if isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "markdown"} and isinstance(value.get("text"), str):
            yield value["text"]
        elif value.get("type") == "broadcast":
            yield f"<!{value.get('range')}>"
        else:
            for part in value.values():
                yield from _markup(part)
    elif isinstance(value, list):
        for part in value:
            yield from _markup(part)
