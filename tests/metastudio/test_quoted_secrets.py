"""Secrets that the cloud quotes in its answers are masked."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import MetaStudioError
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio
from bot.runtime.process_log import MASK, Redactor
from tests.metastudio.cloud import FULL_ANSWER, JOB_ID, ROOM, Says, ScriptedCloud

OpenClient = Callable[..., MetaStudio]

TOKEN = "MIIF" + "aGVsbG8gV29ybGQ7IHRoaXMgaXMgYSB0b2tlbg+/" * 6
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

SHAPES = [
    "signature: canary-signature",
    '{"signature":"canary-signature"}',
    r"{\"signature\":\"canary-signature\"}",
    "X-Auth-Token: canary-token",
    "X-Security-Token=canary-token",
    "SDK-HMAC-SHA256 Access=CANARYACCESSKEY, SignedHeaders=host, Signature=canary",
    "Access=CANARYACCESSKEY does not exist",
    '"ak": "CANARYACCESSKEY"',
    "sk=canary-secret-key",
    "secret_key: canary-secret-key",
    "token=canary-token",
    f"the token {TOKEN} has expired",
    f"expected {HASH}",
]


async def failure_of(client: MetaStudio) -> MetaStudioError:
    with pytest.raises(MetaStudioError) as caught:
        await client.start(ROOM, app_user_id="U1", seconds=5)
    return caught.value


def seen(error: MetaStudioError) -> str:
    return f"{sentence(error.reason)} {advice(error)} {error.answer}"


@pytest.mark.parametrize("text", SHAPES)
@pytest.mark.parametrize("field", ["error_code", "error_msg", "request_id"])
async def test_what_is_shaped_like_a_secret_is_masked(open_client: OpenClient, field: str, text: str) -> None:
    words = {"error_code": "MSS.1", "error_msg": "refused"} | {field: text}
    told = seen(await failure_of(open_client(ScriptedCloud(Says(400, words)))))
    assert MASK in told
    for secret in ("canary-", "CANARY", TOKEN[4:40], HASH):
        assert secret not in told


async def test_a_signature_that_was_handed_out_before_is_masked_whatever_stands_around_it(
    open_client: OpenClient,
) -> None:
    quoting = Says(400, {"error_code": "MSS.1", "error_msg": "user rtc-signature-2 may not join"})
    client = open_client(ScriptedCloud(Says(202, FULL_ANSWER), quoting))
    await client.start(ROOM, app_user_id="U1", seconds=5)
    error = await failure_of(client)
    assert error.answer.error_msg == f"user {MASK} may not join"


async def test_why_a_job_failed_holds_no_secret(open_client: OpenClient) -> None:
    item: dict[str, Any] = {
        "job_id": JOB_ID,
        "state": "FAILED",
        "error_info": {"error_code": "MSS.1", "error_msg": "cannot join with signature=canary-signature"},
    }
    listing = Says(200, {"count": 1, "smart_chat_jobs": [item]})
    client = open_client(ScriptedCloud(Says(200, item), listing))
    report = await client.state(ROOM.room_id, JOB_ID, seconds=5)
    [listed] = await client.jobs_of_room(ROOM.room_id, seconds=5)
    assert report.error_info is not None
    assert report.error_info.error_msg == f"cannot join with signature={MASK}"
    assert (report.error_info.error_code, listed.error_info) == ("MSS.1", report.error_info)


@pytest.mark.parametrize(
    "harmless",
    [
        "The concurrency of the interactive dialog is used up",
        "Incorrect IAM authentication information: verify aksk signature fail",
        f"job {JOB_ID} in room {ROOM.room_id}",
        f"/v1/{'0' * 32}/digital-human-chat/smart-chat-rooms/{ROOM.room_id}/smart-chat-jobs/{JOB_ID}/state",
        "https://metastudio.cn-north-4.myhuaweicloud.com/v1/projects",
        "the task: stopped, mask=1, risk: low, a disk: full of tasks",
        "request_id=2f01167cfe4d08c296b9c27cc6b843d3",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(harmless: str) -> None:
    assert Redactor(())(harmless) == harmless
