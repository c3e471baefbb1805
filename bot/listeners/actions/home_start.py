"""*Start*, beside a quick start on the Home tab: it is started as in the channel beside it."""

from dataclasses import replace

from bot.domain.home_tab import HomeStart
from bot.domain.invocation import Action
from bot.domain.start_words import StartWords
from bot.listeners.about_start import StartWish, commit_start
from bot.listeners.actions import quick_start
from bot.listeners.use import Accepted, Button, Use
from bot.messages.home import HOME_START


def parse(use: Use) -> StartWords:
    """Return the name in the button's value, as if it were typed in the button's channel."""
    wanted = HomeStart.parse(use.invocation.text)
    place = wanted.place
    there = use.invocation.in_channel(place.channel_id, place.kind)
    use.invocation = replace(there, text=wanted.name)
    return quick_start.parse(use)


async def start(use: Use, wish: StartWish) -> Accepted:
    """Commit the start. Home itself shows that it is under way."""
    return await commit_start(use, replace(wish, meant=None))


BUTTON = Button(
    action_id=HOME_START,
    action=Action.START,
    parse=parse,
    find=quick_start.find,
    handle=start,
    verdict="Nothing was started.",
)
