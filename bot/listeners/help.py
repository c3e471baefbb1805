"""`help`, which every command has."""

from collections.abc import Callable

from bot.domain.invocation import Action, Status
from bot.listeners.use import Accepted, Subcommand, Use, Wish, about_nothing
from bot.messages.message import Message


def help_with(usage: Callable[[Use], Message]) -> Subcommand[None, Wish]:
    """Return the subcommand that explains how its command is used."""

    async def answer(use: Use, _wish: Wish) -> Accepted:
        await use.services.incoming.close(use.invocation, Status.DONE)
        return Accepted(words=usage(use))

    return Subcommand(verb="help", action=Action.HELP, parse=_whatever, find=about_nothing, handle=answer)


def _whatever(_use: Use) -> None:
    """Accept any words after `help`."""
