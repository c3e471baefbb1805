"""Opening PostgreSQL: several connections, and perhaps a pooler such as PgBouncer in between.

Behind a pooler no statement is prepared by a name, for each transaction may have another connection.
"""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import create_async_engine

from bot.environment.database_url import PostgreSqlUrl
from bot.store.postgresql_driver import PostgreSqlDatabase

CONNECTIONS = 10
"""Of one process; writes that come while all are busy wait for one."""


class _Connector:
    """Makes the driver's connections, and finds out whether there is a pooler in between."""

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
            if not self._has_pooler and not await _is_the_server(driver):
                self._has_pooler = True
                driver.terminate()
                driver = await self._connect()
            if self._has_pooler and not self._takes_transactions:
                await driver.execute("BEGIN")  # which PgBouncer refuses in its statement mode
                await driver.execute("COMMIT")
                self._takes_transactions = True
        except BaseException:
            driver.terminate()
            raise
        return driver

    async def _connect(self) -> Any:
        import asyncpg  # noqa: PLC0415 - not installed where SQLite is enough

        more = {"statement_cache_size": 0} if self._has_pooler else {}
        return await asyncpg.connect(**self._arguments, **more)


async def _is_the_server(driver: Any) -> bool:
    """Whether it is the server that was greeted: a pooler gives a number of its own for the process."""
    answered: str = await driver.execute(f"SELECT WHERE pg_backend_pid() = {driver.get_server_pid()}")
    return answered == "SELECT 1"


def open_postgresql(url: PostgreSqlUrl, *, read_only: bool) -> PostgreSqlDatabase:
    """An engine whose connections are made when they are needed.

    Reads go by statements without a name, which a pooler takes as well as a server.

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
