"""The steps of every use: payload → invocation → parse → policy → commit → ack → begin the work.

They stand here once, for commands and buttons alike. So does the handling of a use that is refused, invalid,
cannot be logged, or meets a bug. A listener never raises, and waits for nothing but the database.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.arguments import first_word, unknown_subcommand
from bot.domain.invocation import Status
from bot.errors import DatabaseUnavailable, InvalidArguments, Refused
from bot.listeners.answers import Answers, ClickAnswers, CommandAnswers, carry_out
from bot.listeners.use import Accepted, AnyButton, AnyListener, Command, Services, Use
from bot.messages.replies import declined, went_wrong

Body: TypeAlias = dict[str, Any]
BoltListener: TypeAlias = Callable[[AsyncAck, Body], Awaitable[None]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Makes Bolt's listeners from declared commands and buttons."""

    services: Services

    def listen_to_command(self, declared: Command) -> BoltListener:
        """Return the function that Bolt calls when somebody types the command."""

        async def listener(ack: AsyncAck, command: Body) -> None:
            invocation = self.services.incoming.typed(command, declared.action)
            use = Use(self.services, invocation, declared.verdict, command=declared.name)
            await self._take(use, declared, CommandAnswers(ack))

        return listener

    def listen_to_button(self, declared: AnyButton) -> BoltListener:
        """Return the function that Bolt calls when somebody clicks the button."""

        async def listener(ack: AsyncAck, body: Body) -> None:
            invocation = self.services.incoming.clicked(body, declared.action)
            use = Use(self.services, invocation, declared.verdict)
            await self._take(use, declared, ClickAnswers(ack, self.services, invocation))

        return listener

    async def _take(self, use: Use, declared: Command | AnyButton, answers: Answers) -> None:
        """Log the use, acknowledge and answer it, and begin its work, if there is any."""
        with structlog.contextvars.bound_contextvars(invocation_id=use.invocation.id):
            try:
                accepted = await self._accept_or_decline(use, declared)
                await answers.give(accepted.words, instead=accepted.instead)
                if work := self._work(use, accepted):
                    self.services.claims.take(use.invocation.id, work)
            except DatabaseUnavailable as error:
                _log.error("refused, for the database cannot be used", reason=str(error))
                await answers.give(declined(error, use.command, verdict=declared.verdict))
            except Exception:  # noqa: BLE001 - nobody would see Bolt's own answer to a click
                _log.exception("a listener failed", reference=use.invocation.id)
                await answers.give(went_wrong(use.invocation.id))

    def _work(self, use: Use, accepted: Accepted) -> Coroutine[Any, Any, None] | None:
        if accepted.work is None or accepted.late is None:
            return accepted.work() if accepted.work else None
        return carry_out(self.services, use.invocation, accepted.work(), accepted.late)

    async def _accept_or_decline(self, use: Use, declared: Command | AnyButton) -> Accepted:
        try:
            return await self._accept(use, declared)
        except (InvalidArguments, Refused) as error:
            status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
            await self.services.incoming.close(use.invocation, status, error.reason)
            entry = use.invocation.id if use.command else None
            words = declined(error, use.command, verdict=use.verdict, invocation_id=entry)
            return Accepted(words=words)

    async def _accept(self, use: Use, declared: Command | AnyButton) -> Accepted:
        listener: AnyListener
        if isinstance(declared, Command):
            listener, use.words = listener_for(declared, use.invocation.text)
            use.verdict = listener.verdict
        else:
            listener = declared
        parsed = listener.parse(use)
        use.invocation = replace(use.invocation, action=listener.action)
        wish = await listener.find(use, parsed)
        self.services.policy.check(wish.asked, wish.start)
        return await listener.handle(use, wish)


def listener_for(command: Command, text: str) -> tuple[AnyListener, Sequence[str]]:
    """Return the listener to what is typed after a command, and the words that it parses.

    Raises:
        InvalidArguments: there is no such subcommand.
    """
    word, rest = first_word(text, [subcommand.verb for subcommand in command.subcommands])
    for subcommand in command.subcommands:
        if subcommand.verb == word.lower():
            return subcommand, rest
    if command.otherwise is None:
        raise unknown_subcommand(word, [subcommand.verb for subcommand in command.subcommands])
    return command.otherwise, [word, *rest]
