"""Modals as people use them: filled in, corrected, stacked, closed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, TypeAlias

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Act, SlackStandIn

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]
Eventually: TypeAlias = Callable[[Callable[[], object]], Awaitable[None]]
Opened: TypeAlias = Callable[..., Awaitable[str]]

MEI, JONAS = "U0MEI00001", "U0JONAS001"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def modal(title: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "start",
        "title": plain(title),
        "submit": plain("Start"),
        "blocks": [
            {
                "type": "input",
                "block_id": "room",
                "label": plain("Room"),
                "element": {"type": "plain_text_input", "action_id": "id"},
            },
            {
                "type": "input",
                "block_id": "client",
                "optional": True,
                "label": plain("Client"),
                "element": {"type": "plain_text_input", "action_id": "id", "initial_value": "kiosk"},
            },
            {
                "type": "actions",
                "block_id": "do",
                "elements": [{"type": "button", "action_id": "check", "text": plain("Check")}],
            },
        ],
    } | more


def room(value: str | None) -> dict[str, Any]:
    return {"room": {"id": {"type": "plain_text_input", "value": value}}}


def titles(slack: SlackStandIn, viewer: str = MEI) -> list[str]:
    return [view.content["title"]["text"] for view in slack.views.stack(viewer)]


@pytest.fixture
def submitted(app: AsyncApp) -> list[dict[str, Any]]:
    """Collect the views that the app received."""
    return []


@pytest.fixture
def form(app: AsyncApp, client: AsyncWebClient) -> AsyncApp:
    """An app whose command opens a modal."""

    @app.command("/avatar-start")
    async def start(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal("First"))

    return app


@pytest.fixture
def opened(slack: SlackStandIn, eventually: Eventually) -> Opened:
    """Type the command, and return the id of the modal that it opens."""

    async def open_form(text: str = "") -> str:
        await slack.command("/avatar-start", text)
        await eventually(lambda: slack.views.stack(MEI))
        return slack.views.stack(MEI)[-1].id

    return open_form


async def test_a_form_is_corrected_and_then_closes(
    slack: SlackStandIn, form: AsyncApp, submitted: list[dict[str, Any]], connected: Connected, opened: Opened
) -> None:
    @form.view("start")
    async def handle(ack: AsyncAck, view: dict[str, Any]) -> None:
        submitted.append(view)
        if view["state"]["values"]["room"]["id"]["value"] == "room 1":
            await ack(response_action="errors", errors={"room": "No spaces, please."})
        else:
            await ack()

    async with connected(form):
        view_id = await opened()
        first = await slack.forms.submit(MEI, view_id, room("room 1"))
        assert (first.error, first.errors) == (None, {"room": "No spaces, please."})
        assert slack.views.stack(MEI)[0].state["room"]["id"]["value"] == "room 1"
        second = await slack.forms.submit(MEI, view_id, room("room-1"))
        assert (second.error, second.errors) == (None, None)
    assert titles(slack) == []
    assert submitted[1]["id"] == view_id
    assert submitted[1]["state"]["values"] == {
        "room": {"id": {"type": "plain_text_input", "value": "room-1"}},
        "client": {"id": {"type": "plain_text_input", "value": "kiosk"}},
    }


@pytest.mark.parametrize("values", [{}, room(None), room("")])
async def test_a_required_input_is_asked_for_without_the_app(
    slack: SlackStandIn, form: AsyncApp, connected: Connected, opened: Opened, values: dict[str, Any]
) -> None:
    async with connected(form):
        view_id = await opened()
        sent = len([exchange for exchange in slack.traffic if exchange.kind == "envelope"])
        result = await slack.forms.submit(MEI, view_id, values)
    assert result.errors == {"room": "Please complete this required field."}
    assert len([exchange for exchange in slack.traffic if exchange.kind == "envelope"]) == sent
    assert titles(slack) == ["First"]


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ({}, []),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": modal("Second")}, ["Second"]),
        ({"response_action": "push", "view": modal("Second")}, ["First", "Second"]),
    ],
)
async def test_the_answer_decides_what_happens_to_the_form(
    slack: SlackStandIn,
    form: AsyncApp,
    *,
    connected: Connected,
    opened: Opened,
    answer: dict[str, Any],
    left: list[str],
) -> None:
    @form.view("start")
    async def handle(ack: AsyncAck) -> None:
        await ack(**answer)

    async with connected(form):
        view_id = await opened()
        result = await slack.forms.submit(MEI, view_id, room("room-1"))
    assert (result.error, result.errors) == (None, None)
    assert titles(slack) == left
    if left == ["Second"]:
        [view] = slack.views.stack(MEI)
        assert (view.id, view.state["room"]["id"]["value"]) == (view_id, "room-1")


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "Wrong"}},
        {"response_action": "errors", "errors": {"do": "Not an input"}},
        {"response_action": "errors", "errors": {"room": ""}},
        {"response_action": "update", "view": modal("A title of more than 24 characters")},
        {"response_action": "dance"},
    ],
)
async def test_an_invalid_answer_leaves_the_form_open(
    slack: SlackStandIn, form: AsyncApp, connected: Connected, opened: Opened, answer: dict[str, Any]
) -> None:
    @form.view("start")
    async def handle(ack: AsyncAck) -> None:
        await ack(**answer)

    async with connected(form):
        result = await slack.forms.submit(MEI, await opened(), room("room-1"))
    assert result.error == "invalid_response"
    assert result.problems
    assert result.notice == "We had some trouble connecting. Try again?"
    assert titles(slack) == ["First"]


async def test_a_form_that_is_not_acknowledged_stays_open(
    slack: SlackStandIn, form: AsyncApp, connected: Connected, opened: Opened
) -> None:
    @form.view("start")
    async def handle() -> None:
        """Do not acknowledge."""

    async with connected(form):
        result = await slack.forms.submit(MEI, await opened(), room("room-1"))
    assert result.error == "operation_timeout"
    assert result.notice == "We had some trouble connecting. Try again?"
    assert titles(slack) == ["First"]


async def test_three_modals_can_be_stacked(
    slack: SlackStandIn,
    form: AsyncApp,
    *,
    client: AsyncWebClient,
    connected: Connected,
    opened: Opened,
    eventually: Eventually,
) -> None:
    refused: list[str] = []

    @form.action("check")
    async def check(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        try:
            await client.views_push(trigger_id=body["trigger_id"], view=modal("Above"))
        except SlackApiError as error:
            refused.append(error.response["error"])

    @form.view("start")
    async def handle(ack: AsyncAck) -> None:
        await ack(response_action="push", view=modal("One more"))

    def is_high(height: int) -> bool:
        return len(slack.views.stack(MEI)) == height

    async with connected(form):
        await opened()
        for height in (2, 3, 3):
            await slack.actions.in_view(MEI, slack.views.stack(MEI)[-1].id, Act("do", "check"))
            await eventually(partial(is_high, height))
        await eventually(lambda: refused)
        result = await slack.forms.submit(MEI, slack.views.stack(MEI)[-1].id, room("room-1"))
    assert refused == ["push_limit_reached"]
    assert result.problems == ("push_limit_reached",)
    first, second, third = slack.views.stack(MEI)
    assert (third.root, third.previous) == (first.id, second.id)


async def test_an_action_in_a_modal_is_sent_with_what_is_typed(
    slack: SlackStandIn, form: AsyncApp, submitted: list[dict[str, Any]], connected: Connected, opened: Opened
) -> None:
    @form.action("check")
    async def check(ack: AsyncAck, body: dict[str, Any]) -> None:
        submitted.append(body)
        await ack()

    async with connected(form):
        view_id = await opened()
        await slack.actions.in_view(MEI, view_id, Act("do", "check"), room("room-1"))
    [body] = submitted
    assert body["container"] == {"type": "view", "view_id": view_id}
    assert body["view"]["state"]["values"]["room"]["id"]["value"] == "room-1"
    assert "response_url" not in body


async def test_closing_is_told_to_those_who_asked_for_it(
    slack: SlackStandIn, app: AsyncApp, client: AsyncWebClient, connected: Connected, opened: Opened
) -> None:
    closed: list[tuple[str, bool]] = []

    @app.command("/avatar-start")
    async def start(ack: AsyncAck, body: dict[str, Any], command: dict[str, Any]) -> None:
        await ack()
        view = modal("First", notify_on_close=True, clear_on_close=command["text"] == "all")
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view_closed("start")
    async def close(ack: AsyncAck, body: dict[str, Any]) -> None:
        closed.append((body["view"]["id"], body["is_cleared"]))
        await ack()

    async with connected(app):
        first = await opened()
        assert (await slack.forms.close(MEI, first)).error is None
        second = await opened("all")
        await slack.forms.close(MEI, second)
    assert closed == [(first, False), (second, True)]
    assert titles(slack) == []


async def test_a_form_belongs_to_one_person(
    slack: SlackStandIn, form: AsyncApp, connected: Connected, opened: Opened
) -> None:
    async with connected(form):
        view_id = await opened()
    for wrong in (
        slack.forms.submit(JONAS, view_id, room("room-1")),
        slack.forms.close(JONAS, view_id),
        slack.actions.in_view(JONAS, view_id, Act("do", "check")),
    ):
        with pytest.raises(ValueError, match="before that person"):
            await wrong


@pytest.mark.parametrize(
    "values",
    [
        {"nowhere": {"id": {"type": "plain_text_input", "value": "x"}}},
        {"room": {"id": {"type": "static_select", "value": "x"}}},
        {"room": {"id": {"type": "plain_text_input", "value": 1}}},
        {"room": "x"},
        {"do": {"check": {"type": "button"}}},
    ],
)
async def test_values_that_nobody_can_type_are_refused(
    slack: SlackStandIn, form: AsyncApp, connected: Connected, opened: Opened, values: dict[str, Any]
) -> None:
    async with connected(form):
        view_id = await opened()
    with pytest.raises(ValueError, match=r"element|takes|must be|no value"):
        await slack.forms.submit(MEI, view_id, values)
