"""A script as a user might write it: Bolt for Python in Socket Mode, the vendor's SDK, sqlite3.

The SDK signs with AK/SK. Its start uses the second start operation, which needs a `robot_id`. Each row is
synced, as is SQLite's default.
"""

import os
import sqlite3
import threading
from datetime import UTC, datetime
from typing import Any

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkmetastudio.v1 import (
    MetaStudioClient,
    SmartChatJobsReq,
    StartSmartChatJobRequest,
    StartSmartChatJobResponse,
)
from slack_bolt import Ack, App, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))

metastudio = (
    MetaStudioClient.new_builder()
    .with_credentials(
        BasicCredentials(
            os.environ["HUAWEICLOUD_SDK_AK"],
            os.environ["HUAWEICLOUD_SDK_SK"],
            os.environ["HUAWEICLOUD_SDK_PROJECT_ID"],
        )
    )
    .with_endpoint(os.environ["METASTUDIO_ENDPOINT"])
    .build()
)

log = sqlite3.connect("log.db", check_same_thread=False, isolation_level=None)
log.execute("PRAGMA journal_mode=WAL")
log.execute(
    "CREATE TABLE IF NOT EXISTS invocations (created_at TEXT, user_id TEXT, channel_id TEXT, text TEXT, "
    "room_id TEXT, region TEXT, status TEXT, job_id TEXT, error TEXT)"
)
log_lock = threading.Lock()


def write_down(command: dict[str, Any], room: str, region: str, **outcome: str | None) -> None:
    """Write one row for each use."""
    row = (
        datetime.now(UTC).isoformat(),
        command["user_id"],
        command["channel_id"],
        command["text"],
        room,
        region,
        outcome.get("status"),
        outcome.get("job_id"),
        outcome.get("error"),
    )
    with log_lock:
        log.execute("INSERT INTO invocations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def summary(job: StartSmartChatJobResponse) -> str:
    """Describe the video and the voices."""
    lines = [f"Job `{job.job_id}` started in {job.region}."]
    if job.video_config:
        lines.append(f"Video: {job.video_config.width} × {job.video_config.height}")
    lines += [
        f"Voice: {voice.voice_asset_id}, {voice.provider}, {voice.language}, speed {voice.speed}, "
        f"pitch {voice.pitch}, volume {voice.volume}"
        for voice in job.voice_config_list or []
    ]
    return "\n".join(lines)


@app.command("/avatar-start")
def avatar_start(ack: Ack, command: dict[str, Any], say: Say) -> None:
    """Handle `/avatar-start room_id [region]`."""
    room, _, region = command["text"].strip().partition(" ")
    if not room:
        ack("Usage: /avatar-start room_id [region]")
        return
    ack(f"Starting room {room} …")
    try:
        job = metastudio.start_smart_chat_job(
            StartSmartChatJobRequest(room_id=room, robot_id="bench", body=SmartChatJobsReq())
        )
    except SdkException as error:
        write_down(command, room, region, status="failed", error=str(error))
        say(f"Room {room} was not started: {error}")
    else:
        write_down(command, room, region, status="started", job_id=job.job_id)
        say(summary(job))


if __name__ == "__main__":
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]  # Bolt's
