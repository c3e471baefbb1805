"""The steps of every use: payload → invocation → parse → policy → commit → ack → begin the work.

They stand here once, for commands and buttons alike. So does the handling of a use that is refused, invalid,
cannot be logged, or meets a bug. A listener never raises, and waits for nothing but the database.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action, Status, has_room
from bot.errors import DatabaseUnavailable, InvalidArguments, Refused
from bot.listeners.answers import Answers, ClickAnswers, CommandAnswers, FormAnswers, carry_out
from bot.listeners.corrections import button_for
from bot.listeners.use import (
    Accepted,
    AnyButton,
    AnyListener,
    AnyView,
    Command,
    Form,
    Services,
    Subcommand,
    Use,
    View,
    listener_for,
)
from bot.messages.break_glass import with_break_glass
from bot.messages.replies import declined, went_wrong

Body: TypeAlias = dict[str, Any]
Declared: TypeAlias = Command | AnyButton | AnyView
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

    def listen_to_view(self, declared: AnyView) -> BoltListener:
        """Return the function that Bolt calls when somebody submits the modal."""

        async def listener(ack: AsyncAck, body: Body) -> None:
            invocation = self.services.incoming.submitted(body, declared.action, declared.source)
            use = Use(self.services, invocation, declared.verdict, form=form_of(body))
            await self._take(use, declared, FormAnswers(ack, use, declared.field))

        return listener

    async def _take(self, use: Use, declared: Declared, answers: Answers) -> None:
        """Log the use, acknowledge and answer it, and begin its work, if there is any."""
        with structlog.contextvars.bound_contextvars(invocation_id=use.invocation.id):
            try:
                accepted = await self._accept_or_decline(use, declared)
                if accepted.is_refusal and accepted.words is not None:
                    await answers.refuse(accepted.words)
                else:
                    await answers.give(accepted.words, instead=accepted.instead)
                if work := self._work(use, accepted):
                    self.services.claims.take(use.invocation.id, work)
            except DatabaseUnavailable as error:
                _log.error("refused, for the database cannot be used", reason=str(error))
                await answers.refuse(declined(error, use.command, verdict=declared.verdict))
            except Exception:  # noqa: BLE001 - nobody would see Bolt's own answer to a click
                _log.exception("a listener failed", reference=use.invocation.id)
                await answers.refuse(went_wrong(use.invocation.id))

    def _work(self, use: Use, accepted: Accepted) -> Coroutine[Any, Any, None] | None:
        if accepted.work is None or accepted.late is None:
            return accepted.work() if accepted.work else None
        return carry_out(self.services, use.invocation, accepted.work(), accepted.late)

    async def _accept_or_decline(self, use: Use, declared: Declared) -> Accepted:
        try:
            return await self._accept(use, declared)
        except (InvalidArguments, Refused) as error:
            status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
            meant = button_for(use, error) if isinstance(error, InvalidArguments) else None
            words = declined(error, use.explained_by or use.command, verdict=use.verdict, meant=meant)
            if isinstance(error, Refused) and self._may_break_glass(use, declared):
                words = with_break_glass(
                    words, ButtonValue(use.invocation.id, use.command or _name_of(declared)).value
                )
            await self.services.incoming.close(use.invocation, status, error.reason)
            return Accepted(words=words, is_refusal=True)

    def _may_break_glass(self, use: Use, declared: Declared) -> bool:
        return not isinstance(declared, View) and self.services.policy.may_break_glass(use.invocation)

    async def _accept(self, use: Use, declared: Declared) -> Accepted:
        listener: AnyListener
        if isinstance(declared, Command):
            listener, use.words = listener_for(declared, use.invocation.text)
            use.verdict = listener.verdict
            if isinstance(listener, Subcommand) and listener.has_help:
                use.explained_by = f"{declared.name} {listener.verb}"
        else:
            listener = declared
        parsed = listener.parse(use)
        use.invocation = replace(use.invocation, action=listener.action)
        wish = await listener.find(use, parsed)
        if listener.action is Action.START and has_room(wish.asked):
            use.invocation = use.invocation.asking_for(wish.asked.request)
        policy = self.services.policy
        passed = policy.check(wish.asked, wish.start, quick_start=wish.quick_start)
        async with policy.within_limit(wish.asked, passed):
            return await listener.handle(use, wish)


def form_of(body: Body) -> Form:
    """Return what came with a submitted modal; a field without text in it is left out."""
    view = body["view"]
    values = {
        block_id: element["value"]
        for block_id, elements in view["state"]["values"].items()
        for element in elements.values()
        if isinstance(element.get("value"), str)
    }
    return Form(metadata=view.get("private_metadata") or "", values=values)


def _name_of(declared: Declared) -> str:
    match declared:
        case Command():
            return declared.name
        case View():
            return declared.callback_id
        case _:
            return declared.action_id
