"""A PostgreSQL server and two API processes that share it, and what can befall them."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from homechart_common.errors import Unavailable
from homechart_common.postgresql import embedded, queries
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import Running, api_process, free_port

#: It survives the death of its processes as with the usual configuration, though not a power cut.
_CONFIGURATION = {"fsync": "off", "full_page_writes": "off", "deadlock_timeout": "20ms"}
_CLEANUP = queries.load("cleanup")


class Trouble(Exception):
    """A request was not answered; it can be sent again."""


#: What sending a request, or reading a stream, raises in that case.
INTERRUPTIONS = (aiohttp.ClientError, TimeoutError, ConnectionError)


class Servers:
    """All of them. Who asks something of the API is answered by any process that runs."""

    def __init__(
        self, folder: Path, settings: PostgresqlSettings, http: aiohttp.ClientSession, chance: random.Random
    ) -> None:
        self.database = Database(replace(settings, max_connections=20))
        self._folder = folder
        self._settings = settings
        self._http = http
        self._chance = chance
        self._stack = AsyncExitStack()
        self._ports = [free_port(), free_port()]
        self._running: dict[int, Running] = {}

    # What aiohttp's client for tests can do as well

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send a request to one of the processes."""
        return self._http.request(method, self._address(path), **options)

    def get(self, path: str, **options: Any) -> Any:
        """Begin to read something that may go on for ever."""
        return self._http.get(self._address(path), timeout=aiohttp.ClientTimeout(), **options)

    def _address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._chance.choice(list(self._running))}{path}"

    # What can befall them

    async def drop_listeners(self) -> None:
        """Cut the connections by which the processes hear of changes; after a while they ask for a sign of life."""
        await self.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"
        )

    async def kill_api(self) -> None:
        """One of the processes dies and is started again."""
        port = self._chance.choice(self._ports)
        running = self._running.pop(port)
        running.kill()
        await running.ended()
        await self._start_api(port)

    async def stop_api(self) -> None:
        """One of the processes is stopped, as for an upgrade, and started again."""
        port = self._chance.choice(self._ports)
        assert await self._running.pop(port).stop() == 0
        await self._start_api(port)

    async def restart_postgresql(self) -> None:
        """What an operator does."""
        await embedded.stop(self._folder)
        await embedded.start(self._folder, _CONFIGURATION)

    async def crash_postgresql(self) -> None:
        """One of its processes dies, so all start again and what is not logged is lost."""
        other = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        os.kill(await self.database.fetch_value(other), signal.SIGKILL)

    async def lose_cache(self) -> None:
        """What is rendered is gone."""
        await self.database.execute("TRUNCATE cache")

    async def forget(self) -> None:
        """The log of changes is purged as if everything had happened long ago."""
        while await self.database.execute(_CLEANUP["sync"], {"days": 0, "limit": 1000}):
            pass

    async def _start_api(self, port: int) -> None:
        running = await self._stack.enter_async_context(api_process(self._settings, port=port))
        self._running[port] = running

    async def __aenter__(self) -> Servers:
        for port in self._ports:
            await self._start_api(port)
        await self.database.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.close()
        await self._stack.aclose()


@asynccontextmanager
async def servers(folder: Path, chance: random.Random) -> AsyncIterator[Servers]:
    """New ones, with an empty database in ``folder``."""
    settings = await embedded.start(folder, _CONFIGURATION)
    connector = aiohttp.TCPConnector(limit=0)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20)) as http,
            Servers(folder, settings, http, chance) as running,
        ):
            yield running
    finally:
        await embedded.stop(folder)


async def persistently(act: Callable[[], Awaitable[None]]) -> None:
    """Do something to the servers, again if the database was away or writers were in the way."""
    async with asyncio.timeout(30):
        while True:
            with suppress(Unavailable):
                return await act()
            await asyncio.sleep(0.05)
