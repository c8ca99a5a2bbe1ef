"""What a request reads does not grow with what there is: PostgreSQL counts every row that it looks at."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.models.actors import actor_of_session
from homechart_common.models.fields import Position
from homechart_common.models.lists import read_list
from homechart_common.models.model import Model, Owner
from homechart_common.models.objects import create_object, delete_object, read_object, update_object
from homechart_common.models.permissions import Actor
from homechart_common.models.sync import read_sync
from homechart_common.postgresql.database import Connection, Database
from tests.cast import Cast
from tests.factories import change_to, new_account
from tests.sync.conftest import add_bookmarks

#: How many others there are of a kind, and how many rows nothing may look at, indexes and triggers included.
ROWS, MANY = 2000, 1000

#: Copies of an object, each with another name and day, all of the household that has nearly all there is.
_COPY = """
INSERT INTO {table} ({columns})
SELECT {values} FROM {table} t, generate_series(1, %(rows)s) n, LATERAL jsonb_populate_record(t, jsonb_build_object(
    'id', gen_random_uuid(), 'name', 'Number ' || n, 'date', '2020-01-01'::date + n)) r
WHERE t.id = %(id)s
"""
_COLUMNS = """SELECT column_name::text FROM information_schema.columns
WHERE table_name = %(table)s AND is_generated = 'NEVER'"""
_READ = """SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer
FROM pg_stat_xact_user_tables WHERE relname IN (%(table)s, 'sync_change')"""
#: Any other item may have counted the one that goes.
_ASKS_ALL = {("HealthItem", "one less")}


async def rows_read(connection: Connection, table: str, work: Awaitable[Any]) -> int:
    """How many rows of a table, and of the log of changes, are looked at while something is done."""
    before = await connection.fetch_value(_READ, {"table": table})
    await work
    return int(await connection.fetch_value(_READ, {"table": table}) - before)


async def multiply(connection: Connection, model: type[Model], object_id: str) -> None:
    """Have many of an object, and PostgreSQL know of it."""
    columns = [row[0] for row in await connection.fetch(_COLUMNS, {"table": model.table})]
    copy = _COPY.format(
        table=model.table, columns=", ".join(columns), values=", ".join(f"r.{column}" for column in columns)
    )
    await connection.execute(copy, {"rows": ROWS, "id": object_id})
    await connection.execute(f"ANALYZE {model.table}, sync_change")


async def requests(
    connection: Connection, model: type[Model], actor: Actor, value: dict[str, Any], body: dict[str, Any]
) -> Iterator[tuple[str, Awaitable[Any]]]:
    """What can be asked about one of many objects, in an order in which it can be asked."""
    known = await read_list(connection, model, actor, "", None)
    position = await read_sync(connection, actor, "")
    assert known is not None
    assert position is not None

    def asked() -> Iterator[tuple[str, Awaitable[Any]]]:
        yield "the same list", read_list(connection, model, actor, known.token, None)
        yield "nothing new", read_sync(connection, actor, position.cursor)
        yield "one", read_object(connection, model, actor, value["id"])
        if not any(isinstance(field, Position) for field in model.fields.values()):
            # else its place is after all others
            yield "a new one", create_object(connection, model, actor, body)
        if "update" in model.routes:
            yield "a change", update_object(connection, model, actor, value["id"], change_to(model))
        yield "what is new", read_sync(connection, actor, position.cursor)
        yield "one less", delete_object(connection, model, actor, value["id"])

    return asked()


@pytest.mark.parametrize(
    "model", [model for model in registry if "create" in model.routes], ids=lambda model: model.__name__
)
async def test_a_request_reads_little_of_much(cast: Cast, database: Database, model: type[Model]) -> None:
    owner = {} if model.owner is Owner.ACCOUNT else {"authHouseholdID": cast.home}
    value = await cast.ann.make(model, **owner)
    body = await cast.ann.body(model, **owner)
    actor = await actor_of_session(database, cast.ann.headers["x-homechart-id"])
    assert actor is not None
    read = {}
    async with database.transaction() as connection:
        await multiply(connection, model, value["id"])
        for name, work in await requests(connection, model, actor, value, body):
            read[name] = await rows_read(connection, model.table, work)
        await connection.rollback()
    too_many = {(model.__name__, name): rows for name, rows in read.items() if rows >= MANY}
    assert too_many.keys() <= _ASKS_ALL, too_many


async def test_a_log_is_compared_with_those_of_the_days_around_it(database: Database) -> None:
    async with database.transaction() as connection:
        whose = {"account": await new_account(connection), "rows": ROWS}
        await connection.execute(
            "INSERT INTO health_item (auth_account_id, name, output)"
            " VALUES (%(account)s, 'Bread', false), (%(account)s, 'Rash', true)",
            whose,
        )
        log = (
            "INSERT INTO health_log (auth_account_id, health_item_id, date)"
            " SELECT %(account)s, id, '2020-01-01'::date + n FROM health_item,"
            " generate_series(1, %(rows)s) n WHERE auth_account_id = %(account)s AND name = '{}'"
        )
        await connection.execute(log.format("Bread"), whose)
        await connection.execute("ANALYZE health_log")
        one = {**whose, "rows": 1}
        works = (
            connection.execute(log.format("Rash"), one),
            connection.execute(
                "UPDATE health_log SET date = date + 1 WHERE id IN (SELECT id FROM health_log LIMIT 1)"
            ),
            connection.execute("DELETE FROM health_log WHERE id IN (SELECT id FROM health_log LIMIT 1)"),
        )
        read = [await rows_read(connection, "health_log", work) for work in works]
        await connection.rollback()
    assert max(read) < MANY, read


async def test_many_rows_that_change_at_once_are_told_of_in_a_time_that_grows_with_them(
    database: Database, cast: Cast
) -> None:
    many = 15_000
    async with database.transaction() as connection:
        await add_bookmarks(connection, cast.home, 1)
        rename = "UPDATE bookmark SET icon_name = 'new' WHERE owner_id = %(home)s"
        # the statement inside the trigger is planned now, for one row
        await connection.execute(rename, {"home": cast.home})
        await add_bookmarks(connection, cast.home, many)
        # a time that is enough by far, unless every row is compared with every other
        await connection.execute("SET LOCAL statement_timeout = '20s'")
        assert await connection.execute(rename, {"home": cast.home}) == many
        await connection.rollback()
