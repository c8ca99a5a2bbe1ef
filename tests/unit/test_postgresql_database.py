"""What statements answer, and what transactions promise."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from homechart_common.errors import HomechartError, InvalidInput, Unavailable
from homechart_common.postgresql.database import Connection, Database, Statement
from homechart_common.postgresql.failures import Contention

OpenDatabase = Callable[..., Awaitable[Database]]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ('SELECT \'{"b": 1,"a":2}\'::json', '{"b": 1,"a":2}'),
        ("SELECT '{\"a\": [1]}'::jsonb", '{"a": [1]}'),
        ("SELECT 'c0ffee00-0000-4000-8000-000000000000'::uuid", "c0ffee00-0000-4000-8000-000000000000"),
        (
            "SELECT ARRAY['c0ffee00-0000-4000-8000-000000000000'::uuid]",
            ["c0ffee00-0000-4000-8000-000000000000"],
        ),
        ("SELECT '2026-03-29 02:30:00.123456+02'::timestamptz", datetime(2026, 3, 29, 0, 30, 0, 123456, UTC)),
        ("SELECT ARRAY['a', NULL]::text[]", ["a", None]),
        ("SELECT NULL", None),
        ("SHOW timezone", "UTC"),
        ("SHOW client_encoding", "UTF8"),
        ("SELECT 'Grüße 👋'", "Grüße 👋"),
    ],
)
async def test_values_come_back_unparsed(sql: str, value: object, database: Database) -> None:
    assert await database.fetch_value(sql) == value


async def test_rows_are_tuples_in_order(database: Database) -> None:
    assert await database.fetch("SELECT n, n * 2 FROM generate_series(1, 3) n") == [(1, 2), (2, 4), (3, 6)]


async def test_the_first_row_and_value_of_nothing_is_none(database: Database) -> None:
    assert await database.fetch("SELECT 1 WHERE false") == []
    assert await database.fetch_row("SELECT 1 WHERE false") is None
    assert await database.fetch_value("SELECT 1 WHERE false") is None


async def test_execute_counts_the_rows_it_touched(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE number AS SELECT generate_series(1, 5) n")
    assert await fresh_database.execute("DELETE FROM number WHERE n > %(least)s", {"least": 2}) == 3


async def test_a_transaction_is_all_or_nothing(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE number (n int)")
    async with fresh_database.transaction() as connection:
        await connection.execute("INSERT INTO number VALUES (1)")
        await connection.execute("INSERT INTO number VALUES (2)")

    async def fail(connection: Connection) -> None:
        await connection.execute("INSERT INTO number VALUES (3)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fresh_database.retrying(fail)
    assert await fresh_database.fetch("SELECT n FROM number ORDER BY n") == [(1,), (2,)]


async def test_nobody_sees_a_transaction_before_it_ends(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE number (n int)")
    async with fresh_database.transaction() as connection:
        await connection.execute("INSERT INTO number VALUES (1)")
        assert await fresh_database.fetch_value("SELECT count(*) FROM number") == 0
    assert await fresh_database.fetch_value("SELECT count(*) FROM number") == 1


async def test_an_empty_transaction_is_fine(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    async with database.transaction():
        pass
    assert await database.fetch_value("SELECT now() = statement_timestamp()") is True


async def test_what_follows_a_refused_first_statement_is_still_in_the_transaction(
    fresh_database: Database,
) -> None:
    await fresh_database.execute("CREATE TABLE number (n int)")

    async def fail(connection: Connection) -> None:
        with pytest.raises(InvalidInput):
            await connection.execute("SELECT %(text)s", {"text": "\0"})
        await connection.execute("INSERT INTO number VALUES (1)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fresh_database.retrying(fail)
    assert await fresh_database.fetch("SELECT n FROM number") == []


async def test_a_swallowed_failure_does_not_pass_for_a_commit(database: Database) -> None:
    async def swallow(connection: Connection) -> None:
        with pytest.raises(InvalidInput):
            await connection.execute("SELECT 'x'::int")

    with pytest.raises(RuntimeError, match="swallowed"):
        await database.retrying(swallow)


async def test_a_connection_is_clean_after_a_failed_transaction(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    process = await database.fetch_value("SELECT pg_backend_pid()")
    with pytest.raises(InvalidInput):
        async with database.transaction() as connection:
            await connection.execute("SELECT 'x'::int")
    assert await database.fetch_value("SELECT pg_backend_pid()") == process


async def test_a_statement_survives_that_a_migration_changes_its_columns(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE thing AS SELECT 1 AS a")
    everything = Statement("everything", "SELECT * FROM thing")
    assert await fresh_database.fetch(everything) == [(1,)]
    await fresh_database.execute("ALTER TABLE thing ADD b int DEFAULT 2")
    assert await fresh_database.fetch(everything) == [(1, 2)]
    await fresh_database.execute("ALTER TABLE thing ADD c int DEFAULT 3")
    async with fresh_database.transaction() as connection:
        assert await connection.fetch(everything) == [(1, 2, 3)]


async def test_a_transaction_that_meets_an_outdated_plan_runs_again(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    table = f"thing_{uuid.uuid4().hex}"
    await database.execute(f"CREATE TABLE {table} AS SELECT 1 AS a")
    everything = Statement("everything", f"SELECT * FROM {table}")
    await database.fetch(everything)
    await database.execute(f"ALTER TABLE {table} ADD b int DEFAULT 2")

    async def work(connection: Connection) -> list[tuple[object, ...]]:
        await connection.execute("SELECT 1")
        return await connection.fetch(everything)

    assert await database.retrying(work) == [(1, 2)]
    await database.execute(f"DROP TABLE {table}")


async def test_a_statement_that_somebody_deallocated_still_runs(open_database: OpenDatabase) -> None:
    """As behind a connection pooler in transaction mode."""
    database = await open_database(max_connections=1)
    one = Statement("one", "SELECT 1")
    await database.fetch(one)
    await database.execute("DEALLOCATE ALL")
    assert await database.fetch(one) == [(1,)]


async def test_a_statement_that_postgresql_does_not_support_fails_at_once(database: Database) -> None:
    unsupported = Statement("unsupported", "SELECT count(*) FROM pg_class FOR UPDATE")
    with pytest.raises(Exception, match="FOR UPDATE is not allowed"):
        await database.fetch(unsupported)


async def test_a_deadlock_is_resolved_by_running_again(fresh_database: Database) -> None:
    await fresh_database.execute("CREATE TABLE number AS SELECT n, 0 AS hits FROM generate_series(1, 2) n")
    both_hold_one = asyncio.Barrier(2)

    def work(first: int, second: int) -> Callable[[Connection], Awaitable[None]]:
        attempts = 0

        async def hit_both(connection: Connection) -> None:
            nonlocal attempts
            attempts += 1
            await connection.execute("SET LOCAL deadlock_timeout = '20ms'")
            await connection.execute("UPDATE number SET hits = hits + 1 WHERE n = %(n)s", {"n": first})
            if attempts == 1:
                await both_hold_one.wait()
            await connection.execute("UPDATE number SET hits = hits + 1 WHERE n = %(n)s", {"n": second})

        return hit_both

    await asyncio.gather(fresh_database.retrying(work(1, 2)), fresh_database.retrying(work(2, 1)))
    assert await fresh_database.fetch("SELECT DISTINCT hits FROM number") == [(2,)]


async def test_running_again_has_an_end(database: Database) -> None:
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute("DO $$ BEGIN RAISE serialization_failure; END $$")

    with pytest.raises(Contention):
        await database.retrying(work)
    assert attempts == 3


async def test_work_that_fails_for_another_reason_runs_once(database: Database) -> None:
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.execute("SELECT 'x'::int")

    with pytest.raises(InvalidInput):
        await database.retrying(work)
    assert attempts == 1


async def test_a_closed_database_is_unavailable(open_database: OpenDatabase) -> None:
    database = await open_database()
    await database.close()
    with pytest.raises(Unavailable):
        await database.fetch("SELECT 1")


async def test_a_connection_of_ones_own_is_not_of_the_pool(open_database: OpenDatabase) -> None:
    database = await open_database(max_connections=1)
    connection = await database.direct()
    process = "SELECT pg_backend_pid()"
    assert await connection.fetch_value(process) != await database.fetch_value(process)
    await connection.close()
    with pytest.raises(HomechartError):
        await connection.fetch("SELECT 1")
