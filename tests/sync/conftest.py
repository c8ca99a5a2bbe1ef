"""What the tests of sync share: a second API instance on the same database, and open event streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from homechart_common.postgresql.connection import Queryable
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import Caller, Client, serving
from tests.sync.streams import EventStream, open_stream

#: Opens the stream of somebody's session, who comes back with a position or is new.
Listen = Callable[..., Awaitable[EventStream]]


async def add_bookmarks(database: Queryable, household: str, count: int) -> None:
    """Many bookmarks at once."""
    await database.execute(
        """INSERT INTO bookmark (auth_household_id, short_id, name, link)
        SELECT %(household)s, 'short', gen_random_uuid()::text, 'https://house.test'
        FROM generate_series(1, %(count)s)""",
        {"household": household, "count": count},
    )


@pytest.fixture(scope="session")
async def elsewhere(database_settings: PostgresqlSettings) -> AsyncIterator[Client]:
    """Another instance of the API on the worker's database, with a memory of its own."""
    async with serving(database_settings) as client:
        yield client


@pytest.fixture
def through(elsewhere: Client) -> Callable[[Caller], Caller]:
    """The same session at the other instance."""
    return lambda caller: replace(caller, client=elsewhere)


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Opens streams, which are closed when the test is over: ``await listen(cast.ann, position)``."""
    streams: list[EventStream] = []

    async def of(caller: Caller, position: str = "") -> EventStream:
        streams.append(await open_stream(caller.client, caller.headers["x-homechart-id"], position))
        return streams[-1]

    yield of
    for stream in streams:
        stream.close()
