"""Logging in to IAM: seldom, once for all waiting calls, and a failed login never makes a start unknown."""

import asyncio
import json
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from typing_extensions import override

from bot.errors import CredentialRefused, MetaStudioError, NotSent
from bot.messages.reasons import advice, sentence
from bot.metastudio.client import MetaStudio
from bot.metastudio.credentials import IamAccount, IamLogin
from bot.metastudio.http import Http
from bot.sandbox.metastudio import Credentials, MetaStudioStandIn
from tests.metastudio.cloud import (
    ACCEPTED_ON_THE_WIRE,
    ACCEPTS,
    JOB_ID,
    PROJECT,
    ROOM,
    Clock,
    Pauses,
    RawServer,
    Says,
    ScriptedCloud,
    Step,
    answers,
    closes,
    on_the_wire,
    says_nothing,
)

OpenClient = Callable[..., MetaStudio]
OpenHttp = Callable[..., Http]

PASSWORD = "password-of-the-test"
ACCOUNT = IamAccount("bot", SecretStr(PASSWORD), "team", PROJECT)
IAM = "https://iam.example"


def gives(token: str, **body: Any) -> Says:
    return Says(201, {"token": body}, {"X-Subject-Token": token})


def good_until(when: Any, token: str = "token-1") -> Says:
    return gives(token, expires_at=when)


class TwoClouds(httpx.AsyncBaseTransport):
    """IAM and MetaStudio, each with its own script."""

    def __init__(self, iam: list[Step], metastudio: list[Step]) -> None:
        self.iam = ScriptedCloud(*iam)
        self.metastudio = ScriptedCloud(*metastudio)

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        cloud = self.iam if request.url.host == "iam.example" else self.metastudio
        return await cloud.handle_async_request(request)

    @property
    def sent_tokens(self) -> list[str]:
        return [request.headers["X-Auth-Token"] for request in self.metastudio.requests]


@pytest.fixture
def log_in(open_client: OpenClient, open_http: OpenHttp, clock: Clock) -> Callable[..., MetaStudio]:
    """`(transport=the real one, *, iam, metastudio, account)` → a client that logs in."""

    def open_one(
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        iam: str = IAM,
        metastudio: str = "https://metastudio.example",
        account: IamAccount = ACCOUNT,
    ) -> MetaStudio:
        credentials = IamLogin(open_http(transport), account, endpoint=iam, now=clock)
        return open_client(transport, endpoint=metastudio, credentials=credentials)

    return open_one


async def start(metastudio: MetaStudio, seconds: float = 30) -> str | None:
    return (await metastudio.start(ROOM, app_user_id="U1", seconds=seconds)).job.job_id


async def fail(metastudio: MetaStudio, seconds: float = 30) -> MetaStudioError:
    with pytest.raises(MetaStudioError) as caught:
        await start(metastudio, seconds)
    return caught.value


async def test_the_login_is_asked_as_iam_documents_it(log_in: OpenClient) -> None:
    clouds = TwoClouds([gives("token-1")], [ACCEPTS])
    await start(log_in(clouds))
    (request,) = clouds.iam.requests
    assert (request.method, str(request.url)) == ("POST", f"{IAM}/v3/auth/tokens?nocatalog=true")
    user = {"name": "bot", "password": PASSWORD, "domain": {"name": "team"}}
    assert json.loads(request.content) == {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": PROJECT}},
        }
    }
    assert not {"x-auth-token", "authorization"} & request.headers.keys()
    assert clouds.sent_tokens == ["token-1"]


async def test_a_token_is_kept_until_five_minutes_before_its_end(log_in: OpenClient, clock: Clock) -> None:
    clouds = TwoClouds([good_until("2026-01-02T12:00:00Z"), gives("token-2")], [ACCEPTS])
    metastudio = log_in(clouds)
    await start(metastudio)
    clock.advance(hours=23, minutes=54, seconds=59)
    await start(metastudio)
    assert clouds.sent_tokens == ["token-1", "token-1"]
    clock.advance(seconds=1)
    await start(metastudio)
    assert clouds.sent_tokens == ["token-1", "token-1", "token-2"]
    assert len(clouds.iam.requests) == 2


@pytest.mark.parametrize(
    "written", ["2026-01-02T12:00:00.701000Z", "2026-01-02T20:00:00+08:00", "2026-01-02T12:00:00"]
)
async def test_the_end_is_read_in_every_form_of_a_time(
    log_in: OpenClient, clock: Clock, written: str
) -> None:
    clouds = TwoClouds([good_until(written), gives("token-2")], [ACCEPTS])
    metastudio = log_in(clouds)
    await start(metastudio)
    clock.advance(hours=23, minutes=54)
    await start(metastudio)
    clock.advance(minutes=2)
    await start(metastudio)
    assert clouds.sent_tokens == ["token-1", "token-1", "token-2"]


NO_END: list[Says] = [
    gives("token-1"),
    Says(201, b"not JSON", {"X-Subject-Token": "token-1"}),
    Says(201, [1], {"X-Subject-Token": "token-1"}),
    Says(201, {"token": None}, {"X-Subject-Token": "token-1"}),
    good_until(None),
    good_until("tomorrow"),
    good_until(""),
    good_until({}),
    good_until([]),
    good_until(float("nan")),
    good_until(10**30),
]


