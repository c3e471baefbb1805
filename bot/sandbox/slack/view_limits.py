"""Check a view, a modal or a Home tab, against Slack's limits. Pure: from a view to a list of problems.

Limits: https://docs.slack.dev/reference/views
"""

from typing import Any

from bot.sandbox.slack.limits import block_problems
from bot.sandbox.slack.objects import Problems, fields, optional_string, optional_text, problem

BLOCKS = 100
VIEW_BYTES = 250_000
"""The longest view; longer ones are refused as `view_too_large`."""

_BOTH = ["private_metadata", "callback_id", "external_id"]
_MODAL = ["submit", "close", "clear_on_close", "notify_on_close", "submit_disabled", *_BOTH]
_MESSAGES_ONLY = {"table", "markdown"}


def view_problems(view: Any, kind: str) -> list[str]:
    """Return what Slack would refuse in a view of the kind "modal" or "home"; an empty list if nothing."""
    if not isinstance(view, dict):
        return [problem("must be a view", "/view")]
    if view.get("type") != kind:
        return [problem(f"must be of type {kind}, not {view.get('type')}", "/view/type")]
    return [*(_modal(view) if kind == "modal" else _home(view)), *_common(view)]


def _modal(view: dict[str, Any]) -> Problems:
    at = "/view"
    yield from fields(view, at, ["title", "blocks"], _MODAL)
    for name in ("title", "submit", "close"):
        yield from optional_text(view, name, at, 24)
    for name in ("clear_on_close", "notify_on_close", "submit_disabled"):
        if not isinstance(view.get(name, False), bool):
            yield problem("must be a boolean", f"{at}/{name}")
    if "submit" not in view and any(block.get("type") == "input" for block in _blocks(view)):
        yield problem("must define `submit` to use an `input` block in modals", f"{at}/submit")


def _home(view: dict[str, Any]) -> Problems:
    yield from fields(view, "/view", ["blocks"], _BOTH)


def _common(view: dict[str, Any]) -> Problems:
    at = "/view"
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if view.get(name) != "":
            yield from optional_string(view, name, at, most)
    if "blocks" not in view:
        return
    yield from block_problems(view["blocks"], at="/view/blocks", most=BLOCKS, ids_within_blocks=True)
    for index, block in enumerate(_blocks(view)):
        if block.get("type") in _MESSAGES_ONLY:
            yield problem(f"unsupported type: {block['type']}", f"{at}/blocks/{index}/type")


def _blocks(view: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = view.get("blocks")
    return [block if isinstance(block, dict) else {} for block in blocks] if isinstance(blocks, list) else []
