"""A Bolt app for page features that the bot does not use yet: forms, confirmations, a Home tab.

`python -m tests.browser.demonstration` prints the page's address and serves until it is stopped.
"""

import asyncio
import signal
import sys
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.page import Page
from bot.sandbox.slack import SlackStandIn, SlashCommand, Tokens

COMMANDS = (
    SlashCommand("/form", "Open a form", ""),
    SlashCommand("/stack", "Open a form that opens another", ""),
    SlashCommand("/selects", "Post a menu and an overflow", ""),
    SlashCommand("/danger", "Post a button that asks first", ""),
    SlashCommand("/blocks", "Post every kind of block", ""),
    SlashCommand("/silent", "Never acknowledge", ""),
)

FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Start an avatar"},
    "submit": {"type": "plain_text", "text": "Start"},
    "close": {"type": "plain_text", "text": "Cancel"},
    "blocks": [
        {
            "type": "input",
            "block_id": "room",
            "label": {"type": "plain_text", "text": "Room ID"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        },
        {
            "type": "input",
            "block_id": "region",
            "optional": True,
            "label": {"type": "plain_text", "text": "Region"},
            "element": {
                "type": "static_select",
                "action_id": "value",
                "options": [
                    {"text": {"type": "plain_text", "text": "CN North-Beijing4"}, "value": "cn-north-4"},
                    {
                        "text": {"type": "plain_text", "text": "CN Southwest-Guiyang1"},
                        "value": "cn-southwest-2",
                    },
                ],
            },
        },
    ],
}

STACKED: dict[str, Any] = {
    "type": "modal",
    "callback_id": "stacked",
    "title": {"type": "plain_text", "text": "First view"},
    "close": {"type": "plain_text", "text": "Cancel"},
    "blocks": [
        {
            "type": "actions",
            "block_id": "more",
            "elements": [
                {
                    "type": "button",
                    "action_id": "push",
                    "text": {"type": "plain_text", "text": "One more view"},
                }
            ],
        }
    ],
}

CHOICES: dict[str, Any] = {
    "type": "modal",
    "callback_id": "choices",
    "title": {"type": "plain_text", "text": "Second view"},
    "submit": {"type": "plain_text", "text": "Choose"},
    "close": {"type": "plain_text", "text": "Back"},
    "blocks": [
        {
            "type": "input",
            "block_id": "choice",
            "label": {"type": "plain_text", "text": "Languages"},
            "element": {
                "type": "checkboxes",
                "action_id": "value",
                "options": [
                    {"text": {"type": "plain_text", "text": "English"}, "value": "EN"},
                    {"text": {"type": "plain_text", "text": "Spanish"}, "value": "ESP"},
                ],
            },
        }
    ],
}

SELECTS: list[dict[str, Any]] = [
    {
        "type": "actions",
        "block_id": "selects",
        "elements": [
            {
                "type": "static_select",
                "action_id": "choose",
                "placeholder": {"type": "plain_text", "text": "Choose a room"},
                "options": [
                    {"text": {"type": "plain_text", "text": "Lobby kiosk"}, "value": "lobby"},
                    {"text": {"type": "plain_text", "text": "Incoming"}, "value": "incoming"},
                ],
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Show the log"}, "value": "log"}],
            },
        ],
    }
]

DANGER: dict[str, Any] = {
    "type": "actions",
    "block_id": "danger",
    "elements": [
        {
            "type": "button",
            "action_id": "stop",
            "style": "danger",
            "text": {"type": "plain_text", "text": "Stop"},
            "value": "job-1",
            "confirm": {
                "title": {"type": "plain_text", "text": "Stop the job?"},
                "text": {"type": "mrkdwn", "text": "The avatar leaves *at once*."},
                "confirm": {"type": "plain_text", "text": "Stop it"},
                "deny": {"type": "plain_text", "text": "Keep it"},
            },
        }
    ],
}

