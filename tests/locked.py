"""Lock a database file as another process would."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the write lock of an SQLite file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def file_of(sqlite_url: str) -> Path:
    """Return the file that a URL names."""
    return Path(sqlite_url.partition("///")[2])
