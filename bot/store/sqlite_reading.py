"""Read the invocation log in an SQLite file that a bot may be writing, without the right to write there."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.errors import StartupError
from bot.store.sqlite import engine_for
from bot.store.sqlite_driver import SqliteDatabase

_NO_FILES_MADE = {"mode": "ro", "readonly_shm": "1"}
"""For SQLite's own files beside the log are there: a bot is at work, or has ended abruptly."""

_FILE_ALONE = {"mode": "ro", "immutable": "1"}
"""Nothing is written beside the file, so all is in it. Otherwise SQLite would make files to read it."""


@contextmanager
def open_to_read(path: Path) -> Iterator[SqliteDatabase]:
    """The log as it is at the moment. No file is made in its folder.

    Raises:
        StartupError: there is no such file, or it cannot be read.
    """
    if not path.exists():
        raise StartupError(
            f"There is no database yet at {path}.",
            advice="Run this in the bot's folder, or set AVATAR_DATABASE_URL.",
        )
    with ExitStack() as stack:
        try:
            file, how = _way_to_read(path, stack)
        except OSError as error:
            raise StartupError(
                f"The database file {path} cannot be read: {error.strerror}.",
                advice="Run this as the bot's user, or as one who may read the file and those beside it.",
            ) from None
        yield SqliteDatabase(engine_for(file, how))


def _way_to_read(path: Path, stack: ExitStack) -> tuple[Path, Mapping[str, str]]:
    """Which file to open, and how."""
    latest, shared = Path(f"{path}-wal"), Path(f"{path}-shm")
    present = [file for file in (path, latest, shared) if file.exists()]
    for file in present:
        _try_to_read(file)
    if latest in present and shared in present:
        return path, _NO_FILES_MADE
    if latest not in present or latest.stat().st_size == 0:
        return path, _FILE_ALONE
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="avatar-bot-")))
    for file in (path, latest):  # which nobody writes: a bot at work has a -shm
        shutil.copyfile(file, folder / file.name)
    return folder / path.name, {"mode": "rw"}


def _try_to_read(file: Path) -> None:
    """SQLite itself does not say what it is that it cannot open."""
    if file.is_dir() or not os.access(file, os.R_OK):
        file.open("rb").close()
