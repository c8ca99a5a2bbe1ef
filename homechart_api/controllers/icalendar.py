"""An account's calendar feed, and its address (contract §8.5, B1 §8.6, B2 §11)."""

from __future__ import annotations

import asyncio
import hashlib

from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.responses import NOT_MODIFIED, kept, nothing, one
from homechart_api.route import Content, Query
from homechart_common import clock
from homechart_common.errors import Forbidden
from homechart_common.icalendar import writing
from homechart_common.ids import new_uuid, parse_uuid
from homechart_common.models import AuthAccount, rows
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection
from homechart_common.version import VERSION

FEED = Content(writing.MEDIA_TYPE, {"type": "string"})
PARTS = {"calendarevent": Query("`no` leaves events out"), "plantask": Query("`no` leaves tasks out")}

_QUERIES = queries.load("calendar")


async def read(request: web.Request) -> web.Response:
    """Read the calendar and the open tasks that an account sees, as iCalendar; for whoever knows the address.

    At an address that is not or no longer valid there is an empty calendar. Programs that say which version they
    have (`If-None-Match`) are answered 304 if nothing changed.
    """
    parts = {
        "events": request.query.get("calendarevent") != "no",
        "tasks": request.query.get("plantask") != "no",
    }
    database, feed_id = request.app[DATABASE], parse_uuid(request.match_info["icalendar_id"])
    # before it is read: what changes in between has another version, and is read again
    version = await database.fetch_value(_QUERIES["feed_version"], {"id": feed_id}) if feed_id else None
    # zones are described from year to year, and otherwise perhaps by another program
    made = (version, *parts.values(), clock.now().year, VERSION)
    response = kept(request, hashlib.blake2b(repr(made).encode(), digest_size=16).hexdigest())
    if response.status == NOT_MODIFIED:
        return response
    found = await database.fetch(_QUERIES["feed"], {"id": feed_id, **parts}) if version else []
    pieces = []
    for piece in writing.calendar(map(writing.Entry._make, found)):
        pieces.append(piece)
        await asyncio.sleep(0)  # others come in between
    response.body = b"".join(pieces)
    response.content_type, response.charset = writing.MEDIA_TYPE, "utf-8"
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
