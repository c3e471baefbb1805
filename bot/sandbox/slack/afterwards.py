"""What becomes of messages after somebody has seen them: edits, and lines in their threads."""

from collections.abc import Iterable

from bot.sandbox.slack.messages import Message


class Afterwards:
    """Remembers messages as they were seen, and tells each change of them once."""

    def __init__(self) -> None:
        self._edits: dict[tuple[str, str], str | None] = {}

    def seen(self, messages: Iterable[Message]) -> None:
        """Somebody has seen these as they are now. What was seen before is left to `news`."""
        for message in messages:
            self._edits.setdefault((message.channel, message.ts), message.edited)

    def news(self, messages: Iterable[Message]) -> list[Message]:
        """Of all messages those that were edited since, or answer in a thread. They count as seen now."""
        news = [message for message in messages if self._is_news(message)]
        self._edits |= {(message.channel, message.ts): message.edited for message in news}
        return news

    def _is_news(self, message: Message) -> bool:
        if (message.channel, message.ts) in self._edits:
            return self._edits[message.channel, message.ts] != message.edited
        return message.thread_ts is not None and (message.channel, message.thread_ts) in self._edits
