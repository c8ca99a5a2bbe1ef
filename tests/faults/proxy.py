"""A network between Homechart and PostgreSQL that can be slow, silent or broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from homechart_common.postgresql.settings import PostgresqlSettings


class Proxy:
    """Forwards connections on a TCP port of this machine to a PostgreSQL server."""

    def __init__(self, target: PostgresqlSettings) -> None:
        self._target = target
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        #: How many clients have connected.
        self.accepted = 0
        #: New connections get no answer while this is not set.
        self.answers = asyncio.Event()
        #: Nothing is forwarded while this is not set.
        self.flows = asyncio.Event()
        self.answers.set()
        self.flows.set()

    def cut(self) -> None:
        """Break all connections."""
        for connection in self._connections:
            connection.cancel()

    async def until_accepted(self, count: int) -> None:
        """Wait until so many clients have connected."""
        async with asyncio.timeout(5):
            while self.accepted < count:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def start(self) -> None:
        """Accept connections, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and break the old ones."""
        if self._server:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            with suppress(asyncio.CancelledError, OSError):
                await self.answers.wait()
                await self._forward(reader, writer)
        finally:
            writer.close()
            self._connections.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._target.hostname, self._target.port
        if host.startswith("/"):
            opening = asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            opening = asyncio.open_connection(host, port)
        server_reader, server_writer = await opening
        pumps = [
            asyncio.create_task(self._pump(reader, server_writer)),
            asyncio.create_task(self._pump(server_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server_writer.close()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self.flows.wait()
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def proxy_to(target: PostgresqlSettings) -> AsyncIterator[Proxy]:
    """A proxy that lives as long as the block."""
    proxy = Proxy(target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
