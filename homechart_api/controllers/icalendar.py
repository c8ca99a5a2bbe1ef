"""An account's calendar feed, and its address (contract §8.5, B1 §8.6, B2 §11)."""

from __future__ import annotations

import asyncio

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.responses import nothing, one
from homechart_api.route import Content, Query
from homechart_common.errors import Forbidden
from homechart_common.icalendar import writing
from homechart_common.ids import new_uuid, parse_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

FEED = Content(writing.MEDIA_TYPE, {"type": "string"})
PARTS = {"calendarevent": Query("`no` leaves events out"), "plantask": Query("`no` leaves tasks out")}

_QUERIES = queries.load("calendar")


async def read(request: web.Request) -> web.Response:
    """Read the calendar and the open tasks that an account sees, as iCalendar; for whoever knows the address.

    At an address that is not or no longer valid there is an empty calendar.
    """
    parts = {
        "events": request.query.get("calendarevent") != "no",
        "tasks": request.query.get("plantask") != "no",
    }
    feed_id = parse_uuid(request.match_info["icalendar_id"])
    found = await request.app[DATABASE].fetch(_QUERIES["feed"], {"id": feed_id, **parts}) if feed_id else []
    pieces = []
    for piece in writing.calendar(map(writing.Entry._make, found)):
        pieces.append(piece)
        await asyncio.sleep(0)  # others come in between
    response = web.Response(body=b"".join(pieces), content_type=writing.MEDIA_TYPE, charset="utf-8")
    response.enable_compression()
    return response


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
