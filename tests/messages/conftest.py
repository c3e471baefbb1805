"""Invocations and jobs to talk about, Slack's rules for blocks, and the golden messages."""

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from bot.domain.invocation import Action, JobInvocation, Source, Status
from bot.domain.job import SmartChatJob
from bot.messages.message import TEXT_LIMIT, Message
from bot.sandbox.slack import block_problems
from bot.sandbox.slack.limits import ALL_CHARACTERS, characters
from bot.sandbox.slack.view_limits import VIEW_BYTES, view_problems
from tests.fakes import an_invocation

GOLDEN = Path(__file__).parents[1] / "data" / "messages"

FULL_JOB: dict[str, Any] = {
    "job_id": "26f06524-4f75-4b3a-a853-b649a21aaf66",
    "rtc_room_info": {
        "app_id": "62b1d3f7c3b4a1000c7d52a3",
        "room_id": "24bad71687b145e5",
        "users": [
            {
                "user_type": "INFERENCE_USER",
                "user_id": "i-1",
                "signature": "eyJhbGciOi.1",
                "ctime": 1767272400,
            },
            {"user_type": "END_USER", "user_id": "e-1", "signature": "eyJhbGciOi.2", "ctime": 1767272400},
            {"user_type": "END_USER", "user_id": "e-2", "signature": "eyJhbGciOi.3", "ctime": 1767272400},
        ],
    },
    "chat_subtitle_config": {"dx": 60, "dy": 820, "width": 1800, "height": 200},
    "video_config": {"width": 1920, "height": 1080},
    "voice_config_list": [
        {
            "voice_asset_id": "7a9f3c52d1b84e0e",
            "speed": 100,
            "pitch": 100,
            "volume": 140,
            "provider": "HUAWEI_EI",
            "language": "CN",
            "language_desc": "中文",
        },
        {
            "voice_asset_id": "1c0de8a4f6b94d27",
            "speed": 125,
            "pitch": 90,
            "volume": 200,
            "provider": "MOBVOI",
            "language": "por",
            "language_desc": "Português",
        },
    ],
    "chat_video_type": "COMPUTER",
    "is_transparent": False,
    "region": "cn-north-4",
    "default_language": "CN",
}


@pytest.fixture
def invocation() -> JobInvocation:
    """Mei's start on New Year's Day at noon."""
    return an_invocation(
        id="0198c0de-7000-7000-8000-0123456789ab",
        created_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
        action=Action.START,
        source=Source.COMMAND,
        status=Status.STARTED,
        channel_id="C0AVATARS1",
        user_id="U0MEI00001",
        text="24bad716-87b1-45e5-8912-6102f7693265 cn-north-4",
        room_id="24bad716-87b1-45e5-8912-6102f7693265",
        region="cn-north-4",
        request_id="f3a1b2c4d5e6f708192a3b4c5d6e7f80",
    )


@pytest.fixture
def job() -> Callable[..., SmartChatJob]:
    """A job with everything in it, changed as a test wants it."""

    def answered(**changes: Any) -> SmartChatJob:
        return SmartChatJob.model_validate(FULL_JOB | changes)

    return answered


@pytest.fixture(scope="session")
def wrong_with() -> Callable[[Message], list[str]]:
    """What Slack would not take in a message, or would not keep as it is."""

    def look(message: Message) -> list[str]:
        blocks = list(message.blocks)
        too_long = [
            *(["the text is too long"] if len(message.text) > TEXT_LIMIT else ()),
            *(["the blocks are too long together"] if characters(blocks) > ALL_CHARACTERS else ()),
        ]
        return [
            *block_problems(blocks),
            *_changed_by_the_sdk(blocks),
            *_missed_by_the_sdk(blocks),
            *too_long,
        ]

    return look


@pytest.fixture(scope="session")
def wrong_with_view() -> Callable[[dict[str, Any]], list[str]]:
    """What Slack would not take in a modal or a Home tab, or would not keep as it is."""

    def look(view: dict[str, Any]) -> list[str]:
        too_large = len(json.dumps(view, ensure_ascii=False).encode(errors="replace")) > VIEW_BYTES
        return [
            *view_problems(view, view["type"]),
            *_changed_by_the_sdk(view["blocks"]),
            *(["the view is too large"] if too_large else ()),
        ]

    return look


@pytest.fixture
def assert_golden(wrong_with: Callable[[Message], list[str]]) -> Callable[[str, Message], None]:
    """A message is, to the letter, the one that was read and found right."""

    def compare(name: str, message: Message) -> None:
        assert wrong_with(message) == []
        _compare(name, message.arguments())

    return compare


@pytest.fixture
def assert_golden_view(
    wrong_with_view: Callable[[dict[str, Any]], list[str]],
) -> Callable[[str, dict[str, Any]], None]:
    """The same of a modal."""

    def compare(name: str, view: dict[str, Any]) -> None:
        assert wrong_with_view(view) == []
        _compare(name, view)

    return compare


def _compare(name: str, shown: dict[str, Any]) -> None:
    found = json.dumps(shown, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    path = GOLDEN / f"{name}.json"
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), path.name, "the message", n=2)
    if difference := "\n".join(lines):
        pytest.fail(difference, pytrace=False)


def _changed_by_the_sdk(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        parsed = Block.parse(block)
        if parsed is None or parsed.to_dict() != block:
            yield f"the SDK makes something else of {block}"


def _missed_by_the_sdk(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """Long fields, an action ID that stands twice, long option texts."""
    actions: Counter[str] = Counter()
    for holder in _objects(blocks):
        actions.update([holder["action_id"]] if "action_id" in holder else [])
        for field in holder.get("fields", []):
            if not 1 <= len(field["text"]) <= 2000:
                yield f"a field of {len(field['text'])} characters"
        for option in holder.get("options", []):
            if len(option["text"]["text"]) > 75 or len(option["value"]) > 150:
                yield f"an option that is too long: {option}"
    yield from (f"{name} stands {count} times" for name, count in actions.items() if count > 1)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)
