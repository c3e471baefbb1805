"""The form for a start, the options of its menu, and what is said of a quick start that it was to save."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from bot.domain.arguments import Regions
from bot.domain.invocation import RoomType
from bot.domain.job import legible
from bot.domain.quick_start import QuickStart
from bot.domain.room_names import NamedRoom
from bot.domain.start_form import Choice, Kind, Offer, Offers, Prefilled
from bot.messages import words
from bot.messages.message import Block, Message, context, plain, section
from bot.messages.mrkdwn import code, escape
from bot.messages.words import RoomName
from bot.reasons import Reason
from bot.reasons import ReasonCode as Code

START_FORM = "start_form"
ROOM = "room"
ROOM_MENU = "start_form_room"
"""The action ID of the menu that searches quick starts and rooms."""

REGION, ROOM_TYPE, CLIENT_ID, CHANNEL, SAVE_AS = "region", "room_type", "client_id", "channel", "save_as"
NOT_SET = "none"
"""The value of an option that leaves a field empty: in Slack, a menu cannot be emptied."""

TITLE = "Start an avatar"
LONGEST_OPTION = 75
LONGEST_CLIENT_ID = 128
LONGEST_NAME = 32

_FIELDS = {
    Code.REGION_UNKNOWN: REGION,
    Code.REGION_REQUIRED: REGION,
    Code.REGION_NOT_ALLOWED: REGION,
    Code.ROOM_TYPE_UNKNOWN: ROOM_TYPE,
    Code.CLIENT_ID_UNUSABLE: CLIENT_ID,
    Code.CHANNEL_NOT_ALLOWED: CHANNEL,
    Code.QUICK_NAME_UNUSABLE: SAVE_AS,
    Code.QUICK_NAME_LIKE_ID: SAVE_AS,
    Code.QUICK_NAME_LIKE_REGION: SAVE_AS,
    Code.QUICK_NAME_RESERVED: SAVE_AS,
    Code.QUICK_NAME_TAKEN: SAVE_AS,
}
"""The field under which a reason stands, if it is not the first one."""


def start_form(
    prefilled: Prefilled, regions: Regions, *, metadata: str, may_save: bool, name_of: RoomName
) -> dict[str, Any]:
    """Return the form. Slack returns `metadata` when it is submitted.

    Args:
        may_save: the person may add a quick start.
    """
    return {
        "type": "modal",
        "callback_id": START_FORM,
        "title": plain(TITLE),
        "submit": plain("Start"),
        "close": plain("Cancel"),
        "private_metadata": metadata,
        "blocks": [
            _room(prefilled, name_of),
            _region(prefilled, regions),
            _menu(ROOM_TYPE, "Room type", [(kind, kind) for kind in RoomType], prefilled.room_type),
            _client_id(prefilled),
            _channel(prefilled),
            *([_save_as()] if may_save else ()),
        ],
    }


def field_of(why: Reason | None) -> str:
    """Return the field under which a refusal stands."""
    return _FIELDS.get(why.code, ROOM) if why else ROOM


def groups_of(offers: Offers, name_of: RoomName) -> list[Block]:
    """Return the options of the menu, in groups that have some."""
    here = [each for each in offers.quick_starts if not each.is_everywhere]
    everywhere = [each for each in offers.quick_starts if each.is_everywhere]
    typed = [_option(f"Use the ID {offers.typed_id}", offers.typed_id)] if offers.typed_id else []
    groups = (
        ("Quick starts of this channel", _options(here, name_of)),
        ("Quick starts of all channels", _options(everywhere, name_of)),
        ("Rooms", _options(offers.rooms, name_of)),
        ("Room ID", typed),
    )
    return [{"label": plain(label), "options": options} for label, options in groups if options]


def not_saved(name: str, why: str) -> Message:
    """Say that the start was made and its quick start was not saved."""
    return Message(f"The quick start {code(name)} was not saved: {why}")


def also_not_saved(words: Message, name: str) -> Message:
    """Add to the message about a start that was not made that its quick start was not saved."""
    line = f"The quick start {code(name)} was not saved either."
    blocks = words.blocks or (section(words.text),)
    return replace(words, text=f"{words.text}\n{line}", blocks=(*blocks, context(line)))


def not_saved_with_a_reason(name: str) -> str:
    """Say that a start that needs a reason does not save its quick start."""
    return f"The quick start {code(name)} is not saved with it."


def _room(prefilled: Prefilled, name_of: RoomName) -> Block:
    menu: Block = {
        "type": "external_select",
        "action_id": ROOM_MENU,
        "min_query_length": 0,
        "placeholder": plain("Search by name, or type a room ID"),
    }
    if prefilled.offer is not None:
        menu["initial_option"] = _option_of(prefilled.offer, name_of)
    return _input(ROOM, "Quick start or room", menu)


def _region(prefilled: Prefilled, regions: Regions) -> Block:
    named = [(region, words.plain_region(region)) for region in regions.allowed]
    default = words.plain_region(regions.default) if regions.default else "MetaStudio's choice"
    hint = f"Not set: the quick start's own, else {default}."
    return _menu(REGION, "Region", named, prefilled.region) | {"hint": plain(hint)}


def _menu(field: str, label: str, named: Sequence[tuple[str, str]], chosen: str | None) -> Block:
    options = [{"text": plain("Not set"), "value": NOT_SET}]
    options += [{"text": plain(escape(text, LONGEST_OPTION)), "value": value} for value, text in named]
    menu: Block = {
        "type": "static_select",
        "action_id": field,
        "placeholder": plain("Not set"),
        "options": options,
    }
    for option in options:
        if option["value"] == chosen:
            menu["initial_option"] = option
    return _input(field, label, menu, optional=True)


def _client_id(prefilled: Prefilled) -> Block:
    typed: Block = {"type": "plain_text_input", "action_id": CLIENT_ID, "max_length": LONGEST_CLIENT_ID}
    if prefilled.client_id:
        typed["initial_value"] = prefilled.client_id
    hint = "Your own ID for this use."
    return _input(CLIENT_ID, "Client ID", typed, optional=True) | {"hint": plain(hint)}


def _channel(prefilled: Prefilled) -> Block:
    menu: Block = {
        "type": "conversations_select",
        "action_id": CHANNEL,
        "placeholder": plain("Choose a channel"),
        "default_to_current_conversation": True,
        "response_url_enabled": True,
    }
    if prefilled.channel_id:
        menu["initial_conversation"] = prefilled.channel_id
    return _input(CHANNEL, "Channel to post to", menu)


def _save_as() -> Block:
    typed: Block = {"type": "plain_text_input", "action_id": SAVE_AS, "max_length": LONGEST_NAME}
    hint = "A name in the channel above: small letters, digits and -. It is saved once the avatar starts."
    return _input(SAVE_AS, "Save as quick start", typed, optional=True) | {"hint": plain(hint)}


def _input(field: str, label: str, element: Block, *, optional: bool = False) -> Block:
    block: Block = {"type": "input", "block_id": field, "label": plain(label), "element": element}
    return block | ({"optional": True} if optional else {})


def _options(offers: Iterable[Offer], name_of: RoomName) -> list[Block]:
    return [_option_of(offer, name_of) for offer in offers]


def _option_of(offer: Offer, name_of: RoomName) -> Block:
    value = Choice.of(offer).value
    match offer:
        case QuickStart():
            room = legible(name_of(offer.room_id)) or offer.room_id
            facts = [room, *([words.plain_region(offer.region)] if offer.region else ())]
            return _labelled(offer.name, value, " · ".join(facts))
        case NamedRoom():
            name = legible(offer.name) or offer.room_id
            return _labelled(name, value, offer.room_id if name != offer.room_id else "")


def _option(text: str, room_id: str) -> Block:
    return _labelled(text, Choice(Kind.ROOM, room_id).value, "")


def _labelled(text: str, value: str, description: str) -> Block:
    option: Block = {"text": plain(escape(text, LONGEST_OPTION)), "value": value}
    return option | ({"description": plain(escape(description, LONGEST_OPTION))} if description else {})
