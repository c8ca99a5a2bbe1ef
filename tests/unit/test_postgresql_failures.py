"""Whatever PostgreSQL or its driver raises reaches the caller as a failure with a status."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg2
import pytest

from homechart_common.errors import Conflict, HomechartError, InvalidInput, QueryTimeout, Unavailable
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.failures import ConstraintViolation, Contention


@pytest.fixture(scope="module")
async def shelf(database: Database) -> AsyncIterator[Database]:
    await database.execute("""
        CREATE TABLE shelf (
            id int PRIMARY KEY,
            label text NOT NULL,
            height int CONSTRAINT shelf_is_not_too_high CHECK (height < 10),
            parent int CONSTRAINT shelf_parent REFERENCES shelf,
            below int4range, EXCLUDE USING gist (below WITH &&)
        );
        INSERT INTO shelf VALUES (1, 'first', 1, NULL, '[1,5)');
    """)
    yield database
    await database.execute("DROP TABLE shelf")


@pytest.mark.parametrize(
    ("values", "failure", "constraint", "column"),
    [
        ("(1, 'again')", Conflict, "shelf_pkey", None),
        ("(2, 'x', 1, NULL, '[2,3)')", Conflict, "shelf_below_excl", None),
        ("(2, NULL)", InvalidInput, None, "label"),
        ("(2, 'x', 10)", InvalidInput, "shelf_is_not_too_high", None),
        ("(2, 'x', 1, 99)", InvalidInput, "shelf_parent", None),
    ],
)
async def test_a_refused_row_names_what_refused_it(
    values: str, failure: type[HomechartError], constraint: str | None, column: str | None, shelf: Database
) -> None:
    with pytest.raises(failure) as raised:
        await shelf.execute(f"INSERT INTO shelf VALUES {values}")
    assert isinstance(raised.value, ConstraintViolation)
    assert (raised.value.table, raised.value.constraint, raised.value.column) == ("shelf", constraint, column)
    assert raised.value.message == failure.default_message


async def test_a_check_of_our_own_functions_speaks_for_itself(database: Database) -> None:
    with pytest.raises(InvalidInput, match="the project is nested too deeply") as raised:
        await database.execute("""
            DO $$ BEGIN
                RAISE 'the project is nested too deeply'
                    USING ERRCODE = 'check_violation', COLUMN = 'parent_id', TABLE = 'plan_project';
            END $$
        """)
    assert isinstance(raised.value, ConstraintViolation)
    assert raised.value.message == "the project is nested too deeply"
    assert (raised.value.table, raised.value.column) == ("plan_project", "parent_id")


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT %(value)s::int", {"value": 10**30}),
        ("SELECT %(value)s::int", {"value": "one"}),
        ("SELECT %(value)s::uuid", {"value": "one"}),
        ("SELECT %(value)s::date", {"value": "2026-02-30"}),
        ("SELECT %(value)s::jsonb", {"value": "{"}),
        ("SELECT %(value)s::jsonb", {"value": '"\\u0000"'}),
        ("SELECT %(value)s::text", {"value": "\0"}),
        ("SELECT %(value)s::text", {"value": "\ud800"}),
        ("SELECT convert_from('\\xff', 'UTF8')", None),
        ("SELECT 1 / 0", None),
    ],
)
async def test_a_value_that_postgresql_cannot_take_is_invalid_input(
    sql: str, parameters: dict[str, object] | None, database: Database
) -> None:
    with pytest.raises(InvalidInput):
        await database.fetch(sql, parameters)


@pytest.mark.parametrize(
    ("condition", "failure"),
    [
        ("deadlock_detected", Contention),
        ("serialization_failure", Contention),
        ("lock_not_available", QueryTimeout),
        ("query_canceled", QueryTimeout),
        ("too_many_connections", Unavailable),
        ("disk_full", Unavailable),
        ("out_of_memory", Unavailable),
        ("read_only_sql_transaction", Unavailable),
        ("admin_shutdown", Unavailable),
    ],
)
async def test_trouble_of_the_server_is_unavailability(
    condition: str, failure: type[HomechartError], database: Database
) -> None:
    with pytest.raises(failure):
        await database.execute(f"DO $$ BEGIN RAISE {condition}; END $$")


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "SELECT * FROM nowhere", "SELECT nothing()", "SELECT 1 + 'a'::text"]
)
async def test_a_defect_stays_a_defect(sql: str, database: Database) -> None:
    with pytest.raises(psycopg2.ProgrammingError):
        await database.fetch(sql)
