"""Offer a button that does what was meant by a mistake, where that is known and allowed."""

from dataclasses import replace

from bot.domain.correction import correction
from bot.domain.policy_question import Act, act_of
from bot.errors import InvalidArguments
from bot.listeners.commands import COMMANDS
from bot.listeners.use import AnyListener, Command, Use, listener_for
from bot.messages.corrections import meant_button
from bot.messages.message import Block


def command_named(name: str | None) -> Command | None:
    """Return the command with this name."""
    return next((command for command in COMMANDS if command.name == name), None)


def button_for(use: Use, error: InvalidArguments) -> Block | None:
    """Return the button for a mistake in a typed command; None if it cannot be told what was meant."""
    command = command_named(use.command)
    if command is None:
        return None
    verbs = [subcommand.verb for subcommand in command.subcommands]
    meant = correction(command.name, use.invocation.text, error.reason, verbs)
    other = command_named(meant.command) if meant else None
    if meant is None or other is None or not _would_be_allowed(use, other, meant.text):
        return None
    return meant_button(use.invocation.id, meant, error.reason)


def _would_be_allowed(use: Use, command: Command, text: str) -> bool:
    """Return True if the words are no mistake, and the policy lets the person do such a thing at all."""
    try:
        listener, words = listener_for(command, text)
        listener.parse(replace(use, words=words))
    except InvalidArguments:
        return False
    return _may(use, listener)


def _may(use: Use, listener: AnyListener) -> bool:
    act = act_of(listener.action)
    # People may stop the jobs that they start.
    acts = {act, Act.START} if act is Act.STOP else {act}
    gate = use.services.policy
    return any(gate.refusal_of_any(use.invocation, each) is None for each in acts)
