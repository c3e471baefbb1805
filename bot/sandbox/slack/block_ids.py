"""Names for what people act on: Slack gives blocks and elements that have no id one of its own."""

import secrets
from collections.abc import Iterator
from typing import Any


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks, and where something in them can be acted on, a block_id and an action_id for it."""
    return [_with_ids(block) if any(elements_in(block)) else block for block in blocks]


def elements_in(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The interactive elements of one block: of actions, an input, or beside a section."""
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
    """The element of those ids, and its block before it. Raises ValueError where there is none."""
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
