"""`/avatar quick add | list | rename | remove | panel`."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.domain.invocation import Action, Invocation, Status
from bot.domain.quick_start import QuickStart, listed, place_of, unknown
from bot.domain.quick_words import Add, HowTo, Panel, QuickWords, Remove, Rename, Show, parse_quick
from bot.errors import InvalidArguments
from bot.listeners.adding import add, to_be_logged
from bot.listeners.understanding import known_quick_starts
from bot.listeners.use import SAME_DELIVERY, Accepted, Subcommand, Use, Wish
from bot.messages.message import Message
from bot.messages.quick_starts import posting_panel, quick_list, removed, renamed, usage
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickWish(Wish):
    """A wish about quick starts; `channel_id` is the place of a change, None for everywhere."""

    words: QuickWords
    channel_id: str | None = None


def parse(use: Use) -> QuickWords:
    """Return what is to be done."""
    return parse_quick(use.words, use.services.regions)


async def find(use: Use, words: QuickWords) -> QuickWish:
    """Return the wish, if its person may change what it changes."""
    everywhere = isinstance(words, Add | Rename | Remove) and words.everywhere
    if isinstance(words, Add):
        use.invocation = use.invocation.asking_for(words.request)
    if everywhere:
        use.services.policy.check_everywhere(use.invocation)
    place = None if everywhere else use.invocation.origin.channel_id or ""
    return QuickWish(asked=use.invocation, words=words, channel_id=place)


async def do(use: Use, wish: QuickWish) -> Accepted:
    """Make the change and log it, or answer."""
    match wish.words:
        case Add() as words:
            return await _add(use, wish, words)
        case Rename() as words:
            return await _rename(use, wish, words)
        case Remove() as words:
            return await _remove(use, wish, words)
        case Show(beginning):
            return await _show(use, wish, beginning)
        case Panel():
            return await _post_panel(use, wish)
        case HowTo():
            await use.services.incoming.close(use.invocation, Status.DONE)
            return Accepted(words=usage(use.command or ""))


async def _add(use: Use, wish: QuickWish, words: Add) -> Accepted:
    logged = to_be_logged(use, wish.asked)
    return _changed(use, logged, await add(use, logged, words, wish.channel_id))


async def _rename(use: Use, wish: QuickWish, words: Rename) -> Accepted:
    logged = to_be_logged(use, wish.asked)
    place = (logged.origin.team_id or "", wish.channel_id)
    if not await _commit(use, use.services.quick_starts.rename(*place, words.old, words.new, logged)):
        _find(await known_quick_starts(use), wish, words.old, everywhere=words.everywhere)
        raise InvalidArguments(reason(Code.QUICK_NAME_TAKEN, name=words.new, everywhere=words.everywhere))
    return _changed(use, logged, renamed(words.old, words.new, everywhere=words.everywhere))


async def _remove(use: Use, wish: QuickWish, words: Remove) -> Accepted:
    logged = to_be_logged(use, wish.asked)
    known = await known_quick_starts(use)
    quick_start = _find(known, wish, words.name, everywhere=words.everywhere)
    place = (logged.origin.team_id or "", wish.channel_id)
    if not await _commit(use, use.services.quick_starts.remove(*place, words.name, logged)):
        raise unknown(words.name, ())
    uncovers = not words.everywhere and _is_known_everywhere(known, words.name)
    return _changed(use, logged, removed(quick_start, use.services.room_list.name, uncovers=uncovers))


async def _show(use: Use, wish: QuickWish, beginning: str) -> Accepted:
    services = use.services
    known = services.quick_starts.known_in(*place_of(wish.asked))
    _, found = await asyncio.gather(
        services.incoming.close(wish.asked, Status.DONE),
        services.acceptance.ask(known, beside_commit=True),
    )
    return Accepted(words=quick_list(listed(found), services.room_list.name, beginning=beginning))


async def _post_panel(use: Use, wish: QuickWish) -> Accepted:
    received = await use.services.panels.commit(wish.asked)
    if received is None:
        return SAME_DELIVERY
    return Accepted(words=posting_panel(), work=partial(use.services.worker.work_on, received))


def _find(known: Sequence[QuickStart], wish: QuickWish, name: str, *, everywhere: bool) -> QuickStart:
    """Return the quick start of this name in the place of the change.

    Raises:
        InvalidArguments: there is none.
    """
    found = [each for each in known if (each.name, each.channel_id) == (name, wish.channel_id)]
    if not found:
        raise unknown(name, known, everywhere=everywhere)
    return found[0]


def _is_known_everywhere(known: Sequence[QuickStart], name: str) -> bool:
    return any(each.is_everywhere and each.name == name for each in known)


async def _commit(use: Use, change: Coroutine[Any, Any, bool]) -> bool:
    """Make a change and log it, in time for the ack; return False where it does not come about."""
    return await use.services.acceptance.ask(change, beside_commit=True)


def _changed(use: Use, logged: Invocation, words: Message) -> Accepted:
    return Accepted(words=words, work=partial(use.services.worker.work_on, logged))


SUBCOMMAND = Subcommand(
    verb="quick",
    has_help=True,
    action=Action.QUICK,
    parse=parse,
    find=find,
    handle=do,
    verdict="Nothing was changed.",
)
