"""Charts of the budget (contract B1 §10)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import path_id
from homechart_api.responses import many
from homechart_api.route import Query, Values
from homechart_common.errors import Forbidden, InvalidInput
from homechart_common.models import BudgetMonth
from homechart_common.models.objects import answer
from homechart_common.models.permissions import Component, Level
from homechart_common.postgresql import queries

DATASETS = Values(
    "ChartDatasets",
    {
        "type": "object",
        "required": ["name", "values"],
        "properties": {
            "name": {"type": "string"},
            "values": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "value"],
                    "properties": {"name": {"type": "string"}, "value": {"type": "integer"}},
                },
            },
        },
    },
)
MONTHS = {
    "from": Query("The first month, such as 202308", "integer", required=True),
    "to": Query("The last month", "integer", required=True),
}

#: The queries, by the type in the path.
_TYPES = ("categories", "groupings", "months", "payees")
_QUERIES = queries.load("charts")


async def read(request: web.Request) -> web.Response:
    """What went out and came in over some months; an empty list for a type that is not known.

    Type 0 is spending by category, 1 by grouping, 3 by payee; 2 is income and expense of each month.
    """
    actor, household_id = actor_of(request), path_id(request, "auth_household_id")
    if not actor.allows(household_id, Component.BUDGET, Level.VIEW):
        raise Forbidden
    first, last = _number(request, "from"), _number(request, "to")
    kind = request.match_info["chart_type"]
    if kind not in map(str, range(len(_TYPES))):
        return many(request, "ChartDatasets", "")
    parameters = {"household": household_id, "from": first, "to": last}
    query = _QUERIES[_TYPES[int(kind)]]
    (datasets,) = await answer(request.app[DATABASE], BudgetMonth, query, actor, parameters, Level.VIEW)
    return many(request, "ChartDatasets", datasets or "")


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput.field(name, "must be a month such as 202308")
    return int(text)
