"""The API on the worker's database, and people who talk to it over HTTP."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from loguru import logger as loguru

from homechart_api.__main__ import command_line
from homechart_common import clock
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import Caller, Client, serving
from tests.cast import Cast
from tests.processes import database_environment
from tests.rogue_server import RogueServer, outside, rogue_server
from tests.visitors import (
    PASSWORD,
    UNLIMITED_KEY,
    Letter,
    Letters,
    Run,
    SetClock,
    SignUp,
    StartAPI,
    Visitor,
    new_address,
)

#: With these messages are put into the outbox; only workers would send them.
_MAIL = ("smtp_hostname=mail.test", "smtp_fromaddress=home@mail.test")


@pytest.fixture(scope="session")
async def start_api(database_settings: PostgresqlSettings) -> AsyncIterator[StartAPI]:
    """Starts a further instance on the worker's database: ``await start_api("app_signupdisabled=true")``.

    It sends mail, unless ``mail=False``.
    """
    async with AsyncExitStack() as running:

        async def start(*options: str, mail: bool = True) -> Visitor:
            options = (f"app_ratelimiterkey={UNLIMITED_KEY}", *(_MAIL if mail else ()), *options)
            instance = serving(database_settings, *options)
            return Visitor(await running.enter_async_context(instance))

        yield start


@pytest.fixture(scope="session")
async def api(start_api: StartAPI) -> Visitor:
    """Somebody without a session."""
    return await start_api()


@pytest.fixture(scope="session")
def sign_up(api: Visitor) -> SignUp:
    """Signs up a new account: ``ann = await sign_up(name="Ann")``; further members go into the body."""

    async def new_account(**members: Any) -> Visitor:
        body = {"emailAddress": new_address(), "password": PASSWORD, "tosAccepted": True, **members}
        return api.signed_in((await api.post("/auth/accounts", body)).value)

    return new_account


@pytest.fixture(scope="session")
async def admin(start_api: StartAPI, api: Visitor) -> Visitor:
    """An administrator, named in the configuration of another instance where they signed in."""
    address = f"{uuid.uuid4().hex}@example.com"
    elsewhere = await start_api(f"app_adminemailaddresses={address}")
    body = {"emailAddress": address, "password": PASSWORD, "tosAccepted": True}
    await elsewhere.post("/auth/accounts", body)
    return api.signed_in((await elsewhere.post("/auth/signin", body)).value)


@pytest.fixture
def run(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs ``homechart-api`` on a database of the test's own: ``await run("export", "Home", path)``, its status."""

    async def command(*arguments: str | Path) -> int:
        # a process reads its environment once
        for name, value in database_environment(fresh_database.settings).items():
            monkeypatch.setenv(name, value)
        return await asyncio.to_thread(command_line().run, [str(argument) for argument in arguments])

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield command
    # a command says where lines go, for as long as its process lives
    loguru.remove()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the time of requests, which run in contexts of their own: ``set_clock(2023, 11, 24, 18)``."""

    def at(year: int, month: int, day: int, hour: int = 0) -> None:
        moment = datetime(year, month, day, hour, tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda: moment)

    return at


@pytest.fixture
def letters(database: Database) -> Letters:
    """The mails to an address, the oldest first: ``(reset,) = await letters(address)``."""

    async def to(address: str) -> list[Letter]:
        found = await database.fetch(
            "SELECT kind, subject_smtp, body_smtp FROM notification"
            " WHERE to_smtp = %(address)s ORDER BY created",
            {"address": address},
        )
        return [Letter(*row) for row in found]

    return to


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is written to the log."""
    written: list[str] = []
    sink = loguru.add(written.append, level=0, format="[{level.name}] {message}", backtrace=False)
    yield written
    loguru.remove(sink)


@pytest.fixture
async def site() -> AsyncIterator[RogueServer]:
    """Somebody else's server."""
    async with rogue_server() as server:
        yield server


@pytest.fixture
async def ann(cast: Cast, database_settings: PostgresqlSettings) -> AsyncIterator[Caller]:
    """Ann, at an API to which that server is a place on the internet."""
    async with serving(database_settings, fetcher=outside(seconds=2)) as client:
        yield replace(cast.ann, client=client)


@pytest.fixture
async def elsewhere(fresh_database: Database) -> AsyncIterator[Client]:
    """A server with nothing on it."""
    async with serving(fresh_database.settings) as client:
        yield client
