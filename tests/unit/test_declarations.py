"""What objects declare and what the tables are like, compared both ways."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson
import pytest

from homechart_common.models import fields as kinds
from homechart_common.models import registry
from homechart_common.models.fields import WIRE_LIMIT, Field
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.database import Database

ALL = pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in registry])
#: Those with generic routes; the others' rows are written by hand.
OBJECTS = pytest.mark.parametrize(
    "model", [pytest.param(model, id=model.__name__) for model in registry if model.routes]
)
OWNER_COLUMNS = {"auth_account_id", "auth_household_id"}

COLUMNS = """
SELECT c.column_name::text, c.data_type::text, c.is_nullable = 'YES', c.column_default::text,
    coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ' AND ')
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
        WHERE k.contype = 'c' AND k.conrelid = %(table)s::regclass AND a.attname = c.column_name), '')
FROM information_schema.columns c WHERE c.table_name = %(table)s AND c.table_schema = 'public'
"""
UNSEEN = """
SELECT encode(tgargs, 'escape') FROM pg_trigger WHERE tgrelid = %(table)s::regclass AND tgname = 'z_stamp'
"""
TRIGGERS = """
SELECT tgname::text FROM pg_trigger WHERE tgrelid = %(table)s::regclass AND NOT tgisinternal ORDER BY tgname
"""
BEFORE_EACH_UPDATE = "tgtype & 1 = 1 AND tgtype & 2 = 2 AND tgtype & 16 = 16"
TARGETS = """
SELECT DISTINCT confrelid::regclass::text FROM pg_constraint k
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'f' AND k.conrelid = %(table)s::regclass AND a.attname = %(column)s
"""
INDEXED = """
SELECT EXISTS (SELECT FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = %(table)s::regclass AND a.attname = %(column)s)
"""
CONSTRAINED = """
SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = %(name)s AND conrelid = %(table)s::regclass)
    OR EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%(name)s) AND indisunique)
