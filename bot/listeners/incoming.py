"""What all listeners share: turn a payload into an invocation, and log what is answered at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from bot.domain.invocation import Action, Invocation, Source, Status
from bot.durable.accept import Acceptance
from bot.listeners.origin import channel_kind, foreign_team, id_of
from bot.reasons import Reason
from bot.slack.ack_sent import acks_first
from bot.slack.client import Installation

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Incoming:
    """Makes invocations from payloads. `home` is the workspace of the bot.

    A person of another workspace is marked as such; the row's `team_id` stays the bot's, because rows are
    compared by it.
    """

    acceptance: Acceptance
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    home: Installation

    def typed(self, command: dict[str, Any], action: Action) -> Invocation:
        """Return the invocation of a slash command; the team in its payload is the person's."""
        team_id, enterprise_id = command.get("team_id"), command.get("enterprise_id")
        foreign = foreign_team(team_id, enterprise_id, self.home)
        channel_id = command.get("channel_id")
        return Invocation(
            id=self.new_id(),
            created_at=self.now(),
            action=action,
            source=Source.COMMAND,
            status=Status.RECEIVED,
            team_id=self.home.team_id if foreign else team_id,
            enterprise_id=enterprise_id,
            channel_id=channel_id,
            channel_kind=channel_kind(channel_id, command.get("channel_name")),
            user_id=command["user_id"],
            foreign_team_id=foreign,
            text=command.get("text") or "",
            trigger_id=command.get("trigger_id"),
            response_url=command.get("response_url"),
        )

    def clicked(self, body: dict[str, Any], action: Action) -> Invocation:
        """Return the invocation of a clicked button: its value is the text."""
        return self._interactive(body, action, Source.BUTTON, body["actions"][0].get("value") or "")

    def submitted(self, body: dict[str, Any], action: Action, source: Source) -> Invocation:
        """Return the invocation of a submitted modal, which is in no channel."""
        return self._interactive(body, action, source, "")

    def _interactive(self, body: dict[str, Any], action: Action, source: Source, text: str) -> Invocation:
        """Return the invocation of an interaction; the user's team is the person's."""
        channel, user = body.get("channel") or {}, body["user"]
        team_id, enterprise_id = id_of(body.get("team")), id_of(body.get("enterprise"))
        foreign = foreign_team(user.get("team_id") or team_id, enterprise_id, self.home)
        return Invocation(
            id=self.new_id(),
            created_at=self.now(),
            action=action,
            source=source,
            status=Status.RECEIVED,
            team_id=self.home.team_id if foreign else team_id,
            enterprise_id=enterprise_id,
            channel_id=channel.get("id"),
            channel_kind=channel_kind(channel.get("id"), channel.get("name")),
            user_id=user["id"],
            foreign_team_id=foreign,
            text=text,
            trigger_id=body.get("trigger_id"),
            response_url=body.get("response_url"),
        )

    async def close(self, invocation: Invocation, status: Status, reason: Reason | None = None) -> bool:
        """Log a use that is answered at once, without its response_url, which nobody needs.

        Return False where Slack has delivered it before.

        Raises:
            DatabaseUnavailable: it is not in the invocation log.
        """
        closed = replace(
            invocation,
            status=status,
            reason=reason,
            room_name=self.acceptance.room_name(invocation),
            response_url=None,
        )
        self.acceptance.tasks.spawn(_note(closed))
        return await self.acceptance.commit(closed)


async def _note(closed: Invocation) -> None:
    """Write the line of the process log. It takes a tenth of a command's time, so acks go first."""
    await acks_first()
    why = str(closed.reason) if closed.reason else None
    _log.info("answered", action=closed.action.value, status=closed.status.value, reason=why)
