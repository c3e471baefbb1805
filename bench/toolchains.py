"""Install what some contenders need besides the bot's own environment: locked, and only once.

An installation stores the hash of its lock, so that a changed lock leads to a new installation.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SET_UP_SECONDS = 900


class Skipped(Exception):
    """A contender that cannot take part, with the reason in a few words."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """An installation from a lock. `program` must be present to do it."""

    what: str
    lock: Path
    place: Path
    program: str
    commands: tuple[tuple[str, ...], ...]

    def prepare(self, *, may_download: bool) -> None:
        """Install it unless that is done already.

        Raises:
            Skipped: it is not available, or may not be downloaded now.
        """
        if shutil.which(self.program) is None:
            raise Skipped(f"{Path(self.program).name} is not on this machine")
        mark, digest = self.place / ".set-up-from", hashlib.sha256(self.lock.read_bytes()).hexdigest()
        if mark.exists() and mark.read_text() == digest:
            return
        if not may_download:
            raise Skipped(f"{self.what} must be downloaded, which only the full bench does")
        sys.stderr.write(f"Setting up {self.what} …\n")
        for command in self.commands:
            _run(command, self.lock.parent)
        mark.write_text(digest)


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SET_UP_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skipped(f"{command[0]} failed: {error}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise Skipped(f"`{' '.join(command)}` failed: {words[-1] if words else 'no message'}")


_VENV = HERE / ".venv"
SCRIPT_PYTHON = str(_VENV / "bin" / "python")

SCRIPT = Toolchain(
    what="the vendor's SDK",
    lock=HERE / "requirements.txt",
    place=_VENV,
    program=sys.executable,
    commands=(
        (sys.executable, "-m", "venv", "--clear", str(_VENV)),
        (
            *(SCRIPT_PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet"),
            *("install", "--require-hashes", "-r", "requirements.txt"),
        ),
    ),
)

_BOLT_JS = HERE / "contenders" / "bolt_js"

NODE = Toolchain(
    what="Bolt for JavaScript",
    lock=_BOLT_JS / "package-lock.json",
    place=_BOLT_JS / "node_modules",
    program="npm",
    commands=(("npm", "ci", "--no-audit", "--no-fund"),),
)
