"""The state of elements: choices and input by block and action, in the shape that apps receive. Pure.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload shows the shapes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from bot.sandbox.slack.block_ids import elements_in, find_element

State: TypeAlias = dict[str, dict[str, dict[str, Any]]]

REQUIRED = "Please complete this required field."
"""The text that Slack's client shows under a required input that was left empty."""

_ONE, _SEVERAL = "selected_option", "selected_options"
_FIELDS = {
    "static_select": _ONE,
    "external_select": _ONE,
    "radio_buttons": _ONE,
    "multi_static_select": _SEVERAL,
    "multi_external_select": _SEVERAL,
    "checkboxes": _SEVERAL,
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
}
"""Element type → the field of its value. Elements that are not listed, such as buttons, have no state."""

_TYPES: dict[str, type] = {_ONE: dict, _SEVERAL: list, "selected_date_time": int, "rich_text_value": dict}
_LISTS = {_SEVERAL, "selected_users", "selected_conversations", "selected_channels"}


def initial_state(blocks: list[dict[str, Any]], channel: str | None = None) -> State:
    """Return the state before anybody has chosen or typed anything.

    Args:
        channel: the conversation that the person sees beside the view.
    """
    state: State = {}
    for block, element, field in _stateful(blocks):
        given = element.get(_initial(field), [] if field in _LISTS else None)
        if given is None and element.get("default_to_current_conversation"):
            given = channel
        value = {"type": element["type"], field: given}
        state.setdefault(block["block_id"], {})[element["action_id"]] = value
    return state


def carried_over(old: State, blocks: list[dict[str, Any]], channel: str | None = None) -> State:
    """Return the state of new blocks; elements with the same ids and type keep their values."""
    state = initial_state(blocks, channel)
    for block_id, values in state.items():
        for action_id, value in values.items():
            kept = old.get(block_id, {}).get(action_id)
            if kept is not None and kept["type"] == value["type"]:
                values[action_id] = kept
    return state


def changed_state(state: State, blocks: list[dict[str, Any]], values: Mapping[str, Any]) -> State:
    """Return the state with new values, given as `{block_id: {action_id: value}}`.

    Raises ValueError, in words, for unknown blocks and for values that nobody could choose.
    """
    changed = {block_id: dict(actions) for block_id, actions in state.items()}
    for block_id, actions in values.items():
        if not isinstance(actions, dict):
            raise ValueError(f"the values of {block_id!r} must be an object")  # noqa: TRY004 - the caller treats all wrong values alike
        for action_id, given in actions.items():
            _, element = find_element(blocks, block_id, action_id)
            changed.setdefault(block_id, {})[action_id] = read_value(element, given)
    return changed


def read_value(element: dict[str, Any], given: Any) -> dict[str, Any]:
    """Convert a value to the shape that apps receive. An option may be an object or only its `value`."""
    kind = element["type"]
    if not isinstance(given, dict) or given.get("type", kind) != kind:
        raise ValueError(f"{element['action_id']!r} takes an object of type {kind}")
    field = "selected_option" if kind == "overflow" else _FIELDS.get(kind)
    if field is None:
        raise ValueError(f"a {kind} has no value")
    value = given.get(field)
    if field == _ONE and value is not None:
        value = _offered(element, value)
    elif field in _LISTS:
        value = [] if value is None else value
        if not isinstance(value, list):
            raise ValueError(f"{field} must be a list")
        value = [_offered(element, one) for one in value] if field == _SEVERAL else value
    elif value is not None and not isinstance(value, _TYPES.get(field, str)):
        raise ValueError(f"{field} must be a {_TYPES.get(field, str).__name__}")
    if kind == "overflow" and value is None:
        raise ValueError("nothing of the overflow menu is chosen")
    return {"type": kind, field: None if value == "" else value}


def has_state(element: dict[str, Any]) -> bool:
    return element["type"] in _FIELDS


def missing_inputs(blocks: list[dict[str, Any]], state: State) -> dict[str, str]:
    """Return Slack's message for each required input that is empty, by block."""
    return {
        block["block_id"]: REQUIRED
        for block, element, field in _stateful(blocks)
        if block["type"] == "input"
        and not block.get("optional", False)
        and state[block["block_id"]][element["action_id"]][field] in (None, "", [])
    }


def _stateful(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    for block in blocks:
        for element in elements_in(block):
            if element["type"] in _FIELDS:
                yield block, element, _FIELDS[element["type"]]


def _initial(field: str) -> str:
    """Return `initial_option` for `selected_option`, `initial_value` for typed input."""
    return field.replace("selected_", "initial_") if "selected_" in field else "initial_value"


def _offered(element: dict[str, Any], chosen: Any) -> dict[str, Any]:
    """Return the chosen option as the element offers it. An external menu's options come from the app."""
    value = chosen.get("value") if isinstance(chosen, dict) else chosen
    groups = element.get("option_groups", [])
    offers = [*element.get("options", []), *(option for group in groups for option in group["options"])]
    for option in offers:
        if option["value"] == value:
            return dict(option)
    if "external" in element["type"] and isinstance(chosen, dict):
        return chosen
    raise ValueError(f"{element['action_id']!r} offers no option {value!r}")
