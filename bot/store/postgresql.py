"""Open PostgreSQL: a pool of connections, perhaps through a pooler such as PgBouncer.

Behind a pooler no statement is prepared with a name, because each transaction may use another connection.
"""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import create_async_engine

from bot.environment.database_url import PostgreSqlUrl
from bot.store.postgresql_driver import PostgreSqlDatabase

CONNECTIONS = 10
"""Maximum connections of one process. When all are busy, a write waits for one."""


class _Connector:
    """Makes the driver's connections, and detects a pooler."""

    def __init__(self, url: PostgreSqlUrl, *, read_only: bool) -> None:
        self._has_pooler = url.has_pooler
        self._takes_transactions = False
        sessions = url.target_session_attrs
        if sessions is None and len(url.hosts) > 1:
            sessions = "any" if read_only else "read-write"
        self._arguments: dict[str, Any] = {
            "dsn": f"postgresql://?{urlencode(url.files)}" if url.files else None,
            "host": list(url.hosts) or None,
            "port": list(url.ports) if url.hosts else next(iter(url.ports), None),
            "user": url.user,
            "password": url.password,
            "database": url.database,
            "timeout": url.timeout,
            "command_timeout": url.command_timeout,
            "target_session_attrs": sessions,
            "server_settings": dict(url.server_settings) or None,
        }

    async def __call__(self) -> Any:
        driver = await self._connect()
        try:
            if not self._has_pooler and not await _is_direct(driver):
                self._has_pooler = True
                driver.terminate()
                driver = await self._connect()
            if self._has_pooler and not self._takes_transactions:
                await driver.execute("BEGIN")  # PgBouncer refuses this in statement mode
                await driver.execute("COMMIT")
                self._takes_transactions = True
        except BaseException:
            driver.terminate()
            raise
        return driver

    async def _connect(self) -> Any:
        import asyncpg  # noqa: PLC0415 - an extra, which SQLite does not need

        more = {"statement_cache_size": 0} if self._has_pooler else {}
        return await asyncpg.connect(**self._arguments, **more)


async def _is_direct(driver: Any) -> bool:
    """Return True for a direct connection: a pooler reports another process ID than the server's."""
    answered: str = await driver.execute(f"SELECT WHERE pg_backend_pid() = {driver.get_server_pid()}")
    return answered == "SELECT 1"


def open_postgresql(url: PostgreSqlUrl, *, read_only: bool) -> PostgreSqlDatabase:
    """Return an engine that connects when a connection is needed.

    SQLAlchemy's statements are prepared without a name, which works with a pooler and without one.

    Raises:
        ModuleNotFoundError: the driver is not installed.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        isolation_level="REPEATABLE READ" if read_only else "AUTOCOMMIT",
        execution_options={"postgresql_readonly": True} if read_only else {},
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={
            "async_creator_fn": _Connector(url, read_only=read_only),
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: "",
        },
    )
    return PostgreSqlDatabase(engine, read_only=read_only)
