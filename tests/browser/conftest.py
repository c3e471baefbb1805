"""A real Chromium, and real processes that serve the page."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.browser.chromium import provide

SCREENSHOTS = Path(__file__).parent / "screenshots"
ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open the browser for one module only: while it is open, no asyncio test can run."""
    executable = provide()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a window. At the end, check that its console has no error and that no request went elsewhere."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, timezone_id="Asia/Shanghai")
    window = context.new_page()
    complaints: list[str] = []
    strangers: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def look(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:")):
            strangers.append(request.url)

    window.on("console", note)
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on("request", look)
    yield window
    context.close()
    assert complaints == []
    assert strangers == []


@contextmanager
def serving(*module: str) -> Iterator[str]:
    """Run a process that prints the page's address; yield the address."""
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if ("browser" in line or "demonstration" in module[0]) and (found := ADDRESS.search(line)):
                yield found[0]
                break
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0


@pytest.fixture
def sandbox() -> Iterator[str]:
    """Run `avatar-bot sandbox`, the real bot."""
    with serving("bot", "sandbox", "--port", "0", "--no-open") as address:
        yield address


@pytest.fixture
def demonstration() -> Iterator[str]:
    """Run an app with forms and confirmations."""
    with serving("tests.browser.demonstration") as address:
        yield address


def keep(page: Page, name: str) -> None:
    """Write a screenshot to a folder that git ignores."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