"""


class Column(NamedTuple):
    """A column as PostgreSQL describes it; ``default`` is what it comes to, if it is always the same."""

    type: str
    nullable: bool
    default: Any
    checks: str

    def limits(self, sign: str) -> list[int]:
        """The numbers that its checks compare it, or its length, with."""
        return [int(number) for number in re.findall(rf"{sign} '?(-?\d+)", self.checks)]


async def columns_of(database: Database, model: type[Model]) -> dict[str, Column]:
    columns = {}
    for name, kind, nullable, default, checks in await database.fetch(COLUMNS, {"table": model.table}):
        constant = default is not None and "(" not in default
        value = (
            orjson.loads(await database.fetch_value(f"SELECT to_jsonb({default})::text"))
            if constant
            else None
        )
        columns[name] = Column(kind, nullable, value, checks)
    return columns


def stored(model: type[Model], *kind: type[Field]) -> dict[str, Field]:
    return {
        name: field
        for name, field in model.fields.items()
        if field.stored and isinstance(field, kind or Field)
    }


def column_type(field: Field) -> str:
    match field:
        case kinds.Text():
            return "text"
        case kinds.Int():
            return "smallint" if field.max < 2**15 else "integer" if field.max < 2**31 else "bigint"
        case kinds.Bool():
            return "boolean"
        case kinds.UUID():
            return "uuid"
        case kinds.Timestamp():
            return "timestamp with time zone"
        case kinds.Date():
            return "date"
        case kinds.Time():
            return "time without time zone"
        case kinds.Strings():
            return "ARRAY"
        case kinds.Recurrence() | kinds.Map() | kinds.Object() | kinds.Objects():
            return "jsonb"
    raise NotImplementedError(field)


def is_always_given(field: Field) -> bool:
    placed = isinstance(field, kinds.Position) and field.placed
    return field.must_be_given or placed or isinstance(field, kinds.ShortID)


@ALL
async def test_a_stored_member_has_a_column_of_its_type(database: Database, model: type[Model]) -> None:
    columns = await columns_of(database, model)
    assert {name: columns[name].type for name in stored(model)} == {
        name: column_type(field) for name, field in stored(model).items()
    }


@OBJECTS
async def test_a_column_that_is_no_member_is_one_that_no_client_sees(
    database: Database, model: type[Model]
) -> None:
    unseen = await database.fetch_value(UNSEEN, {"table": model.table})
    internal = {"owner_id", *(unseen or "").split("\\000")}
    if model.owner is Owner.PARENT:
        internal |= OWNER_COLUMNS
    assert set(await columns_of(database, model)) - set(stored(model)) <= internal


@OBJECTS
async def test_a_column_can_be_null_if_its_member_can(database: Database, model: type[Model]) -> None:
    columns = await columns_of(database, model)
    never = {"id", "created", "updated"} | {n for n, field in stored(model).items() if field.must_be_given}
    never |= {Owner.HOUSEHOLD: {"auth_household_id"}, Owner.ACCOUNT: {"auth_account_id"}}.get(
        model.owner, set()
    )
    never |= {name for name, field in stored(model).items() if name in OWNER_COLUMNS and not field.write}
    if model.owner is Owner.PARENT:
        never |= {reference.column for reference in model.references() if reference.inherits}
    assert {name for name in stored(model) if columns[name].nullable} == {
        name for name, field in stored(model).items() if field.zero is None and name not in never
    }


@OBJECTS
async def test_a_column_defaults_to_what_its_member_is_when_nothing_is_said(
    database: Database, model: type[Model]
) -> None:
    columns = await columns_of(database, model)
    for name, field in stored(model).items():
        if "create" in model.routes and not is_always_given(field):
            default = columns[name].default
            assert (field.read(default) if isinstance(field, kinds.Time) else default) == field.zero, name


@ALL
async def test_a_text_may_be_as_long_as_its_column(database: Database, model: type[Model]) -> None:
    columns = await columns_of(database, model)
    for name, field in stored(model, kinds.Text).items():
        assert isinstance(field, kinds.Text)
        most = columns[name].limits("<=")
        if most:
            assert field.max == (most[0] if field.max > WIRE_LIMIT else min(most[0], WIRE_LIMIT)), name


@OBJECTS
async def test_every_text_is_limited_by_its_column(database: Database, model: type[Model]) -> None:
    columns = await columns_of(database, model)
    for name, field in stored(model, kinds.Text).items():
        assert isinstance(field, kinds.Text)
        if field.write:
            assert columns[name].limits("<="), name
            least = 1 if is_always_given(field) else field.min
            assert columns[name].limits(">=") == ([least] if least else []), name


@ALL
async def test_a_number_has_the_bounds_of_its_column(database: Database, model: type[Model]) -> None:
    columns = await columns_of(database, model)
    for name, field in stored(model, kinds.Int).items():
        assert isinstance(field, kinds.Int)
        assert columns[name].limits(">=") in ([], [field.min]), name
        assert columns[name].limits("<=") in ([], [field.max]), name


@OBJECTS
async def test_every_change_to_an_object_is_tracked(database: Database, model: type[Model]) -> None:
    triggers = {name for (name,) in await database.fetch(TRIGGERS, {"table": model.table})}
    assert {"sync_insert", "sync_update", "sync_delete"} <= triggers


@OBJECTS
async def test_the_last_to_change_an_object_decides_whether_it_changed(
    database: Database, model: type[Model]
) -> None:
    before = TRIGGERS.replace("ORDER", f"AND {BEFORE_EACH_UPDATE} ORDER")
    triggers = [name for (name,) in await database.fetch(before, {"table": model.table})]
    assert triggers[-1:] == (["z_stamp"] if model.stored_columns("U") else [])


@OBJECTS
async def test_an_owners_objects_are_found_by_an_index(database: Database, model: type[Model]) -> None:
    assert await database.fetch_value(INDEXED, {"table": model.table, "column": "owner_id"})


@OBJECTS
async def test_a_reference_is_a_foreign_key_with_an_index(database: Database, model: type[Model]) -> None:
    for reference in model.references():
        if registry.for_table(reference.target):
            column = {"table": model.table, "column": reference.column}
            assert await database.fetch(TARGETS, column) == [(reference.target,)], reference.column
            assert await database.fetch_value(INDEXED, column), reference.column


@ALL
async def test_words_for_a_constraint_are_about_one_that_exists(
    database: Database, model: type[Model]
) -> None:
    for name in model.constraints:
        assert await database.fetch_value(CONSTRAINED, {"name": name, "table": model.table}), name
