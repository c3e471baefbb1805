"""Open an SQLite file that a bot may be writing, to read it only. No right to write is needed."""

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
"""For a database with a `-wal` and a `-shm`: a bot is at work, or was killed."""

_FILE_ALONE = {"mode": "ro", "immutable": "1"}
"""For a database without a `-wal`: all rows are in the file. In another mode SQLite would create files."""


@contextmanager
def open_to_read(path: Path) -> Iterator[SqliteDatabase]:
    """Open the database as it is now. No file is created in its folder.

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
            file, how = _file_and_options(path, stack)
        except OSError as error:
            raise StartupError(
                f"The database file {path} cannot be read: {error.strerror}.",
                advice="Run this as the bot's user, or as one who may read the file and those beside it.",
            ) from None
        yield SqliteDatabase(engine_for(file, how))


def _file_and_options(path: Path, stack: ExitStack) -> tuple[Path, Mapping[str, str]]:
    """Return the file to open, and SQLite's URI parameters for it."""
    latest, shared = Path(f"{path}-wal"), Path(f"{path}-shm")
    present = [file for file in (path, latest, shared) if file.exists()]
    for file in present:
        _check_readable(file)
    if latest in present and shared in present:
        return path, _NO_FILES_MADE
    if latest not in present or latest.stat().st_size == 0:
        return path, _FILE_ALONE
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="avatar-bot-")))
    for file in (path, latest):  # nobody writes them: while a bot is at work there is a -shm
        shutil.copyfile(file, folder / file.name)
    return folder / path.name, {"mode": "rw"}


def _check_readable(file: Path) -> None:
    """Raise OSError if the file cannot be read: SQLite's own error does not name the cause."""
    if file.is_dir() or not os.access(file, os.R_OK):
        file.open("rb").close()
