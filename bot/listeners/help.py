"""`help`, which every command has."""

from collections.abc import Callable
from dataclasses import replace

from bot.domain.invocation import Action, Status
from bot.domain.policy_question import Act
from bot.listeners.use import Accepted, Subcommand, Use, Wish, about_nothing, parse_nothing
from bot.messages.message import Message
from bot.messages.permitted import without_lines_about
from bot.messages.replies import declined

_ACTS = {"again": Act.START, "jobs": Act.LOOK, "stop": Act.STOP, "quick": Act.QUICK}
"""What the policy calls the subcommands that it may refuse."""


def help_with(usage: Callable[[Use], Message], *, of: Act | None = None) -> Subcommand[None, Wish]:
    """Return the subcommand that explains how its command is used, as far as its person may use it.

    Args:
        of: what the whole command is for, if it is for one thing.
    """

    async def answer(use: Use, _wish: Wish) -> Accepted:
        await use.services.incoming.close(use.invocation, Status.DONE)
        return Accepted(words=_permitted(use, usage(use), of))

    return Subcommand(verb="help", action=Action.HELP, parse=parse_nothing, find=about_nothing, handle=answer)


def _permitted(use: Use, usage: Message, of: Act | None) -> Message:
    """Leave out what the person may not do at all here; of the whole command, say why not."""
    gate, asked = use.services.policy, use.invocation
    refusals = {act: gate.refusal_of_any(asked, act) for act in Act}
    if refusals[Act.START] is None:
        refusals[Act.STOP] = None  # people may stop the jobs that they start
    barred = [verb for verb, act in _ACTS.items() if refusals[act] is not None]
    usage = without_lines_about(usage, use.command or "", barred)
    refusal = refusals[of] if of else None
    if refusal is None:
        return usage
    what_it_does = usage.text.partition("\n")[0]
    return replace(usage, text=f"{what_it_does}\n{declined(refusal, verdict='').text}")
