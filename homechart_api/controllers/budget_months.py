"""Months of the budget, and what categories get in them (contract B1 §6.6, §6.7)."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import json_object, path_id
from homechart_api.responses import nothing, one
from homechart_api.route import Members
from homechart_common import clock
from homechart_common.errors import Forbidden, ItemNotFound, NothingChanged
from homechart_common.models import BudgetMonth, BudgetMonthCategory
from homechart_common.models.bodies import Body, created_row
from homechart_common.models.model import Row
from homechart_common.models.objects import answer, settled
from homechart_common.models.permissions import Actor, Component, Level
from homechart_common.models.rendering import row_json
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, Statement

ALLOCATION = Members(BudgetMonthCategory, "authHouseholdID?", "budgetCategoryID", "yearMonth", "amount?")

_QUERIES = queries.load("budget")
_MONTH = Statement(
    "budget_month_read",
    f"""SELECT is_current(%(session)s::uuid, %(access)s::bigint),
    (SELECT {row_json(BudgetMonth)} FROM budget_month_at(%(household)s::uuid, %(month)s::integer) t)""",
)
_CATEGORY = Statement(
    "budget_month_category_read",
    f"""SELECT is_current(%(session)s::uuid, %(access)s::bigint),
    (SELECT {row_json(BudgetMonthCategory)} FROM budget_month_category t,
        jsonb_populate_record(NULL::budget_month_category, %(row)s::jsonb) r
    WHERE (t.auth_household_id, t.budget_category_id, t.year_month)
        = (r.auth_household_id, r.budget_category_id, r.year_month))""",
)


async def read(request: web.Request) -> web.Response:
    """The figures of a month, such as 202308, with those of every category; nothing without categories.

    0 is the current month. A month in which nothing happened is told by the last one before it.
    """
    actor, household_id = actor_of(request), path_id(request, "auth_household_id")
    if not actor.allows(household_id, Component.BUDGET, Level.VIEW):
        raise Forbidden
    parameters = {"household": household_id, "month": _month(request, actor)}
    (value,) = await answer(request.app[DATABASE], BudgetMonth, _MONTH, actor, parameters, Level.VIEW)
    return nothing() if value is None else one(request, "BudgetMonth", value)


async def allocate(request: web.Request) -> web.Response:
    """Give a category an amount in a month; it may have one already. A category of income gets none."""
    value = await _write(request, "allocate", await _row(request, await json_object(request)))
    if value is None:
        raise ItemNotFound
    return one(request, "BudgetMonthCategory", value)


async def reallocate(request: web.Request) -> web.Response:
    """Change what a category gets in a month in which it has an amount or entries already."""
    body = await json_object(request)
    row = await _row(request, body)
    if not any(name.lower() == "amount" for name in body):
        raise NothingChanged
    value = await _write(request, "reallocate", row)
    return nothing() if value is None else one(request, "BudgetMonthCategory", value)


async def _row(request: web.Request, body: Body) -> Row:
    """The row that a body speaks of."""
    return await settled(request.app[DATABASE], created_row, BudgetMonthCategory, body, actor_of(request))


async def _write(request: web.Request, query: str, row: Row) -> str | None:
    """Run a query on a row; the row as it is then, if the query did something."""
    actor, database = actor_of(request), request.app[DATABASE]

    async def work(connection: Connection) -> str | None:
        async def ask(statement: Statement) -> Any:
            parameters = {"row": orjson.dumps(row).decode()}
            found = await answer(connection, BudgetMonthCategory, statement, actor, parameters, Level.EDIT)
            return found[0]

        return await ask(_CATEGORY) if await ask(_QUERIES[query]) else None

    return await database.retrying(work)


def _month(request: web.Request, actor: Actor) -> int:
    """The month in the path; the current one if that is 0 or no number."""
    text = request.match_info["year_month"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return number or int(clock.today(actor.time_zone).strftime("%Y%m"))
