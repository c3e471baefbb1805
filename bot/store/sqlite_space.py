"""The free space in an SQLite file: pages that removed rows have left, and how they are given back."""

import sqlite3
from dataclasses import dataclass

PAGES = 100
"""How many pages are given back at once: so few that nobody waits for longer than 50 ms (measured)."""

SHRINKS_BY_PAGES = "PRAGMA auto_vacuum=INCREMENTAL"
"""With this, single pages can be given back. It holds for new files, and for files that are written anew."""

_INCREMENTAL = 2
"""SQLite's number for it."""


@dataclass(frozen=True, slots=True)
class Space:
    """The size of a file in bytes, and how much of it is free. `shrinks`: it can be given back bit by bit."""

    size: int
    free: int
    shrinks: bool


def space_in(connection: sqlite3.Connection) -> Space:
    """Return what the file takes."""
    page, pages, free, mode = (
        _number(connection, name) for name in ("page_size", "page_count", "freelist_count", "auto_vacuum")
    )
    return Space(size=page * pages, free=page * free, shrinks=mode == _INCREMENTAL)


def shrink_a_little(connection: sqlite3.Connection) -> bool:
    """Give some pages back. Return True if more can be."""
    if not space_in(connection).shrinks:
        return False
    connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")  # `execute` stops after one page
    return _number(connection, "freelist_count") > 0


def write_anew(connection: sqlite3.Connection) -> None:
    """Write the whole file anew, without free space. From then on it can be shrunk bit by bit."""
    connection.execute(SHRINKS_BY_PAGES)
    connection.execute("VACUUM")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    [(number,)] = connection.execute(f"PRAGMA {pragma}").fetchall()
    return int(number)
