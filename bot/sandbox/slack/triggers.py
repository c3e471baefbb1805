"""trigger_ids: permission to open one dialog, for three seconds after a person's action."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 3.0


@dataclass(slots=True)
class Trigger:
    """One issued trigger_id: whose action it is for, and when that was (seconds since the epoch).

    `channel` is the conversation that the person saw.
    """

    user: str
    issued: float
    channel: str | None = None
    used: bool = False


class Triggers:
    """Every trigger_id issued so far, each valid for one use within three seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._by_id: dict[str, Trigger] = {}

    def issue(self, user: str, channel: str | None = None) -> str:
        trigger_id = f"{next(self._numbers)}.1700000000.{secrets.token_hex(16)}"
        self._by_id[trigger_id] = Trigger(user, self._clock(), channel)
        return trigger_id

    def use(self, trigger_id: str) -> Trigger | str:
        """Use it up. Return the trigger if that was allowed, else Slack's word for why not."""
        trigger = self._by_id.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        if self._clock() - trigger.issued >= SECONDS:
            return "expired_trigger_id"
        trigger.used = True
        return trigger
