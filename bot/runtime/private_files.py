"""Warn at the start about files that other users may read: they hold secrets, or what people typed."""

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

OTHERS = stat.S_IRWXG | stat.S_IRWXO

_log = structlog.get_logger()


def warn_of_open_files(files: Iterable[Path]) -> None:
    """Log which of the files others may read or write, and how to fix it."""
    for file in open_to_others(files):
        _log.warning("others than its owner may use a file", file=str(file), fix=f"chmod 600 {file}")


def open_to_others(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the existing files that others than their owner may use."""
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode) and mode & OTHERS:
            yield file
