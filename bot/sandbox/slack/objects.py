"""Check the parts of blocks: text, options, confirmations, and the fields of an object.

Every check yields problems in Slack's style: what is wrong, then a JSON pointer to the place.
Limits: https://docs.slack.dev/reference/block-kit/composition-objects
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

Problems: TypeAlias = Iterator[str]

_TEXT_FIELDS = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}


def problem(words: str, at: str) -> str:
    return f"{words} [json-pointer:{at}]"


def fields(value: dict[str, Any], at: str, required: Iterable[str], optional: Iterable[str] = ()) -> Problems:
    """Check that every required field is there, and no unknown one."""
    required = set(required)
    for name in sorted(required - value.keys()):
        yield problem(f"missing required field: {name}", at)
    for name in sorted(value.keys() - required - set(optional) - {"type"}):
        yield problem(f"invalid additional property: {name}", at)


def string(value: Any, at: str, most: int, least: int = 1) -> Problems:
    if not isinstance(value, str):
        yield problem("must be a string", at)
    elif len(value) < least:
        yield problem(f"must be more than {least - 1} characters", at)
    elif len(value) > most:
        yield problem(f"must be less than {most + 1} characters", at)


def optional_string(value: dict[str, Any], name: str, at: str, most: int) -> Problems:
    if name in value:
        yield from string(value[name], f"{at}/{name}", most)


def items(value: Any, at: str, most: int, least: int = 1) -> Problems:
    """Check that the value is a list of an allowed length; the items are checked elsewhere."""
    if not isinstance(value, list):
        yield problem("must be an array", at)
    elif len(value) < least:
        yield problem(f"must have at least {least} items", at)
    elif len(value) > most:
        yield problem(f"no more than {most} items allowed", at)


def each(value: Any, at: str) -> Iterator[tuple[Any, str]]:
    """Yield the items of a list with their pointers; nothing if it is not a list."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield item, f"{at}/{index}"


def text_object(value: Any, at: str, most: int, *, plain: bool = False) -> Problems:
    if not isinstance(value, dict):
        yield problem("must be a text object", at)
        return
    kind = value.get("type")
    allowed = ["plain_text"] if plain else ["plain_text", "mrkdwn"]
    if kind not in allowed:
        yield problem(f"must be of type {' or '.join(allowed)}, not {kind}", f"{at}/type")
        return
    yield from fields(value, at, ["text"], _TEXT_FIELDS[kind])
    if "text" in value:
        yield from string(value["text"], f"{at}/text", most)


def optional_text(value: dict[str, Any], name: str, at: str, most: int, *, plain: bool = True) -> Problems:
    if name in value:
        yield from text_object(value[name], f"{at}/{name}", most, plain=plain)


def option(value: Any, at: str, *, plain: bool = True) -> Problems:
    if not isinstance(value, dict):
        yield problem("must be an option", at)
        return
    yield from fields(value, at, ["text", "value"], ["description", "url"])
    yield from optional_text(value, "text", at, 75, plain=plain)
    yield from optional_string(value, "value", at, 150)
    yield from optional_text(value, "description", at, 75, plain=plain)


def options(value: Any, at: str, most: int, *, plain: bool = True) -> Problems:
    yield from items(value, at, most)
    for one, where in each(value, at):
        yield from option(one, where, plain=plain)


def option_group(value: Any, at: str) -> Problems:
    if not isinstance(value, dict):
        yield problem("must be an option group", at)
        return
    yield from fields(value, at, ["label", "options"])
    yield from optional_text(value, "label", at, 75)
    yield from options(value.get("options", []), f"{at}/options", 100)


def confirm(value: dict[str, Any], at: str) -> Problems:
    """Check an element's confirmation dialog, if it has one."""
    if "confirm" not in value:
        return
    dialog, at = value["confirm"], f"{at}/confirm"
    if not isinstance(dialog, dict):
        yield problem("must be a confirmation dialog", at)
        return
    yield from fields(dialog, at, ["title", "text", "confirm", "deny"], ["style"])
    yield from optional_text(dialog, "title", at, 100)
    yield from optional_text(dialog, "text", at, 300, plain=False)
    yield from optional_text(dialog, "confirm", at, 30)
    yield from optional_text(dialog, "deny", at, 30)
    yield from style(dialog, at)


def style(value: dict[str, Any], at: str) -> Problems:
    if value.get("style", "primary") not in {"primary", "danger"}:
        yield problem("must be primary or danger", f"{at}/style")


def image_source(value: dict[str, Any], at: str) -> Problems:
    """Check the common fields of an image block and an image element."""
    if ("image_url" in value) == ("slack_file" in value):
        yield problem("must have exactly one of image_url and slack_file", at)
    yield from optional_string(value, "image_url", at, 3000)
    yield from optional_string(value, "alt_text", at, 2000)
