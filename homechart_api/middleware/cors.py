"""Any page may call the API with its own credentials, and nothing is cached unless it says so (contract §1.8)."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

_HEADERS = (
    "authorization, content-type, if-match, last-event-id, x-homechart-debug, x-homechart-hash, x-homechart-id, "
    "x-homechart-key, x-homechart-updated, x-homechart-version"
)


@web.middleware
async def cors_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer preflight requests, for every path."""
    if request.method != "OPTIONS":
        return await handler(request)
    return web.Response(
        headers={
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Allow-Methods": "*",
        }
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer, put on when it is sent."""
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    if "Cache-Control" not in headers or response.status == 404:
        headers["Cache-Control"] = "no-store"
        headers["CDN-Cache-Control"] = "no-store"
