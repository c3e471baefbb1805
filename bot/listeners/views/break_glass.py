"""Take the reason for a start that the policy refuses, and make the start.

The listener of the refused command or button parses the refused text again. So all its checks apply, such as
the check for duplicates. What a form was filled with is not parsed again: typed, it could mean something
else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.domain.arguments import ButtonValue
from bot.domain.invocation import Action, Invocation, Source, has_room
from bot.domain.start_words import is_by_name
from bot.errors import InvalidArguments
from bot.listeners.about_start import StartWish, commit_start, once_more
from bot.listeners.actions import ACTIONS
from bot.listeners.commands import COMMANDS
from bot.listeners.use import Accepted, AnyListener, Use, View, Wish, listener_for
from bot.messages.break_glass import BREAK_GLASS, REASON_FIELD
from bot.reasons import ReasonCode as Code
from bot.reasons import reason

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassWish(Wish):
    """A wish for a refused start: the wish that was refused, and the function that commits it.

    Both are None if the person has no such refused start.
    """

    handle: Callable[[Use, Any], Awaitable[Accepted]] | None = None
    refused: Wish | None = None


def parse(use: Use) -> str:
    """Return what came back with the modal. The reason becomes the text of the row.

    It is the ID of the click that opened the modal. For a refused form, which has no such click, it is what
    the button would hold.
    """
    why = " ".join(use.form.values.get(REASON_FIELD, "").split())
    use.invocation = replace(use.invocation, text=why)
    return use.form.metadata


async def find(use: Use, came_back: str) -> GlassWish:
    """Find what was refused, if it was this person's."""
    click = await _row(use, came_back, Action.BREAK_GLASS)
    clicked = ButtonValue.parse(click.text if click else came_back)
    refused = await _row(use, clicked.invocation_id, Action.START)
    if refused is None:
        return GlassWish(asked=use.invocation)
    origin = replace(
        use.invocation.origin,
        team_id=refused.origin.team_id,
        channel_id=refused.origin.channel_id,
        channel_kind=refused.origin.channel_kind,
        response_url=(click or refused).origin.response_url,
    )
    use.invocation = replace(use.invocation, origin=origin)
    why = use.invocation.text
    handle, wish = await _refused_wish(use, clicked.argument, refused)
    asked = use.invocation = replace(wish.asked, source=Source.BREAK_GLASS, text=why)
    wish = replace(wish, asked=asked)
    return GlassWish(asked=asked, handle=handle, refused=wish)


async def start(use: Use, wish: GlassWish) -> Accepted:
    """Commit the start as it would have been committed."""
    if not wish.asked.text:
        raise InvalidArguments(reason(Code.BREAK_GLASS_REASON_MISSING))
    if wish.handle is None or wish.refused is None:
        raise InvalidArguments(reason(Code.START_NOT_IN_LOG))
    accepted = await wish.handle(use, wish.refused)
    if accepted.work is not None:
        _log.warning("the glass was broken", user_id=wish.asked.origin.user_id)
    return accepted


async def _row(use: Use, invocation_id: str, action: Action) -> Invocation | None:
    """Return the row, if it is this person's."""
    row = await use.services.acceptance.ask(use.services.invocations.get(invocation_id))
    is_theirs = (
        row is not None and row.origin.user_id == use.invocation.origin.user_id and row.action is action
    )
    return row if is_theirs else None


async def _refused_wish(
    use: Use, name: str, refused: Invocation
) -> tuple[Callable[[Use, Any], Awaitable[Accepted]], Wish]:
    """Return what was refused, and the function that commits it.

    Args:
        name: the name of the listener to the refused use.
    """
    if refused.source is Source.FORM and has_room(refused):
        return commit_start, StartWish(asked=once_more(use, refused), previous_id=refused.id)
    listener, again = _listener_to(use, name, refused)
    wish: Wish = await listener.find(again, listener.parse(again))
    if isinstance(wish, StartWish) and (again.command or wish.previous_id is None):
        wish = _as_refused(again, wish, refused)
    return listener.handle, wish


def _as_refused(again: Use, wish: StartWish, refused: Invocation) -> StartWish:
    """Return the wish for what the modal has named, once: a quick start or `again` may mean more by now."""
    wish = replace(wish, previous_id=refused.id, is_repeatable=False)
    if not has_room(refused) or is_by_name(refused) or wish.asked.request == refused.request:
        return wish
    return replace(wish, asked=once_more(again, refused), meant=None)


def _listener_to(use: Use, name: str, refused: Invocation) -> tuple[AnyListener, Use]:
    """Return the listener to the command or button of this name, and the refused use."""
    again = Use(use.services, replace(use.invocation, text=refused.text), use.verdict)
    for command in COMMANDS:
        if command.name == name:
            listener, again.words = listener_for(command, refused.text)
            again.command = name
            return listener, again
    for button in ACTIONS:
        if button.action_id == name and button.action is Action.START:
            return button, again
    raise InvalidArguments(reason(Code.BUTTON_NAMES_NO_REFUSED_START))


VIEW = View(
    callback_id=BREAK_GLASS,
    action=Action.START,
    source=Source.BREAK_GLASS,
    field_of=lambda _why: REASON_FIELD,
    parse=parse,
    find=find,
    handle=start,
    verdict="Nothing was started.",
)
