"""Following everything a session sees: one request for all changes, and a stream that tells when to ask."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import BACKGROUND, DATABASE, actor_of
from homechart_api.crud import keep_rendered
from homechart_api.hub import HUB
from homechart_api.responses import nothing, one
from homechart_api.route import Content, Query, Values
from homechart_api.sse import Outlet, retry
from homechart_common.errors import ItemNotFound
from homechart_common.ids import parse_uuid
from homechart_common.models.sync import read_sync

SYNC = Values(
    "Sync",
    {
        "type": "object",
        "required": ["cursor", "full", "changed", "deleted"],
        "properties": {
            "cursor": {"type": "string", "description": "What to send next time"},
            "full": {
                "type": "boolean",
                "description": "Whether `changed` is everything: what it does not hold is gone",
            },
            "changed": {
                "type": "object",
                "description": "New and changed objects, by kind",
                "additionalProperties": {"type": "array", "items": {"type": "object"}},
            },
            "deleted": {
                "type": "object",
                "description": "Ids of objects that are gone or no longer to be seen, by kind",
                "additionalProperties": {"type": "array", "items": {"type": "string", "format": "uuid"}},
            },
        },
    },
)
CURSOR = {"cursor": Query("The cursor of the answer before; without it, everything is answered")}
EVENTS = Content("text/event-stream", {"type": "string"})
SINCE = {"cursor": Query("A cursor that the caller has followed up to, when there is no `Last-Event-ID`")}

_EVENT_STREAM = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "Connection": "keep-alive",
    # nginx would collect events before it passes them on
    "X-Accel-Buffering": "no",
}


async def read(request: web.Request) -> web.Response:
    """``GET /sync``: everything that changed since a cursor, for every owner that the session can see."""
    found = await read_sync(request.app[DATABASE], actor_of(request), request.query.get("cursor", ""))
    if found is None:
        return nothing()
    if found.fresh:
        request.app[BACKGROUND].start(keep_rendered(request.app[DATABASE], found.fresh))
    return one(request, "Sync", found.json())


async def follow(request: web.Request) -> web.StreamResponse:
    """``GET /sse/{auth_session_id}``: tells of changes as they happen (contract §4). The id lets one in."""
    session_id = parse_uuid(request.match_info["auth_session_id"])
    if session_id is None:
        raise ItemNotFound
    cursor = request.headers.get("Last-Event-ID") or request.query.get("cursor", "")
    stream = await request.app[HUB].join(session_id, cursor)
    response = web.StreamResponse(headers=_EVENT_STREAM)
    try:
        await response.prepare(request)
        await response.write(retry())
        if request.transport is not None:
            chunked = "Transfer-Encoding" in response.headers
            await stream.flow(Outlet(request.transport, chunked=chunked))
    except ConnectionError:
        pass  # the reader is gone
    finally:
        request.app[HUB].leave(stream)
    return response
