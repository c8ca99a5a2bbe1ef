"""What whoever watches over a process can ask it, the API and the worker alike (contract §10.2)."""

from __future__ import annotations

import hmac

from aiohttp import web

from homechart_common import metrics, server_figures
from homechart_common.errors import Forbidden, Unavailable
from homechart_common.postgresql.database import Database

HEALTH = "/api/v1/system/health"
METRICS = "/api/v1/system/metrics"


async def health(request: web.Request, database: Database, key: str) -> web.Response:
    """Whether the database answers. Raises :class:`Forbidden` for who does not know the key."""
    _require(key, request)
    try:
        await database.fetch_value("SELECT 1")
    except Unavailable:
        return web.json_response({"db": False}, status=500)
    return web.json_response({"db": True})


async def figures(request: web.Request, database: Database, key: str) -> web.Response:
    """The metrics of the process and of the server, for Prometheus.

    Raises :class:`Forbidden` for who does not know the key.
    """
    _require(key, request)
    body = metrics.render(await server_figures.read(database))
    return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})


def _require(key: str, request: web.Request) -> None:
    """The query's ``key`` must be the configured one; without one configured the door stays closed."""
    given = request.query.get("key", "")
    if not key or not hmac.compare_digest(key.encode(), given.encode("utf-8", "surrogatepass")):
        raise Forbidden
