"""Take what was filled in in the form, make the start, and save it as a quick start if that is wanted."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from bot.domain.arguments import ButtonValue, Regions
from bot.domain.correction import START_COMMAND
from bot.domain.invocation import MADE_NO_JOB, Action, Invocation, Source, StartRequest, Status
from bot.domain.quick_start import QuickStart, checked_name, chosen, unknown
from bot.domain.quick_words import Add
from bot.domain.start_form import Choice, Filled, Kind, typed_form_of
from bot.domain.start_words import StartWords, parse_start_words
from bot.domain.typed_text import normalised
from bot.errors import DatabaseUnavailable, ReasonedError, Refused
from bot.listeners.about_start import StartWish, commit_start
from bot.listeners.adding import add, check_free, to_be_logged
from bot.listeners.answers import tell
from bot.listeners.understanding import known_quick_starts
from bot.listeners.use import SAME_DELIVERY, Accepted, Use, View
from bot.messages.failures import said
from bot.messages.start_form import (
    CHANNEL,
    CLIENT_ID,
    NOT_SET,
    REGION,
    ROOM,
    ROOM_TYPE,
    SAVE_AS,
    START_FORM,
    also_not_saved,
    field_of,
    not_saved,
    not_saved_with_a_reason,
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was filled in, and its words."""

    filled: Filled
    words: StartWords


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWish(StartWish):
    """A wish for a start, and the quick start to save once it is made."""

    save: Add | None = None


def parse(use: Use) -> Parsed:
    """Return what was filled in. What would have been typed instead becomes the text of the row."""
    values, opened = use.form.values, ButtonValue.parse(use.form.metadata)
    options = {
        name: value
        for name in (REGION, ROOM_TYPE, CLIENT_ID)
        if (value := normalised(values.get(name, "")).strip()) and value != NOT_SET
    }
    filled = Filled(
        opening_id=opened.invocation_id,
        opened_in=opened.argument or None,
        choice=Choice.parse(values.get(ROOM, "")),
        options=options,
        save_as=normalised(values.get(SAVE_AS, "")).strip() or None,
    )
    channel_id = values.get(CHANNEL)
    origin = replace(
        use.invocation.origin,
        channel_id=channel_id,
        response_url=use.form.response_urls.get(channel_id or ""),
    )
    use.invocation = replace(use.invocation, text=filled.text, origin=origin)
    room = {"room_id": filled.choice.word} if filled.choice else {}
    typed = [f"{name}={value}" for name, value in (room | options).items()]
    words = parse_start_words(typed, use.services.regions)
    if filled.save_as:
        checked_name(filled.save_as, use.services.regions.allowed)
        use.remark = not_saved_with_a_reason(filled.save_as.lower())
    return Parsed(filled, words)


async def find(use: Use, parsed: Parsed) -> FormWish:
    """Return the start that was filled in: a quick start is looked for where the form has offered it."""
    filled, words = parsed.filled, parsed.words
    services, origin = use.services, use.invocation.origin
    ask = services.acceptance.ask
    opening, offered, known = await asyncio.gather(
        ask(services.invocations.get(filled.opening_id)),
        ask(services.quick_starts.known_in(origin.team_id or "", filled.opened_in)),
        known_quick_starts(use),
    )
    if opening is not None and opening.origin.channel_id == origin.channel_id:
        use.invocation = _as_there(use.invocation, opening)
    quick_start = _quick_start_of(filled, offered)
    request = _request(words, quick_start)
    use.invocation = use.invocation.asking_for(request)
    if quick_start and quick_start != chosen(each for each in known if each.name == quick_start.name):
        # In the chosen channel its name means nothing, or another quick start, so it is only its room there.
        use.invocation = replace(use.invocation, text=typed_form_of(request))
        services.policy.check(use.invocation)
    save = None
    if filled.save_as and origin.channel_id:
        save = Add(filled.save_as.lower(), _to_be_saved(words, quick_start), everywhere=False)
    return FormWish(
        asked=use.invocation,
        previous_id=filled.opening_id or None,
        quick_start=quick_start.name if quick_start else None,
        save=save,
    )


async def start(use: Use, wish: FormWish) -> Accepted:
    """Commit the start; a form makes one start, however often it is submitted."""
    if wish.save:
        check_free(await known_quick_starts(use), wish.save.name, wish.asked.origin.channel_id)
    accepted = await commit_start(use, wish)
    if wish.save is None or accepted is SAME_DELIVERY:
        return accepted
    if accepted.work is None:
        words = accepted.words and also_not_saved(accepted.words, wish.save.name)
        return replace(accepted, words=words)
    return replace(accepted, work=partial(_start_and_save, use, wish.save, accepted.work))


def _as_there(asked: Invocation, opening: Invocation) -> Invocation:
    """Return the use with what is known of its channel since the form was opened there."""
    there = opening.origin
    response_url = asked.origin.response_url or there.response_url
    return replace(
        asked,
        origin=replace(asked.origin, channel_kind=there.channel_kind, response_url=response_url),
    )


def _quick_start_of(filled: Filled, offered: list[QuickStart]) -> QuickStart | None:
    """Return the chosen quick start; None if a room was chosen.

    Raises:
        InvalidArguments: it was removed in the meantime.
    """
    choice = filled.choice
    if choice is None or choice.kind is not Kind.QUICK_START:
        return None
    found = chosen(each for each in offered if each.name == choice.word)
    if found is None:
        raise unknown(choice.word, offered)
    return found


def _request(words: StartWords, quick_start: QuickStart | None) -> StartRequest:
    return words.of(quick_start) if quick_start else words.in_room(words.word)


def _to_be_saved(words: StartWords, quick_start: QuickStart | None) -> StartRequest:
    """Return the request without the default region: that may change."""
    return _request(replace(words, regions=Regions(words.regions.allowed)), quick_start)


async def _start_and_save(use: Use, save: Add, work: Callable[[], Awaitable[None]]) -> None:
    """Carry out the start. Save the quick start if the start was made, and say what came of it."""
    services = use.services
    try:
        await work()
        start = await services.invocations.get(use.invocation.id)
    except DatabaseUnavailable as error:
        await tell(services, use.invocation, not_saved(save.name, said(error)))
        raise  # the start is continued by recovery
    if start is None or start.status is not Status.STARTED:
        is_known = start is not None and start.status in (*MADE_NO_JOB, Status.INVALID)
        why = "nothing was started." if is_known else "it is not known whether the avatar started."
        await tell(services, use.invocation, not_saved(save.name, why))
        return
    text = f"quick add {save.name} {typed_form_of(save.request)}"
    asked = services.incoming.added_to(use.invocation, Action.QUICK, text).asking_for(save.request)
    try:
        services.policy.check(asked)
        logged = to_be_logged(use, asked)
        words = await add(use, logged, save, asked.origin.channel_id)
    except ReasonedError as error:
        if not isinstance(error, DatabaseUnavailable):
            status = Status.REFUSED if isinstance(error, Refused) else Status.INVALID
            with suppress(DatabaseUnavailable):
                await services.incoming.close(asked, status, error.reason)
        words = not_saved(save.name, said(error))
    else:
        services.claims.take(logged.id, services.worker.work_on(logged))
    await tell(services, use.invocation, words)


VIEW = View(
    callback_id=START_FORM,
    action=Action.START,
    source=Source.FORM,
    field_of=field_of,
    typed_after=START_COMMAND,
    parse=parse,
    find=find,
    handle=start,
)
