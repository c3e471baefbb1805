"""The floor with the work itself: an AsyncApp that acknowledges, calls and posts, without log or checks.

It uses a ready-made token, and HTTP, or Socket Mode if there is an app token.
"""

import asyncio
import os
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

SLACK = os.environ["SLACK_API_URL"]
SLACK_TOKEN = os.environ["SLACK_BOT_TOKEN"]
ROOMS = f"{os.environ['METASTUDIO_ENDPOINT']}/v1/{os.environ['HUAWEICLOUD_SDK_PROJECT_ID']}/smart-chat-rooms"
METASTUDIO_TOKEN = os.environ["METASTUDIO_AUTH_TOKEN"]


def build_app(http: aiohttp.ClientSession) -> AsyncApp:
    """Build the app; all its calls share one set of connections."""
    app = AsyncApp(
        client=AsyncWebClient(token=SLACK_TOKEN, base_url=SLACK, session=http),
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    )

    @app.command("/avatar-start")
    async def avatar_start(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"Starting room {command['text']} …")
        room, region = command["text"].split()
        async with http.post(
            f"{ROOMS}/{room}/smart-chat-jobs",
            json={"region": region},
            headers={"X-Auth-Token": METASTUDIO_TOKEN},
        ) as answer:
            job = await answer.json()
        async with http.post(
            f"{SLACK}chat.postMessage",
            json={"channel": command["channel_id"], "text": f"Avatar job started: {job['job_id']}"},
            headers={"Authorization": f"Bearer {SLACK_TOKEN}"},
        ) as answer:
            await answer.read()

    return app


async def main() -> None:
    """Serve until killed."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        app = build_app(http)
        if app_token := os.environ.get("SLACK_APP_TOKEN"):
            await AsyncSocketModeHandler(app, app_token).start_async()  # type: ignore[no-untyped-call]  # Bolt's
        else:
            runner = web.AppRunner(app.web_app(), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, port=int(os.environ["AVATAR_HTTP_PORT"])).start()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
