"""Track later changes of messages that somebody has seen: edits and thread replies."""

from collections.abc import Iterable

from bot.sandbox.slack.messages import Message


class Afterwards:
    """The messages as they were seen; it reports each change once."""

    def __init__(self) -> None:
        self._edits: dict[tuple[str, str], str | None] = {}

    def seen(self, messages: Iterable[Message]) -> None:
        """Remember new messages as they are now. Changes of known ones are left to `news`."""
        for message in messages:
            self._edits.setdefault((message.channel, message.ts), message.edited)

    def news(self, messages: Iterable[Message]) -> list[Message]:
        """Return messages that were edited or written in a thread since, and count them as seen."""
        news = [message for message in messages if self._is_news(message)]
        self._edits |= {(message.channel, message.ts): message.edited for message in news}
        return news

    def _is_news(self, message: Message) -> bool:
        if (message.channel, message.ts) in self._edits:
            return self._edits[message.channel, message.ts] != message.edited
        return message.thread_ts is not None and (message.channel, message.thread_ts) in self._edits
