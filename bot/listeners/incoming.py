"""What all listeners share: turn a payload into an invocation, and log what is answered at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from bot.domain.invocation import Action, Invocation, Origin, Source, Status
from bot.durable.accept import Acceptance
from bot.listeners.origin import origin_of_click, origin_of_command, origin_of_event
from bot.reasons import Reason
from bot.slack.ack_sent import acks_first
from bot.slack.client import Installation

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Incoming:
    """Makes invocations from payloads. `home` is the workspace of the bot."""

    acceptance: Acceptance
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    home: Installation

    def typed(self, command: dict[str, Any], action: Action) -> Invocation:
        """Return the invocation of a slash command."""
        origin = origin_of_command(command, self.home)
        return self._received(Source.COMMAND, action, origin, command.get("text"))

    def clicked(self, body: dict[str, Any], action: Action) -> Invocation:
        """Return the invocation of a clicked button: its value is the text."""
        origin = origin_of_click(body, self.home)
        source = Source.HOME if (body.get("view") or {}).get("type") == "home" else Source.BUTTON
        return self._received(source, action, origin, body["actions"][0].get("value"))

    def origin_of(self, event: dict[str, Any]) -> Origin:
        """Return the origin of an event."""
        return origin_of_event(event, self.home)

    def submitted(self, body: dict[str, Any], action: Action, source: Source) -> Invocation:
        """Return the invocation of a submitted modal, which is in no channel."""
        return self._received(source, action, origin_of_click(body, self.home), None)

    def chosen(self, body: dict[str, Any], action: Action) -> Invocation:
        """Return the invocation of a shortcut; a global one is in no channel."""
        return self._received(Source.SHORTCUT, action, origin_of_click(body, self.home), None)

    def searched(self, body: dict[str, Any], action: Action) -> Invocation:
        """Return what the policy judges where somebody types in a menu: the typed text is the text."""
        return self._received(Source.FORM, action, origin_of_click(body, self.home), body.get("value"))

    def added_to(self, invocation: Invocation, action: Action, text: str) -> Invocation:
        """Return the invocation of a second thing that a person wants by one use."""
        origin = replace(invocation.origin, trigger_id=None)  # one delivery, one row
        return self._received(invocation.source, action, origin, text)

    def _received(self, source: Source, action: Action, origin: Origin, text: str | None) -> Invocation:
        return Invocation(
            id=self.new_id(),
            created_at=self.now(),
            action=action,
            source=source,
            status=Status.RECEIVED,
            origin=origin,
            text=text or "",
            request=None,
            job=None,
        )

    async def close(
        self,
        invocation: Invocation,
        status: Status,
        reason: Reason | None = None,
        *,
        keeps_address: bool = False,
    ) -> bool:
        """Log a use that is answered at once.

        Return False where Slack has delivered it before.

        Args:
            keeps_address: keep its response_url for a modal that is submitted later, which may have none.

        Raises:
            DatabaseUnavailable: it is not in the invocation log.
        """
        closed = self.acceptance.closed(invocation, status, reason, keeps_address=keeps_address)
        self.acceptance.tasks.spawn(_note(closed))
        return await self.acceptance.commit(closed)


async def _note(closed: Invocation) -> None:
    """Write the line of the process log. It takes a tenth of a command's time, so acks go first."""
    await acks_first()
    why = str(closed.reason) if closed.reason else None
    _log.info("answered", action=closed.action.value, status=closed.status.value, reason=why)
