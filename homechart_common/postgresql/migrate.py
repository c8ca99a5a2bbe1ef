"""Bringing the schema up to date: functions, then migrations, then triggers.

Functions come first, as migrations may use them; what is inside their bodies is not looked at until they
run. Triggers come last, as they need the tables. A migration runs once, in a transaction of its own, and is
never edited afterwards; functions and triggers are written so that they can be applied again, which happens
whenever their text has changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from homechart_common import logger
from homechart_common.errors import HomechartError, QueryTimeout, StartupError
from homechart_common.postgresql import locks, server
from homechart_common.postgresql.connection import Connection, Queryable
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.failures import Contention, server_went_away
from homechart_common.postgresql.queries import sql_directory

#: A migration of a large table may take its time, and others wait for it.
_TIMEOUT_SECONDS = 6 * 60 * 60

#: How long a step waits for a lock. Whoever else wants the same table waits behind it, so it lets them pass.
_LOCK_SECONDS = 2
_ATTEMPTS = 100

_BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS definition (name text PRIMARY KEY, hash text NOT NULL);
"""
_REMEMBER_MIGRATION = "INSERT INTO migration (version, name, hash) VALUES (%(version)s, %(name)s, %(hash)s)"
_REMEMBER_DEFINITION = """
INSERT INTO definition (name, hash) VALUES (%(name)s, %(hash)s)
ON CONFLICT (name) DO UPDATE SET hash = excluded.hash
"""


@dataclass(frozen=True)
class Migration:
    """One file of ``sql/migrations``: ``0001_sync.sql`` has version 1 and name ``sync``."""

    version: int
    name: str
    sql: str

    @classmethod
    def read(cls, path: Path) -> Migration:
        """The migration in a file."""
        version, _, name = path.stem.partition("_")
        return cls(int(version), name, path.read_text(encoding="utf-8"))

    @property
    def hash(self) -> str:
        """What tells whether the text was changed."""
        return _hash(self.sql)

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


@dataclass(frozen=True)
class Definitions:
    """The files of a folder that are applied again, all of them, whenever the hash is another."""

    name: str
    texts: tuple[str, ...]
    hash: str

    def __str__(self) -> str:
        return f"sql/{self.name}"


async def migrate(database: Database, directory: Path | None = None) -> None:
    """Bring the schema of ``database`` up to what ``directory`` (by default our ``sql/``) says.

    Several processes may do this at once: one works, the others wait and find everything done. Raises
    :class:`StartupError` if the database was made by a newer Homechart, if a migration that it has was
    edited, or if one fails, and :class:`Unavailable` if the server goes away; what was applied before stays.
    """
    directory = directory or sql_directory()
    migrations = known_migrations(directory)
    functions, triggers = _definitions(directory, migrations)
    async with _alone(database) as connection:
        await connection.execute(_BOOKKEEPING)
        applied: dict[int, str] = dict(await connection.fetch("SELECT version, hash FROM migration"))
        check_history(applied, migrations)
        await _define(connection, functions)
        for migration in migrations:
            if migration.version not in applied:
                await _apply(connection, migration)
        await _define(connection, triggers)


async def outstanding(connection: Queryable, directory: Path | None = None) -> list[str]:
    """What :func:`migrate` would apply, in its order; raises :class:`StartupError` if it would refuse."""
    directory = directory or sql_directory()
    migrations = known_migrations(directory)
    functions, triggers = _definitions(directory, migrations)
    applied: dict[int, str] = {}
    defined: dict[str, str] = {}
    if await connection.fetch_value("SELECT to_regclass('definition')"):
        applied = dict(await connection.fetch("SELECT version, hash FROM migration"))
        defined = dict(await connection.fetch("SELECT name, hash FROM definition"))
    check_history(applied, migrations)
    return [
        *([str(functions)] if defined.get(functions.name) != functions.hash else []),
        *(f"migration {migration}" for migration in migrations if migration.version not in applied),
        *([str(triggers)] if defined.get(triggers.name) != triggers.hash else []),
    ]


