"""Transactions of the budget with their entries: writing them, and lists of them (contract B1 §6.2 to §6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import json_object, page_offset, path_id
from homechart_api.responses import many, nothing, one
from homechart_api.route import Query
from homechart_common.errors import Forbidden, InvalidInput, ItemNotFound, NothingChanged
from homechart_common.ids import new_uuid
from homechart_common.models import BudgetTransaction, rows
from homechart_common.models.bodies import created_row, read_members, updated_row, writable
from homechart_common.models.budget_transaction import Entries, refuse_imbalance
from homechart_common.models.model import Row
from homechart_common.models.objects import answer, settled
from homechart_common.models.permissions import Actor, Level
from homechart_common.models.rendering import SEPARATOR, row_json
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Statement

OFFSET = {"offset": Query("How many to leave out", "integer")}
LISTED = (
    "Transactions, the newest first, 50 on a page. `balance` is the sum of what moved up to each of them."
)
_PAGE_SIZE = 50

_QUERIES = queries.load("budget")
_ENTRIES = {name: field for name, field in BudgetTransaction.fields.items() if isinstance(field, Entries)}
_UNSAID: Row = {"budget_payee_name": "", **dict.fromkeys(_ENTRIES, ())}
_OWN_MEMBERS = frozenset(name for name, field in BudgetTransaction.fields.items() if field.stored)


async def create(request: web.Request) -> web.Response:
    """Post a transaction; its entries must add up.

    A UUID in `id` that the caller used before is answered with the transaction that has it.
    """
    actor, database = actor_of(request), request.app[DATABASE]
    said = await settled(database, created_row, BudgetTransaction, await json_object(request), actor)
    row = {**_UNSAID, **said}
    refuse_imbalance(row)

    async def work(connection: Connection) -> str:
        made = row
        while True:
            taken, mine = await _ask(connection, actor, "transaction_taken", id=made["id"])
            if taken and not mine:
                made = {**row, "id": new_uuid()}
            if mine or await _write(connection, actor, made, fresh=True):
                return await rows.rendered(connection, BudgetTransaction, [made["id"]], to=actor)

    return one(request, "BudgetTransaction", await database.retrying(work))


async def update(request: web.Request) -> web.Response:
    """Change the members that the body has; entries that it does not name go.

    Nothing is answered when only entries changed, or when it lost its last account entry and so is gone.
    """
    actor, database, transaction_id = actor_of(request), request.app[DATABASE], path_id(request)
    said = await settled(database, updated_row, BudgetTransaction, await json_object(request), actor)

    async def work(connection: Connection) -> str:
        mine, seen = await _ask(connection, actor, "transaction_to_change", id=transaction_id)
        if not mine:
            raise Forbidden if seen else ItemNotFound
        stored = orjson.loads(await rows.rendered(connection, BudgetTransaction, [transaction_id], to=actor))
        household_id = stored["authHouseholdID"]
        if said.get("auth_household_id") not in (None, household_id):
            raise NothingChanged
        kept = read_members(BudgetTransaction, stored, writable(BudgetTransaction, "U"))
        row = {**kept, **said, "id": transaction_id, "auth_household_id": household_id}
        refuse_imbalance(row)
        changed = await _write(connection, actor, row, stored)
        if not changed:
            return ""
        return await rows.rendered(connection, BudgetTransaction, [transaction_id], to=actor)

    value = await database.retrying(work)
    return one(request, "BudgetTransaction", value) if value else nothing()


async def delete(request: web.Request) -> web.Response:
    """Delete a transaction with its entries; answers it without them."""
    actor, transaction_id = actor_of(request), path_id(request)

    async def work(connection: Connection) -> str:
        value = await rows.summarised(connection, BudgetTransaction, [transaction_id], _OWN_MEMBERS)
        (gone,) = await _ask(connection, actor, "delete_transaction", id=transaction_id)
        if not gone:
            raise ItemNotFound
        return value

    return one(request, "BudgetTransaction", await request.app[DATABASE].retrying(work))


def listed(name: str, moves: str) -> Handler:
    """A route that lists transactions by what moved, which ``moves`` say in SQL: one is there for each move."""
    statement = Statement(f"budget_transactions_{name}", _page(moves))

    async def read(request: web.Request) -> web.Response:
        parameters = {"id": path_id(request), "month": _month(request), "offset": page_offset(request)}
        foreign, total, found = await answer(
            request.app[DATABASE], BudgetTransaction, statement, actor_of(request), parameters, Level.VIEW
        )
        if foreign:
            raise Forbidden
        return many(request, BudgetTransaction.plural, found or "", total=total)

    read.__doc__ = LISTED
    return read


def _page(moves: str) -> str:
    """Whether the moves are somebody else's, how many there are, and a page of their transactions."""

    def order(row: str, direction: str) -> str:
        columns = ("date", "created", "budget_transaction_id", "place")
        return ", ".join(f"{row}.{column} {direction}" for column in columns)

    return f"""WITH moves AS MATERIALIZED (SELECT * FROM {moves}),
balanced AS (
    SELECT m.*, sum(m.amount) OVER (ORDER BY {order("m", "ASC")} ROWS UNBOUNDED PRECEDING) AS balance
    FROM moves m WHERE auth_household_id = ANY (%(viewed)s::uuid[])
),
page AS (
    SELECT * FROM balanced b ORDER BY {order("b", "DESC")} LIMIT {_PAGE_SIZE} OFFSET %(offset)s::bigint
)
SELECT is_current(%(session)s::uuid, %(access)s::bigint),
    EXISTS (SELECT FROM moves WHERE auth_household_id <> ALL (%(viewed)s::uuid[])),
    (SELECT count(*) FROM moves),
    (SELECT string_agg(
        ({row_json(BudgetTransaction)}::jsonb || jsonb_build_object('balance', p.balance))::text,
        E'{SEPARATOR[0]}\\n' ORDER BY {order("p", "DESC")}
    ) FROM page p JOIN budget_transaction t ON t.id = p.budget_transaction_id)"""


