"""Guard the files of an open SQLite database: notice at the next use that one was removed, replaced or cut.

After an open file is removed, SQLite still writes to it without an error, but nobody can read the rows. This
applies to the database file, to its `-wal`, which holds new rows first, and to its `-shm`, the index of the
`-wal`.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

FRAME_BYTES = 24
"""Bytes before each page in the `-wal`."""


class DatabaseFiles:
    """The three files of a database. A check is three system calls, less than 10 µs."""

    def __init__(self, path: Path) -> None:
        self._file, self._latest, self._shared = str(path), f"{path}-wal", f"{path}-shm"
        self._opened = {self._file: os.stat(self._file)}  # noqa: PTH116 - a Path takes as long again
        self._sizes: dict[str, int] = {}
        self._harm = ""

    def refuse_if_harmed(self, *_: object) -> None:
        """Refuse to open a database again after it was harmed: rows may be missing.

        Raises:
            sqlite3.OperationalError: it was harmed.
        """
        if self._harm:
            raise sqlite3.OperationalError(self._harm)

    def note_opened(self, _connection: Any, _record: object) -> None:
        """Note `-wal` and `-shm`, which SQLite has created by now. They stay the same while it is open."""
        for name in (self._latest, self._shared):
            if there := _stat(name):
                self._opened[name] = there
        self._sizes.clear()

    def note_sizes(self, _connection: object, _record: object) -> None:
        """Note the sizes after each use, except that of `-shm`, which has no meaning."""
        for name in (self._file, self._latest):
            if there := _stat(name):
                self._sizes[name] = there.st_size

    def check(self, connection: Any, _record: object, _proxy: object) -> None:
        """Refuse to use a file that was removed, replaced or cut short.

        The error closes the connection. When SQLite closes it, it still copies the rows of a removed `-wal`
        into the database.

        Raises:
            sqlite3.OperationalError: it was harmed.
        """
        self._look_for_harm(connection)
        self.refuse_if_harmed()

    def _look_for_harm(self, connection: Any) -> None:
        for name, opened in self._opened.items():
            there = _stat(name)
            if there is None or not os.path.samestat(opened, there):
                self._note_harm(name, "removed or replaced")
                return
            if there.st_size < self._sizes.get(name, 0) and not self._was_shortened_by_sqlite(
                connection, name, there.st_size
            ):
                self._note_harm(name, "cut short")
                return

    def _note_harm(self, name: str, how: str) -> None:
        file = f"{name.removeprefix(self._file)} file".lstrip()
        self._harm = f"its {file} was {how}; restart the bot"

    def _was_shortened_by_sqlite(self, connection: Any, name: str, size: int) -> bool:
        """Return True if SQLite itself has made the file this short, by a vacuum or by a checkpoint.

        Another process may go on meanwhile: it makes the file shorter still, and the `-wal` longer. So the
        size of the file counts as it was before SQLite is asked, and that of the `-wal` as it is afterwards.
        """
        try:
            [(page_bytes,)] = _run_pragma(connection, "PRAGMA page_size")
            if name == self._latest:
                [(_, frames, _)] = _run_pragma(connection, "PRAGMA wal_checkpoint(PASSIVE)")
                there = _stat(name)
                return there is not None and there.st_size >= frames * (page_bytes + FRAME_BYTES)
            [(pages,)] = _run_pragma(connection, "PRAGMA page_count")
        except sqlite3.Error:
            return False
        return bool(size >= pages * page_bytes)


def guard_files(engine: AsyncEngine, path: Path) -> None:
    """Check the files at each use of an engine with one connection."""
    files = DatabaseFiles(path)
    event.listen(engine.sync_engine, "do_connect", files.refuse_if_harmed)
    event.listen(engine.sync_engine, "connect", files.note_opened)
    event.listen(engine.sync_engine, "checkin", files.note_sizes)
    event.listen(engine.sync_engine, "checkout", files.check)


def _stat(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)  # noqa: PTH116 - a Path takes as long again
    except OSError:
        return None


def _run_pragma(connection: Any, pragma: str) -> Any:
    cursor = connection.cursor()
    try:
        cursor.execute(pragma)
        return cursor.fetchall()
    finally:
        cursor.close()
