"""Migrations: each once, whoever starts first and whatever is killed in between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from homechart_common.errors import StartupError, Unavailable
from homechart_common.postgresql import locks
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import known_migrations, migrate
from homechart_common.postgresql.queries import sql_directory
from tests.processes import database_environment, start

Until = Callable[..., Awaitable[None]]

_MIGRATE = """
import asyncio, sys
from pathlib import Path
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_common.postgresql.settings import PostgresqlSettings

asyncio.run(migrate(Database(PostgresqlSettings(**eval(sys.argv[1]))), Path(sys.argv[2])))
"""


@pytest.fixture
async def empty_database(fresh_database: Database) -> Database:
    """A database in which nothing has been made yet."""
    await fresh_database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return fresh_database


@pytest.fixture
def sql(tmp_path: Path) -> Path:
    """A small ``sql/`` folder."""
    _write(tmp_path / "migrations" / "0001_log.sql", "CREATE TABLE log (line text)")
    _write(tmp_path / "migrations" / "0002_line.sql", "INSERT INTO log SELECT greeting()")
    _write(
        tmp_path / "functions" / "greeting.sql",
        "CREATE OR REPLACE FUNCTION greeting() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$",
    )
    _write(
        tmp_path / "triggers" / "log.sql",
        "CREATE TABLE IF NOT EXISTS applied (); INSERT INTO applied DEFAULT VALUES; "
        "CREATE OR REPLACE VIEW loud AS SELECT upper(line) AS line FROM log",
    )
    return tmp_path


async def test_functions_then_migrations_then_triggers(empty_database: Database, sql: Path) -> None:
    await migrate(empty_database, sql)
    assert await empty_database.fetch("SELECT line FROM loud") == [("HELLO",)]
    assert await empty_database.fetch("SELECT version, name FROM migration ORDER BY version") == [
        (1, "log"),
        (2, "line"),
    ]


async def test_our_own_schema_can_be_made_and_made_again(empty_database: Database) -> None:
    await migrate(empty_database)
    assert await empty_database.fetch_value("SELECT count(*) FROM migration") == len(
        _files(sql_directory() / "migrations")
    )
    await empty_database.execute("DELETE FROM definition")
    await migrate(empty_database)


async def test_several_at_once_do_the_work_once(empty_database: Database, sql: Path) -> None:
    _write(sql / "migrations" / "0003_slow.sql", "SELECT pg_sleep(0.1); INSERT INTO log VALUES ('slow')")
    await asyncio.gather(*(migrate(empty_database, sql) for _ in range(5)))
    assert await empty_database.fetch("SELECT line FROM log") == [("hello",), ("slow",)]
    assert await empty_database.fetch_value("SELECT count(*) FROM applied") == 1


async def test_triggers_are_applied_again_when_there_may_be_new_tables(
    empty_database: Database, sql: Path
) -> None:
    await migrate(empty_database, sql)
    await migrate(empty_database, sql)
    assert await empty_database.fetch_value("SELECT count(*) FROM applied") == 1
    _write(sql / "migrations" / "0003_more.sql", "CREATE TABLE more ()")
    await migrate(empty_database, sql)
    assert await empty_database.fetch_value("SELECT count(*) FROM applied") == 2


async def test_a_changed_function_is_replaced(empty_database: Database, sql: Path) -> None:
    await migrate(empty_database, sql)
    path = sql / "functions" / "greeting.sql"
    path.write_text(path.read_text().replace("hello", "good day"))
    await migrate(empty_database, sql)
    assert await empty_database.fetch_value("SELECT greeting()") == "good day"


async def test_a_failed_migration_leaves_nothing_and_is_named(empty_database: Database, sql: Path) -> None:
    path = sql / "migrations" / "0003_broken.sql"
    _write(path, "CREATE TABLE half (); SELECT 1 / 0")
    with pytest.raises(StartupError, match=r"0003_broken failed: .*division by zero"):
        await migrate(empty_database, sql)
    assert await empty_database.fetch_value("SELECT to_regclass('half')") is None
    _write(path, "CREATE TABLE whole ()")
    await migrate(empty_database, sql)
    assert await empty_database.fetch_value("SELECT to_regclass('whole')") == "whole"


async def test_a_migration_that_asks_for_too_much_is_not_tried_for_ever(
    empty_database: Database, sql: Path
) -> None:
    """In the driver's eyes that is no other failure than a server that has gone."""
    _write(sql / "migrations" / "0003_much.sql", "DO $$ BEGIN RAISE program_limit_exceeded; END $$")
    with pytest.raises(StartupError, match="0003_much failed: program_limit_exceeded"):
        await migrate(empty_database, sql)
    _write(sql / "migrations" / "0003_much.sql", "SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(Unavailable):
        await migrate(empty_database, sql)


async def test_a_migrator_that_is_killed_half_way_is_taken_over_from(
    empty_database: Database, sql: Path, until: Until
) -> None:
    path = sql / "migrations" / "0003_long.sql"
    _write(path, "INSERT INTO log VALUES ('half'); SELECT pg_sleep(30)")
    settings = empty_database.settings
    arguments = {name: getattr(settings, name) for name in settings.__slots__}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _MIGRATE, repr(arguments), sql)

    async def is_half_way() -> bool:
        return bool(
            await empty_database.fetch(
                "SELECT FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(30)' AND datname = %(name)s",
                {"name": settings.database},
            )
        )

    await until(is_half_way, seconds=20)
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    _write(path, "INSERT INTO log VALUES ('whole')")
    await migrate(empty_database, sql)
    assert await empty_database.fetch("SELECT line FROM log") == [("hello",), ("whole",)]


