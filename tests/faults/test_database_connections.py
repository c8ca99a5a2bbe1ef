"""Slow statements, cancelled requests, killed and frozen servers."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest

from homechart_common.errors import QueryTimeout, StartupError, Unavailable
from homechart_common.postgresql.database import Connection, Database
from homechart_common.postgresql.failures import ConnectionLost
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.faults.proxy import Proxy

OpenDatabase = Callable[..., Awaitable[Database]]
Until = Callable[..., Awaitable[None]]

_ME = "SELECT pg_backend_pid()"
_RUNS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %(pid)s AND state = 'active')"

_OTHERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """More open files than ``select()`` can count, as in a process with a thousand event streams."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_statement_that_takes_too_long_is_an_error_and_not_a_cancellation(
    open_database: OpenDatabase,
) -> None:
    database = await open_database(statement_timeout_seconds=0.05, max_connections=1)
    process = await database.fetch_value(_ME)
    with pytest.raises(QueryTimeout):
        await database.fetch("SELECT pg_sleep(5)")
    assert await database.fetch_value(_ME) == process


async def test_a_lock_that_is_not_free_in_time_is_a_timeout(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE thing ()")
    async with fresh_database.transaction() as holder, fresh_database.transaction() as other:
        await holder.execute("LOCK TABLE thing")
        with pytest.raises(QueryTimeout):
            await other.execute("SET LOCAL lock_timeout = '20ms'; LOCK TABLE thing")
        await other.rollback()


async def test_a_cancelled_request_stops_its_statement_on_the_server(
    database: Database, open_database: OpenDatabase, until: Until
) -> None:
    other = await open_database(max_connections=1)
    process = await other.fetch_value(_ME)
    request = asyncio.create_task(other.fetch("SELECT pg_sleep(20)"))
    await until(lambda: database.fetch_value(_RUNS, {"pid": process}))
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    await until(lambda: _not(database.fetch_value(_RUNS, {"pid": process})))
    assert await other.fetch_value(_ME) != process


async def test_a_time_limit_of_the_caller_holds(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await database.fetch("SELECT pg_sleep(20)")
    assert await database.fetch_value("SELECT 1") == 1


async def test_a_transaction_of_a_cancelled_request_is_undone(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE number (n int)")
    written = asyncio.Event()

    async def request() -> None:
        async with fresh_database.transaction() as connection:
            await connection.execute("INSERT INTO number VALUES (1)")
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(request())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await fresh_database.execute("ALTER TABLE number ADD m int")
    assert await fresh_database.fetch("SELECT n FROM number") == []


async def test_a_statement_whose_connection_broke_is_not_repeated(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE SEQUENCE runs")
    with pytest.raises(ConnectionLost):
        await fresh_database.fetch("SELECT nextval('runs'), pg_terminate_backend(pg_backend_pid())")
    assert await fresh_database.fetch_value("SELECT last_value FROM runs") == 1


async def test_a_failure_in_a_transaction_is_told_even_if_the_connection_broke_too(
    database: Database,
) -> None:
    async def fail(connection: Connection) -> None:
        process = await connection.fetch_value(_ME)
        await database.execute("SELECT pg_terminate_backend(%(pid)s, 1000)", {"pid": process})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.retrying(fail)


async def test_a_broken_connection_is_noticed_beyond_a_thousand_open_files(
    many_open_files: None, open_database: OpenDatabase
) -> None:
    database = await open_database()
    async with asyncio.timeout(2):
        with pytest.raises(ConnectionLost):
            await database.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await database.fetch_value("SELECT 1") == 1


async def test_a_frozen_server_process_costs_one_statement_its_time(open_database: OpenDatabase) -> None:
    database = await open_database(statement_timeout_seconds=0.1, grace_seconds=0.1, max_connections=2)
    process = await database.fetch_value(_ME)
    os.kill(process, signal.SIGSTOP)
    try:
        stuck = asyncio.create_task(database.fetch("SELECT 1"))
        await asyncio.sleep(0)
        assert await database.fetch_value(_ME) != process
        with pytest.raises(QueryTimeout):
            await stuck
    finally:
        os.kill(process, signal.SIGCONT)
    assert await database.fetch_value("SELECT 1") == 1


async def test_a_network_that_swallows_everything_is_a_timeout_and_recovers(
    proxy: Proxy, open_database: OpenDatabase
) -> None:
    database = await open_database(
        hostname="127.0.0.1", port=proxy.port, statement_timeout_seconds=0.1, grace_seconds=0.1
    )
    proxy.flows.clear()
    with pytest.raises(QueryTimeout):
        await database.fetch("SELECT 1")
    proxy.flows.set()
    assert await database.fetch_value("SELECT 1") == 1


async def test_the_database_is_unavailable_while_it_is_away_and_available_when_it_is_back(
    proxy: Proxy, open_database: OpenDatabase
) -> None:
    database = await open_database(hostname="127.0.0.1", port=proxy.port, connect_timeout_seconds=0.1)
    assert database.available
    proxy.answers.clear()
    proxy.cut()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await database.fetch("SELECT 1")
    assert not database.available
    proxy.answers.set()
    assert await database.fetch_value("SELECT 1") == 1
    assert database.available


async def test_a_read_only_server_is_left_for_another_one(open_database: OpenDatabase) -> None:
    """A primary that was made a standby or was told to refuse writes."""
    database = await open_database(max_connections=1)
    process = await database.fetch_value(_ME)
    await database.execute("SET default_transaction_read_only = on")
    with pytest.raises(Unavailable):
        await database.execute("CREATE TABLE thing ()")
    assert await database.fetch_value(_ME) != process


async def test_start_waits_for_a_database_that_comes_later(
    proxy: Proxy, database_settings: PostgresqlSettings
) -> None:
    proxy.answers.clear()
    database = Database(
        replace(database_settings, hostname="127.0.0.1", port=proxy.port, connect_timeout_seconds=0.1)
    )
    opening = asyncio.create_task(database.open())
    await proxy.until_accepted(2)
    assert not opening.done()
    proxy.answers.set()
    await opening
    assert await database.fetch_value("SELECT 1") == 1
    await database.close()


async def test_the_first_host_that_answers_is_used(
    proxy: Proxy, database_settings: PostgresqlSettings, open_database: OpenDatabase
) -> None:
    nowhere = "/nonexistent"
    database = await open_database(hostname=f"{nowhere}, 127.0.0.1", port=proxy.port)
    assert await database.fetch_value("SELECT 1") == 1
    assert proxy.accepted == 1


@pytest.mark.parametrize("moments", range(4))
async def test_who_is_cancelled_when_the_host_has_answered_leaves_no_connection_open(
    moments: int, fresh_database: Database, until: Until
) -> None:
    before = asyncio.all_tasks()
    connecting = asyncio.create_task(fresh_database.direct())
    while not (attempts := asyncio.all_tasks() - before - {connecting}):  # noqa: ASYNC110 - nothing tells when
        await asyncio.sleep(0)
    await asyncio.wait(attempts)
    for _ in range(moments):
        await asyncio.sleep(0)
    if connecting.cancel():
        with pytest.raises(asyncio.CancelledError):
            await connecting
    else:
        await (await connecting).close()

    async def alone() -> bool:
        return await fresh_database.fetch_value(_OTHERS) == 0

    await until(alone)


async def test_a_name_that_does_not_resolve_is_unavailability(open_database: OpenDatabase) -> None:
    database = await open_database()
    database.settings = replace(database.settings, hostname="database.invalid")
    with pytest.raises(Unavailable):
        await database.direct()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database": "no_such_database"}, "no_such_database"),
        ({"username": "nobody_of_this_name"}, "nobody_of_this_name"),
        ({"ssl_mode": "always"}, "sslmode"),
    ],
)
async def test_start_does_not_wait_for_what_never_comes(
    change: dict[str, str], words: str, database_settings: PostgresqlSettings
) -> None:
    with pytest.raises(StartupError, match=words):
        await Database(replace(database_settings, **change)).open()


@pytest.mark.parametrize("ssl_mode", ["disable", "allow", "prefer"])
async def test_encryption_that_is_optional_may_be_missing(
    ssl_mode: str, proxy: Proxy, open_database: OpenDatabase
) -> None:
    database = await open_database(hostname="127.0.0.1", port=proxy.port, ssl_mode=ssl_mode)
    assert await database.fetch_value("SELECT 1") == 1


async def _not(answer: Awaitable[bool]) -> bool:
    return not await answer
