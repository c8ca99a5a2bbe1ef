"""How an API process ends: everybody gets a complete answer, nobody new is let in, and it takes seconds."""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from homechart_common.postgresql.database import Database
from tests.people import add_account, add_session
from tests.processes import Running, api_process

Until = Callable[..., Awaitable[None]]

#: Statements of this database that wait for a lock.
_BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'bookmark'::regclass"


@pytest.fixture
async def key(fresh_database: Database) -> str:
    """The key of somebody's session."""
    return await add_session(fresh_database, await add_account(fresh_database))


@pytest.fixture
async def api(fresh_database: Database) -> AsyncIterator[Running]:
    """A process with a database of its own."""
    async with api_process(fresh_database.settings) as running:
        yield running


@pytest.fixture
async def client(api: Running, key: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who is signed in."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        api.url, headers={"Authorization": f"Bearer {key}"}, connector=connector
    ) as client:
        yield client


def a_bookmark() -> bytes:
    """The body of a request that adds one, which no other is like."""
    return b'{"name": "%s", "link": "https://house.test"}' % uuid.uuid4().hex.encode()


async def add_bookmark(client: aiohttp.ClientSession) -> tuple[int, bool]:
    """Add one; the status, and whether the connection is closed after it."""
    async with client.post("/api/v1/bookmarks", data=a_bookmark()) as response:
        await response.read()
        return response.status, response.headers.get("Connection") == "close"


async def refuses(api: Running) -> bool:
    """Whether nobody new is let in."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_is_in_flight_is_answered(
    number: int, api: Running, client: aiohttp.ClientSession, fresh_database: Database, until: Until
) -> None:
    async with fresh_database.transaction() as transaction:
        await transaction.execute("LOCK TABLE bookmark")
        requests = [asyncio.create_task(add_bookmark(client)) for _ in range(10)]
        await until(lambda: _is_blocked(fresh_database, 10))
        stopping = asyncio.create_task(api.stop(number))
        await until(lambda: refuses(api))
    assert await asyncio.gather(*requests) == [(200, True)] * 10
    assert await stopping == 0
    assert "ERROR" not in api.log
    assert await fresh_database.fetch_value("SELECT count(*) FROM bookmark") == 10


async def test_a_body_that_is_still_being_sent_is_taken(
    api: Running, key: str, until: Until, fresh_database: Database
) -> None:
    body = a_bookmark()
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    head = f"POST /api/v1/bookmarks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")  # it waits for the body now
    writer.write(body[:10])
    stopping = asyncio.create_task(api.stop())
    await until(lambda: refuses(api))
    writer.write(body[10:])
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'"success":true}')
    assert await stopping == 0


async def test_a_request_on_an_open_connection_is_answered_while_others_are(
    api: Running, client: aiohttp.ClientSession, fresh_database: Database, until: Until
) -> None:
    await asyncio.gather(*(add_bookmark(client) for _ in range(2)))  # two connections that stay open
    async with fresh_database.transaction() as transaction:
        await transaction.execute("LOCK TABLE bookmark")
        blocked = asyncio.create_task(add_bookmark(client))
        await until(lambda: _is_blocked(fresh_database, 1))
        stopping = asyncio.create_task(api.stop())
        await until(lambda: refuses(api))
        async with client.get("/api") as response:
            assert (response.status, response.headers["Connection"]) == (200, "close")
    assert await blocked == (200, True)
    assert await stopping == 0


async def test_an_idle_connection_keeps_nothing_waiting(api: Running, client: aiohttp.ClientSession) -> None:
    await add_bookmark(client)
    async with asyncio.timeout(2):
        assert await api.stop() == 0


async def test_event_streams_end_with_a_hint_when_to_come_back(
    api: Running, client: aiohttp.ClientSession
) -> None:
    async with client.get("/api/v1/auth/sessions") as response:
        (session,) = (await response.json())["dataValue"]
    async with client.get(f"/api/v1/sse/{session['id']}") as stream:
        assert stream.status == 200
        await stream.content.readuntil(b"\n\n")
        async with asyncio.timeout(2):
            assert await api.stop() == 0
            assert (await stream.content.read()).startswith(b"retry: ")


async def test_a_request_without_end_keeps_nothing_waiting_for_long(
    api: Running, client: aiohttp.ClientSession, fresh_database: Database, until: Until
) -> None:
    async with fresh_database.transaction() as transaction:
        await transaction.execute("LOCK TABLE bookmark")
        request = asyncio.create_task(add_bookmark(client))
        await until(lambda: _is_blocked(fresh_database, 1))
        async with asyncio.timeout(10):
            assert await api.stop() == 0
        with pytest.raises(aiohttp.ClientError):
            await request
    assert await fresh_database.fetch_value("SELECT count(*) FROM bookmark") == 0


async def test_it_ends_when_whoever_started_it_is_gone(api: Running) -> None:
    assert api.process.stdin
    api.process.stdin.close()
    assert await api.ended() == 0


async def _is_blocked(database: Database, count: int) -> bool:
    return bool(await database.fetch_value(_BLOCKED) == count)
