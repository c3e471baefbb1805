"""The floor: an AsyncApp of Bolt for Python that acknowledges and does nothing else."""

import os
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

slack = AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
app = AsyncApp(client=slack, signing_secret=os.environ["SLACK_SIGNING_SECRET"])


@app.command("/avatar-start")
async def avatar_start(ack: AsyncAck, command: dict[str, Any]) -> None:
    """Handle `/avatar-start room_id [region]`."""
    await ack(f"Starting room {command['text']} …")


if __name__ == "__main__":
    app.start(port=int(os.environ["AVATAR_HTTP_PORT"]))
