"""What callers of the API notice when PostgreSQL is restarted, crashes, freezes or has no time."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from homechart_api.app import create_app
from homechart_common.config import load
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.faults.callers import BOOKMARKS, Callers
from tests.faults.pair import processes
from tests.people import add_account, add_session
from tests.processes import Running, api_process

Until = Callable[..., Awaitable[None]]

#: Those whose statement waits for a lock.
_BLOCKED = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass
class House:
    """A PostgreSQL server in a folder, an API process on it, and callers."""

    folder: Path
    settings: PostgresqlSettings
    api: Running
    callers: Callers


@pytest.fixture
async def house(server_folder: Path) -> AsyncIterator[House]:
    folder = server_folder / uuid.uuid4().hex[:8]
    settings = await embedded.start(folder)
    variables = {"HOMECHART_POSTGRESQL_STATEMENTTIMEOUTSECONDS": "1"}
    try:
        async with api_process(settings, environment=variables) as api, _client(api, settings) as client:
            yield House(folder, settings, api, Callers(client))
    finally:
        await embedded.stop(folder)


@asynccontextmanager
async def _client(api: Running, settings: PostgresqlSettings) -> AsyncIterator[aiohttp.ClientSession]:
    database = Database(settings)
    await database.open()
    key = await add_session(database, await add_account(database))
    await database.close()
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(api.url, headers=headers) as client:
        yield client


async def restart(house: House, until: Until) -> None:
    """What an operator does."""
    await embedded.stop(house.folder)
    await until(house.callers.were_told_to_wait)
    await embedded.start(house.folder)


async def crash(house: House, until: Until) -> None:
    """One of its processes dies, so all of them start again."""
    *_, backend = processes(house.folder)
    backend.kill()
    await until(house.callers.were_told_to_wait)


@pytest.mark.parametrize("trouble", [restart, crash])
async def test_a_restart_under_load_is_503_for_a_while_and_loses_nothing(
    trouble: Callable[[House, Until], Awaitable[None]], house: House, until: Until
) -> None:
    callers = house.callers
    async with callers.calling():
        await until(callers.succeed())
        await trouble(house, until)
        await until(callers.succeed(), 30)
    assert {status for status, *_ in callers.answers} == {200, 503}
    assert max(seconds for _, seconds, _ in callers.answers) < 5
    assert all(comes_again for status, _, comes_again in callers.answers if status == 503)
    assert callers.stored <= await callers.read_back()
    assert "ERROR" not in house.api.log


async def test_a_frozen_server_is_503_until_it_thaws(house: House, until: Until) -> None:
    callers = house.callers
    async with callers.calling(2):
        await until(callers.succeed())
        with _frozen(house.folder):
            await until(callers.were_told_to_wait, 10)
        await until(callers.succeed(), 10)
    assert {status for status, *_ in callers.answers} == {200, 503}


async def test_a_process_whose_server_is_frozen_can_be_stopped(house: House, until: Until) -> None:
    async with house.callers.calling(2):
        await until(house.callers.succeed())
    with _frozen(house.folder):
        request = asyncio.create_task(house.callers.read_back())
        await asyncio.sleep(0.1)  # it is on its way now
        async with asyncio.timeout(10):
            assert await house.api.stop() == 0
        with pytest.raises((AssertionError, aiohttp.ClientError)):
            await request


async def test_a_killed_backend_is_503_for_its_request_alone(fresh_database: Database, until: Until) -> None:
    key = await add_session(fresh_database, await add_account(fresh_database))
    async with (
        _served(fresh_database.settings) as client,
        fresh_database.transaction() as transaction,
    ):
        await transaction.execute("LOCK TABLE bookmark IN EXCLUSIVE MODE")
        request = asyncio.create_task(_add_bookmark(client, key))
        await until(lambda: _is_blocked(fresh_database))
        await fresh_database.execute(f"SELECT pg_terminate_backend(pid) FROM ({_BLOCKED}) _")
        assert await request == 503
        async with client.get(BOOKMARKS, headers={"Authorization": f"Bearer {key}"}) as response:
            assert response.status == 200


async def test_no_free_connection_in_time_is_503(fresh_database: Database, until: Until) -> None:
    key = await add_session(fresh_database, await add_account(fresh_database))
    settings = replace(fresh_database.settings, max_connections=1, acquire_timeout_seconds=0.2)
    async with _served(settings) as client:
        async with fresh_database.transaction() as transaction:
            await transaction.execute("LOCK TABLE bookmark")
            first = asyncio.create_task(_add_bookmark(client, key))
            await until(lambda: _is_blocked(fresh_database))
            assert await _add_bookmark(client, key) == 503
        assert await first == 200
        assert await _add_bookmark(client, key) == 200


async def _add_bookmark(client: TestClient, key: str) -> int:
    body = {"name": uuid.uuid4().hex, "link": "https://house.test"}
    async with client.post(BOOKMARKS, json=body, headers={"Authorization": f"Bearer {key}"}) as response:
        assert (response.status == 503) == ("Retry-After" in response.headers)
        return response.status


async def _is_blocked(database: Database) -> bool:
    return bool(await database.fetch(_BLOCKED))


@asynccontextmanager
async def _served(settings: PostgresqlSettings) -> AsyncIterator[TestClient]:
    """The API in this process, on that database."""
    async with TestClient(TestServer(create_app(load(environment={}), settings))) as client:
        yield client


@contextmanager
def _frozen(folder: Path) -> Iterator[None]:
    """Inside the block the server does nothing, and closes nothing."""
    frozen = processes(folder)
    for process in frozen:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in frozen:
            os.kill(process.pid, signal.SIGCONT)
