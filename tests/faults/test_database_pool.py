"""The pool: fair, bounded, and never slower than it must be."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest

from homechart_common.errors import Unavailable
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.failures import ConnectionLost
from tests.faults.proxy import Proxy

OpenDatabase = Callable[..., Awaitable[Database]]
Until = Callable[..., Awaitable[None]]

_ME = "SELECT pg_backend_pid()"


async def test_statements_that_follow_each_other_share_a_connection(open_database: OpenDatabase) -> None:
    database = await open_database()
    assert len({await database.fetch_value(_ME) for _ in range(5)}) == 1


async def test_statements_at_the_same_time_get_connections_up_to_the_limit(
    open_database: OpenDatabase,
) -> None:
    database = await open_database(max_connections=3)
    answers = await asyncio.gather(
        *(database.fetch_value("SELECT pg_backend_pid() FROM pg_sleep(0.05)") for _ in range(9))
    )
    assert len(set(answers)) == 3


async def test_who_waits_too_long_for_a_connection_is_told(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1, acquire_timeout_seconds=0.05)
    async with database.transaction():
        with pytest.raises(Unavailable):
            await database.fetch("SELECT 1")
    assert await database.fetch_value("SELECT 1") == 1


async def test_who_stops_waiting_takes_no_connection_along(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    async with database.transaction():
        waiting = [asyncio.create_task(database.fetch("SELECT 1")) for _ in range(5)]
        await asyncio.sleep(0)
        for task in waiting[:4]:
            task.cancel()
    await asyncio.wait(waiting)
    assert [task.cancelled() for task in waiting] == [True, True, True, True, False]
    assert await database.fetch_value("SELECT 1") == 1


async def test_who_is_cancelled_when_the_connection_comes_leaves_it_to_the_next(
    open_database: OpenDatabase,
) -> None:
    database = await open_database(max_connections=1)
    async with database.transaction() as connection:
        first, second = (asyncio.create_task(database.fetch_value("SELECT 1")) for _ in range(2))
        await connection.execute("SELECT 1")
    # the connection has been handed over, but the first has not run since
    first.cancel()
    assert await second == 1
    assert first.cancelled()


async def test_a_slow_connect_delays_nobody_who_can_have_another_connection(
    proxy: Proxy, open_database: OpenDatabase
) -> None:
    database = await open_database(hostname="127.0.0.1", port=proxy.port, max_connections=2)
    async with database.transaction():
        proxy.answers.clear()
        waiting = asyncio.create_task(database.fetch_value("SELECT 1"))
        await proxy.until_accepted(2)
        assert not waiting.done()
    assert await waiting == 1
    assert await database.fetch_value("SELECT 2") == 2


async def test_a_connection_is_replaced_at_the_end_of_its_life(open_database: OpenDatabase) -> None:
    database = await open_database(max_lifetime_seconds=0)
    assert await database.fetch_value(_ME) != await database.fetch_value(_ME)


async def test_an_idle_connection_that_was_killed_is_not_handed_out(
    database: Database, open_database: OpenDatabase
) -> None:
    other = await open_database(max_connections=1)
    process = await other.fetch_value(_ME)
    await database.execute("SELECT pg_terminate_backend(%(pid)s, 1000)", {"pid": process})
    assert await other.fetch_value(_ME) != process


async def test_a_good_bye_that_the_event_loop_has_not_seen_yet_is_noticed(
    database: Database, open_database: OpenDatabase
) -> None:
    """The connection dies while the process is busy with something else, and is wanted right afterwards."""
    other = await open_database(max_connections=1)
    process = await other.fetch_value(_ME)
    os.kill(process, signal.SIGTERM)
    while _exists(process):
        pass
    assert await other.fetch_value(_ME) != process


async def test_a_connection_that_breaks_in_use_makes_room_for_a_new_one(
    database: Database, open_database: OpenDatabase
) -> None:
    other = await open_database(max_connections=2)
    running = [
        asyncio.create_task(other.fetch_value("SELECT pg_terminate_backend(pg_backend_pid())"))
        for _ in range(4)
    ]
    for failure in await asyncio.gather(*running, return_exceptions=True):
        assert isinstance(failure, Unavailable)
    assert await asyncio.gather(*(other.fetch_value("SELECT 1") for _ in range(4))) == [1] * 4


async def test_everybody_who_waits_hears_at_once_that_the_server_is_away(
    proxy: Proxy, open_database: OpenDatabase
) -> None:
    database = await open_database(hostname="127.0.0.1", port=proxy.port, max_connections=1)
    await proxy.stop()
    async with asyncio.timeout(2):
        answers = await asyncio.gather(
            *(database.fetch("SELECT 1") for _ in range(4)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [ConnectionLost] * 4


async def test_closing_tells_those_who_wait(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    async with database.transaction() as connection:
        waiting = asyncio.create_task(database.fetch("SELECT 1"))
        await asyncio.sleep(0)
        await database.close()
        with pytest.raises(Unavailable):
            await waiting
        assert await connection.fetch_value("SELECT 1") == 1
    assert connection.closed


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
