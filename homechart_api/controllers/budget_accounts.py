"""Accounts of the budget, as far as they are more than objects (contract B1 §6.1)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import path_id
from homechart_api.responses import empty, nothing
from homechart_common.models import BudgetAccount
from homechart_common.models.objects import answer
from homechart_common.models.permissions import Level
from homechart_common.postgresql import queries

_QUERIES = queries.load("budget")


async def reconcile(request: web.Request) -> web.Response:
    """Reconcile what is cleared on an account."""
    (changed,) = await answer(
        request.app[DATABASE],
        BudgetAccount,
        _QUERIES["reconcile"],
        actor_of(request),
        {"id": path_id(request)},
        Level.EDIT,
    )
    return empty() if changed else nothing()
