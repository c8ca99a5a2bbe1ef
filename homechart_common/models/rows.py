"""Rows of which the server decides more than a client may say: accounts, sessions, starter objects.

Who may write them is for the caller to know. What the database refuses is told in words that name the member.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from homechart_common.models.confidences import shown
from homechart_common.models.model import Model, derived
from homechart_common.models.objects import explained
from homechart_common.models.permissions import Actor
from homechart_common.models.rendering import rendered_rows, row_json
from homechart_common.postgresql.database import Queryable, Statement, array
from homechart_common.postgresql.failures import ConstraintViolation


async def insert(database: Queryable, model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns; in other columns they get what the table says.

    What there can be only one of by its name, and is there already, stays as it is.
    """
    columns = ", ".join(rows[0])
    await execute(
        database,
        model,
        f"INSERT INTO {model.table} ({columns})"
        f" SELECT {columns} FROM jsonb_populate_recordset(NULL::{model.table}, %(rows)s::jsonb)"
        f"{' ON CONFLICT DO NOTHING' if model.named_once else ''}",
        {"rows": orjson.dumps(list(rows)).decode()},
    )


async def overwrite(
    database: Queryable, model: type[Model], object_id: str, columns: Mapping[str, Any]
) -> bool:
    """Overwrite some columns of a row; whether that changed anything."""
    if not columns:
        return False
    names = ", ".join(columns)
    changed = await execute(
        database,
        model,
        f"UPDATE {model.table} t SET ({names})"
        f" = (SELECT {names} FROM jsonb_populate_record(t, %(row)s::jsonb)) WHERE t.id = %(id)s::uuid",
        {"id": object_id, "row": orjson.dumps(dict(columns)).decode()},
    )
    return changed > 0


async def execute(
    database: Queryable, model: type[Model], statement: str | Statement, parameters: Mapping[str, Any]
) -> int:
    """Run a statement that writes rows of a kind; how many it wrote."""
    try:
        return await database.execute(statement, parameters)
    except ConstraintViolation as violation:
        raise explained(model, violation) from None


async def rendered(
    database: Queryable, model: type[Model], ids: Iterable[str], *, to: Actor | None, where: str = "true"
) -> str:
    """The JSON texts of the rows with these ids, as lists have them; empty when there are none.

    Nobody in particular (``to=None``) is shown what anybody may see. ``where`` is a condition in SQL over the
    row ``t``.
    """
    rows = await database.fetch_value(_rendered(model, row_json(model), where), {"ids": array(ids)})
    return shown(model, to, rows or "")


async def summarised(
    database: Queryable, model: type[Model], ids: Iterable[str], columns: frozenset[str]
) -> str:
    """The same with the values of some columns only; the others have their zero values."""
    return (
        await database.fetch_value(_rendered(model, row_json(model, shown=columns)), {"ids": array(ids)})
        or ""
    )


async def rendered_if_newer(
    database: Queryable, model: type[Model], object_id: str, known: datetime | None, *, to: Actor
) -> str | None:
    """The JSON text of a row; empty when there is none, ``None`` when it is no newer than ``known``."""
    row = await database.fetch_row(_rendered_with_time(model), {"id": object_id})
    if row is None:
        return ""
    return None if known and row[1] <= known else shown(model, to, row[0])


def bytea(value: bytes) -> str:
    """Bytes as the text that PostgreSQL reads them from."""
    return rf"\x{value.hex()}"


@derived
def _rendered(model: type[Model], row: str, where: str = "true") -> Statement:
    return Statement(
        f"{model.table}_rendered",
        f"SELECT {rendered_rows(model, row)} FROM {model.table} t"
        f" WHERE t.id = ANY (%(ids)s::uuid[]) AND {where}",
        table=model.table,
    )


@derived
def _rendered_with_time(model: type[Model]) -> Statement:
    return Statement(
        f"{model.table}_rendered_with_time",
        f"SELECT {row_json(model)}, t.updated FROM {model.table} t WHERE t.id = %(id)s::uuid",
        table=model.table,
    )
