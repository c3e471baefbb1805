"""The files of an open SQLite database. Notice at the next use what somebody else has done to them.

An open file that was removed takes every row and shows it to nobody, be it the database itself, its `-wal`,
where rows are before they come into the file, or its `-shm`, which says where in the `-wal` they are.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

FRAME_BYTES = 24
"""What stands before each page in the `-wal`."""


class DatabaseFiles:
    """The three of them. A check is three calls of the system, less than 10 µs."""

    def __init__(self, path: Path) -> None:
        self._file, self._latest, self._shared = str(path), f"{path}-wal", f"{path}-shm"
        self._opened = {self._file: os.stat(self._file)}  # noqa: PTH116 - a Path takes as long again
        self._sizes: dict[str, int] = {}
        self._harm = ""

    def refuse_if_harmed(self, *_: object) -> None:
        """What was once harmed is not opened again: rows may be missing in it.

        Raises:
            sqlite3.OperationalError: it was harmed.
        """
        if self._harm:
            raise sqlite3.OperationalError(self._harm)

    def note_opened(self, _connection: Any, _record: object) -> None:
        """SQLite has made its own two files by now. They stay the same ones as long as it is open."""
        for name in (self._latest, self._shared):
            if there := _stat(name):
                self._opened[name] = there
        self._sizes.clear()

    def note_sizes(self, _connection: object, _record: object) -> None:
        """How long the files are after each use; only `-shm` says nothing by its length."""
        for name in (self._file, self._latest):
            if there := _stat(name):
                self._sizes[name] = there.st_size

    def check(self, connection: Any, _record: object, _proxy: object) -> None:
        """Refuse to use what was removed, replaced or cut short.

        The connection is closed by that. So SQLite still brings into the database what it has in a `-wal`
        that was removed.

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
            if there.st_size < self._sizes.get(name, 0) and not self._may_be_shorter(connection, name):
                self._note_harm(name, "cut short")
                return

    def _note_harm(self, name: str, how: str) -> None:
        file = f"{name.removeprefix(self._file)} file".lstrip()
        self._harm = f"its {file} was {how}; start the bot anew"

    def _may_be_shorter(self, connection: Any, name: str) -> bool:
        """VACUUM and a checkpoint make a file shorter, too, and SQLite knows of that."""
        try:
            [(page_bytes,)] = _ask(connection, "PRAGMA page_size")
            if name == self._latest:
                [(_, frames, _)] = _ask(connection, "PRAGMA wal_checkpoint(PASSIVE)")
                needed = frames * (page_bytes + FRAME_BYTES)
            else:
                [(pages,)] = _ask(connection, "PRAGMA page_count")
                needed = pages * page_bytes
        except sqlite3.Error:
            return False
        there = _stat(name)
        return there is not None and there.st_size >= needed


def guard_files(engine: AsyncEngine, path: Path) -> None:
    """Check the files at each use of an engine, which has one connection."""
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


def _ask(connection: Any, pragma: str) -> Any:
    cursor = connection.cursor()
    try:
        cursor.execute(pragma)
        return cursor.fetchall()
    finally:
        cursor.close()
