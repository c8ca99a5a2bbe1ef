"""The database as the rest of the program sees it: statements, transactions, and what can go wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from homechart_common import logger
from homechart_common.errors import HomechartError, StartupError, Unavailable
from homechart_common.postgresql import server
from homechart_common.postgresql.connection import Connection, Parameters, Queryable, Row
from homechart_common.postgresql.failures import ConnectionLost, Contention
from homechart_common.postgresql.pool import Pool
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.postgresql.statement import Statement, array

__all__ = ["Connection", "Database", "Parameters", "Queryable", "Row", "Statement", "array", "persistently"]

T = TypeVar("T")

#: How often a transaction that lost against others is run before the caller hears of it.
_ATTEMPTS = 3


async def persistently(work: Callable[[], Awaitable[T]], attempts: int = _ATTEMPTS) -> T:
    """The result of ``work``; it is done again, a little later, if it lost against another transaction."""
    for attempt in range(1, attempts):
        try:
            return await work()
        except Contention:
            await asyncio.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - it spreads load and keeps no secret
    return await work()


class Database(Queryable):
    """PostgreSQL through a pool of connections; each statement is a transaction of its own."""

    def __init__(self, settings: PostgresqlSettings) -> None:
        self.settings = settings
        self._pool = Pool(self._connect, settings.max_connections, settings.acquire_timeout_seconds)

    async def open(self) -> None:
        """Connect; waits for a database that is not there yet, and says so in the log.

        Raises :class:`StartupError` when waiting cannot help: wrong password, unknown database, a server
        that is too old.
        """
        self._pool.add(await server.wait(self.settings))

    async def close(self) -> None:
        """Close all connections; those in use when they come back."""
        await self._pool.close()

    @property
    def available(self) -> bool:
        """Whether PostgreSQL could be reached when it was last tried."""
        return self._pool.available

    async def fetch(self, statement: str | Statement, parameters: Parameters = None) -> list[Row]:
        """All rows of the answer."""
        connection = self._pool.take() or await self._pool.wait()
        try:
            return await connection.fetch(statement, parameters)
        finally:
            self._pool.give_back(connection)

    async def fetch_row(self, statement: str | Statement, parameters: Parameters = None) -> Row | None:
        """The first row of the answer, or ``None`` when there is none."""
        connection = self._pool.take() or await self._pool.wait()
        try:
            return await connection.fetch_row(statement, parameters)
        finally:
            self._pool.give_back(connection)

    async def fetch_value(self, statement: str | Statement, parameters: Parameters = None) -> Any:
        """The first column of the first row, or ``None`` when there is none."""
        row = await self.fetch_row(statement, parameters)
        return None if row is None else row[0]

    async def execute(self, statement: str | Statement, parameters: Parameters = None) -> int:
        """Run a statement for its effect; the number of rows it touched."""
        connection = self._pool.take() or await self._pool.wait()
        try:
            return await connection.execute(statement, parameters)
        finally:
            self._pool.give_back(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One connection inside a transaction, committed at the end of the block unless it raises.

        A task that is cancelled inside the block costs the connection: the server undoes the transaction.
        """
        connection = self._pool.take() or await self._pool.wait()
        try:
            connection.begin()
            yield connection
            await connection.commit()
        except Exception:
            with suppress(HomechartError):
                await connection.rollback()
            raise
        except BaseException:
            connection.discard()
            raise
        finally:
            self._pool.give_back(connection)

    async def retrying(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """The result of ``work``, run in a transaction; again if it lost against another transaction."""
        return await persistently(lambda: self._in_transaction(work))

    async def direct(self) -> Connection:
        """A connection of the caller's own, past any connection pooler; the caller closes it."""
        return await self._connect_to(self.settings.direct(), own_session=True)

    async def look_around(self) -> None:
        """Where there are several hosts, see whether another one has taken the place of the one in use."""
        if "," in self.settings.direct().hostname:
            with suppress(Unavailable):
                connection = await self.direct()
                await connection.close()

    async def _in_transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self.transaction() as connection:
            return await work(connection)

    async def _connect(self) -> Connection:
        return await self._connect_to(self.settings)

    async def _connect_to(self, settings: PostgresqlSettings, *, own_session: bool = False) -> Connection:
        """Connect while the program runs, when even a wrong password is a reason to try again later."""
        try:
            return await server.connect(settings, own_session=own_session)
        except StartupError as error:
            logger.error(error.message)
            raise ConnectionLost from error