BLOCKS: list[dict[str, Any]] = [
    {"type": "header", "text": {"type": "plain_text", "text": "Every kind of block"}},
    {
        "type": "section",
        "text": {
            "type": "mrkdwn",
            "text": "*bold* _italic_ ~gone~ `code` :rocket: <@U0MEI00001> &lt;b&gt;not bold&lt;/b&gt;",
        },
    },
    {"type": "divider"},
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "first of the list"}]}
                ],
            }
        ],
    },
    {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": "room"}, {"type": "raw_text", "text": "state"}],
            [{"type": "raw_text", "text": "lobby"}, {"type": "raw_text", "text": "running"}],
        ],
    },
    {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": "small print of <!date^1767268800^{date_num} {time}|noon>"}],
    },
]


RUNNING: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "A job runs."}},
    DANGER,
]


def listen_for_stacks_and_menus(app: AsyncApp, client: AsyncWebClient) -> None:
    """Register a stacked form, and menus in a message."""

    @app.command("/stack")
    async def open_stack(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=STACKED)

    @app.action("push")
    async def push(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=CHOICES)

    @app.view("choices")
    async def choose(ack: AsyncAck, view: dict[str, Any], body: dict[str, Any]) -> None:
        await ack(response_action="clear")
        chosen = view["state"]["values"]["choice"]["value"]["selected_options"]
        said = " and ".join(option["value"] for option in chosen)
        await client.chat_postEphemeral(
            channel="C0AVATARS1", user=body["user"]["id"], text=f"Chosen: {said}."
        )

    @app.command("/selects")
    async def post_selects(ack: AsyncAck) -> None:
        await ack()
        await client.chat_postMessage(channel="C0AVATARS1", text="A menu", blocks=SELECTS)

    @app.action("choose")
    @app.action("more")
    async def selected(ack: AsyncAck, action: dict[str, Any], body: dict[str, Any]) -> None:
        await ack()
        said = f"Selected {action['selected_option']['value']}."
        await client.chat_postEphemeral(channel="C0AVATARS1", user=body["user"]["id"], text=said)


def application(client: AsyncWebClient) -> AsyncApp:
    """Return the app with its listeners."""
    app = AsyncApp(client=client)
    listen_for_stacks_and_menus(app, client)

    @app.command("/form")
    async def open_form(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("form")
    async def submit_form(ack: AsyncAck, view: dict[str, Any], body: dict[str, Any]) -> None:
        room = view["state"]["values"]["room"]["value"]["value"]
        if " " in room:
            await ack(response_action="errors", errors={"room": "A room ID has no blanks."})
            return
        await ack()
        await client.chat_postEphemeral(
            channel="C0AVATARS1", user=body["user"]["id"], text=f"The form named {room}."
        )

    @app.command("/danger")
    async def post_danger(ack: AsyncAck) -> None:
        await ack()
        blocks: list[dict[str, Any]] = [text("A job runs."), DANGER]
        await client.chat_postMessage(channel="C0AVATARS1", text="A job runs.", blocks=blocks)

    @app.action("stop")
    async def stop(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        stopped = f"Stopped by <@{body['user']['id']}>."
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text=stopped, blocks=[text(stopped)]
        )

    @app.command("/blocks")
    async def post_blocks(ack: AsyncAck) -> None:
        await ack()
        await client.chat_postMessage(channel="C0AVATARS1", text="Every kind of block", blocks=BLOCKS)

    @app.command("/silent")
    async def keep_silent() -> None:
        await asyncio.sleep(0)

    @app.event("app_home_opened")
    async def show_home(event: dict[str, Any]) -> None:
        await client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [text("This is home.")]}
        )

    return app


def text(mrkdwn: str) -> dict[str, Any]:
    """Build a section."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


async def serve() -> None:
    """Run the stand-in, the page and the app until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tokens = Tokens.made_up()
    slack = SlackStandIn(tokens, commands=COMMANDS)
    Page(slack, metastudio=None, log_rows=None).add_to(slack.application)
    await slack.start()
    client = AsyncWebClient(tokens.bot_token, base_url=slack.api_url)
    handler = AsyncSocketModeHandler(application(client), tokens.app_token)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call]  # slack-bolt's is not annotated
        await slack.wait_until_connected()
        sys.stdout.write(f"{slack.url}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack-bolt's is not annotated
        await slack.close()


if __name__ == "__main__":
    asyncio.run(serve())