async def test_a_database_of_a_newer_version_is_refused(empty_database: Database, sql: Path) -> None:
    await migrate(empty_database, sql)
    os.remove(sql / "migrations" / "0002_line.sql")
    with pytest.raises(StartupError, match="version 2, which a newer Homechart has made"):
        await migrate(empty_database, sql)


async def test_an_edited_migration_is_refused(empty_database: Database, sql: Path) -> None:
    await migrate(empty_database, sql)
    _write(sql / "migrations" / "0002_line.sql", "INSERT INTO log VALUES ('something else')")
    with pytest.raises(StartupError, match="0002_line was changed"):
        await migrate(empty_database, sql)


async def test_a_migration_may_outlast_the_statement_timeout(empty_database: Database, sql: Path) -> None:
    impatient = Database(replace(empty_database.settings, statement_timeout_seconds=0.05, grace_seconds=0))
    _write(sql / "migrations" / "0003_slow.sql", "SELECT pg_sleep(0.2)")
    await migrate(impatient, sql)


async def test_a_migration_lets_others_pass_while_it_waits_for_a_table(
    empty_database: Database, sql: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_database, sql)
    monkeypatch.setattr("homechart_common.postgresql.migrate._LOCK_SECONDS", 0.1)
    _write(sql / "migrations" / "0003_more.sql", "ALTER TABLE log ADD COLUMN more text")
    async with empty_database.transaction() as reading:
        await reading.fetch("SELECT line FROM log")  # it keeps the table until it ends
        migrating = asyncio.create_task(migrate(empty_database, sql))
        for _ in range(5):
            async with asyncio.timeout(5):
                await empty_database.fetch("SELECT line FROM log")
            await asyncio.sleep(0.1)
        assert not migrating.done()
    await migrating
    assert await empty_database.fetch_value("SELECT count(more) FROM log") == 0


async def test_what_migrations_make_belongs_to_the_schema_role(empty_database: Database, sql: Path) -> None:
    role = f"{empty_database.settings.database} owner"
    await empty_database.execute(f'CREATE ROLE "{role}"; GRANT ALL ON SCHEMA public TO "{role}"')
    database = Database(replace(empty_database.settings, schema_role=role))
    await migrate(database, sql)
    owner = await empty_database.fetch_value("SELECT tableowner::text FROM pg_tables WHERE tablename = 'log'")
    assert owner == role
    await empty_database.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


async def test_a_lock_has_one_holder(database: Database) -> None:
    first, second = await database.direct(), await database.direct()
    number = 2**40 + 7
    assert await locks.try_lock(first, number)
    assert not await locks.try_lock(second, number)
    assert await locks.holds(first, number)
    assert not await locks.holds(second, number)
    await first.close()
    await second.close()


async def test_a_lock_ends_with_its_connection(database: Database, until: Until) -> None:
    first, second = await database.direct(), await database.direct()
    number = 2**40 + 8
    assert await locks.try_lock(first, number)
    await first.close()
    await until(lambda: locks.try_lock(second, number))
    await second.close()


async def test_the_command_says_what_it_would_do_or_does_it(empty_database: Database) -> None:
    environment = database_environment(empty_database.settings)

    async def migrated(*arguments: str) -> tuple[int, str]:
        process = await start("homechart_worker", "migrate", *arguments, environment=environment)
        return await process.ended(), process.log

    status, said = await migrated("--check")
    assert status == 1
    assert said.startswith("homechart-worker: To be applied: sql/functions, migration 0001_sync, ")
    assert await empty_database.fetch_value("SELECT to_regclass('migration')") is None
    newest = known_migrations()[-1]
    status, said = await migrated()
    assert (status, f"The database is up to date, at {newest}\n" in said) == (0, True)
    assert await migrated("--check") == (0, f"The database is up to date, at {newest}\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _files(folder: Path) -> list[Path]:
    return list(folder.glob("*.sql"))
