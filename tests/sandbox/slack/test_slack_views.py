"""The views methods of the Web API, and the Home tab."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Act, SlackStandIn
from tests.clock import Clock

Connected: TypeAlias = Callable[[AsyncApp], AbstractAsyncContextManager[Any]]
Eventually: TypeAlias = Callable[[Callable[[], object]], Awaitable[None]]

MEI = "U0MEI00001"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def name_input(action_id: str = "name", block_id: str = "name", **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": action_id} | more
    return {"type": "input", "block_id": block_id, "label": plain("Name"), "element": element}


MODAL: dict[str, Any] = {"type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": []}
HOME: dict[str, Any] = {
    "type": "home",
    "blocks": [
        {
            "type": "actions",
            "block_id": "do",
            "elements": [{"type": "button", "action_id": "refresh", "text": plain("Refresh")}],
        }
    ],
}


@pytest.fixture
async def trigger(slack: SlackStandIn, app: AsyncApp, connected: Connected) -> str:
    triggers: list[str] = []

    @app.command("/avatar-start")
    async def start(ack: AsyncAck, body: dict[str, Any]) -> None:
        triggers.append(body["trigger_id"])
        await ack()

    async with connected(app):
        await slack.command("/avatar-start")
    return triggers[0]


async def refusal(call: Any) -> Any:
    with pytest.raises(SlackApiError) as refused:
        await call
    return refused.value.response


async def test_a_trigger_opens_one_modal_in_time(
    slack: SlackStandIn, client: AsyncWebClient, clock: Clock, trigger: str
) -> None:
    opened = await client.views_open(trigger_id=trigger, view=MODAL)
    view: dict[str, Any] = opened["view"]
    assert view["id"] == slack.views.stack(MEI)[0].id
    assert (view["type"], view["state"], view["previous_view_id"]) == ("modal", {"values": {}}, None)
    assert view["root_view_id"] == view["id"]
    again = await refusal(client.views_open(trigger_id=trigger, view=MODAL))
    assert again["error"] == "exchanged_trigger_id"
    invented = await refusal(client.views_open(trigger_id="1.2.3", view=MODAL))
    assert invented["error"] == "invalid_trigger_id"


async def test_a_trigger_expires(client: AsyncWebClient, clock: Clock, trigger: str) -> None:
    clock.advance(3)
    late = await refusal(client.views_open(trigger_id=trigger, view=MODAL))
    assert late["error"] == "expired_trigger_id"


async def test_a_view_cannot_be_pushed_without_an_open_one(client: AsyncWebClient, trigger: str) -> None:
    assert (await refusal(client.views_push(trigger_id=trigger, view=MODAL)))["error"] == "not_found"


async def test_an_update_needs_the_latest_hash(client: AsyncWebClient, trigger: str) -> None:
    opened = await client.views_open(
        trigger_id=trigger, view=MODAL | {"external_id": "mine", "blocks": [name_input(initial_value="Mei")]}
    )
    view: dict[str, Any] = opened["view"]
    updated = await client.views_update(
        external_id="mine", hash=view["hash"], view=MODAL | {"title": plain("Other"), "blocks": []}
    )
    assert (updated["view"]["id"], updated["view"]["title"]) == (view["id"], plain("Other"))
    stale = await refusal(client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL))
    assert stale["error"] == "hash_conflict"
    assert (await refusal(client.views_update(view_id="V0NOWHERE1", view=MODAL)))["error"] == "not_found"
    nameless = await refusal(client.api_call("views.update", json={"view": MODAL}))
    assert nameless["error"] == "invalid_arguments"


async def test_a_modal_opened_by_a_button_in_a_message_is_updated_and_submitted(
    slack: SlackStandIn,
    app: AsyncApp,
    client: AsyncWebClient,
    *,
    clock: Clock,
    connected: Connected,
) -> None:
    clicks: list[dict[str, Any]] = []

    @app.action("refresh")
    async def click(ack: AsyncAck, body: dict[str, Any]) -> None:
        clicks.append(body)
        await ack()

    @app.view("")
    async def submit(ack: AsyncAck, view: dict[str, Any]) -> None:
        clicks.append({"view": view})
        await ack()

    posted = await client.chat_postMessage(channel="C0AVATARS1", text="x", blocks=HOME["blocks"])
    async with connected(app):
        for _ in range(2):
            await slack.actions.in_message(MEI, "C0AVATARS1", posted["ts"], Act("do", "refresh"))
        used, unused = (body["trigger_id"] for body in clicks)
        opened: dict[str, Any] = (await client.views_open(trigger_id=used, view=MODAL))["view"]
        again = await refusal(client.views_open(trigger_id=used, view=MODAL))
        assert again["error"] == "exchanged_trigger_id"
        clock.advance(3)
        late = await refusal(client.views_open(trigger_id=unused, view=MODAL))
        assert late["error"] == "expired_trigger_id"

        fuller = MODAL | {"blocks": [*HOME["blocks"], name_input()]}
        updated = await client.views_update(view_id=opened["id"], hash=opened["hash"], view=fuller)
        stale = await refusal(client.views_update(view_id=opened["id"], hash=opened["hash"], view=MODAL))
        assert stale["error"] == "hash_conflict"
        await slack.actions.in_view(MEI, opened["id"], Act("do", "refresh"))
        in_view = clicks[-1]["view"]
        assert (in_view["id"], in_view["hash"]) == (opened["id"], updated["view"]["hash"])
        await client.views_update(view_id=in_view["id"], hash=in_view["hash"], view=fuller)
        [view] = slack.views.stack(MEI)
        typed = {"name": {"name": {"type": "plain_text_input", "value": "lobby"}}}
        submitted = await slack.forms.submit(MEI, view.id, typed)
        assert (submitted.error, submitted.errors) == (None, None)
    assert clicks[-1]["view"]["state"]["values"]["name"]["name"]["value"] == "lobby"
    assert slack.views.stack(MEI) == []


async def test_an_external_id_stands_for_one_view(
    slack: SlackStandIn, client: AsyncWebClient, trigger: str
) -> None:
    await client.views_open(trigger_id=trigger, view=MODAL | {"external_id": "mine"})
    taken = await refusal(client.views_publish(user_id=MEI, view=HOME | {"external_id": "mine"}))
    assert taken["error"] == "duplicate_external_id"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"title": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"submit": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/submit/text]"),
        ({"close": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/close/text]"),
        ({"private_metadata": "x" * 3001}, "less than 3001 characters [json-pointer:/view/private_metadata]"),
        ({"callback_id": "x" * 256}, "less than 256 characters [json-pointer:/view/callback_id]"),
        (
            {"blocks": [{"type": "divider"}] * 101},
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        ({"blocks": [{"type": "teapot"}]}, "unsupported type: teapot [json-pointer:/view/blocks/0/type]"),
        ({"blocks": [{"type": "table", "rows": [[]]}]}, "unsupported type: table"),
        ({"blocks": [name_input(), name_input("other")]}, 'block_id "name" already exists'),
        ({"blocks": "none"}, "must be an array [json-pointer:/view/blocks]"),
        ({"notify_on_close": "yes"}, "must be a boolean"),
        ({"colour": "red"}, "invalid additional property: colour"),
        ({"type": "home"}, "must be of type modal, not home"),
    ],
)
async def test_a_view_beyond_the_limits_is_refused(
    client: AsyncWebClient, trigger: str, change: dict[str, Any], problem: str
) -> None:
    refused = await refusal(client.views_open(trigger_id=trigger, view=MODAL | change))
    assert refused["error"] == "invalid_arguments"
    assert any(problem in words for words in refused["response_metadata"]["messages"])
    await client.views_open(trigger_id=trigger, view=MODAL)


async def test_inputs_need_a_submit_button(client: AsyncWebClient, trigger: str) -> None:
    view = {name: part for name, part in MODAL.items() if name != "submit"}
    refused = await refusal(client.views_open(trigger_id=trigger, view=view | {"blocks": [name_input()]}))
    [words] = refused["response_metadata"]["messages"]
    assert "must define `submit` to use an `input` block in modals" in words


async def test_action_ids_may_be_the_same_in_two_blocks(client: AsyncWebClient, trigger: str) -> None:
    blocks = [name_input(block_id="one"), name_input(block_id="two")]
    await client.views_open(trigger_id=trigger, view=MODAL | {"blocks": blocks})


async def test_a_view_that_is_too_large_or_unreadable_is_refused(
    client: AsyncWebClient, trigger: str
) -> None:
    text = {"type": "section", "text": plain("x" * 2900)}
    large = await refusal(client.views_open(trigger_id=trigger, view=MODAL | {"blocks": [text] * 100}))
    assert large["error"] == "view_too_large"
    broken = await refusal(client.api_call("views.open", data={"trigger_id": trigger, "view": "{"}))
    assert broken["error"] == "invalid_arguments"


async def test_the_home_tab_is_published_and_used(
    slack: SlackStandIn,
    app: AsyncApp,
    client: AsyncWebClient,
    connected: Connected,
    eventually: Eventually,
) -> None:
    heard: list[dict[str, Any]] = []

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        heard.append(event)
        await client.views_publish(user_id=event["user"], view=HOME)

    @app.action("refresh")
    async def refresh(ack: AsyncAck, body: dict[str, Any]) -> None:
        heard.append(body)
        await ack()

    async with connected(app):
        assert (await slack.open_home(MEI)).error is None
        await eventually(lambda: slack.views.home(MEI))
        first = slack.views.home(MEI)
        assert first is not None
        await slack.open_home(MEI)
        await eventually(lambda: len(heard) == 2)
        assert slack.views.home(MEI) is first
        await slack.actions.in_view(MEI, first.id, Act("do", "refresh"))
    one, two, click = heard
    assert (one["tab"], one["channel"]) == ("home", "D00MEI00001")
    assert "view" not in one
    assert two["view"]["id"] == first.id
    assert click["view"]["type"] == "home"
    stale = await refusal(client.views_publish(user_id=MEI, hash="1.2", view=HOME))
    assert stale["error"] == "hash_conflict"
    nobody = await refusal(client.views_publish(user_id="U0NOBODY01", view=HOME))
    assert nobody["error"] == "invalid_arguments"
