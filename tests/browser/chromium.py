"""Find a Chromium: an installed one, else the system's package, else Playwright's own download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def provide() -> Path | None:
    """Return the browser's path; None for the one that Playwright downloaded.

    Raises:
        RuntimeError: no browser is available; the text says what to do.
    """
    if found := _installed():
        return found
    if shutil.which("apt-get") and os.geteuid() == 0:
        _try("apt-get", "update")
        _try("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-noto-color-emoji")
        if found := _installed():
            return found
    if _try(sys.executable, "-m", "playwright", "install", "--with-deps", "chromium") or _try(
        sys.executable, "-m", "playwright", "install", "chromium"
    ):
        return None
    raise RuntimeError(
        "The tests of the page need Chromium, and neither the system's packages nor Playwright gave one. "
        "Install Chromium or Google Chrome, then run `make test` again."
    )


def _installed() -> Path | None:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else MAC if MAC.exists() else None


def _try(*command: str) -> bool:
    return subprocess.run(command, check=False).returncode == 0
