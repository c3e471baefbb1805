"""Ids of interactive parts: like Slack, add ids to blocks and elements that have none."""

import secrets
from collections.abc import Iterator
from typing import Any


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks with a block_id and an action_id on everything interactive."""
    return [_with_ids(block) if any(elements_in(block)) else block for block in blocks]


def elements_in(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the interactive elements of one block: of actions, an input, or a section's accessory."""
    match block.get("type"):
        case "actions":
            yield from block["elements"]
        case "input":
            yield block["element"]
        case "section" if block.get("accessory", {}).get("type", "image") != "image":
            yield block["accessory"]


def find_element(
    blocks: list[dict[str, Any]], block_id: str, action_id: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an element's block and the element with these ids. Raises ValueError if there is none."""
    for block in blocks:
        for element in elements_in(block):
            if (block["block_id"], element["action_id"]) == (block_id, action_id):
                return block, element
    raise ValueError(f"there is no element {action_id!r} in a block {block_id!r}")


def _with_ids(block: dict[str, Any]) -> dict[str, Any]:
    block = {"block_id": secrets.token_hex(4)} | block
    match block["type"]:
        case "actions":
            return block | {"elements": [_with_action_id(element) for element in block["elements"]]}
        case "input":
            return block | {"element": _with_action_id(block["element"])}
        case _:
            return block | {"accessory": _with_action_id(block["accessory"])}


def _with_action_id(element: dict[str, Any]) -> dict[str, Any]:
    return {"action_id": secrets.token_hex(4)} | element
