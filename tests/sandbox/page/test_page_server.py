import asyncio
import json
import re
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.domain.invocation import Status
from bot.sandbox.metastudio import MISBEHAVING_ROOMS, ORDINARY_LIFE, MetaStudioStandIn
from bot.sandbox.page import Page
from bot.sandbox.page.files import FOLDER
from bot.sandbox.page.server import SHOWN
from bot.sandbox.slack import SlackStandIn, Tokens

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


async def told(stream: aiohttp.ClientResponse, kind: str) -> None:
    """Wait until the stream has reported this kind."""
    async with asyncio.timeout(3):
        while (await stream.content.readline()).decode() != f"data: {json.dumps({'kind': kind})}\n":
            pass


async def test_every_file_of_the_page_is_served_with_a_strict_policy(browser: aiohttp.ClientSession) -> None:
    files = [path for path in FOLDER.iterdir() if path.suffix in TYPES]
    assert files
    for address, path in [("/", FOLDER / "index.html"), *((f"/page/{path.name}", path) for path in files)]:
        async with browser.get(address) as response:
            assert response.status == 200
            assert response.content_type == TYPES[path.suffix]
            assert response.charset == "utf-8"
            assert response.headers["Content-Security-Policy"] == POLICY
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert response.headers["Cache-Control"] == "no-store"
            assert await response.read() == path.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "server.py",
        "nothing.js",
        "",
        "..%2fserver.py",
        "..%2f..%2f..%2f..%2fREADME.md",
        "%2e%2e/%2e%2e/slack/server.py",
        "%2fetc%2fpasswd",
        "..%5cindex.html",
        "sub/index.html",
        "index.html%00.js",
        ".html",
    ],
)
async def test_nothing_else_is_served(browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(URL(f"/page/{path}", encoded=True)) as response:
        assert response.status == 404
        assert "import" not in await response.text()


async def test_the_log_is_shown_and_its_changes_are_reported(
    browser: aiohttp.ClientSession, rows: list[dict[str, Any]]
) -> None:
    async with browser.get("/sandbox/stream") as stream:
        rows.append({"id": "1", "status": "received"})
        await told(stream, "log")
        rows[0] = {"id": "1", "status": "started"}
        await told(stream, "log")
    async with browser.get("/sandbox/log") as response:
        assert await response.json() == {"rows": [{"id": "1", "status": "started"}]}


def test_the_page_knows_exactly_the_existing_statuses() -> None:
    known = (FOLDER / "log.js").read_text().partition("const STATUSES = {")[2].partition("};")[0]
    assert sorted(re.findall(r"^ +(\w+):", known, re.MULTILINE)) == sorted(Status)


async def test_calls_to_metastudio_are_shown_and_reported(
    browser: aiohttp.ClientSession, metastudio: MetaStudioStandIn
) -> None:
    async with browser.get("/sandbox/stream") as stream:
        async with browser.get(URL(metastudio.url).with_path("/v1/nothing")) as response:
            assert response.status >= 400
        await told(stream, "traffic")
    async with browser.get("/sandbox/metastudio") as response:
        shown = await response.json()
    assert [call["path"] for call in shown["calls"]] == ["/v1/nothing"]
    assert shown["jobs"] == []
    assert [room["room_id"] for room in shown["rooms"]["misbehaving"]] == list(MISBEHAVING_ROOMS)
    assert shown["rooms"]["named"][0]["room_name"] == "Lobby kiosk"
    assert shown["rooms"]["ordinary_life"] == ORDINARY_LIFE
    assert shown["trouble"] == []


async def test_of_many_jobs_the_latest_are_shown(
    browser: aiohttp.ClientSession, metastudio: MetaStudioStandIn
) -> None:
    path = f"/v1/{metastudio.credentials.project_id}/smart-chat-rooms/lobby/smart-chat-jobs"
    headers = {"X-Auth-Token": "a-ready-made-token"}
    async with browser.get("/sandbox/stream") as stream:
        for _ in range(SHOWN + 5):
            async with browser.post(URL(metastudio.url).with_path(path), headers=headers) as response:
                assert response.status == 202
        await told(stream, "traffic")
    async with browser.get("/sandbox/metastudio") as response:
        shown = await response.json()
    assert [job["job_id"] for job in shown["jobs"]] == [job.job_id for job in metastudio.jobs[5:]]
    assert len(shown["calls"]) == SHOWN


async def test_metastudio_is_troubled_and_recovers(
    browser: aiohttp.ClientSession, metastudio: MetaStudioStandIn
) -> None:
    async def order(**wish: Any) -> list[str]:
        async with browser.post("/sandbox/metastudio/trouble", json=wish) as response:
            assert response.status == 200
            return [trouble["kind"] for trouble in (await response.json())["trouble"]]

    assert await order(kind="throttle", seconds=10) == ["throttle"]
    assert await order(kind="down", seconds=10) == ["throttle", "down"]
    with pytest.raises(aiohttp.ClientError):
        await browser.get(URL(metastudio.url).with_path("/v1/nothing"))
    assert await order(kind="down", seconds=0) == ["throttle"]
    assert await order(kind="unsupported") == ["throttle", "unsupported"]
    async with browser.get("/sandbox/metastudio") as response:
        assert [trouble["kind"] for trouble in (await response.json())["trouble"]] == [
            "throttle",
            "unsupported",
        ]
    assert await order(kind="clear") == []


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"kind": "flood", "seconds": 1}, "kind is down, throttle"),
        ({"kind": "down", "seconds": -1}, "seconds must be"),
        ({"kind": "down", "seconds": 1e9}, "seconds must be"),
    ],
)
async def test_malformed_trouble_is_refused(
    browser: aiohttp.ClientSession, wish: dict[str, Any], words: str
) -> None:
    async with browser.post("/sandbox/metastudio/trouble", json=wish) as response:
        assert response.status == 400
        assert words in (await response.json())["error"]


async def test_other_pages_may_not_read_the_log(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/sandbox/log", headers={"Host": "evil.example"}) as response:
        assert response.status == 403


async def test_a_page_works_without_log_and_metastudio() -> None:
    slack = SlackStandIn(Tokens.made_up())
    Page(slack, metastudio=None, log_rows=None).add_to(slack.application)
    async with slack, aiohttp.ClientSession(base_url=slack.url) as browser:
        async with browser.get("/sandbox/log") as response:
            assert await response.json() == {"rows": []}
        async with browser.get("/sandbox/metastudio") as response:
            assert (await response.json())["jobs"] == []
        wish = {"kind": "down", "seconds": 1}
        async with browser.post("/sandbox/metastudio/trouble", json=wish) as response:
            assert response.status == 400


async def test_a_log_that_cannot_be_read_for_a_moment_is_read_again() -> None:
    answers: list[Any] = [RuntimeError("closed for now"), [{"id": "1"}]]

    async def log_rows() -> list[dict[str, Any]]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    slack = SlackStandIn(Tokens.made_up())
    Page(slack, metastudio=None, log_rows=log_rows, look_seconds=0.02).add_to(slack.application)
    async with (
        slack,
        aiohttp.ClientSession(base_url=slack.url) as browser,
        browser.get("/sandbox/stream") as stream,
    ):
        await told(stream, "log")
