"""The members of Slack's user groups, read in the background and kept for a minute.

The policy needs them before an ack, when there is no time to ask Slack. So each list is read again before it
is too old, and the lists of a new policy are read before the policy is used. A list older than a minute
counts as unknown.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.policy_question import Members
from bot.runtime.background import repeat_in_background
from bot.slack.calls import failure_of
from bot.slack.errors import SLACK_FAILURES, Again, SlackFailure

KEPT_SECONDS = 60.0
"""How long a list is used."""

READ_AGAIN_SECONDS = 40.0
"""How old a list is when it is read again. Slack takes about 20 such calls a minute."""

TRY_AGAIN_SECONDS = 5.0
"""The pause after a failure that may be over soon."""

EVERY_SECONDS = 1.0

_REMEDIES = {
    "missing_scope": "add the optional scope usergroups:read, as in manifest.yml, and install the app again",
    "no_such_subteam": "name another group in the policy, or make this one again",
    "plan_upgrade_required": "user groups need a paid plan of Slack's: name users in the policy",
}
_GONE = "no_such_subteam"
"""Slack's word for a group that was deleted or switched off: nobody is in it."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Group:
    """One group: its members at the time `as_of`, and Slack's word for the last failure."""

    members: frozenset[str] = frozenset()
    as_of: float | None = None
    read_at: float = 0.0
    trouble: str | None = None


class UserGroups:
    """The groups that `wanted` names. `team_id` is needed where the app is installed for an organization."""

    def __init__(
        self,
        slack: AsyncWebClient,
        wanted: Callable[[], Iterable[str]],
        *,
        team_id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._slack = slack
        self._wanted = wanted
        self._team_id = team_id
        self._clock = clock
        self._sleep = sleep
        self._groups: dict[str, _Group] = {}
        self._not_before = 0.0

    def members(self) -> Members:
        """Return the members of each group whose members are known."""
        oldest = self._clock() - KEPT_SECONDS
        return {
            name: group.members
            for name, group in self._groups.items()
            if group.as_of is not None and group.as_of >= oldest
        }

    async def keep_reading(self) -> None:
        """Read lists again before they are too old, until cancelled."""
        await repeat_in_background(self.read_due, every=EVERY_SECONDS, sleep=self._sleep)

    async def read_due(self) -> None:
        """Read the wanted groups that are unknown or soon too old."""
        for name in sorted(self._wanted()):
            if self._clock() < self._not_before:
                return
            if self._clock() >= self._groups.setdefault(name, _Group()).read_at:
                await self._read(name)

    async def read(self, names: Iterable[str], *, seconds: float) -> None:
        """Read these groups of a new policy at once, for at most so many seconds."""
        readings = [asyncio.create_task(self._read(name)) for name in names]
        if readings:
            _, late = await asyncio.wait(readings, timeout=seconds)
            for reading in late:
                reading.cancel()
            await asyncio.gather(*readings, return_exceptions=True)

    async def _read(self, name: str) -> None:
        group = self._groups.setdefault(name, _Group())
        began = self._clock()
        try:
            users = await self._ask(name)
        except SLACK_FAILURES as error:
            self._failed(name, group, failure_of(error), began)
            return
        if group.as_of is None or group.trouble is not None or (group.members and not users):
            _log.info("the members of a user group are known", group=name, members=len(users))
        group.members, group.as_of, group.trouble = users, began, None
        group.read_at = began + READ_AGAIN_SECONDS

    async def _ask(self, name: str) -> frozenset[str]:
        more: dict[str, Any] = {"team_id": self._team_id} if self._team_id else {}
        answer = await self._slack.usergroups_users_list(usergroup=name, **more)
        users = answer.get("users")
        if answer.get("ok") is not True or not isinstance(users, list):
            raise SlackFailure("not_slacks_answer", Again.SOON)
        return frozenset(user for user in users if isinstance(user, str))

    def _failed(self, name: str, group: _Group, failure: SlackFailure, began: float) -> None:
        now = self._clock()
        if failure.word == _GONE:
            group.members, group.as_of = frozenset(), began
        if failure.retry_after is not None:
            self._not_before = now + min(failure.retry_after, KEPT_SECONDS)
        is_short = failure.again is Again.SOON
        group.read_at = now + (TRY_AGAIN_SECONDS if is_short else READ_AGAIN_SECONDS)
        if failure.word != group.trouble:
            group.trouble = failure.word
            _log.warning(
                "the members of a user group are not known, so nobody counts as one",
                group=name,
                reason=failure.word,
                fix=_REMEDIES.get(failure.word, "none needed if it is over soon"),
            )
