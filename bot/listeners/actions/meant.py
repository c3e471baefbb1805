"""The button that does what was meant by a mistake: its words take the way of typed ones."""

from dataclasses import dataclass, replace

from bot.domain.arguments import ButtonValue
from bot.domain.correction import Correction
from bot.domain.invocation import Action, Source, Status
from bot.errors import InvalidArguments
from bot.listeners.about_start import StartWish, as_if_in_its_channel, parse_button_value
from bot.listeners.corrections import command_named
from bot.listeners.use import Accepted, AnyListener, Button, Use, Wish, listener_for
from bot.messages.corrections import MEANT
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MeantWish(Wish):
    """A wish for what was meant: its listener, and the wish that this finds."""

    listener: AnyListener
    wish: Wish


async def find(use: Use, wanted: ButtonValue) -> MeantWish:
    """Find what the line that was meant is about, as its own listener does.

    Args:
        wanted: the mistake, and the line.

    Raises:
        InvalidArguments: the button is about no mistake, or the line is one as well.
    """
    services = use.services
    mistake = await services.acceptance.ask(services.invocations.get(wanted.invocation_id))
    meant = Correction.parse(wanted.argument)
    command = command_named(meant.command)
    if mistake is None or command is None or not (mistake.status is Status.INVALID or mistake.made_no_job):
        raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_MISTAKE))
    here = as_if_in_its_channel(use, mistake)
    use.command, use.invocation = command.name, replace(here, source=Source.COMMAND, text=meant.text)
    listener, use.words = listener_for(command, meant.text)
    use.verdict = listener.verdict
    use.invocation = replace(use.invocation, action=listener.action)
    wish = await listener.find(use, listener.parse(use))
    if isinstance(wish, StartWish):
        wish = replace(wish, previous_id=wish.previous_id or mistake.id, is_private=True)
    return MeantWish(
        asked=wish.asked, start=wish.start, quick_start=wish.quick_start, listener=listener, wish=wish
    )


async def do(use: Use, wish: MeantWish) -> Accepted:
    """Do it, by its own listener."""
    return await wish.listener.handle(use, wish.wish)


BUTTON = Button(action_id=MEANT, action=Action.HELP, parse=parse_button_value, find=find, handle=do)
