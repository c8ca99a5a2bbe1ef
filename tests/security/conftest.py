"""People for tests of access, the same for all of a worker's tests: they keep what they make to themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from loguru import logger as loguru

from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import Client, serving
from tests.processes import Running, api_process
from tests.security.everybody import Everybody, new_everybody


@pytest.fixture(autouse=True)
def no_defects() -> Iterator[None]:
    """Whatever somebody tries, the log tells of no defect."""
    told: list[str] = []
    sink = loguru.add(told.append, level="ERROR", format="{message}")
    yield
    loguru.remove(sink)
    assert told == []


@pytest.fixture(scope="session")
async def client(database_settings: PostgresqlSettings) -> AsyncIterator[Client]:
    """The API, which may be asked as often as one likes."""
    async with serving(database_settings, "app_ratelimiterrate=1000000-S") as client:
        yield client


@pytest.fixture(scope="session")
async def everybody(database: Database, client: Client) -> Everybody:
    """A household, its members, and everybody else who might ask for what is theirs."""
    return await new_everybody(database, client)


@pytest.fixture(scope="session")
async def running(database_settings: PostgresqlSettings) -> AsyncIterator[Running]:
    """The API as a process of its own, which may be asked as often as one likes."""
    async with api_process(
        database_settings, environment={"HOMECHART_APP_RATELIMITERRATE": "1000000-S"}
    ) as api:
        yield api
