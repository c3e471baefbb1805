"""When a start is sent again, and when it never is: each start makes a job that holds a paid channel."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from typing_extensions import override

from bot.errors import (
    CredentialRefused,
    MetaStudioError,
    NotSent,
    OutcomeUnknown,
    Rejected,
    RoomUnknown,
    Throttled,
)
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio
from bot.metastudio.credentials import AccessKeys, Credentials, TokenAuth
from bot.metastudio.signing import AkSkAuth
from bot.sandbox.metastudio import Credentials as Account
from bot.sandbox.metastudio import MetaStudioStandIn
from tests.metastudio.cloud import (
    ACCEPTS,
    JOB_ID,
    PROJECT,
    ROOM,
    THROTTLES,
    Clock,
    Pauses,
    Says,
    ScriptedCloud,
    Step,
)

OpenClient = Callable[..., MetaStudio]

TOKEN_REFUSALS = {
    "401": Says(401, {"error_code": "MSS.00000001", "error_msg": "Unauthorized"}),
    "400 MSS.00010008": Says(400, {"error_code": "MSS.00010008", "error_msg": "Invalid token"}),
}


class Renewing(Credentials):
    """Provides token-1 until it is refused, then token-2, and so on."""

    def __init__(self) -> None:
        self._auth = TokenAuth(SecretStr("token-1"))
        self.renewals = 0

    @override
    async def auth(self) -> httpx.Auth:
        return self._auth

    @override
    def replaces(self, refused: httpx.Auth) -> bool:
        assert refused is self._auth
        self.renewals += 1
        self._auth = TokenAuth(SecretStr(f"token-{self.renewals + 1}"))
        return True


async def start(metastudio: MetaStudio, seconds: float = 30) -> Any:
    return await metastudio.start(ROOM, app_user_id="U1", seconds=seconds)


async def fail(metastudio: MetaStudio, seconds: float = 30) -> MetaStudioError:
    with pytest.raises(MetaStudioError) as caught:
        await start(metastudio, seconds)
    return caught.value


def sent_tokens(cloud: ScriptedCloud) -> list[str]:
    return [request.headers["X-Auth-Token"] for request in cloud.requests]


NEVER_LEFT: list[Exception] = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("nobody there"),
    httpx.PoolTimeout("no connection free"),
    httpx.ProxyError("the proxy is gone"),
    httpx.UnsupportedProtocol("ftp"),
]
MAYBE_ARRIVED: list[Exception] = [
    httpx.ReadTimeout("no answer"),
    httpx.WriteTimeout("half sent"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.CloseError("closed"),
    httpx.RemoteProtocolError("nonsense"),
    httpx.LocalProtocolError("nonsense"),
    httpx.DecodingError("nonsense"),
    ConnectionResetError("reset"),
    TimeoutError("too late"),
    ValueError("nonsense"),
]


@pytest.mark.parametrize("lost", NEVER_LEFT, ids=lambda error: type(error).__name__)
async def test_what_never_left_is_sent_again_after_growing_pauses(
    open_client: OpenClient, pauses: Pauses, lost: Exception
) -> None:
    jitter = iter([0.0, 0.5, 0.999, 0.0])
    cloud = ScriptedCloud(lost)
    error = await fail(open_client(cloud, jitter=lambda: next(jitter)))
    assert type(error) is NotSent
    assert advice(error)
    assert len(cloud.requests) == 4
    assert pauses == [0.5, 1.5, pytest.approx(3.998)]


@pytest.mark.parametrize("failures", [1, 2, 3])
@pytest.mark.parametrize("failure", [NEVER_LEFT[0], THROTTLES], ids=["not sent", "throttled"])
async def test_a_start_that_gets_through_in_the_end_is_a_started_job(
    open_client: OpenClient, failure: Step, failures: int
) -> None:
    cloud = ScriptedCloud(*[failure] * failures, ACCEPTS)
    assert (await start(open_client(cloud))).job.job_id == JOB_ID
    assert len(cloud.requests) == failures + 1


async def test_the_same_is_asked_every_time(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(THROTTLES, NEVER_LEFT[0], ACCEPTS)
    await start(open_client(cloud))
    asked = {(request.method, str(request.url), request.content) for request in cloud.requests}
    assert len(asked) == 1


@pytest.mark.parametrize("lost", MAYBE_ARRIVED, ids=lambda error: type(error).__name__)
async def test_what_may_have_arrived_is_never_sent_again(
    open_client: OpenClient, pauses: Pauses, lost: Exception
) -> None:
    cloud = ScriptedCloud(lost, ACCEPTS)
    error = await fail(open_client(cloud))
    assert type(error) is OutcomeUnknown
    assert "look at the room's jobs" in advice(error)
    assert len(cloud.requests) == 1
    assert pauses == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_start_that_failed_in_the_cloud_is_never_sent_again(
    open_client: OpenClient, status: int
) -> None:
    cloud = ScriptedCloud(Says(status, b"", {"Retry-After": "1"}), ACCEPTS)
    assert type(await fail(open_client(cloud))) is OutcomeUnknown
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409])
async def test_a_refused_start_is_never_sent_again(open_client: OpenClient, status: int) -> None:
    cloud = ScriptedCloud(Says(status), ACCEPTS)
    assert isinstance(await fail(open_client(cloud)), Rejected)
    assert len(cloud.requests) == 1


async def test_a_throttled_start_is_given_up_after_three_retries(
    open_client: OpenClient, pauses: Pauses
) -> None:
    cloud = ScriptedCloud(THROTTLES)
    error = await fail(open_client(cloud))
    assert type(error) is Throttled
    assert error.answer.request_id == "request-2"
    assert len(cloud.requests) == 4
    assert pauses == [0.75, 1.5, 3.0]


async def test_all_kinds_of_retries_together_are_three(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(NEVER_LEFT[0], THROTTLES, NEVER_LEFT[0], THROTTLES, ACCEPTS)
    assert type(await fail(open_client(cloud))) is Throttled
    assert len(cloud.requests) == 4


async def test_the_wish_for_a_longer_pause_is_granted(open_client: OpenClient, pauses: Pauses) -> None:
    wishes = [Says(429, b"", {"Retry-After": seconds}) for seconds in ("7", "0.1", "12.5")]
    await start(open_client(ScriptedCloud(*wishes, ACCEPTS)))
    assert pauses == [7, 1.5, 12.5]


async def test_a_wish_that_is_a_moment_is_measured_by_the_clouds_own_clock(
    open_client: OpenClient, pauses: Pauses
) -> None:
    headers = {"Retry-After": "Wed, 01 Jan 2020 12:00:09 GMT", "Date": "Wed, 01 Jan 2020 12:00:00 GMT"}
    await start(open_client(ScriptedCloud(Says(429, b"", headers), ACCEPTS)))
    assert pauses == [9]


@pytest.mark.parametrize("wish", ["31", "30", "86400", "1e999"])
async def test_a_pause_beyond_the_time_limit_is_not_begun(
    open_client: OpenClient, pauses: Pauses, wish: str
) -> None:
    cloud = ScriptedCloud(Says(429, b"", {"Retry-After": wish}), ACCEPTS)
    error = await fail(open_client(cloud), seconds=30)
    assert isinstance(error, Throttled)
    assert error.retry_after == float(wish)
    assert len(cloud.requests) == 1
    assert pauses == []


@pytest.mark.parametrize("wish", ["soon", "", "-5", "nan", "Thu, 01 Jan 2026 12:00:30 GMT"])
async def test_a_wish_that_cannot_be_read_is_none(open_client: OpenClient, pauses: Pauses, wish: str) -> None:
    await start(open_client(ScriptedCloud(Says(429, b"", {"Retry-After": wish}), ACCEPTS)))
    assert pauses == [0.75]


@pytest.mark.parametrize("refusal", TOKEN_REFUSALS)
async def test_a_refused_token_is_renewed_and_the_start_sent_once_more(
    open_client: OpenClient, pauses: Pauses, refusal: str
) -> None:
    cloud = ScriptedCloud(TOKEN_REFUSALS[refusal], ACCEPTS)
    assert (await start(open_client(cloud, credentials=Renewing()))).job.job_id == JOB_ID
    assert sent_tokens(cloud) == ["token-1", "token-2"]
    assert pauses == []


@pytest.mark.parametrize("refusal", TOKEN_REFUSALS)
async def test_a_token_is_renewed_only_once(open_client: OpenClient, refusal: str) -> None:
    cloud = ScriptedCloud(TOKEN_REFUSALS[refusal], THROTTLES, TOKEN_REFUSALS[refusal], ACCEPTS)
    credentials = Renewing()
    assert type(await fail(open_client(cloud, credentials=credentials))) is CredentialRefused
    assert sent_tokens(cloud) == ["token-1", "token-2", "token-2"]
    assert credentials.renewals == 1


@pytest.mark.parametrize("refusal", TOKEN_REFUSALS)
async def test_keys_and_ready_made_tokens_are_not_renewed(
    open_client: OpenClient, clock: Clock, refusal: str
) -> None:
    keys = AccessKeys(AkSkAuth(SecretStr("ak"), SecretStr("sk"), project_id=PROJECT, now=clock))
    for credentials in (keys, None):
        cloud = ScriptedCloud(TOKEN_REFUSALS[refusal], ACCEPTS)
        assert type(await fail(open_client(cloud, credentials=credentials))) is CredentialRefused
        assert len(cloud.requests) == 1


async def test_each_attempt_is_signed_with_its_own_time(open_client: OpenClient, clock: Clock) -> None:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds=60)

    keys = AccessKeys(AkSkAuth(SecretStr("ak"), SecretStr("sk"), project_id=PROJECT, now=clock))
    cloud = ScriptedCloud(THROTTLES, ACCEPTS)
    await start(open_client(cloud, credentials=keys, sleep=sleep))
    dates = [request.headers["X-Sdk-Date"] for request in cloud.requests]
    assert dates == ["20260101T120000Z", "20260101T120100Z"]


async def forever(_: Any) -> Any:
    await asyncio.Event().wait()


async def test_the_time_limit_ends_a_start_that_is_under_way_as_unknown(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(forever)
    error = await fail(open_client(cloud), seconds=0.05)
    assert type(error) is OutcomeUnknown
    assert "0.05 seconds" in sentence(error.reason)
    assert len(cloud.requests) == 1


async def test_the_time_limit_in_a_pause_leaves_nothing_unknown(open_client: OpenClient) -> None:
    cloud = ScriptedCloud(THROTTLES, ACCEPTS)
    error = await fail(open_client(cloud, sleep=forever, jitter=lambda: 0.0), seconds=0.55)
    assert type(error) is Throttled
    assert len(cloud.requests) == 1


async def test_a_pause_that_would_outlast_the_time_limit_is_not_begun(
    open_client: OpenClient, pauses: Pauses
) -> None:
    error = await fail(open_client(ScriptedCloud(NEVER_LEFT[0])), seconds=0.6)
    assert type(error) is NotSent
    assert pauses == []


async def test_the_time_limit_while_waiting_for_a_token_leaves_nothing_unknown(
    open_client: OpenClient,
) -> None:
    class Slow(Renewing):
        @override
        async def auth(self) -> httpx.Auth:
            await asyncio.Event().wait()
            return await super().auth()

    cloud = ScriptedCloud(ACCEPTS)
    error = await fail(open_client(cloud, credentials=Slow()), seconds=0.05)
    assert type(error) is NotSent
    assert cloud.requests == []


async def test_the_time_limit_while_renewing_tells_why_it_was_renewed(open_client: OpenClient) -> None:
    class SlowAtRenewing(Renewing):
        @override
        async def auth(self) -> httpx.Auth:
            if self.renewals:
                await asyncio.Event().wait()
            return await super().auth()

    cloud = ScriptedCloud(TOKEN_REFUSALS["401"], ACCEPTS)
    error = await fail(open_client(cloud, credentials=SlowAtRenewing()), seconds=0.05)
    assert type(error) is CredentialRefused
    assert len(cloud.requests) == 1


async def test_the_time_limit_is_for_all_attempts_together(open_client: OpenClient) -> None:
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0.2)

    cloud = ScriptedCloud(THROTTLES)
    began = asyncio.get_running_loop().time()
    await fail(open_client(cloud, sleep=sleep, jitter=lambda: 0.0), seconds=1.1)
    assert asyncio.get_running_loop().time() - began < 1.1
    assert len(cloud.requests) == 2


async def test_a_cancelled_start_is_cancelled(open_client: OpenClient) -> None:
    task = asyncio.create_task(start(open_client(ScriptedCloud(forever))))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("room", "kind", "answered", "jobs"),
    [
        ("throttled", None, 3, 1),
        ("bare", None, 1, 1),
        ("busy", Rejected, 1, 0),
        ("missing", RoomUnknown, 1, 0),
        ("broken", OutcomeUnknown, 1, 0),
        ("lost", OutcomeUnknown, 1, 1),
        ("slow", OutcomeUnknown, 0, 1),
    ],
)
async def test_the_rooms_that_misbehave(
    open_client: OpenClient, room: str, kind: type[MetaStudioError] | None, answered: int, jobs: int
) -> None:
    account = Account(project_id=PROJECT, ready_made_token="a-ready-made-token")
    async with MetaStudioStandIn(account, slow_seconds=5) as stand_in:
        metastudio = open_client(endpoint=stand_in.url, jitter=lambda: 0.0)
        request = type(ROOM)(room)
        if kind is None:
            started = await metastudio.start(request, app_user_id="U1", seconds=5)
            assert started.job.job_id == stand_in.jobs[0].job_id
        else:
            with pytest.raises(MetaStudioError) as caught:
                await metastudio.start(request, app_user_id="U1", seconds=0.3)
            assert type(caught.value) is kind
        assert (len(stand_in.calls), len(stand_in.jobs)) == (answered, jobs)
