"""What this server is and how it is doing (contract §10.1, §10.2)."""

from __future__ import annotations

import hmac

from aiohttp import web

from homechart_api.context import CONFIG, DATABASE
from homechart_api.responses import one
from homechart_api.route import Content, Query, Values
from homechart_common import metrics as figures
from homechart_common.errors import Forbidden, Unavailable
from homechart_common.version import VERSION

INFO = Values(
    "Info",
    {
        "type": "object",
        "required": ["cloud", "version"],
        "properties": {
            "cloud": {"type": "boolean", "description": "False: everybody runs their own server"},
            "version": {"type": "string"},
            "demo": {"type": "boolean"},
            "featureVotes": {"type": "array", "items": {"type": "string"}},
            "motd": {"type": "string", "description": "A message that clients show to everyone"},
            "vapid": {"type": "string", "description": "The public key that web push is subscribed to with"},
        },
    },
)
HEALTH = Content(schema={"type": "object", "required": ["db"], "properties": {"db": {"type": "boolean"}}})
KEY = {"key": Query("The key that the server's configuration sets for this address", required=True)}


async def info(request: web.Request) -> web.Response:
    """``GET /api``: the version, and what the web client must know before anybody signs in."""
    config = request.app[CONFIG]
    optional = {
        "demo": config.app.demo,
        "featureVotes": list(config.app.feature_votes),
        "motd": config.app.motd,
        "vapid": config.web_push.vapid_public_key,
    }
    return one(
        request,
        "Info",
        {"cloud": False, "version": VERSION, **{name: value for name, value in optional.items() if value}},
    )


async def health(request: web.Request) -> web.Response:
    """``GET /system/health``: whether the database answers."""
    _require_key(request, request.app[CONFIG].app.system_health_key)
    try:
        await request.app[DATABASE].fetch_value("SELECT 1")
    except Unavailable:
        return web.json_response({"db": False}, status=500)
    return web.json_response({"db": True})


async def metrics(request: web.Request) -> web.Response:
    """``GET /system/metrics``: figures in Prometheus' text format."""
    _require_key(request, request.app[CONFIG].app.system_metrics_key)
    return web.Response(
        body=figures.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


def _require_key(request: web.Request, key: str) -> None:
    """The query's ``key`` must be the configured one; without one configured the door stays closed."""
    given = request.query.get("key", "")
    if not key or not hmac.compare_digest(key.encode(), given.encode("utf-8", "surrogatepass")):
        raise Forbidden
