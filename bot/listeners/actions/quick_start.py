"""A button of a panel: it starts what `/avatar-start NAME` starts in this channel."""

from dataclasses import replace

from bot.domain.invocation import Action
from bot.domain.quick_start import QuickStart, unknown
from bot.domain.start_words import StartWords, parse_start_words
from bot.listeners.about_start import StartWish, commit_start
from bot.listeners.understanding import find_quick_start, known_quick_starts, wish_for
from bot.listeners.use import Accepted, Button, Use
from bot.messages.quick_starts import QUICK_START


def parse(use: Use) -> StartWords:
    """Return the name in the button's value, as if it were typed."""
    return parse_start_words([use.invocation.text], use.services.regions)


async def find(use: Use, words: StartWords) -> StartWish:
    """Return a wish for the quick start: by its name, for the panel may be a moment behind."""
    return wish_for(use, await get_quick_start(use, words), words)


async def get_quick_start(use: Use, words: StartWords) -> QuickStart:
    """Return the quick start that the words name.

    Raises:
        InvalidArguments: there is none of this name.
    """
    quick_start = await find_quick_start(use, words.word)
    if quick_start is None:
        raise unknown(words.word, await known_quick_starts(use))
    return quick_start


async def start(use: Use, wish: StartWish) -> Accepted:
    """Commit the start; the panel stays what it is."""
    return replace(await commit_start(use, wish), instead=False)


BUTTON = Button(
    action_id=QUICK_START,
    action=Action.START,
    parse=parse,
    find=find,
    handle=start,
    verdict="Nothing was started.",
)