@pytest.mark.parametrize("login", NO_END, ids=lambda login: str(login.content))
async def test_a_token_without_a_readable_end_is_kept_for_most_of_a_day(
    log_in: OpenClient, clock: Clock, login: Says
) -> None:
    clouds = TwoClouds([login, gives("token-2")], [ACCEPTS])
    metastudio = log_in(clouds)
    await start(metastudio)
    clock.advance(hours=22, minutes=54)
    await start(metastudio)
    clock.advance(hours=1)
    await start(metastudio)
    assert clouds.sent_tokens == ["token-1", "token-1", "token-2"]


@pytest.mark.parametrize(
    "end", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 5, "2025-12-31T00:00:00Z"]
)
async def test_a_token_whose_end_is_long_past_is_used_for_what_it_was_fetched_for(
    log_in: OpenClient, end: Any
) -> None:
    clouds = TwoClouds([good_until(end), gives("token-2")], [ACCEPTS])
    metastudio = log_in(clouds)
    assert await start(metastudio) == await start(metastudio) == JOB_ID
    assert clouds.sent_tokens == ["token-1", "token-2"]


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"])
async def test_a_token_for_ever_is_kept(log_in: OpenClient, clock: Clock, end: str) -> None:
    clouds = TwoClouds([good_until(end), gives("token-2")], [ACCEPTS])
    metastudio = log_in(clouds)
    await start(metastudio)
    clock.advance(days=3650)
    await start(metastudio)
    assert clouds.sent_tokens == ["token-1", "token-1"]


async def test_fifty_starts_at_once_share_one_login(log_in: OpenClient) -> None:
    async def slow_login(_: httpx.Request) -> Says:
        await asyncio.sleep(0.05)
        return gives("token-1")

    clouds = TwoClouds([slow_login], [ACCEPTS])
    metastudio = log_in(clouds)
    assert set(await asyncio.gather(*(start(metastudio) for _ in range(50)))) == {JOB_ID}
    assert len(clouds.iam.requests) == 1
    assert clouds.sent_tokens == ["token-1"] * 50


async def test_a_token_taken_back_is_renewed_once_for_all(log_in: OpenClient) -> None:
    account = Credentials(project_id=PROJECT, iam_user="bot", iam_password=PASSWORD, iam_domain="team")
    async with MetaStudioStandIn(account) as stand_in:
        metastudio = log_in(iam=stand_in.url, metastudio=stand_in.url)
        await start(metastudio)
        assert stand_in.revoke_tokens() == 1
        await asyncio.gather(*(start(metastudio) for _ in range(20)))
        assert len(stand_in.jobs) == 21
        assert [call.auth for call in stand_in.calls].count("password") == 2


async def test_a_late_refusal_of_the_old_token_does_not_cost_the_new_one(log_in: OpenClient) -> None:
    both_sent, renewed = asyncio.Event(), asyncio.Event()

    async def only_the_new_is_good(request: httpx.Request) -> Says:
        if request.headers["X-Auth-Token"] == "token-2":
            renewed.set()
            return ACCEPTS
        late = len(clouds.metastudio.requests) == 3
        if late:
            both_sent.set()
        await (renewed if late else both_sent).wait()
        return Says(401)

    logins: list[Step] = [gives("token-1"), gives("token-2"), gives("token-3")]
    clouds = TwoClouds(logins, [ACCEPTS, only_the_new_is_good])
    metastudio = log_in(clouds)
    await start(metastudio)
    assert set(await asyncio.gather(start(metastudio), start(metastudio))) == {JOB_ID}
    assert clouds.sent_tokens == ["token-1", "token-1", "token-1", "token-2", "token-2"]
    assert len(clouds.iam.requests) == 2


async def test_the_waiting_go_on_after_the_one_that_logged_in_gave_up(log_in: OpenClient) -> None:
    async def slow_at_first(_: httpx.Request) -> Says:
        if len(clouds.iam.requests) == 1:
            await asyncio.Event().wait()
        return gives("token-1")

    clouds = TwoClouds([slow_at_first], [ACCEPTS])
    metastudio = log_in(clouds)
    hurried = asyncio.create_task(fail(metastudio, seconds=0.1))
    await asyncio.sleep(0.01)
    assert await start(metastudio) == JOB_ID
    assert type(await hurried) is NotSent


