"""A real PostgreSQL for all tests, and a database of its own for every worker of pytest-xdist.

Without further ado the tests use the embedded server, one for all workers. To run them on another one set
``HOMECHART_TEST_POSTGRESQL_HOSTNAME`` and, where they differ from the defaults, ``_PORT``, ``_USERNAME``,
``_PASSWORD`` and ``_DATABASE``; the user must be allowed to create databases.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from homechart_common.postgresql import embedded, server
from homechart_common.postgresql.connection import Connection
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.queries import sql_directory
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.callers import Client, serving
from tests.cast import Cast, new_cast

_EXTERNAL = "HOMECHART_TEST_POSTGRESQL_"
_FOLDER = "HOMECHART_TEST_FOLDER"
#: A test database need not survive a power cut.
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "500"}
#: Waits until pytest is gone, however it ended, then stops every server that it left and removes its folder.
_CARETAKER = """
read _
for file in "$1"/*/data/postmaster.pid; do
    test -e "$file" && server=$(head -n 1 "$file") && kill -QUIT "$server"
    while kill -0 "$server"; do sleep 0.05; done
done 2> /dev/null
rm -rf "$1"
"""
_TEMPLATE_LOCK = 4711

Condition = Callable[[], bool | Awaitable[bool]]

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_caretaker = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """Give this run a folder for its servers, and somebody to clear up after it."""
    if hasattr(config, "workerinput"):
        return
    # not pytest's own temporary folder: the account that PostgreSQL runs as must be able to reach it
    folder = tempfile.mkdtemp(prefix="homechart-")
    os.chmod(folder, 0o711)
    os.environ[_FOLDER] = folder
    config.stash[_caretaker] = subprocess.Popen(
        ["/bin/sh", "-c", _CARETAKER, "caretaker", folder], stdin=subprocess.PIPE, start_new_session=True
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Tell the caretaker that all is over, and wait until it has cleared up."""
    if caretaker := config.stash.get(_caretaker, None):
        caretaker.communicate()


@pytest.fixture(scope="session")
def server_folder() -> Path:
    """A folder in which tests may make embedded servers; they end and it vanishes with the test run."""
    return Path(os.environ[_FOLDER])


@pytest.fixture(scope="session")
async def server_settings(server_folder: Path) -> AsyncIterator[PostgresqlSettings]:
    """The server that all tests share, as a user who may create databases."""
    given = {
        name: os.environ[_EXTERNAL + name.upper()]
        for name in ("hostname", "username", "password", "database")
        if _EXTERNAL + name.upper() in os.environ
    }
    if "hostname" in given:
        yield PostgresqlSettings(port=int(os.environ.get(_EXTERNAL + "PORT", "5432")), **given)
        return
    yield await embedded.start(server_folder / "shared", _CARELESS)
    await embedded.stop(server_folder / "shared")


@pytest.fixture(scope="session")
async def template(server_settings: PostgresqlSettings) -> str:
    """A database with today's schema, made once and copied for everybody who needs one."""
    digest = hashlib.sha256()
    for path in sorted(sql_directory().glob("[mft]*/*.sql")):
        digest.update(path.read_bytes() + b"\0")
    name = f"homechart_test_template_{digest.hexdigest()[:16]}"
    async with _administration(server_settings) as connection:
        await connection.execute("SELECT pg_advisory_lock(%(number)s)", {"number": _TEMPLATE_LOCK})
        known = [row[0] for row in await connection.fetch("SELECT datname::text FROM pg_database")]
        if name not in known:
            for outdated in (old for old in known if old.startswith("homechart_test_template_")):
                await connection.execute(f"DROP DATABASE {outdated}")
            await _make_template(connection, server_settings, name)
    return name


@pytest.fixture(scope="session")
async def database_settings(
    server_settings: PostgresqlSettings, template: str
) -> AsyncIterator[PostgresqlSettings]:
    """A database with the schema in it, of this worker's own."""
    async with _copied(server_settings, template) as settings:
        yield settings


@pytest.fixture(scope="session")
async def database(database_settings: PostgresqlSettings) -> AsyncIterator[Database]:
    """The worker's database, open."""
    async with _opened(database_settings) as database:
        yield database


@pytest.fixture
async def fresh_database(server_settings: PostgresqlSettings, template: str) -> AsyncIterator[Database]:
    """A database that only this test sees, open; its ``settings`` tell where it is."""
    async with _copied(server_settings, template) as settings, _opened(settings) as database:
        yield database


@pytest.fixture
async def empty(server_settings: PostgresqlSettings) -> AsyncIterator[PostgresqlSettings]:
    """A database with nothing in it, not even a table."""
    async with _copied(server_settings, "template0") as settings:
        yield settings


@pytest.fixture
async def open_database(
    database_settings: PostgresqlSettings,
) -> AsyncIterator[Callable[..., Awaitable[Database]]]:
    """Opens the worker's database again with other settings: ``await open_database(max_connections=1)``."""
    async with AsyncExitStack() as stack:

        async def open_with(**changes: Any) -> Database:
            settings = replace(database_settings, **changes)
            return await stack.enter_async_context(_opened(settings))

        yield open_with


@pytest.fixture(scope="session")
async def served(database_settings: PostgresqlSettings) -> AsyncIterator[Client]:
    """The API on the worker's database."""
    async with serving(database_settings) as client:
        yield client


@pytest.fixture
async def cast(database: Database, served: Client) -> Cast:
    """A household, its members and strangers, all new."""
    return await new_cast(database, served)


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Waits for a condition, looking again and again: ``await until(lambda: seen)``."""

    async def wait(condition: Condition, seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.01)

    return wait


@asynccontextmanager
async def _administration(settings: PostgresqlSettings) -> AsyncIterator[Connection]:
    connection = await server.connect(settings)
    try:
        yield connection
    finally:
        await connection.close()


async def _make_template(connection: Connection, settings: PostgresqlSettings, name: str) -> None:
    """Under another name until it is complete."""
    await connection.execute(f"DROP DATABASE IF EXISTS {name}_new")
    await connection.execute(f"CREATE DATABASE {name}_new")
    async with _opened(replace(settings, database=f"{name}_new")) as database:
        await migrate(database)
    await connection.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")


@asynccontextmanager
async def _copied(settings: PostgresqlSettings, template: str) -> AsyncIterator[PostgresqlSettings]:
    name = f"homechart_test_{uuid.uuid4().hex[:12]}"
    async with _administration(settings) as connection:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield replace(settings, database=name)
    async with _administration(settings) as connection:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def _opened(settings: PostgresqlSettings) -> AsyncIterator[Database]:
    database = Database(settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
