"""What the first word of a start means: a quick start, a room ID or a room's name.

The order is: quick start of the channel, quick start of everywhere, room ID, room name. Quick starts are read
from the database before the ack: that is right whichever process has changed them, and takes one indexed
read, only where the word can be a name. Where that takes too long, a start is not refused for it: the word
counts as a room ID, and MetaStudio refuses it if it is none. Rooms are looked up after the ack, unless the
list was read just now.
"""

from dataclasses import replace

import structlog

from bot.domain.quick_start import QuickStart, chosen, place_of
from bot.domain.quick_start import may_be_name as may_be_quick_start
from bot.domain.room_names import (
    By,
    Match,
    NamedRoom,
    find_room,
    is_room_id,
    may_be_id,
    not_found,
    of_several,
)
from bot.domain.start_words import Meant, StartWords, by_name
from bot.errors import DatabaseUnavailable
from bot.jobs.room_list import YOUNG_SECONDS
from bot.listeners.about_start import StartWish
from bot.listeners.use import Use

_log = structlog.get_logger()


async def find_quick_start(use: Use, word: str) -> QuickStart | None:
    """Return the quick start of this name that counts where the bot is used."""
    if not may_be_quick_start(word):
        return None
    named = use.services.quick_starts.named(*place_of(use.invocation), word.lower())
    return chosen(await use.services.acceptance.ask(named))


async def known_quick_starts(use: Use) -> list[QuickStart]:
    """Return the quick starts that are known where the bot is used."""
    return await use.services.acceptance.ask(use.services.quick_starts.known_in(*place_of(use.invocation)))


async def understand(use: Use, words: StartWords) -> StartWish:
    """Return the start that the words wish for.

    Raises:
        InvalidArguments: the word means nothing that can be started, for all that is known.
    """
    try:
        quick_start = await find_quick_start(use, words.word)
    except DatabaseUnavailable as error:
        _log.warning("a word counts as a room ID, for no quick start could be read", reason=str(error))
        quick_start = None
    if quick_start is not None:
        return wish_for(use, quick_start, words)
    if may_be_id(words.word):
        return _by_word(use, words)
    return await _by_name(use, words)


def wish_for(use: Use, quick_start: QuickStart, words: StartWords) -> StartWish:
    """Return a wish for what a quick start names, and what is typed beside it."""
    use.invocation = use.invocation.asking_for(words.of(quick_start))
    by = By.QUICK_START_EVERYWHERE if quick_start.is_everywhere else By.QUICK_START_HERE
    return StartWish(asked=use.invocation, meant=Meant(quick_start.name, by))


def _by_word(use: Use, words: StartWords) -> StartWish:
    """Return a wish for the room of this ID, unless the list knows the word as a name only."""
    use.invocation = use.invocation.asking_for(words.in_room(words.word))
    if is_room_id(words.word):
        return StartWish(asked=use.invocation)
    rooms = use.services.room_list.known()
    found = find_room(words.word, rooms) if rooms is not None else None
    if isinstance(found, Match) and found.by is not By.BEGINNING:
        return _in(use, words, found)
    return StartWish(asked=use.invocation)


async def _by_name(use: Use, words: StartWords) -> StartWish:
    rooms = use.services.room_list.known()
    match find_room(words.word, rooms) if rooms is not None else None:
        case Match() as found:
            return _in(use, words, found)
        case (NamedRoom(), *_) as several:
            raise of_several(words.word, several)
        case () if use.services.room_list.known(max_age=YOUNG_SECONDS) is not None:
            raise not_found(words.word, rooms or (), await known_quick_starts(use))
    use.invocation = by_name(use.invocation, words)
    return StartWish(asked=use.invocation)


def _in(use: Use, words: StartWords, found: Match) -> StartWish:
    room = found.room
    use.invocation = replace(use.invocation.asking_for(words.in_room(room.room_id)), room_name=room.name)
    meant = None if found.by is By.ID else Meant(words.word, found.by)
    return StartWish(asked=use.invocation, meant=meant)
