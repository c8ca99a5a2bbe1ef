"""Health: the things to log that everybody starts with (contract B2 §3.4)."""

from __future__ import annotations

from aiohttp import web

from homechart_api import people
from homechart_api.context import DATABASE, actor_of
from homechart_api.responses import empty
from homechart_api.route import Query
from homechart_common.errors import Forbidden, InvalidInput, ItemNotFound
from homechart_common.ids import parse_uuid
from homechart_common.models import HealthItem, starter
from homechart_common.models.permissions import Level
from homechart_common.postgresql.database import Connection

WHOSE = {"authAccountID": Query("One's own account, or that of a child in one's care", required=True)}


async def furnish(request: web.Request) -> web.Response:
    """Give an account the usual things to log. What it has by the same name stays as it is."""
    account_id = parse_uuid(request.query.get("authAccountID", ""))
    if account_id is None:
        raise InvalidInput.field("authAccountID", "must be a UUID")
    permitted = account_id in HealthItem.owners(actor_of(request), Level.EDIT)

    async def work(connection: Connection) -> None:
        person = await people.find(connection, account_id)
        if person is None:
            raise ItemNotFound
        if not permitted:
            raise Forbidden
        await starter.furnish_health(connection, account_id, person.language)

    await request.app[DATABASE].retrying(work)
    return empty()
