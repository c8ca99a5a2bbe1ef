"""A primary and its standby: who is used, and how everybody follows when the standby takes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from homechart_common.errors import Unavailable
from homechart_common.postgresql import locks, server
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.failures import ConnectionLost
from homechart_common.postgresql.listener import CHANGES, Listener
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import serving
from tests.cast import new_cast
from tests.faults.pair import Pair, new_pair
from tests.sync.news import news, nothing_new

Until = Callable[..., Awaitable[None]]

_WHERE = "SELECT current_setting('data_directory')"


@pytest.fixture
async def pair(server_folder: Path) -> AsyncIterator[Pair]:
    async with new_pair(server_folder) as pair:
        yield pair


async def test_of_several_hosts_the_one_that_can_be_written_to_is_used(pair: Pair) -> None:
    with pytest.raises(ConnectionLost) as refused:
        await server.connect(pair.at(pair.standby))
    assert "standby" in str(refused.value.__cause__)
    connection = await server.connect(pair.both)
    assert await connection.fetch_value(_WHERE) == str(pair.primary / "data")
    await connection.close()


async def test_everybody_follows_when_the_standby_takes_over(pair: Pair, until: Until) -> None:
    database = Database(pair.both)
    await database.open()
    heard: list[str] = []
    listener = Listener(database, {CHANGES: heard.append}, on_reconnect=lambda: heard.append("read again"))
    listening = asyncio.create_task(listener.run())
    await listener.ready.wait()

    await pair.fail_over()

    async def answers() -> bool:
        try:
            return bool(await database.fetch_value(_WHERE) == str(pair.standby / "data"))
        except Unavailable:
            return False

    await until(answers)
    await until(lambda: heard == ["read again"])
    await database.execute("NOTIFY changes, 'after'")
    await until(lambda: heard == ["read again", "after"])
    listening.cancel()
    await asyncio.wait([listening])
    await database.close()


async def test_a_primary_that_was_replaced_is_left_though_it_answers(pair: Pair, until: Until) -> None:
    """It never noticed that it is one no more; whoever listens looks around now and then."""
    async with _opened(pair.primary_first) as database, _listening(database) as heard:
        await database.execute("CREATE TABLE written (name text)")
        leading, blocking = await database.direct(), await database.direct()
        assert await locks.try_lock(leading, locks.TASKS)
        blocking.begin()
        await blocking.execute("LOCK TABLE written")
        waiting = asyncio.create_task(database.execute("INSERT INTO written VALUES ('for nobody')"))
        await pair.promote()
        await until(lambda: heard == ["read again"])
        with pytest.raises(ConnectionLost):
            await waiting
        with pytest.raises(Unavailable):
            await locks.holds(leading, locks.TASKS)
        assert await database.fetch_value(_WHERE) == str(pair.standby / "data")
        with pytest.raises(ConnectionLost) as refused:
            await server.connect(pair.at(pair.primary))
        assert "another server took its place" in str(refused.value.__cause__)


@asynccontextmanager
async def _listening(database: Database) -> AsyncIterator[list[str]]:
    """What is heard by somebody who is in a hurry."""
    heard: list[str] = []
    listener = Listener(
        database,
        {CHANGES: heard.append},
        on_reconnect=lambda: heard.append("read again"),
        heartbeat_seconds=0.1,
    )
    listening = asyncio.create_task(listener.run())
    await listener.ready.wait()
    yield heard
    listening.cancel()
    await asyncio.wait([listening])


async def test_who_starts_while_two_accept_writes_takes_the_one_promoted_last(pair: Pair) -> None:
    await pair.promote()
    for settings in (pair.both, pair.primary_first):
        connection = await server.connect(settings)
        assert await connection.fetch_value(_WHERE) == str(pair.standby / "data")
        await connection.close()


async def test_a_cursor_from_before_a_standby_took_over_is_answered_with_everything(
    pair: Pair, until: Until
) -> None:
    """The standby may not have had everything that the cursor stands for."""
    async with _opened(pair.both) as database:
        await migrate(database)
        async with serving(pair.both) as client:
            cast = await new_cast(database, client)
            before = await news(cast.ann)
            assert await nothing_new(cast.ann, before.cursor)
            caught_up = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_lsn()"

            async def has_everything() -> bool:
                return bool(await database.fetch_value(caught_up))

            await until(has_everything)
            await pair.fail_over()

            async def answers() -> bool:
                return (await cast.ann.call("GET", "/sync")).status == 200

            await until(answers)
            after = await news(cast.ann, before.cursor)
            assert (after.full, after.changed) == (True, before.changed)
            assert await nothing_new(cast.ann, after.cursor)


@asynccontextmanager
async def _opened(settings: PostgresqlSettings) -> AsyncIterator[Database]:
    database = Database(settings)
    await database.open()
    yield database
    await database.close()
