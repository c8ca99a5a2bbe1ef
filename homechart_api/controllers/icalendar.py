"""The address of an account's calendar feed (contract §8.5)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.responses import nothing, one
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
    account_id = actor_of(request).account_id

    async def work(connection: Connection) -> str:
        changed = await rows.overwrite(connection, AuthAccount, account_id, {"icalendar_id": feed_id})
        return await rows.rendered(connection, AuthAccount, [account_id]) if changed else ""

    account = await request.app[DATABASE].retrying(work)
    return one(request, "AuthAccount", account) if account else nothing()
