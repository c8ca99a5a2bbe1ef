"""From a household to an archive's document: rows as PostgreSQL renders them, all of one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import IO, NamedTuple

import orjson

from homechart_common import clock
from homechart_common.archive.contents import FORMAT, Kind, kinds
from homechart_common.archive.packing import Packer
from homechart_common.errors import ItemNotFound
from homechart_common.models import (
    AuthAccount,
    AuthAccountAuthHousehold,
    AuthHousehold,
    AuthIdentity,
    AuthSession,
    Change,
    registry,
)
from homechart_common.models.fields import Field, Reference
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Database, array
from homechart_common.version import VERSION

#: How many rows are fetched at once; one may have a picture of half a megabyte.
_ROWS = 100
#: How many archives a process writes at once; each keeps a connection to the database until it is complete.
_writing = asyncio.Semaphore(1)

_QUERIES = queries.load("archives")
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
#: Which rows of tables that are special; of all others those of the household and of its people.
_WHOSE: dict[type[Model], str] = {
    AuthAccount: "t.id = ANY (%(accounts)s::uuid[])",
    AuthHousehold: "t.id = %(household)s::uuid",
    # who lives elsewhere comes along as somebody who is invited; a child has no address to be invited at
    AuthAccountAuthHousehold: "t.auth_household_id = %(household)s::uuid AND NOT EXISTS (SELECT FROM auth_account a"
    " WHERE a.id = t.auth_account_id AND a.child AND a.id <> ALL (%(accounts)s::uuid[]))",
    AuthIdentity: "t.auth_account_id = ANY (%(accounts)s::uuid[])",
    AuthSession: "t.auth_account_id = ANY (%(accounts)s::uuid[]) AND t.expires > now()",
    Change: "t.owner_id = %(household)s::uuid AND t.auth_account_id = ANY (%(accounts)s::uuid[])",
}
#: The address at which somebody can be asked whether they join again.
_ADDRESS = (
    "coalesce((SELECT a.email_address FROM auth_account a"
    " WHERE a.id = t.auth_account_id AND a.id <> ALL (%(accounts)s::uuid[])), t.email_address)"
)


class Written(NamedTuple):
    """What was written into a file."""

    #: What the household is called, and the accounts of the people whose home it is.
    name: str
    accounts: list[str]
    encrypted: bool


async def write(database: Database, household_id: str, file: IO[bytes]) -> Written:
    """Write a household into a file. Raises :class:`ItemNotFound` if there is none."""
    async with _writing, database.transaction() as connection:
        await connection.execute(_SNAPSHOT)
        household = await connection.fetch_row(_QUERIES["household"], {"household": household_id})
        if household is None:
            raise ItemNotFound
        name, passphrase, accounts = household
        packer = Packer(passphrase)
        async for text in _document(connection, household_id, accounts):
            await asyncio.to_thread(lambda piece: file.write(packer.pack(piece)), text.encode())
        await asyncio.to_thread(lambda: file.write(packer.finish()))
    return Written(name, accounts, bool(passphrase))


async def _document(connection: Connection, household_id: str, accounts: Iterable[str]) -> AsyncIterator[str]:
    said = {"archive": FORMAT, "version": VERSION, "exported": clock.now().isoformat()}
    start = orjson.dumps(said).decode().removesuffix("}") + ","
    scope = {
        "household": household_id,
        "accounts": array(accounts),
        "owners": array([household_id, *accounts]),
    }
    for key, kind in kinds().items():
        yield f'{start}\n"{key}":['
        separator = "\n"
        await connection.execute(f"DECLARE archive NO SCROLL CURSOR FOR {_rows(kind)}", scope)
        while rows := await connection.fetch(f"FETCH {_ROWS} FROM archive"):
            yield separator + ",\n".join(text for (text,) in rows)
            separator = ",\n"
        await connection.execute("CLOSE archive")
        start = "\n],"
    yield "\n]}\n"


@cache
def _rows(kind: Kind) -> str:
    """The query for the rows of a kind, each before those below it."""
    model = kind.model
    members = ", ".join(
        f'{_sql(model, column, field)} AS "{field.json}"' for column, field in kind.members.items()
    )
    # json_agg breaks lines between rows, and nothing else does
    row = f"replace(row_to_json((SELECT r FROM (SELECT {members}) r))::text, E'\\n', '')"
    rendered = f"SELECT {row} FROM {model.table} t"
    whose = _WHOSE.get(model) or (
        "t.auth_household_id = %(household)s::uuid"
        if model.owner is Owner.HOUSEHOLD
        else "t.owner_id = ANY (%(owners)s::uuid[])"
    )
    above = next((reference for reference in model.references() if reference.target == model.table), None)
    order = ", ".join(f"t.{column}" for column in ("created", "updated", "id") if column in kind.columns)
    if above is None:
        return f"{rendered} WHERE {whose} ORDER BY {order or 't.year_month'}"
    return f"""WITH RECURSIVE tree AS (
    SELECT t.id, 0 AS depth FROM {model.table} t WHERE t.{above.column} IS NULL AND {whose}
    UNION ALL SELECT t.id, tree.depth + 1 FROM {model.table} t JOIN tree ON t.{above.column} = tree.id
)
{rendered} JOIN tree USING (id) WHERE {whose} ORDER BY tree.depth, {order}"""


def _sql(model: type[Model], column: str, field: Field) -> str:
    """The expression for a member of the row ``t``, without whom and what the archive does not hold."""
    if not field.stored:
        return field.sql("t")
    if column == "auth_account_id":
        return "CASE WHEN t.auth_account_id = ANY (%(accounts)s::uuid[]) THEN t.auth_account_id END"
    if model is AuthAccountAuthHousehold and column == "email_address":
        return _ADDRESS
    if isinstance(field, Reference) and not field.inherits and not field.must_be_given:
        target = registry.for_table(field.target)
        if target is None:
            return "NULL"
        return (
            f"(SELECT x.id FROM {target.table} x"
            f" WHERE x.id = t.{column} AND x.owner_id = ANY (%(owners)s::uuid[]))"
        )
    return field.column_sql(f"t.{column}")
