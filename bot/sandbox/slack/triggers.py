"""trigger_ids: permission to open one dialog, for three seconds after somebody did something."""

import itertools
import secrets
from collections.abc import Callable

SECONDS = 3.0


class Triggers:
    """Every trigger_id issued so far, each good for one use within three seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._issued: dict[str, float] = {}
        self._used: set[str] = set()

    def issue(self) -> str:
        trigger_id = f"{next(self._numbers)}.1700000000.{secrets.token_hex(16)}"
        self._issued[trigger_id] = self._clock()
        return trigger_id

    def use(self, trigger_id: str) -> str | None:
        """Use it up. None if that was allowed, else Slack's word for why not."""
        if trigger_id not in self._issued:
            return "invalid_trigger_id"
        if trigger_id in self._used:
            return "exchanged_trigger_id"
        if self._clock() - self._issued[trigger_id] >= SECONDS:
            return "expired_trigger_id"
        self._used.add(trigger_id)
        return None
