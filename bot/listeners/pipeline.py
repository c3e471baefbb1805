"""The steps of every use: payload → invocation → parse → policy → commit → ack → begin the work.

They stand here once, for commands, buttons, modals and shortcuts. So does the handling of a use that is
refused, invalid, cannot be logged, or meets a bug. A listener never raises, and waits for nothing but the
database. Only a search waits for the first list of rooms, for a second at most.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
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
    AnyOptions,
    AnyShortcut,
    AnyView,
    Command,
    Event,
    Form,
    Services,
    Shortcut,
    Subcommand,
    Use,
    View,
    listener_for,
)
from bot.messages.break_glass import asking, with_break_glass
from bot.messages.message import Block
from bot.messages.replies import declined, went_wrong

Body: TypeAlias = dict[str, Any]
Declared: TypeAlias = Command | AnyButton | AnyView | AnyShortcut
BoltListener: TypeAlias = Callable[[AsyncAck, Body], Awaitable[None]]

OPTIONS_SECONDS = 2.0
"""How long options may take. Slack waits 3 s for them."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Makes Bolt's listeners from declared ones."""

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
            await self._take(use, declared, FormAnswers(ack, use, declared))

        return listener

    def listen_to_event(self, declared: Event) -> BoltListener:
        """Return the function that Bolt calls when Slack tells of the event."""

        async def listener(ack: AsyncAck, body: Body) -> None:
            await ack()
            self.services.tasks.spawn(declared.handle(self.services, body))

        return listener

    def listen_to_shortcut(self, declared: AnyShortcut) -> BoltListener:
        """Return the function that Bolt calls when somebody uses the shortcut."""

        async def listener(ack: AsyncAck, body: Body) -> None:
            invocation = self.services.incoming.chosen(body, declared.action)
            use = Use(self.services, invocation, declared.verdict)
            await self._take(use, declared, ClickAnswers(ack, self.services, invocation))

        return listener

    def listen_to_options(self, declared: AnyOptions) -> BoltListener:
        """Return the function that Bolt calls when somebody types in the menu."""

        async def listener(ack: AsyncAck, body: Body) -> None:
            invocation = self.services.incoming.searched(body, declared.action)
            use = Use(self.services, invocation, "", form=form_of(body))
            if groups := await self._suggested(use, declared):
                await ack(option_groups=groups)
            else:
                await ack(options=[])

        return listener

    async def _suggested(self, use: Use, declared: AnyOptions) -> Sequence[Block]:
        """Return the options in their groups; none where they are not allowed or not there in time."""
        try:
            async with asyncio.timeout(OPTIONS_SECONDS):
                parsed = declared.parse(use)
                self.services.policy.check(use.invocation)
                return await declared.suggest(use, parsed)
        except (InvalidArguments, Refused):
            return ()
        except (DatabaseUnavailable, TimeoutError) as error:
            _log.warning("a menu has no options", reason=str(error) or "too slow")
        except Exception:  # noqa: BLE001 - Slack would show nothing either
            _log.exception("a listener failed")
        return ()

    async def _take(self, use: Use, declared: Declared, answers: Answers) -> None:
        """Log the use, acknowledge and answer it, and begin its work, if there is any."""
        with structlog.contextvars.bound_contextvars(invocation_id=use.invocation.id):
            try:
                accepted = await self._accept_or_decline(use, declared)
                if accepted.why_not is not None:
                    await answers.refuse(accepted)
                else:
                    await answers.give(accepted.words, instead=accepted.instead)
                if work := self._work(use, accepted):
                    self.services.claims.take(use.invocation.id, work)
                self.services.home_tabs.used(use.invocation)
            except DatabaseUnavailable as error:
                _log.error("refused, for the database cannot be used", reason=str(error))
                words = declined(error, use.command, verdict=declared.verdict)
                await answers.refuse(Accepted(words=words, why_not=error.reason))
            except Exception:  # noqa: BLE001 - nobody would see Bolt's own answer to a click
                _log.exception("a listener failed", reference=use.invocation.id)
                await answers.refuse(Accepted(words=went_wrong(use.invocation.id)))

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
            view = None
            if isinstance(error, Refused) and self._may_break_glass(use, declared):
                value = ButtonValue(use.invocation.id, use.command or _name_of(declared)).value
                if isinstance(declared, View):
                    view = asking(use.invocation, value, refusal=words, remark=use.remark)
                words = with_break_glass(words, value)
            await self.services.incoming.close(
                use.invocation, status, error.reason, keeps_address=view is not None
            )
            return Accepted(words=words, why_not=error.reason, view=view)

    def _may_break_glass(self, use: Use, declared: Declared) -> bool:
        return _name_of(declared) != "" and self.services.policy.may_break_glass(use.invocation)

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
    """Return what came with a modal; a field without text or choice in it is left out."""
    view = body.get("view") or {}
    values = {
        block_id: value
        for block_id, elements in ((view.get("state") or {}).get("values") or {}).items()
        for element in elements.values()
        if (value := _value_of(element or {}))
    }
    urls = {each.get("channel_id"): each.get("response_url") for each in body.get("response_urls") or ()}
    return Form(metadata=view.get("private_metadata") or "", values=values, response_urls=urls)


def _value_of(element: Body) -> str | None:
    """Return what is typed or chosen in an element."""
    option = element.get("selected_option") or {}
    value = element.get("value") or option.get("value") or element.get("selected_conversation")
    return value if isinstance(value, str) else None


def _name_of(declared: Declared) -> str:
    """Return the name by which `views.break_glass` finds who listens to a refused use; "" if it cannot."""
    match declared:
        case Command():
            return declared.name
        case View():
            return declared.typed_after or ""
        case Shortcut():
            return ""
        case _:
            return declared.action_id
