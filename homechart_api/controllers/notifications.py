"""What administrators send to people, at once or at a time that they name (contract B2 §6.1)."""

from __future__ import annotations

from datetime import datetime

import orjson
from aiohttp import web

from homechart_api.context import DATABASE, actor_of
from homechart_api.crud import json_object, page_offset, path_id, query_id
from homechart_api.responses import empty, many, one
from homechart_api.route import Query, Values
from homechart_common import clock
from homechart_common.errors import NothingChanged
from homechart_common.ids import NIL_UUID
from homechart_common.models import Notification, rows
from homechart_common.models.bodies import chosen_id, complete_row, read_members, writable
from homechart_common.models.fields import ZERO_TIME
from homechart_common.notify.outbox import ANNOUNCEMENT
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

_TEXT = {"type": "string"}
_MOMENT = {"type": "string", "format": "date-time"}
_ID = {"type": ["string", "null"], "format": "uuid"}
_DELIVERY = {
    "attempt": {"type": "integer", "description": "How many attempts failed"},
    "authAccountID": _ID,
    "created": _MOMENT,
    "device": {**_TEXT, "description": "The name of the session that takes web push there"},
    "error": {**_TEXT, "description": "Why it was given up, or what the last attempt met with"},
    "id": {"type": "string", "format": "uuid"},
    "kind": {**_TEXT, "description": "What it is about, such as plan_task_reminder"},
    "notificationID": {**_ID, "description": "The message of an administrator that it is a part of"},
    "recipient": {**_TEXT, "description": "The mail address, or the host of the push service"},
    "sendAfter": {**_MOMENT, "description": "When it is tried next, while it waits"},
    "sent": {**_MOMENT, "type": ["string", "null"], "description": "When it was delivered or given up"},
    "status": {"type": "string", "enum": ["waiting", "delivered", "givenUp"]},
    "type": {"type": "string", "enum": ["smtp", "webpush"]},
}
DELIVERIES = Values(
    "NotificationDeliveries", {"type": "object", "required": list(_DELIVERY), "properties": _DELIVERY}
)
OF_WHAT = {
    "notificationID": Query("Of this message of an administrator"),
    "authAccountID": Query("To this account"),
    "offset": Query("How many to leave out", "integer"),
}
_PAGE_SIZE = 50

_QUERIES = queries.load("notifications")


async def read_all(request: web.Request) -> web.Response:
    """The messages of administrators that wait for their time."""
    database = request.app[DATABASE]
    found = await database.fetch(_QUERIES["queued"], {"kind": ANNOUNCEMENT})
    queued = await rows.rendered(database, Notification, [row[0] for row in found], to=actor_of(request))
    return many(request, Notification.plural, queued)


async def read_deliveries(request: web.Request) -> web.Response:
    """What became of messages in the last two weeks, for each mail and each device; the newest first, 50 on a page.

    What they said is not told.
    """
    rows = await request.app[DATABASE].fetch_value(
        _QUERIES["deliveries"],
        {
            "announcement": ANNOUNCEMENT,
            "notification": query_id(request, "notificationID"),
            "account": query_id(request, "authAccountID"),
            "offset": page_offset(request),
            "limit": _PAGE_SIZE,
        },
    )
    return many(request, DELIVERIES.data_type, rows or "")


async def create(request: web.Request) -> web.Response:
    """Send a message, later if it says so.

    When its time has come, a worker makes one of it for each recipient, and delivers those. One that is sent at
    once cannot be changed any more, so its answer has no id. With the id of a message that was sent before,
    nothing is sent again.
    """
    actor, body = actor_of(request), await json_object(request)
    said = read_members(Notification, body, writable(Notification, "C"), actor.time_zone)
    language = said.pop("iso_639_code", "")
    row = complete_row(Notification, said) | {"id": chosen_id(body), "kind": ANNOUNCEMENT}
    later = row["send_after"] is not None and datetime.fromisoformat(row["send_after"]) > clock.now()
    if not later:
        del row["send_after"]

    async def work(connection: Connection) -> str:
        if not await connection.fetch_value(_QUERIES["known"], {"id": row["id"], "kind": ANNOUNCEMENT}):
            await rows.insert(connection, Notification, [row])
        return await rows.rendered(connection, Notification, [row["id"]], to=actor)

    value = orjson.loads(await request.app[DATABASE].retrying(work)) | {"iso639Code": language}
    return one(request, "Notification", value if later else value | {"id": NIL_UUID, "created": ZERO_TIME})


async def update(request: web.Request) -> web.Response:
    """Change a message that waits, except whom it is for."""
    actor, message_id = actor_of(request), path_id(request)
    body = await json_object(request)
    columns = read_members(Notification, body, writable(Notification, "U"), actor.time_zone)
    if "send_after" in columns and columns["send_after"] is None:
        columns["send_after"] = clock.now().isoformat()

    async def work(connection: Connection) -> str:
        if not await connection.fetch_value(_QUERIES["waiting"], {"id": message_id, "kind": ANNOUNCEMENT}):
            raise NothingChanged
        # Whoever is sending it does so with what it said before, and anybody may send it anew.
        if not await rows.overwrite(connection, Notification, message_id, {**columns, "send_start": None}):
            raise NothingChanged
        return await rows.rendered(connection, Notification, [message_id], to=actor)

    return one(request, "Notification", await request.app[DATABASE].retrying(work))


async def delete(request: web.Request) -> web.Response:
    """Do not send a message that waits; nothing happens if there is none."""
    parameters = {"id": path_id(request), "kind": ANNOUNCEMENT}
    await request.app[DATABASE].execute(_QUERIES["withdraw"], parameters)
    return empty()
