"""The port of a process that ends: whoever the kernel has connected is answered, and nobody else is connected."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from homechart_api import entrance
from homechart_common.config import Config
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.processes import api_process

_REQUEST = b"GET /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def listening() -> AsyncIterator[asyncio.Server]:
    """An entrance behind which every request is answered."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="welcome")

    app = web.Application()
    app.router.add_get("/api", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server
    config = Config()
    config = replace(config, app=replace(config.app, host="127.0.0.1", port=0))
    yield await entrance.opened(runner.server, config)
    await runner.cleanup()


@asynccontextmanager
async def streams(client: socket.socket) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connected socket, to be read and written."""
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        yield reader, writer
    finally:
        writer.close()


async def call(port: int) -> bytes:
    """The answer to a request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_REQUEST)
        return await reader.read()
    finally:
        writer.close()


async def test_who_waits_to_be_accepted_is_let_in_and_answered(listening: asyncio.Server) -> None:
    clients = [socket.create_connection(listening.sockets[0].getsockname()) for _ in range(20)]
    for client in clients:
        client.sendall(_REQUEST)  # as nothing else ran in between, nobody has been accepted
    await entrance.close(listening)
    for client in clients:
        async with streams(client) as (reader, _):
            assert (await reader.read()).endswith(b"welcome")


async def test_nobody_new_is_connected_while_it_closes(listening: asyncio.Server) -> None:
    address = listening.sockets[0].getsockname()
    closing = asyncio.create_task(entrance.close(listening))
    await asyncio.sleep(0)
    with socket.socket() as late:
        late.setblocking(False)
        assert late.connect_ex(address) == errno.EINPROGRESS
        await closing
        with pytest.raises(ConnectionRefusedError):
            await asyncio.get_running_loop().sock_sendall(late, _REQUEST)


async def test_processes_that_share_a_port_end_without_failing_a_call(
    database_settings: PostgresqlSettings,
) -> None:
    """Not even if every call has a connection of its own, which may be one of the process that ends."""
    answered = 0

    async def go_on(port: int) -> None:
        nonlocal answered
        while True:
            assert (await call(port)).startswith(b"HTTP/1.1 200")
            answered += 1

    shared = {"HOMECHART_APP_REUSEPORT": "true"}
    async with api_process(database_settings, environment=shared) as first:
        callers = [asyncio.create_task(go_on(first.port)) for _ in range(32)]
        async with api_process(database_settings, port=first.port, environment=shared) as second:
            await second.says("Listening")
            await _some_more(lambda: answered, callers)
            assert await second.stop() == 0
        await _some_more(lambda: answered, callers)
        for caller in callers:
            caller.cancel()
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes), outcomes


async def _some_more(count: Callable[[], int], callers: list[asyncio.Task[None]]) -> None:
    goal = count() + 500
    while count() < goal and not any(caller.done() for caller in callers):  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(0.02)
