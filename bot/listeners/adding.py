"""Add a quick start, for whoever asks for it."""

from dataclasses import replace

from bot.domain.invocation import Invocation, Status
from bot.domain.quick_start import MOST_QUICK_STARTS, QuickStart
from bot.domain.quick_words import Add
from bot.errors import InvalidArguments
from bot.listeners.understanding import known_quick_starts
from bot.listeners.use import Use
from bot.messages.message import Message
from bot.messages.quick_starts import added
from bot.reasons import ReasonCode as Code
from bot.reasons import reason


def to_be_logged(use: Use, asked: Invocation) -> Invocation:
    """Return the row that is committed with a change. Its lease holds until the panels are due."""
    closed = use.services.acceptance.closed(asked, Status.DONE)
    return replace(closed, lease_until=use.services.panels.lease_until())


async def add(use: Use, logged: Invocation, words: Add, channel_id: str | None) -> Message:
    """Add a quick start and log it in one commit, and return what to tell.

    Args:
        channel_id: its place, None for everywhere.

    Raises:
        InvalidArguments: its name is taken, or the place is full.
    """
    services, request = use.services, words.request
    quick_start = QuickStart(
        id=services.incoming.new_id(),
        team_id=logged.origin.team_id or "",
        channel_id=channel_id,
        name=words.name,
        room_id=request.room_id,
        region=request.region,
        room_type=request.room_type,
        client_id=request.client_id,
        user_id=logged.origin.user_id,
        created_at=logged.created_at,
    )
    known = await known_quick_starts(use)
    hides = not words.everywhere and any(each.is_everywhere and each.name == words.name for each in known)
    change = services.quick_starts.add(quick_start, logged, most=MOST_QUICK_STARTS)
    if not await services.acceptance.ask(change, beside_commit=True):
        check_free(await known_quick_starts(use), words.name, channel_id)
        raise InvalidArguments(reason(Code.QUICK_STARTS_TOO_MANY, everywhere=words.everywhere))
    return added(quick_start, services.room_list.name, hides=hides)


def check_free(known: list[QuickStart], name: str, channel_id: str | None) -> None:
    """Check that no quick start of this place has the name.

    Raises:
        InvalidArguments: one has it.
    """
    if any((each.name, each.channel_id) == (name, channel_id) for each in known):
        raise InvalidArguments(reason(Code.QUICK_NAME_TAKEN, name=name, everywhere=channel_id is None))
