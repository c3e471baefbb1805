"""Files that others may read are named at the start."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.runtime.private_files import open_to_others, warn_of_open_files


@pytest.mark.parametrize(("mode", "is_open"), [(0o600, False), (0o400, False), (0o640, True), (0o666, True)])
def test_a_file_that_others_may_use_is_found(tmp_path: Path, mode: int, is_open: bool) -> None:  # noqa: FBT001
    file = tmp_path / ".env"
    file.touch()
    file.chmod(mode)
    assert list(open_to_others([file])) == [file] * is_open


def test_a_missing_file_is_ignored(tmp_path: Path) -> None:
    assert list(open_to_others([tmp_path / ".env", tmp_path])) == []


def test_the_warning_says_how_to_fix_it(tmp_path: Path) -> None:
    file = tmp_path / "avatar-bot.db"
    file.touch(0o644)
    with capture_logs() as lines:
        warn_of_open_files([file])
    assert f"chmod 600 {file}" in str(lines)
