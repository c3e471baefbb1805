"""Stand-ins for the bot's own objects, shared by tests."""

from datetime import timedelta

from typing_extensions import override

from bot.metastudio.client import MetaStudio


class FakeMetaStudio(MetaStudio):
    """A client that has learnt nothing from answers. Each test plays the calls that it needs."""

    @property
    @override
    def clock_offset(self) -> timedelta | None:
        return None

    @override
    def seen_in(self, room_id: str) -> frozenset[str]:
        return frozenset()
