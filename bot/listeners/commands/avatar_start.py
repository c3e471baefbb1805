"""`/avatar-start room [region] [room_type=…] [client_id=…]`: the room by quick start, ID or name."""

from bot.domain.invocation import Action
from bot.domain.policy import Act
from bot.domain.start_words import StartWords, parse_start_words
from bot.listeners.about_start import commit_start
from bot.listeners.help import help_with
from bot.listeners.understanding import understand
from bot.listeners.use import Command, Listener, Use
from bot.messages.message import Message
from bot.messages.replies import usage

START_COMMAND = "/avatar-start"
VERDICT = "Nothing was started."


def how_to_use(use: Use) -> Message:
    """Return how the command is used."""
    return usage(START_COMMAND, use.services.regions)


def parse(use: Use) -> StartWords:
    """Return the word for the room, the region and the options."""
    return parse_start_words(use.words, use.services.regions)


COMMAND = Command(
    name=START_COMMAND,
    description="Start a virtual avatar in a room and tell this channel",
    usage_hint="room_id [region] [room_type=RTC|METALINK] [client_id=…]",
    action=Action.START,
    verdict=VERDICT,
    subcommands=(help_with(how_to_use, of=Act.START),),
    otherwise=Listener(
        action=Action.START, parse=parse, find=understand, handle=commit_start, verdict=VERDICT
    ),
)