def known_migrations(directory: Path | None = None) -> list[Migration]:
    """Every migration of this Homechart, in order."""
    return [Migration.read(path) for path in _files((directory or sql_directory()) / "migrations")]


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[Connection]:
    """A connection that holds the migration lock and has the schema role."""
    settings = replace(database.settings.direct(), statement_timeout_seconds=_TIMEOUT_SECONDS)
    connection = await server.connect(settings, own_session=True)
    try:
        if settings.schema_role:
            quoted = settings.schema_role.replace('"', '""')
            await connection.execute(f'SET ROLE "{quoted}"')
        if not await locks.try_lock(connection, locks.MIGRATION):
            logger.notice("Another process brings the database up to date; waiting for it")
            await locks.wait_for_lock(connection, locks.MIGRATION)
        yield connection
    finally:
        await connection.close()


def check_history(applied: Mapping[int, str], migrations: Sequence[Migration]) -> None:
    """Refuse a database whose history is not the one in the files."""
    known = {migration.version: migration for migration in migrations}
    if unknown := applied.keys() - known:
        raise StartupError(
            f"The database is at version {max(unknown)}, which a newer Homechart has made; "
            f"this one knows versions up to {max(known, default=0)}"
        )
    for version, hash_ in applied.items():
        if known[version].hash != hash_:
            raise StartupError(
                f"Migration {known[version]} was changed after the database had it; "
                "restore the file and write a new migration instead"
            )


async def _apply(connection: Connection, migration: Migration) -> None:
    logger.notice(f"Applying migration {migration}")

    async def step() -> None:
        await connection.execute(migration.sql)
        await connection.execute(
            _REMEMBER_MIGRATION,
            {"version": migration.version, "name": migration.name, "hash": migration.hash},
        )

    await _patiently(connection, f"Migration {migration}", step)


def _definitions(directory: Path, migrations: Sequence[Migration]) -> tuple[Definitions, Definitions]:
    """The functions and the triggers.

    A trigger file may cover all tables, so it is applied again when there may be new ones.
    """
    return (
        _read_definitions(directory / "functions", ""),
        _read_definitions(directory / "triggers", _hash(*map(str, migrations))),
    )


def _read_definitions(folder: Path, circumstances: str) -> Definitions:
    texts = tuple(path.read_text(encoding="utf-8") for path in _files(folder))
    return Definitions(folder.name, texts, _hash(circumstances, *texts))


async def _define(connection: Connection, definitions: Definitions) -> None:
    """Apply definitions if they or the circumstances are not those of the last time."""
    parameters = {"name": definitions.name, "hash": definitions.hash}
    if await connection.fetch("SELECT FROM definition WHERE (name, hash) = (%(name)s, %(hash)s)", parameters):
        return

    async def step() -> None:
        await connection.execute("SET LOCAL check_function_bodies = off")
        for text in definitions.texts:
            await connection.execute(text)
        await connection.execute(_REMEMBER_DEFINITION, parameters)

    await _patiently(connection, f"Applying {definitions}", step)


async def _patiently(connection: Connection, what: str, step: Callable[[], Awaitable[None]]) -> None:
    """Do a step in a transaction; again, a little later, while others who use the tables are in its way."""
    for attempt in itertools.count(1):
        try:
            async with _transaction(connection, what):
                await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
                await step()
            return
        except StartupError as error:
            if attempt == _ATTEMPTS or not isinstance(error.__cause__, Contention | QueryTimeout):
                raise
        logger.notice(f"{what}: others use what it changes; trying again")
        await asyncio.sleep(random.uniform(0.2, 1))  # noqa: S311 - so that others get their turn


@asynccontextmanager
async def _transaction(connection: Connection, what: str) -> AsyncIterator[None]:
    """All or nothing; a failure says what it was that failed, unless there is nobody any more to fail."""
    connection.begin()
    try:
        yield
        await connection.commit()
    except Exception as error:
        await connection.rollback()
        if server_went_away(error):
            raise
        cause = error.__cause__ if isinstance(error, HomechartError) and error.__cause__ else error
        reason = str(cause).strip().partition("\n")[0]
        raise StartupError(f"{what} failed: {reason}") from error


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
