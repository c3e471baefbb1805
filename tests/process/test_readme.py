"""The commands that README gives for the stand-ins alone, run as they are."""

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.process.conftest import LIMIT, Process, is_up, until
from tests.stage import free_port

README = (Path(__file__).parents[2] / "README.md").read_text()
SERVE, RUN, TYPE = re.findall(r"```sh\n(.*?)```", README.partition("**The stand-ins alone**")[2], re.DOTALL)
REQUEST_URL = "--request-url http://127.0.0.1:3000/slack/events"
MINE = "SLACK_BOT_TOKEN=xoxb-mine\n"

Shell = Callable[[str], Process]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder as after `make run`, with a person's own settings and this environment as its `.venv`."""
    folder = tmp_path / "clone"
    (folder / ".venv").mkdir(parents=True)
    for part in Path(sys.prefix).iterdir():
        if part.name in {"bin", "lib", "lib64", "pyvenv.cfg"}:
            (folder / ".venv" / part.name).symlink_to(part)
    (folder / ".env").write_text(MINE)
    return folder


@pytest.fixture
def shell(clone: Path, tmp_path: Path) -> Iterator[Shell]:
    """Open a terminal in that folder for each command; at the end send Ctrl-C to all, the last first."""
    started: list[Process] = []

    def type_in(command: str) -> Process:
        said = tmp_path / f"said-{len(started)}"
        with said.open("w") as out:
            popen = subprocess.Popen(
                ["sh", "-c", command],
                cwd=clone,
                env={"PATH": os.environ["PATH"], "SLACK_BOT_TOKEN": "xoxb-exported"},
                stdout=out,
                stderr=out,
                text=True,
                start_new_session=True,
            )
        started.append(Process(popen, said))
        return started[-1]

    yield type_in
    for process in reversed(started):
        if process.popen.poll() is None:
            os.killpg(process.popen.pid, signal.SIGINT)
        process.popen.wait(LIMIT)


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_the_stand_ins_and_the_bot_are_started_as_readme_says(clone: Path, shell: Shell, mode: str) -> None:
    port = free_port()
    assert f"`{REQUEST_URL}`" in README
    option = f" {REQUEST_URL.replace('3000', str(port))}" if mode == "http" else ""
    stand_ins = shell(SERVE.replace("-m bot.sandbox", f"-m bot.sandbox{option}"))
    until(lambda: "until Ctrl-C" in stand_ins.words, stand_ins)
    bot = shell(RUN.replace("env -i", f"env -i AVATAR_HTTP_PORT={port}"))
    until(lambda: is_up(port), bot)
    assert f'"mode": "{mode}"' in bot.words
    typed = shell(TYPE)
    assert typed.wait() == 0
    assert "busy" in typed.words

    environment = clone / ".venv" / "stand-ins" / "environment"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert stat.S_IMODE(environment.parent.stat().st_mode) == 0o700
    assert (clone / ".env").read_text() == MINE
    assert sorted(path.name for path in clone.iterdir()) == [".env", ".venv"]