async def test_a_password_that_iam_quotes_as_it_was_sent_is_masked(log_in: OpenClient) -> None:
    account = IamAccount("bot", SecretStr('quoted"and\\escaped'), "team", PROJECT)

    async def quotes(request: httpx.Request) -> Says:
        return Says(
            400, {"error": {"code": 400, "message": request.content.decode(), "title": "Bad Request"}}
        )

    error = await fail(log_in(TwoClouds([quotes], [ACCEPTS]), account=account))
    assert "methods" in (error.answer.error_msg or "")
    assert "escaped" not in sentence(error.reason) + (error.answer.error_msg or "")


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_login_is_not_tried_again(log_in: OpenClient, pauses: Pauses, status: int) -> None:
    refusal = Says(status, {"error": {"code": status, "message": "wrong password", "title": "Unauthorized"}})
    clouds = TwoClouds([refusal], [ACCEPTS])
    error = await fail(log_in(clouds))
    assert type(error) is CredentialRefused
    assert "wrong password" in sentence(error.reason)
    assert "METASTUDIO_IAM_PASSWORD" in advice(error)
    assert (error.answer.http_status, error.answer.error_code) == (status, str(status))
    assert len(clouds.iam.requests) == 1
    assert clouds.metastudio.requests == []
    assert pauses == []


async def test_a_wrong_password_is_refused_by_a_real_server_and_shown_to_nobody(log_in: OpenClient) -> None:
    account = Credentials(project_id=PROJECT, iam_user="bot", iam_domain="team")
    async with MetaStudioStandIn(account) as stand_in:
        error = await fail(log_in(iam=stand_in.url, metastudio=stand_in.url))
        assert [call.auth for call in stand_in.calls] == ["password"]
    assert type(error) is CredentialRefused
    assert PASSWORD not in "".join(traceback.format_exception(error)) + repr(vars(error))


async def test_after_a_refused_login_the_next_start_tries_anew(log_in: OpenClient) -> None:
    metastudio = log_in(TwoClouds([Says(401), gives("token-1")], [ACCEPTS]))
    await fail(metastudio)
    assert await start(metastudio) == JOB_ID


IAM_IN_TROUBLE: list[Step] = [
    httpx.ConnectError("down"),
    httpx.ReadError("lost"),
    httpx.ReadTimeout("silent"),
    Says(500, {"error": {"code": 500, "message": "Internal Error"}}),
    Says(503, b"<html>"),
    Says(429),
    Says(404),
    Says(201, {"token": {}}),
    Says(201, {"token": {}}, {"X-Subject-Token": ""}),
    Says(200, {"token": {}}, {"X-Subject-Token": "token-1"}),
    Says(302, b"", {"Location": "https://elsewhere.example"}),
]


@pytest.mark.parametrize("trouble", IAM_IN_TROUBLE, ids=str)
async def test_where_iam_is_in_trouble_nothing_was_sent_to_metastudio(
    log_in: OpenClient, pauses: Pauses, trouble: Step
) -> None:
    clouds = TwoClouds([trouble], [ACCEPTS])
    error = await fail(log_in(clouds))
    assert type(error) is NotSent
    assert sentence(error.reason).startswith("IAM gave the bot no token")
    assert "nothing was sent to MetaStudio" in sentence(error.reason)
    assert "HUAWEICLOUD_SDK_IAM_ENDPOINT" in advice(error)
    assert clouds.metastudio.requests == []
    assert len(clouds.iam.requests) == 4
    assert pauses == [0.75, 1.5, 3.0]


async def test_a_token_that_no_header_can_hold_is_not_used(log_in: OpenClient) -> None:
    unusable = on_the_wire(201, b"{}", {"X-Subject-Token": "tökén"})
    async with RawServer(answers(unusable)) as iam, RawServer(closes) as metastudio:
        assert type(await fail(log_in(iam=iam.url, metastudio=metastudio.url))) is NotSent
        assert metastudio.requests == []


async def test_iam_back_in_time_lets_the_start_through(log_in: OpenClient) -> None:
    clouds = TwoClouds([httpx.ConnectError("down"), Says(500), gives("token-1")], [ACCEPTS])
    assert await start(log_in(clouds)) == JOB_ID
    assert clouds.sent_tokens == ["token-1"]


@pytest.mark.parametrize("behave", [closes, says_nothing], ids=lambda behave: behave.__name__)
async def test_an_iam_that_hangs_or_hangs_up_leaves_nothing_unknown(log_in: OpenClient, behave: Any) -> None:
    async with RawServer(behave) as iam, RawServer(closes) as metastudio:
        error = await fail(log_in(iam=iam.url, metastudio=metastudio.url), seconds=0.3)
        assert type(error) is NotSent
        assert iam.requests
        assert metastudio.requests == []


async def test_a_token_of_nine_kilobytes_goes_through(log_in: OpenClient) -> None:
    token = "MII" + "x" * 9213

    async def cloud(request: bytes, writer: asyncio.StreamWriter) -> None:
        login = request.startswith(b"POST /v3/auth/tokens?nocatalog=true HTTP/1.1\r\n")
        said = on_the_wire(201, b"{}", {"X-Subject-Token": token}) if login else ACCEPTED_ON_THE_WIRE
        writer.write(said)
        await writer.drain()

    async with RawServer(cloud) as server:
        assert await start(log_in(iam=server.url, metastudio=server.url)) == JOB_ID
        assert f"\r\nX-Auth-Token: {token}\r\n".lower() in server.requests[1].decode().lower()
        assert len(server.requests) == 2


def test_neither_password_nor_token_show_in_a_repr() -> None:
    assert PASSWORD not in repr(ACCOUNT) + str(ACCOUNT)
