"""The bot checks its credentials at the start, and reports wrong ones before anybody starts a job."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from bot.sandbox.slack import SlackStandIn
from bot.settings import Settings
from tests.stage import ROOM, Clock, free_port, staged, until

SettingsFor = Callable[..., Settings]
Warned = Callable[..., Any]


@pytest.fixture
def warned(slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: SettingsFor) -> Warned:
    """Return a function that starts the bot with wrong settings and returns its warnings."""

    async def start(clock: Clock | None = None, **wrong: Any) -> dict[str, Any]:
        with capture_logs() as lines:
            async with staged(slack, metastudio, settings_for(**wrong), clock):
                await until(lambda: any("call to MetaStudio failed" in line["event"] for line in lines))
        [warning] = [line for line in lines if "call to MetaStudio failed" in line["event"]]
        assert warning["log_level"] == "warning"
        return dict(warning)

    return start


async def test_good_credentials_are_tried_with_one_small_call_and_no_word(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: SettingsFor
) -> None:
    with capture_logs() as lines:
        async with staged(slack, metastudio, settings_for()):
            await until(lambda: len(metastudio.calls) == 1)
    [call] = metastudio.calls
    assert (call.method, call.path.rpartition("/")[2], call.status) == ("GET", "smart-chat-rooms", 200)
    assert [line for line in lines if line["log_level"] == "warning"] == []


async def test_a_wrong_secret_key_is_said_and_the_bot_stays_up(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: SettingsFor
) -> None:
    with capture_logs() as lines:
        settings = settings_for(HUAWEICLOUD_SDK_SK="canary-wrong-key")
        async with staged(slack, metastudio, settings) as stage:
            await until(lambda: any("call to MetaStudio failed" in line["event"] for line in lines))
            assert (await stage.types("help")).ack is not None
            assert len(metastudio.calls) == 1
    [warning] = [line for line in lines if "call to MetaStudio failed" in line["event"]]
    assert (warning["http_status"], warning["error_code"]) == (401, "APIGW.0301")
    assert "HUAWEICLOUD_SDK_SK" in warning["advice"]
    assert "canary" not in str(warning)


async def test_another_project_is_said(warned: Warned) -> None:
    warning = await warned(HUAWEICLOUD_SDK_PROJECT_ID="0" * 32)
    assert warning["error_code"] == "MSS.00010009"
    assert "HUAWEICLOUD_SDK_PROJECT_ID" in warning["advice"]


async def test_an_endpoint_that_is_something_else_is_said(warned: Warned, slack: SlackStandIn) -> None:
    warning = await warned(METASTUDIO_ENDPOINT=slack.url)
    assert "METASTUDIO_ENDPOINT" in warning["advice"]


async def test_an_endpoint_that_is_not_there_is_said_with_the_cause(warned: Warned) -> None:
    warning = await warned(METASTUDIO_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    assert warning["reason"] == "MetaStudio cannot be reached at 127.0.0.1: the connection was refused."


@pytest.mark.parametrize(
    ("ahead", "words"), [(3600, "minutes ahead of MetaStudio's"), (-3600, "minutes behind MetaStudio's")]
)
async def test_a_clock_that_is_wrong_is_said(
    slack: SlackStandIn, settings_for: SettingsFor, ahead: float, words: str
) -> None:
    clock = Clock()
    clock.ahead = ahead
    async with MetaStudioStandIn(Credentials(), clock=time.time) as metastudio:
        keys = metastudio.credentials
        settings = settings_for(
            METASTUDIO_ENDPOINT=metastudio.url,
            HUAWEICLOUD_SDK_AK=keys.access_key,
            HUAWEICLOUD_SDK_SK=keys.secret_key,
            HUAWEICLOUD_SDK_PROJECT_ID=keys.project_id,
        )
        with capture_logs() as lines:
            async with staged(slack, metastudio, settings, clock):
                await until(lambda: any("call to MetaStudio failed" in line["event"] for line in lines))
    [warning] = [line for line in lines if "call to MetaStudio failed" in line["event"]]
    assert words in warning["advice"]


async def test_an_operation_that_is_not_offered_is_not_blamed_on_the_setting(
    slack: SlackStandIn, metastudio: MetaStudioStandIn, settings_for: SettingsFor
) -> None:
    metastudio.trouble.unsupport("rooms")
    async with staged(slack, metastudio, settings_for()) as stage:
        await stage.types(f"{ROOM} cn-north-4")
        metastudio.trouble.unsupport()
        await stage.clicks("Stop", stage.news()[-1])
        told = stage.slack.messages()[-1].text
    assert "does not offer this operation" in told
    assert "Other operations work at METASTUDIO_ENDPOINT" in told
