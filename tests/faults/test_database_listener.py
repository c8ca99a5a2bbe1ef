"""The listener: hears everything while it is connected, and says so when it was not."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from homechart_common.postgresql.database import Database
from homechart_common.postgresql.listener import CHANGES, TASKS, Listener
from tests.faults.proxy import Proxy

OpenDatabase = Callable[..., Awaitable[Database]]
Until = Callable[..., Awaitable[None]]

_LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


class Ear:
    """What a listener told us."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.tasks: list[str] = []
        self.reconnects = 0

    def read_again(self) -> None:
        """What is called after a reconnect."""
        self.reconnects += 1

    @asynccontextmanager
    async def at(self, database: Database, **limits: float) -> AsyncIterator[Listener]:
        """Listen to the database inside the block."""
        callbacks = {CHANGES: self.changes.append, TASKS: self.tasks.append}
        listener = Listener(database, callbacks, on_reconnect=self.read_again, **limits)
        running = asyncio.create_task(listener.run())
        try:
            async with asyncio.timeout(5):
                await listener.ready.wait()
            yield listener
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running


async def test_every_notification_arrives_once_in_order_on_its_channel(
    fresh_database: Database, until: Until
) -> None:
    ear = Ear()
    async with ear.at(fresh_database):
        for number in range(100):
            await fresh_database.execute(f"NOTIFY changes, '{number}'")
        await fresh_database.execute("NOTIFY tasks, 'mail'")
        await until(lambda: bool(ear.tasks))
    assert ear.changes == [str(number) for number in range(100)]
    assert ear.tasks == ["mail"]
    assert ear.reconnects == 0


async def test_heartbeats_lose_no_notification(fresh_database: Database, until: Until) -> None:
    ear = Ear()
    async with ear.at(fresh_database, heartbeat_seconds=0):
        for number in range(300):
            await fresh_database.execute(f"NOTIFY changes, '{number}'")
        await until(lambda: len(ear.changes) == 300)
    assert ear.changes == [str(number) for number in range(300)]


async def test_a_killed_connection_is_replaced_and_everything_read_again(
    fresh_database: Database, until: Until
) -> None:
    ear = Ear()
    async with ear.at(fresh_database):
        for times in (1, 2):
            await fresh_database.execute(f"SELECT pg_terminate_backend(pid) FROM ({_LISTENERS}) listening")
            await until(lambda times=times: ear.reconnects == times)
        await fresh_database.execute("NOTIFY changes, 'after'")
        await until(lambda: ear.changes == ["after"])


async def test_a_frozen_server_process_is_given_up(fresh_database: Database, until: Until) -> None:
    ear = Ear()
    async with ear.at(fresh_database, heartbeat_seconds=0.05, patience_seconds=0.1):
        process = await fresh_database.fetch_value(_LISTENERS)
        os.kill(process, signal.SIGSTOP)
        try:
            await until(lambda: ear.reconnects == 1)
            await fresh_database.execute("NOTIFY changes, 'after'")
            await until(lambda: ear.changes == ["after"])
        finally:
            os.kill(process, signal.SIGCONT)


async def test_a_silent_network_is_given_up(
    proxy: Proxy, database: Database, open_database: OpenDatabase, until: Until
) -> None:
    ear = Ear()
    behind = await open_database(hostname="127.0.0.1", port=proxy.port, connect_timeout_seconds=0.2)
    async with ear.at(behind, heartbeat_seconds=0.05, patience_seconds=0.1) as listener:
        proxy.flows.clear()
        await until(lambda: not listener.ready.is_set())
        await database.execute("NOTIFY tasks, 'unheard'")
        proxy.flows.set()
        await until(lambda: ear.reconnects == 1)
        await database.execute("NOTIFY tasks, 'heard'")
        await until(lambda: ear.tasks == ["heard"])


async def test_it_keeps_trying_while_the_server_is_away(
    proxy: Proxy, open_database: OpenDatabase, until: Until
) -> None:
    ear = Ear()
    behind = await open_database(hostname="127.0.0.1", port=proxy.port)
    async with ear.at(behind) as listener:
        await proxy.stop()
        await until(lambda: not listener.ready.is_set())
        await proxy.start()
        await until(lambda: ear.reconnects == 1)
        assert listener.ready.is_set()


async def test_a_callback_that_fails_silences_nobody(fresh_database: Database, until: Until) -> None:
    heard: list[str] = []

    def callback(payload: str) -> None:
        heard.append(payload)
        raise ZeroDivisionError

    listener = Listener(fresh_database, {CHANGES: callback}, on_reconnect=lambda: None)
    running = asyncio.create_task(listener.run())
    await listener.ready.wait()
    await fresh_database.execute("NOTIFY changes, 'one'")
    await fresh_database.execute("NOTIFY changes, 'two'")
    await until(lambda: heard == ["one", "two"])
    running.cancel()
    await asyncio.wait([running])


async def test_it_leaves_nothing_behind(fresh_database: Database, until: Until) -> None:
    async with Ear().at(fresh_database):
        pass

    async def nobody_listens() -> bool:
        return await fresh_database.fetch(_LISTENERS) == []

    await until(nobody_listens)