async def _ask(connection: Connection, actor: Actor, query: str, **parameters: Any) -> tuple[Any, ...]:
    return await answer(connection, BudgetTransaction, _QUERIES[query], actor, parameters, Level.EDIT)


async def _write(
    connection: Connection,
    actor: Actor,
    row: Row,
    stored: Mapping[str, Any] | None = None,
    *,
    fresh: bool = False,
) -> bool:
    """Write a transaction as it shall be; whether it is new, or its own members changed."""
    entries = {
        name: orjson.dumps(_entry_rows(field, row, (stored or {}).get(field.json))).decode()
        for name, field in _ENTRIES.items()
    }
    own = {name: row[name] for name in ("id", *BudgetTransaction.stored_columns("C"))}
    (changed,) = await _ask(
        connection,
        actor,
        "write_transaction",
        row=orjson.dumps(own).decode(),
        payee_name=row["budget_payee_name"],
        fresh=fresh,
        **entries,
    )
    return bool(changed)


def _entry_rows(field: Entries, row: Row, stored: list[dict[str, Any]] | None) -> list[Row]:
    """The rows of a transaction's entries: those that are stored keep their ids, others get new ones."""
    ids = {entry["id"] for entry in stored or ()}
    entry_rows = []
    for place, entry in enumerate(row[field.column] or ()):
        columns = {column: entry[member.json] for column, member in field.member.members.items()}
        known = columns["id"] in ids
        ids.discard(columns["id"])
        columns |= {
            "id": columns["id"] if known else new_uuid(),
            "auth_household_id": row["auth_household_id"],
            "budget_transaction_id": row["id"],
            "place": place,
        }
        entry_rows.append(columns)
    return entry_rows


def _month(request: web.Request) -> int | None:
    """The month in the path, if the path has one."""
    text = request.match_info.get("year_month")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput.field("year_month", "must be a month such as 202308")
    return int(text)


read_of_account = listed("of_account", "budget_account_moves(%(id)s::uuid)")
read_of_category = listed("of_category", "budget_category_moves(%(id)s::uuid, %(month)s::integer)")
read_of_payee = listed("of_payee", "budget_payee_moves(%(id)s::uuid)")
