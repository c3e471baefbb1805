"""Check the blocks of a message against Slack's limits. Pure: from blocks to a list of problems.

Limits: https://docs.slack.dev/reference/block-kit/blocks. Newer block types are refused as `unsupported
type`, as by a workspace that does not have them yet.
"""

from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox.slack.elements import element, image_element
from bot.sandbox.slack.objects import (
    Problems,
    each,
    fields,
    image_source,
    items,
    optional_string,
    optional_text,
    problem,
    string,
    text_object,
)

BLOCKS = 50
TABLE_CHARACTERS = 10_000
MARKDOWN_CHARACTERS = 12_000
ALL_CHARACTERS = 12_000
"""The most characters in all blocks together, for chat.* methods. Undocumented; maintainers of Slack give it
for `msg_blocks_too_long` in https://github.com/slackapi/bolt-js/issues/2509."""


def block_problems(
    blocks: Any, *, at: str = "/blocks", most: int = BLOCKS, ids_within_blocks: bool = False
) -> list[str]:
    """Return what Slack would refuse in the blocks of one message; an empty list if nothing.

    Each problem reads like Slack's: "must be less than 3001 characters [json-pointer:/blocks/0/text/text]".
    Views have another pointer (`at`), may hold more blocks, and need unique action_ids only within a block.
    """
    return [
        *items(blocks, at, most, least=0),
        *(found for block, where in each(blocks, at) for found in _block(block, where)),
        *_repeated("block_id", blocks, at),
        *(
            found
            for part, where in (each(blocks, at) if ids_within_blocks else [(blocks, at)])
            for found in _repeated("action_id", part, where)
        ),
        *_once_a_message(blocks, at),
    ]


def characters(blocks: Any) -> int:
    """Count the characters in all blocks together, to compare with ALL_CHARACTERS."""
    return sum(len(text) for holder, _ in _objects(blocks, "") if isinstance(text := holder.get("text"), str))


def _block(block: Any, at: str) -> Problems:
    if not isinstance(block, dict):
        yield problem("must be a block", at)
        return
    check = _CHECKS.get(str(block.get("type")))
    if check is None:
        yield problem(f"unsupported type: {block.get('type')}", f"{at}/type")
        return
    yield from optional_string(block, "block_id", at, 255)
    yield from check(block, at)


def _section(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, [], ["block_id", "text", "fields", "accessory", "expand"])
    if "text" not in block and "fields" not in block:
        yield problem("missing required field: text or fields", at)
    yield from optional_text(block, "text", at, 3000, plain=False)
    if "fields" in block:
        yield from items(block["fields"], f"{at}/fields", 10)
        for field, where in each(block["fields"], f"{at}/fields"):
            yield from text_object(field, where, 2000)
    if "accessory" in block:
        yield from element(block["accessory"], f"{at}/accessory", inside="section")


def _header(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["text"], ["block_id", "level"])
    yield from optional_text(block, "text", at, 150)


def _divider(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, [], ["block_id"])


def _context(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["elements"], ["block_id"])
    yield from items(block.get("elements", [{}]), f"{at}/elements", 10)
    for part, where in each(block.get("elements"), f"{at}/elements"):
        if isinstance(part, dict) and part.get("type") == "image":
            yield from image_element(part, where)
        else:
            yield from text_object(part, where, 3000)


def _actions(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["elements"], ["block_id"])
    yield from items(block.get("elements", [{}]), f"{at}/elements", 25)
    for part, where in each(block.get("elements"), f"{at}/elements"):
        yield from element(part, where, inside="actions")


def _image(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["alt_text"], ["block_id", "image_url", "slack_file", "title"])
    yield from image_source(block, at)
    yield from optional_text(block, "title", at, 2000)


def _input(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["label", "element"], ["block_id", "dispatch_action", "hint", "optional"])
    yield from optional_text(block, "label", at, 2000)
    yield from optional_text(block, "hint", at, 2000)
    if "element" in block:
        yield from element(block["element"], f"{at}/element", inside="input")


def _markdown(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["text"], ["block_id"])
    yield from optional_string(block, "text", at, MARKDOWN_CHARACTERS)


def _rich_text(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["elements"], ["block_id"])
    parts = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    for part, where in each(block.get("elements"), f"{at}/elements"):
        if not isinstance(part, dict) or part.get("type") not in parts:
            yield problem("unsupported rich text", where)


def _table(block: dict[str, Any], at: str) -> Problems:
    yield from fields(block, at, ["rows"], ["block_id", "column_settings"])
    yield from items(block.get("rows", [[]]), f"{at}/rows", 100)
    yield from items(block.get("column_settings", []), f"{at}/column_settings", 20, least=0)
    for row, where in each(block.get("rows"), f"{at}/rows"):
        yield from items(row, where, 20)
        for cell, place in each(row, where):
            yield from _cell(cell, place)
    if characters(block.get("rows")) > TABLE_CHARACTERS:
        yield problem(f"must be less than {TABLE_CHARACTERS + 1} characters in all cells", f"{at}/rows")


def _cell(cell: Any, at: str) -> Problems:
    kind = cell.get("type") if isinstance(cell, dict) else None
    if kind == "raw_text":
        yield from fields(cell, at, ["text"])
        yield from string(cell.get("text", "-"), f"{at}/text", TABLE_CHARACTERS)
    elif kind == "rich_text":
        yield from _rich_text(cell, at)
    else:
        yield problem("must be of type raw_text or rich_text", at)


def _repeated(name: str, value: Any, at: str) -> Problems:
    """Return ids that occur twice in the same scope."""
    seen: set[str] = set()
    for holder, where in _objects(value, at):
        found = holder.get(name)
        if isinstance(found, str):
            if found in seen:
                yield problem(f'{name} "{found}" already exists', f"{where}/{name}")
            seen.add(found)


def _once_a_message(blocks: Any, at: str) -> Problems:
    known = [block for block, _ in each(blocks, "") if isinstance(block, dict)]
    if sum(block.get("type") == "table" for block in known) > 1:
        yield problem("only_one_table_allowed", at)
    markdown = [block for block in known if block.get("type") == "markdown"]
    if len(markdown) > 1 and characters(markdown) > MARKDOWN_CHARACTERS:
        yield problem(f"must be less than {MARKDOWN_CHARACTERS + 1} characters of markdown", at)


def _objects(value: Any, at: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every object within a JSON value, with its pointer."""
    if isinstance(value, dict):
        yield value, at
        for name, part in value.items():
            yield from _objects(part, f"{at}/{name}")
    for part, where in each(value, at):
        yield from _objects(part, where)


_CHECKS: dict[str, Callable[[dict[str, Any], str], Problems]] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "table": _table,
}
