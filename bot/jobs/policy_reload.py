"""Read the policy file again on SIGHUP and when it has changed. With a wrong file, the old policy stays."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from bot.environment.policy_file import Stamp, read_policy, stamp_of
from bot.errors import SettingsError
from bot.jobs.gate import Gate
from bot.runtime.background import repeat_in_background
from bot.slack.user_groups import UserGroups

EVERY_SECONDS = 1.0
"""How often the file is checked. A changed file is read after one such time without another change."""

GROUP_SECONDS = 5.0
"""How long a new policy waits for the members of its user groups before it is used."""

_log = structlog.get_logger()


class PolicyReload:
    """Keeps the policy of the gate the same as the file.

    Args:
        known: the stamp of the file before it was read for the current policy.
        asked: an event that makes it read the file at once.
    """

    def __init__(
        self,
        path: Path,
        gate: Gate,
        groups: UserGroups,
        *,
        known: Stamp,
        asked: asyncio.Event,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._path = path
        self._gate = gate
        self._groups = groups
        self._asked = asked
        self._sleep = sleep
        self._read = self._seen = known

    async def keep_reloading(self) -> None:
        """Check the file again and again, until cancelled."""
        await repeat_in_background(self.look, every=EVERY_SECONDS, sleep=self._sleep)

    async def look(self) -> None:
        """Read the file if somebody asked for it, or if it has changed and is complete."""
        stamp = await asyncio.to_thread(stamp_of, self._path)
        is_at_rest, self._seen = stamp == self._seen, stamp
        if self._asked.is_set() or (is_at_rest and stamp != self._read):
            self._asked.clear()
            self._read = stamp
            await self._reload()

    async def _reload(self) -> None:
        try:
            policy = await asyncio.to_thread(read_policy, self._path)
        except SettingsError as error:
            faults = "; ".join(fault.remedy for fault in error.faults)
            _log.error(
                "the policy file is wrong, so the policy that was read before still holds",
                file=str(self._path),
                faults=faults,
            )
            return
        new_groups = policy.groups - self._gate.policy.groups
        await self._groups.read(new_groups, seconds=GROUP_SECONDS)
        self._gate.replace(policy)
        _log.info("the policy was read again and holds", file=str(self._path))
