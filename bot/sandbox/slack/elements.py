"""Check interactive elements: buttons, menus, pickers and inputs in a message.

Limits: https://docs.slack.dev/reference/block-kit/block-elements
"""

import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.slack.objects import (
    Problems,
    confirm,
    each,
    fields,
    image_source,
    items,
    option,
    option_group,
    optional_string,
    optional_text,
    options,
    problem,
    style,
)

_URL = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)
_COMMON = ("action_id", "confirm", "focus_on_load")


def element(value: Any, at: str, *, inside: str) -> Problems:
    """Check one element of the block type `inside`: section (its accessory), actions, or input."""
    if not isinstance(value, dict):
        yield problem("must be an element", at)
        return
    check = _CHECKS.get(str(value.get("type")))
    if check is None or value["type"] not in _ALLOWED[inside]:
        yield problem(f"unsupported type: {value.get('type')}", f"{at}/type")
        return
    yield from optional_string(value, "action_id", at, 255)
    yield from confirm(value, at)
    yield from check(value, at)
    if value.get("response_url_enabled") and inside != "input":
        yield problem("only works in an input of a modal", f"{at}/response_url_enabled")


def image_element(value: dict[str, Any], at: str) -> Problems:
    yield from fields(value, at, ["alt_text"], ["image_url", "slack_file"])
    yield from image_source(value, at)


def _button(value: dict[str, Any], at: str) -> Problems:
    yield from fields(
        value, at, ["text"], ["action_id", "confirm", "url", "value", "style", "accessibility_label"]
    )
    yield from optional_text(value, "text", at, 75)
    yield from optional_string(value, "value", at, 2000)
    yield from optional_string(value, "url", at, 3000)
    yield from optional_string(value, "accessibility_label", at, 75)
    yield from style(value, at)
    if isinstance(value.get("url"), str) and not _URL.fullmatch(value["url"]):
        yield problem("must be a valid URL", f"{at}/url")


def _overflow(value: dict[str, Any], at: str) -> Problems:
    yield from fields(value, at, ["options"], ["action_id", "confirm"])
    yield from options(value.get("options", []), f"{at}/options", 5)


def _choices(value: dict[str, Any], at: str) -> Problems:
    """Check checkboxes and radio buttons; only their options may hold mrkdwn."""
    yield from fields(value, at, ["options"], [*_COMMON, "initial_option", "initial_options"])
    yield from options(value.get("options", []), f"{at}/options", 10, plain=False)


def _static_select(value: dict[str, Any], at: str) -> Problems:
    known = ["options", "option_groups", "initial_option", "initial_options", "max_selected_items"]
    yield from fields(value, at, [], [*_COMMON, *known, "placeholder"])
    yield from optional_text(value, "placeholder", at, 150)
    if ("options" in value) == ("option_groups" in value):
        yield problem("must have exactly one of options and option_groups", at)
    if "options" in value:
        yield from options(value["options"], f"{at}/options", 100)
    if "option_groups" in value:
        yield from items(value["option_groups"], f"{at}/option_groups", 100)
        for group, where in each(value["option_groups"], f"{at}/option_groups"):
            yield from option_group(group, where)


def _external_select(value: dict[str, Any], at: str) -> Problems:
    known = ["initial_option", "initial_options", "min_query_length", "max_selected_items"]
    yield from fields(value, at, [], [*_COMMON, *known, "placeholder"])
    yield from optional_text(value, "placeholder", at, 150)
    if "initial_option" in value:
        yield from option(value["initial_option"], f"{at}/initial_option")
    if not isinstance(value.get("min_query_length", 0), int):
        yield problem("must be an integer", f"{at}/min_query_length")


def _conversations_select(value: dict[str, Any], at: str) -> Problems:
    known = ["initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"]
    many = ["initial_conversations", "max_selected_items"]
    yield from fields(value, at, [], [*_COMMON, *known, *many, "placeholder"])
    yield from optional_text(value, "placeholder", at, 150)
    yield from optional_string(value, "initial_conversation", at, 255)
    for name in ("default_to_current_conversation", "response_url_enabled"):
        if not isinstance(value.get(name, False), bool):
            yield problem("must be a boolean", f"{at}/{name}")


def _picker(value: dict[str, Any], at: str) -> Problems:
    """Check the common fields of date and time pickers, text inputs, and menus that Slack fills itself."""
    yield from optional_text(value, "placeholder", at, 150)


_CHECKS: dict[str, Callable[[dict[str, Any], str], Problems]] = {
    "button": _button,
    "overflow": _overflow,
    "checkboxes": _choices,
    "radio_buttons": _choices,
    "static_select": _static_select,
    "multi_static_select": _static_select,
    "external_select": _external_select,
    "multi_external_select": _external_select,
    "conversations_select": _conversations_select,
    "multi_conversations_select": _conversations_select,
    "image": image_element,
} | dict.fromkeys(
    [
        *(f"{kind}_select" for kind in ("users", "channels")),
        *(f"multi_{kind}_select" for kind in ("users", "channels")),
        *("datepicker", "timepicker", "datetimepicker"),
        *("plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"),
    ],
    _picker,
)
_INPUTS_ONLY = {name for name in _CHECKS if name.endswith("_input")}
_MULTI = {name for name in _CHECKS if name.startswith("multi_")}
_ALLOWED = {
    "section": _CHECKS.keys() - _INPUTS_ONLY,
    "actions": _CHECKS.keys() - _INPUTS_ONLY - _MULTI - {"image"},
    "input": _CHECKS.keys() - {"button", "overflow", "image"},
}
