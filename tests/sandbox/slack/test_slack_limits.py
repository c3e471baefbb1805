from typing import Any

import pytest

from bot.sandbox.slack import block_problems


def plain(text: str = "Start") -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def marked(text: str = "*Started*") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def button(**changes: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(), "action_id": "start", "value": "1"} | changes


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def section(**changes: Any) -> dict[str, Any]:
    return {"type": "section", "text": marked()} | changes


def option(text: str = "One", value: str = "1") -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def select(*options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "pick", "options": list(options)} | changes


def confirm(**changes: Any) -> dict[str, Any]:
    return {
        "title": plain("Stop?"),
        "text": marked("It *ends*."),
        "confirm": plain("Stop"),
        "deny": plain("Keep"),
    } | changes


def table(rows: list[list[str]]) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]}


def image(**changes: Any) -> dict[str, Any]:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A face"} | changes


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": plain(text)}


def context(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "context", "elements": list(elements)}


DIVIDER = {"type": "divider"}


@pytest.mark.parametrize(
    "blocks",
    [
        [DIVIDER] * 50,
        [section(text=marked("x" * 3000))],
        [section(fields=[marked("x" * 2000)] * 10)],
        [{"type": "section", "fields": [plain()]}],
        [section(accessory=button(confirm=confirm()))],
        [header("x" * 150)],
        [context(*[marked(), image()] * 5)],
        [actions(*(button(action_id=str(n)) for n in range(25)))],
        [actions(button(text=plain("x" * 75), value="x" * 2000, style="danger", url="https://a.b/c"))],
        [actions(select(*[option("x" * 75, "x" * 150)] * 100, placeholder=plain()))],
        [actions({"type": "static_select", "option_groups": [{"label": plain(), "options": [option()]}]})],
        [actions({"type": "overflow", "action_id": "more", "options": [option()]})],
        [actions({"type": "checkboxes", "action_id": "tick", "options": [option() | {"text": marked()}]})],
        [actions({"type": "users_select", "action_id": "who"})],
        [table([["x"] * 20] * 100)],
        [image(title=plain())],
        [{"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "room"}}],
        [{"type": "markdown", "text": "# Hello"}],
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}],
        [section(block_id="x" * 255)],
    ],
)
def test_accepts_what_slack_accepts(blocks: list[dict[str, Any]]) -> None:
    assert block_problems(blocks) == []


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([DIVIDER] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        (["text"], "must be a block [json-pointer:/blocks/0]"),
        ([{"type": "teapot"}], "unsupported type: teapot [json-pointer:/blocks/0/type]"),
        ([{}], "unsupported type: None [json-pointer:/blocks/0/type]"),
        ([DIVIDER | {"colour": "red"}], "invalid additional property: colour [json-pointer:/blocks/0]"),
        ([section(block_id="x" * 256)], "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
        ([{"type": "section"}], "missing required field: text or fields [json-pointer:/blocks/0]"),
        (
            [section(text=marked("x" * 3001))],
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        ([section(text=marked(""))], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ([section(text="bare")], "must be a text object [json-pointer:/blocks/0/text]"),
        (
            [section(text={"type": "html", "text": "x"})],
            "must be of type plain_text or mrkdwn, not html [json-pointer:/blocks/0/text/type]",
        ),
        ([section(text=marked() | {"emoji": True})], "invalid additional property: emoji"),
        (
            [section(text={"type": "mrkdwn", "text": 3})],
            "must be a string [json-pointer:/blocks/0/text/text]",
        ),
        ([section(fields=[marked()] * 11)], "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
        ([section(fields=[])], "must have at least 1 items [json-pointer:/blocks/0/fields]"),
        (
            [section(fields=[marked("x" * 2001)])],
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        ([header("x" * 151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
        ([{"type": "header", "text": marked()}], "must be of type plain_text, not mrkdwn"),
        ([{"type": "header"}], "missing required field: text [json-pointer:/blocks/0]"),
        ([context(*[marked()] * 11)], "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
        ([context()], "must have at least 1 items [json-pointer:/blocks/0/elements]"),
        ([{"type": "context"}], "missing required field: elements [json-pointer:/blocks/0]"),
        ([actions(*(button(action_id=str(n)) for n in range(26)))], "no more than 25 items allowed"),
        ([actions(DIVIDER)], "unsupported type: divider [json-pointer:/blocks/0/elements/0/type]"),
        ([actions(image())], "unsupported type: image [json-pointer:/blocks/0/elements/0/type]"),
        ([actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
        ([actions(button(text=marked()))], "must be of type plain_text, not mrkdwn"),
        ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
        ([actions(button(style="blue"))], "must be primary or danger"),
        ([actions(button(url="somewhere"))], "must be a valid URL"),
        ([actions(button(action_id="x" * 256))], "must be less than 256 characters"),
        ([actions(button(confirm=confirm(title=plain("x" * 101))))], "must be less than 101 characters"),
        ([actions(button(confirm=confirm(text=marked("x" * 301))))], "must be less than 301 characters"),
        ([actions(button(confirm=confirm(deny=plain("x" * 31))))], "must be less than 31 characters"),
        ([actions(button(confirm=confirm(confirm=plain("x" * 31))))], "must be less than 31 characters"),
        ([actions(button(confirm={}))], "missing required field: deny"),
        ([actions(select(*[option()] * 101))], "no more than 100 items allowed"),
        ([actions(select(option("x" * 76)))], "must be less than 76 characters"),
        ([actions(select(option(value="x" * 151)))], "must be less than 151 characters"),
        ([actions(select(option() | {"text": marked()}))], "must be of type plain_text, not mrkdwn"),
        ([actions(select(option(), option_groups=[]))], "exactly one of options and option_groups"),
        (
            [actions({"type": "static_select", "option_groups": [{"label": plain()}]})],
            "missing required field",
        ),
        ([actions({"type": "static_select", "option_groups": ["x"]})], "must be an option group"),
        ([actions(select("x"))], "must be an option"),  # type: ignore[arg-type]  # wrong on purpose
        ([actions(button(confirm="sure?"))], "must be a confirmation dialog"),
        ([actions(select(option(), placeholder=plain("x" * 151)))], "must be less than 151 characters"),
        ([actions(button(), button())], 'action_id "start" already exists'),
        ([actions(button()), actions(button())], 'action_id "start" already exists'),
        ([section(block_id="a"), section(block_id="a")], 'block_id "a" already exists'),
        ([{"type": "image", "image_url": "https://a.b/c"}], "missing required field: alt_text"),
        ([{"type": "image", "alt_text": "A face"}], "exactly one of image_url and slack_file"),
        ([table([["x"]] * 101)], "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
        ([table([["x"] * 21])], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
        ([table([["x" * 5001, "x" * 5000]])], "must be less than 10001 characters in all cells"),
        ([table([[""]])], "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"),
        ([{"type": "table", "rows": [[plain()]]}], "must be of type raw_text or rich_text"),
        ([table([["x"]]), table([["x"]])], "only_one_table_allowed"),
        ([{"type": "markdown", "text": "x" * 7000}] * 2, "must be less than 12001 characters of markdown"),
    ],
)
def test_names_what_slack_refuses(blocks: list[Any], problem: str) -> None:
    assert any(found.startswith(problem) or problem in found for found in block_problems(blocks))


def test_lists_every_problem_at_once() -> None:
    assert len(block_problems([header(""), section(text=marked("x" * 3001)), {"type": "teapot"}])) == 3


def test_nonsense_of_any_shape_raises_no_error() -> None:
    shapes: list[Any] = [None, 3, "x", [], {}, [{}], [[None]]]
    for value in shapes:
        for kind in ("section", "header", "context", "actions", "image", "input", "table", "rich_text"):
            names = ("text", "fields", "elements", "rows", "accessory", "element", "alt_text", "block_id")
            for name in names:
                block_problems([{"type": kind, name: value}])
