"""The address of an account's calendar feed (contract §8.5)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.responses import nothing, one
from homechart_common.errors import Forbidden
from homechart_common.ids import new_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.postgresql.database import Connection


async def update(request: web.Request) -> web.Response:
    """Give the account's calendar feed a new address; the one before is void."""
    return await _readdress(request, new_uuid())


async def delete(request: web.Request) -> web.Response:
    """Take the account's calendar feed away."""
    return await _readdress(request, None)


async def _readdress(request: web.Request, feed_id: str | None) -> web.Response:
    """Who knows the address sees what the account may see, so it is not for sessions that may see less."""
    actor = actor_of(request)
    if not actor.controls_account:
        raise Forbidden

    async def work(connection: Connection) -> str:
        changed = await rows.overwrite(connection, AuthAccount, actor.account_id, {"icalendar_id": feed_id})
        return await rows.rendered(connection, AuthAccount, [actor.account_id], to=actor) if changed else ""

    account = await request.app[DATABASE].retrying(work)
    return one(request, "AuthAccount", account) if account else nothing()
