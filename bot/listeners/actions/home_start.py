"""*Start*, beside a quick start on the Home tab: it is started as in the channel beside it."""

from dataclasses import dataclass, replace

from bot.domain.home_tab import HomeStart
from bot.domain.invocation import Action
from bot.domain.start_words import StartWords
from bot.errors import InvalidArguments
from bot.listeners.about_start import StartWish, commit_start
from bot.listeners.actions import quick_start
from bot.listeners.understanding import wish_for
from bot.listeners.use import Accepted, Button, Use
from bot.messages.home import HOME_START
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


@dataclass(frozen=True, slots=True)
class Shown:
    """The words of a start, and the ID of the quick start that stood beside the button, if that is known."""

    words: StartWords
    quick_start_id: str | None = None


def parse(use: Use) -> Shown:
    """Return the name in the button's value, as if it were typed in the button's channel.

    A refused start that is made with a reason has only the name as its text, and has its channel already.
    """
    if use.invocation.origin.channel_id is not None:
        return Shown(quick_start.parse(use))
    wanted = HomeStart.parse(use.invocation.text)
    place = wanted.place
    there = use.invocation.in_channel(place.channel_id, place.kind)
    use.invocation = replace(there, text=wanted.name)
    return Shown(quick_start.parse(use), wanted.quick_start_id)


async def find(use: Use, shown: Shown) -> StartWish:
    """Return a wish for the quick start.

    Raises:
        InvalidArguments: there is none of this name, or another one than the tab shows.
    """
    found = await quick_start.get_quick_start(use, shown.words)
    if shown.quick_start_id not in {None, found.id}:
        raise InvalidArguments(reason(Code.QUICK_START_CHANGED, word=shown.words.word))
    return wish_for(use, found, shown.words)


async def start(use: Use, wish: StartWish) -> Accepted:
    """Commit the start. Home itself shows that it is under way."""
    return await commit_start(use, replace(wish, meant=None))


BUTTON = Button(
    action_id=HOME_START,
    action=Action.START,
    parse=parse,
    find=find,
    handle=start,
    verdict="Nothing was started.",
)
