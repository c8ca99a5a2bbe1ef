"""How an event stream ends: with its session, with its process, or because nobody reads it."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from homechart_api import sse
from homechart_api.app import create_app
from homechart_api.hub import Hub
from homechart_common.config import load
from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import API, Caller, Client, serving
from tests.cast import Cast, new_cast
from tests.factories import new_session
from tests.sync.conftest import Listen, add_bookmarks
from tests.sync.streams import DELETED, UPDATED, Event, open_stream, told

BOOKMARK, TASK = registry["Bookmark"], registry["PlanTask"]


async def test_a_stream_ends_with_its_session(cast: Cast, database: Database, listen: Listen) -> None:
    stream, other = await listen(cast.bob), await listen(cast.ann)
    session = cast.bob.headers["x-homechart-id"]
    await database.execute("DELETE FROM auth_session WHERE id = %(id)s", {"id": session})
    assert await stream.told() == told("auth_session", session, DELETED)
    assert await stream.rest() == []
    assert (await cast.nobody.call("GET", f"/sse/{session}")).message == "Item not found"
    await cast.ann.make(TASK)
    assert (await other.told())["table"] == "plan_task"


async def test_a_stream_ends_when_its_session_expires(cast: Cast, database: Database) -> None:
    session = await new_session(database, cast.bob.account, seconds=1)
    bob = Caller(cast.bob.client, cast.bob.account, session.headers)
    stream = await open_stream(bob.client, session.id)
    assert await stream.rest() == []
    assert (await bob.call("GET", "/sync")).status == 410


async def test_a_session_that_lasts_longer_than_it_did_keeps_its_stream(
    cast: Cast, database: Database
) -> None:
    sessions = [(await new_session(database, cast.bob.account, seconds=3)).id for _ in range(2)]
    stream, other = [await open_stream(cast.bob.client, session) for session in sessions]
    await database.execute(
        "UPDATE auth_session SET expires = now() + interval '1 hour' WHERE id = %(id)s", {"id": sessions[0]}
    )
    assert await stream.told() == told("auth_session", sessions[0], UPDATED)
    await other.rest()
    await cast.bob.make(TASK)
    assert (await stream.told())["table"] == "plan_task"
    stream.close()


async def test_a_stream_ends_with_its_account(cast: Cast, database: Database, listen: Listen) -> None:
    stream = await listen(cast.bob)
    await database.execute("DELETE FROM auth_account WHERE id = %(id)s", {"id": cast.bob.account})
    assert [event.kind for event in await stream.rest()] != []


@pytest.fixture
async def house(fresh_database: Database) -> AsyncIterator[tuple[Client, Cast]]:
    """An instance on a database of its own, and who uses it."""
    async with serving(fresh_database.settings) as client:
        yield client, await new_cast(fresh_database, client)


_HARK = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


async def test_after_the_process_was_deaf_everybody_is_told_to_read_again(
    house: tuple[Client, Cast], fresh_database: Database
) -> None:
    client, cast = house
    streams = {
        caller.account: await open_stream(client, caller.headers["x-homechart-id"])
        for caller in (cast.ann, cast.bob, cast.cat)
    }
    for caller in (cast.ann, cast.bob, cast.cat):
        await caller.make(BOOKMARK)
        await streams[caller.account].told()
    async with fresh_database.transaction() as transaction:
        # what is committed at the moment in which the listener is cut off
        await transaction.execute(
            "INSERT INTO bookmark (auth_household_id, short_id, name, link)"
            " VALUES (%(id)s, 'short', 'Unheard', 'https://house.test')",
            {"id": cast.home},
        )
        await transaction.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM ({_HARK}) listeners")
    for account, stream in streams.items():
        assert await stream.rest() == [Event("resync", "")]
        assert 0 < stream.retry_milliseconds < 5000
        session = next(c for c in (cast.ann, cast.bob, cast.cat) if c.account == account)
        again = await open_stream(client, session.headers["x-homechart-id"], stream.position)
        if account != cast.cat.account:
            [unheard] = [b for b in (await cast.ann.list(BOOKMARK)).values if b["name"] == "Unheard"]
            assert await again.told() == told(BOOKMARK, unheard, UPDATED)
        await session.make(TASK)
        assert (await again.told())["table"] == "plan_task"
        again.close()


async def test_streams_end_with_a_hint_when_the_process_ends(house: tuple[Client, Cast]) -> None:
    client, cast = house
    session = cast.ann.headers["x-homechart-id"]
    stream = await open_stream(client, session)
    await cast.ann.make(TASK)
    await stream.told()
    await client.app.shutdown()
    assert await stream.rest() == []
    assert 0 < stream.retry_milliseconds < 5000
    late = await open_stream(client, session, stream.position)
    assert await late.rest() == []
    assert late.retry_milliseconds > 0


# Readers who do not read, or are gone


@pytest.fixture
async def narrow(fresh_database: Database) -> AsyncIterator[Client]:
    """An instance whose connections take little before they are full."""

    def narrow_socket(*_: Any) -> socket.socket:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        return listening

    app = create_app(load(environment={}), fresh_database.settings)
    async with TestClient(TestServer(app, socket_factory=narrow_socket)) as client:
        yield client


async def test_a_reader_who_does_not_read_is_dropped_and_can_come_back(
    narrow: Client, fresh_database: Database
) -> None:
    cast = await new_cast(fresh_database, narrow)
    reading = await open_stream(narrow, cast.ann.headers["x-homechart-id"])
    idle = socket.socket()
    idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    idle.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(idle, (narrow.host, narrow.port))
    session = cast.bob.headers["x-homechart-id"]
    await loop.sock_sendall(idle, f"GET {API}/sse/{session} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    received = b""
    while b"id: " not in received:
        received += await loop.sock_recv(idle, 4096)
    position = received.split(b"id: ")[1].split(b"\n")[0].decode()

    rows = 5000
    await add_bookmarks(fresh_database, cast.home, rows)
    ids = {(await reading.told())["id"] for _ in range(rows)}
    assert len(ids) == rows
    received = b""
    async with asyncio.timeout(10):
        try:
            while piece := await loop.sock_recv(idle, 1 << 16):
                received += piece
        except ConnectionResetError:
            pass
    idle.close()
    assert len(received) < sse.MOST_UNREAD_BYTES < rows * 100

    back = await open_stream(narrow, session, position)
    await back.asked_to_read_again()
    back.close()
    reading.close()


async def test_a_reader_who_goes_while_a_stream_is_settled_is_forgotten(
    house: tuple[Client, Cast], fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the process would collect events for nobody, for ever."""
    client, cast = house

    def hearing() -> int:
        """How many streams hear of somebody's changes."""
        return sum(type(thing) is sse.Stream and bool(thing.owners) for thing in gc.get_objects())

    def leave(hub: Hub, stream: sse.Stream) -> None:
        really_leave(hub, stream)
        gone.set()

    gone, really_leave = asyncio.Event(), Hub.leave
    monkeypatch.setattr(Hub, "leave", leave)
    monkeypatch.setattr(sse, "BEAT_SECONDS", 0)
    stays, goes = [await open_stream(client, cast.ann.headers["x-homechart-id"]) for _ in range(2)]
    for stream in (stays, goes):
        assert await stream.next() == Event("message", "")
    both = hearing()
    change = "UPDATE auth_account SET setup = NOT setup WHERE id = %(id)s"
    async with fresh_database.transaction() as transaction:
        # nobody finds out what a session sees as long as this lasts
        await transaction.execute("LOCK TABLE auth_session IN ACCESS EXCLUSIVE MODE")
        await fresh_database.execute(change, {"id": cast.ann.account})
        await goes.told()
        goes.close()
        await asyncio.wait_for(gone.wait(), 5)
    await fresh_database.execute(change, {"id": cast.ann.account})
    await cast.ann.make(TASK)
    await stays.told_of("plan_task")  # what the other one waited for is behind it, too
    assert hearing() == both - 1
    stays.close()
