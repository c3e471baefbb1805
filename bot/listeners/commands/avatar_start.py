"""`/avatar-start room [region] [room_type=…] [client_id=…]`: the room by quick start, ID or name.

The command alone opens the form.
"""

from bot.domain.arguments import refuse_extra_words
from bot.domain.correction import OF_THE_OTHER_COMMAND, START_COMMAND
from bot.domain.invocation import Action
from bot.domain.policy_question import Act
from bot.domain.start_words import AGAIN as AGAIN_VERB
from bot.domain.start_words import StartWords, parse_start_words
from bot.errors import InvalidArguments
from bot.listeners.about_form import open_form
from bot.listeners.about_start import StartWish, commit_start, once_more, quick_start_of
from bot.listeners.help import help_with
from bot.listeners.understanding import understand
from bot.listeners.use import Command, Listener, Subcommand, Use, about_nothing, parse_nothing
from bot.messages.message import Message
from bot.messages.usage import usage
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

VERDICT = "Nothing was started."


def how_to_use(use: Use) -> Message:
    """Return how the command is used."""
    return usage(START_COMMAND, use.services.regions)


def parse(use: Use) -> StartWords:
    """Return the word for the room, the region and the options."""
    try:
        return parse_start_words(use.words, use.services.regions)
    except InvalidArguments as error:
        raise _of_the_other_command(use) or error from None


async def find(use: Use, words: StartWords) -> StartWish:
    """Return the start that the words wish for, unless they belong to the other command."""
    wish = await understand(use, words)
    if wish.quick_start is None and (error := _of_the_other_command(use)):
        raise error
    return wish


def _of_the_other_command(use: Use) -> InvalidArguments | None:
    word = use.words[0]
    if word.lower() not in OF_THE_OTHER_COMMAND:
        return None
    return InvalidArguments(reason(Code.WORD_OF_OTHER_COMMAND, word=word))


def parse_again(use: Use) -> None:
    """Nothing comes after `again`."""
    refuse_extra_words(use.words, after=AGAIN_VERB)


async def find_last(use: Use, _parsed: None) -> StartWish:
    """Find the last start of this channel, to be sent once more."""
    services, channel_id = use.services, use.invocation.origin.channel_id
    last = await services.acceptance.ask(services.invocations.last_start(channel_id or ""))
    if last is None:
        raise InvalidArguments(reason(Code.NO_START_HERE))
    use.invocation = once_more(use, last)
    return StartWish(
        asked=use.invocation,
        previous_id=last.id,
        is_repeatable=True,
        quick_start=await quick_start_of(use, last),
    )


AGAIN = Subcommand(
    verb=AGAIN_VERB,
    action=Action.START,
    parse=parse_again,
    find=find_last,
    handle=commit_start,
    verdict=VERDICT,
)

COMMAND = Command(
    name=START_COMMAND,
    description="Start a virtual avatar in a room and tell this channel",
    usage_hint="room [region] [room_type=RTC|METALINK] [client_id=…] | again | help",
    action=Action.START,
    verdict=VERDICT,
    subcommands=(help_with(how_to_use, of=Act.START), AGAIN),
    alone=Listener(
        action=Action.FORM, parse=parse_nothing, find=about_nothing, handle=open_form, verdict=VERDICT
    ),
    otherwise=Listener(action=Action.START, parse=parse, find=find, handle=commit_start, verdict=VERDICT),
)
