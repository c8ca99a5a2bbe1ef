"""What this server is and how it is doing (contract §10.1, §10.2)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import CONFIG, DATABASE, SERVER_KEYS
from homechart_api.responses import one
from homechart_api.route import Content, Query, Values
from homechart_common import watch
from homechart_common.version import VERSION

INFO = Values(
    "Info",
    {
        "type": "object",
        "required": ["cloud", "version", "vapid"],
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
    }
    told = {name: value for name, value in optional.items() if value}
    vapid = (await request.app[SERVER_KEYS].pair()).public_key
    return one(request, "Info", {"cloud": False, "version": VERSION, "vapid": vapid, **told})


async def health(request: web.Request) -> web.Response:
    """``GET /system/health``: whether the database answers."""
    return await watch.health(request, request.app[DATABASE], request.app[CONFIG].app.system_health_key)


async def metrics(request: web.Request) -> web.Response:
    """``GET /system/metrics``: figures in Prometheus' text format."""
    return watch.figures(request, request.app[CONFIG].app.system_metrics_key)
